"""The supervisor, with real children: crashing, slow, stubborn."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sst_dev.core import commands as c
from sst_dev.core.errors import UserError
from sst_dev.core.events import Event, ProcessChanged, ProcessOutput
from sst_dev.core.stream import Stream
from sst_dev.processes.graph import ProcessSpec
from sst_dev.processes.ladder import Rung
from sst_dev.processes.supervisor import Supervisor

QUICK = (Rung(signal.SIGINT, 0.2), Rung(signal.SIGTERM, 0.2), Rung(signal.SIGKILL, 5.0))

SERVER = """
import os, time
print("serving", os.environ.get("LINK"), flush=True)
while True:
    time.sleep(60)
"""
DEAF = """
import signal, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
print("deaf", flush=True)
while True:
    time.sleep(60)
"""


class Watched:
    """A supervisor and what it published."""

    def __init__(self) -> None:
        self.stream = Stream()
        self.supervisor = Supervisor(self.stream, rungs=QUICK)
        self.changes: list[ProcessChanged] = []
        self.output: dict[str, str] = {}
        self._grown = asyncio.Event()
        self.stream.observe(self._observe)

    def _observe(self, event: Event) -> None:
        if isinstance(event, ProcessChanged):
            self.changes.append(event)
        elif isinstance(event, ProcessOutput):
            self.output[event.name] = self.output.get(event.name, "") + event.data.decode()
        self._grown.set()

    async def until(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                self._grown.clear()
                await self._grown.wait()

    def statuses(self, name: str) -> list[str]:
        return [change.status for change in self.changes if change.name == name]


@pytest_asyncio.fixture(name="watched")
async def make_watched() -> AsyncIterator[Watched]:
    watched = Watched()
    yield watched
    await watched.supervisor.close()


def spec(name: str, code: str, tmp_path: Path, **more: Any) -> ProcessSpec:
    environment = {"PATH": os.environ["PATH"], **more.pop("environment", {})}
    return ProcessSpec(name, (sys.executable, "-c", textwrap.dedent(code)), tmp_path, environment, **more)


async def test_runs_and_reports(watched: Watched, tmp_path: Path) -> None:
    """Output and every change of state are published; the exit code is the command's."""
    watched.supervisor.update([spec("Job", "print('hi'); raise SystemExit(4)", tmp_path, title="The job")])
    await watched.until(lambda: "exited" in watched.statuses("Job"))

    assert watched.statuses("Job") == ["idle", "starting", "running", "exited"]
    assert watched.changes[-1].exit_code == 4
    assert watched.changes[-1].title == "The job"
    assert watched.output["Job"] == "hi\r\n"


async def test_only_what_changed_is_restarted(watched: Watched, tmp_path: Path) -> None:
    """With a new link in its environment a command starts again; its neighbour keeps its process."""
    web = spec("Web", SERVER, tmp_path, environment={"LINK": "1"})
    docs = spec("Docs", SERVER, tmp_path)
    watched.supervisor.update([web, docs])
    await watched.until(
        lambda: "serving 1" in watched.output.get("Web", "") and "serving" in watched.output.get("Docs", "")
    )

    watched.supervisor.update([spec("Web", SERVER, tmp_path, environment={"LINK": "2"}), docs])
    await watched.until(lambda: "serving 2" in watched.output["Web"])

    assert watched.statuses("Docs") == ["idle", "starting", "running"]
    assert watched.statuses("Web").count("running") == 2


async def test_commands_reach_the_process(watched: Watched, tmp_path: Path) -> None:
    """Start, write, resize, restart and stop by name, as front ends send them."""
    code = """
        import os
        print("size", *os.get_terminal_size(), flush=True)
        while True:
            print("got", input(), flush=True)
    """
    watched.supervisor.update([spec("Repl", code, tmp_path, autostart=False)])
    take = watched.supervisor.take

    assert take(c.ResizeProcess("Repl", 120, 40))
    assert take(c.StartProcess("Repl"))
    await watched.until(lambda: "size 120 40" in watched.output.get("Repl", ""))
    assert take(c.WriteProcess("Repl", b"hello\r"))
    await watched.until(lambda: "got hello" in watched.output["Repl"])
    assert take(c.RestartProcess("Repl"))
    await watched.until(lambda: watched.output["Repl"].count("size 120 40") == 2)
    assert take(c.StopProcess("Repl"))
    await watched.until(lambda: watched.statuses("Repl")[-1] == "exited")
    assert not take(c.StopSession())


async def test_an_unknown_name_is_a_user_error(watched: Watched) -> None:
    """Asking for a process that the app does not have names it."""
    with pytest.raises(UserError, match="There is no process called 'Nope'"):
        watched.supervisor.take(c.StartProcess("Nope"))


async def test_a_command_that_cannot_start_says_why_in_its_pane(watched: Watched, tmp_path: Path) -> None:
    """A missing folder is told in the pane, and the others run."""
    watched.supervisor.update([spec("Web", SERVER, tmp_path / "nowhere"), spec("Docs", SERVER, tmp_path)])
    await watched.until(lambda: "failed" in watched.statuses("Web") and "running" in watched.statuses("Docs"))

    assert "nowhere does not exist" in watched.output["Web"]


async def test_a_stubborn_command_is_killed_on_close(watched: Watched, tmp_path: Path) -> None:
    """`close` returns only when even the deaf are gone."""
    watched.supervisor.update([spec("Deaf", DEAF, tmp_path)])
    await watched.until(lambda: "deaf" in watched.output.get("Deaf", ""))

    await watched.supervisor.close()

    assert watched.changes[-1].exit_code == -signal.SIGKILL


async def test_close_during_a_start_leaves_nothing(watched: Watched, tmp_path: Path) -> None:
    """A command that is just being started is stopped as soon as it exists."""
    watched.supervisor.update([spec("Web", SERVER, tmp_path)])

    await watched.supervisor.close()

    assert watched.statuses("Web")[-1] == "exited"


async def test_without_colour_children_are_told(tmp_path: Path) -> None:
    """In a stream without colour, `TERM` is dumb and NO_COLOR is set."""
    watched = Watched()
    watched.supervisor = Supervisor(watched.stream, color=False)
    watched.supervisor.update([spec("Job", "import os; print(os.environ['TERM'], os.environ['NO_COLOR'])", tmp_path)])
    await watched.until(lambda: "exited" in watched.statuses("Job"))

    assert watched.output["Job"] == "dumb 1\r\n"


STRAYS = {
    "setsid": "setsid sh -c 'echo stray $$; exec sleep 600' & wait",
    "a daemon": "(setsid sh -c 'echo stray $$; exec sleep 600' &) ; exec sleep 600",
    "nohup": "nohup sh -c 'echo stray $$ > /dev/tty; exec sleep 600' < /dev/null > /dev/null 2>&1 & wait",
    "a pipeline": "(sh -c 'echo stray $$; exec sleep 600' & exec sleep 600) | cat",
    "a daemon that is deaf": "(setsid sh -c 'trap \"\" INT TERM HUP; echo stray $$; while :; do sleep 1; done' &) ; "
    "exec sleep 600",
    "a server with children": "exec node -e \"const c = require('child_process').spawn('sleep', ['600'], "
    "{detached: true, stdio: 'ignore'}); console.log('stray', c.pid); require('net').createServer().listen(0)\"",
}


def stray(output: str) -> int:
    """The process id that a command of `STRAYS` has printed last."""
    return int(re.findall(r"stray (?:\x1b\[33m)?(\d+)", output)[-1])


@pytest.mark.parametrize("how", ["stop", "restart", "close"])
@pytest.mark.parametrize("line", STRAYS.values(), ids=STRAYS)
async def test_nothing_that_left_its_group_is_left_behind(
    watched: Watched, tmp_path: Path, line: str, how: str
) -> None:
    """A stop, a restart and the end of the session reach what `setsid`, a double fork or `nohup` has put aside."""
    environment = dict(os.environ)
    watched.supervisor.update([ProcessSpec("Web", ("/bin/sh", "-c", line), tmp_path, environment)])
    await watched.until(lambda: "stray " in watched.output.get("Web", "") and watched.output["Web"].endswith("\n"))
    left = stray(watched.output["Web"])
    assert running(left)

    if how == "close":
        await watched.supervisor.close()
    elif how == "stop":
        watched.supervisor.take(c.StopProcess("Web"))
        await watched.until(lambda: watched.changes[-1].outcome.startswith("stopped"))
    else:
        watched.supervisor.take(c.RestartProcess("Web"))
        await watched.until(lambda: [change.status for change in watched.changes].count("running") == 2)

    assert not running(left)


async def test_a_daemon_outlives_the_command_that_started_it_until_it_is_stopped(
    watched: Watched, tmp_path: Path
) -> None:
    """`pg_ctl start` ends at once and its server is wanted; a stop of the pane, or the next start, ends the server."""
    line = "setsid sh -c 'echo stray $$; exec sleep 600' & sleep 0.2; echo done"
    watched.supervisor.update([ProcessSpec("Db", ("/bin/sh", "-c", line), tmp_path, dict(os.environ))])
    await watched.until(lambda: watched.changes[-1].outcome == "exit 0")
    first = stray(watched.output["Db"])
    assert running(first)

    watched.supervisor.take(c.StartProcess("Db"))
    await watched.until(lambda: [change.outcome for change in watched.changes].count("exit 0") == 2)
    second = stray(watched.output["Db"])
    assert running(second) and not running(first)

    watched.supervisor.take(c.StopProcess("Db"))
    while running(second):
        await asyncio.sleep(0.01)


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


async def test_an_interactive_shell_ends_as_when_its_window_is_closed(tmp_path: Path) -> None:
    """It ignores Ctrl-C and SIGTERM; it ends by SIGHUP, without being killed."""
    watched = Watched()
    watched.supervisor = Supervisor(watched.stream)
    shell = ProcessSpec("Shell", ("sh", "-i"), tmp_path, {"PATH": os.environ["PATH"], "PS1": "ready$ "})
    watched.supervisor.update([shell])
    await watched.until(lambda: "ready$ " in watched.output.get("Shell", ""))

    await watched.supervisor.close()

    assert watched.changes[-1].exit_code not in (-signal.SIGKILL, None)


async def test_a_front_end_without_a_screen_chooses_the_size(tmp_path: Path) -> None:
    """Until somebody resizes it, a terminal has the size the supervisor was given."""
    watched = Watched()
    watched.supervisor = Supervisor(watched.stream, size=(200, 50))
    watched.supervisor.update([spec("Job", "import os; print(*os.get_terminal_size())", tmp_path)])
    await watched.until(lambda: "exited" in watched.statuses("Job"))

    assert watched.output["Job"] == "200 50\r\n"
