"""Commands beside the functions: what they may do, when they restart, how they end."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.support.session import SST, Session, alive, config, descendants, environment, http, session, write

pytestmark = pytest.mark.scenario

TABLE = '{} = sst.aws.Dynamo("{}", fields={{"id": "string"}}, primary_index={{"hash_key": "id"}})'
NOTES, OTHER = TABLE.format("notes", "Notes"), TABLE.format("other", "Other")
MONO = "--mode=mono"

WHO = """
    import os, sys, time
    import boto3
    from sst import Resource

    def get(name, table):
        try:
            boto3.client("dynamodb").get_item(TableName=table, Key={"id": {"S": "1"}})
            print(name, "may")
        except Exception as error:
            print(name, error.response["Error"]["Code"])

    print("who", boto3.client("sts").get_caller_identity()["Arn"].split("/")[1].split("-")[2])
    get("linked", Resource.Notes.name)
    get("other", os.environ["OTHER"])
    print("mode", os.environ.get("MODE"), flush=True)
    if "once" not in sys.argv:
        time.sleep(600)
"""
RUN = f"""
    {NOTES}
    {OTHER}
    env = {{"OTHER": other.name, "MODE": "one"}}
    sst.x.DevCommand("Who", link=[notes], environment=env, dev={{"command": "{sys.executable} who.py"}})
"""
SERVICE = f"""
    {NOTES}
    {OTHER}
    allow = {{"actions": ["dynamodb:*"], "resources": [other.arn]}}
    sst.aws.Service(
        "Web", link=[notes], permissions=[allow], environment={{"OTHER": other.name}},
        dev={{"command": "{sys.executable} who.py", "url": "http://localhost:5173", "title": "Frontend"}},
    )
    sst.aws.Function("Api", handler="api.handler", link=[notes], environment={{"OTHER": other.name}})
    dev = {{"command": "echo docs", "url": "http://localhost:8000", "autostart": False}}
    return {{"docs": sst.aws.StaticSite("Docs", dev=dev).url}}
"""
API = "def handler(event, context):\n    return 1\n"


def wait(one: Session, condition: object, what: str) -> None:
    """Wait until *condition*, a function, is true."""
    deadline = time.monotonic() + 60
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"{what}\n{one.output}"
        time.sleep(0.05)


def gone(pids: set[int]) -> set[int]:
    """Those of *pids* that are still alive after waiting for their end."""
    deadline = time.monotonic() + 20
    while (left := alive(pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def test_a_command_may_do_what_its_links_allow_and_nothing_else(tmp_path: Path) -> None:
    """It has the credentials of its own role; a profile of the developer does not get in the way."""
    with session(tmp_path, {"sst_config.py": config(RUN), "who.py": WHO}, MONO, AWS_PROFILE="work") as one:
        one.wait_output("Who │ mode one")

        assert "Who │ who WhoRole\n" in one.output
        assert "Who │ linked may\n" in one.output
        assert "Who │ other AccessDeniedException\n" in one.output


def test_services_and_targets_have_their_roles_and_urls_are_outputs(tmp_path: Path) -> None:
    """`permissions` count; `sst shell --target` is that part, without one it is the developer."""
    with session(tmp_path, {"sst_config.py": config(SERVICE), "who.py": WHO, "api.py": API}, MONO) as one:
        one.wait_output("Web │ mode None")
        assert "Web │ who WebRole\nWeb │ linked may\nWeb │ other may\n" in one.output

        assert one.status["outputs"] == {"docs": "http://localhost:8000", "Web": "http://localhost:5173"}
        assert "  Web: http://localhost:5173\n" in one.output
        web, docs = one.refresh()["processes"]
        assert (web["title"], web["status"], web["url"]) == ("Frontend", "running", "http://localhost:5173")
        assert (docs["status"], docs["outcome"]) == ("idle", "")
        assert "→ Frontend  running  http://localhost:5173" in one.sst("status").stdout.decode()

        done = one.sst("shell", "--target", "Api", "--", sys.executable, "who.py", "once")
        assert done.stdout.decode().splitlines()[:3] == ["who ApiRole", "linked may", "other AccessDeniedException"]
        script = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
        assert one.sst("shell", "--", sys.executable, "-c", script).stdout.strip().endswith(b":root")


def test_a_command_restarts_when_what_it_gets_changes_and_only_then(tmp_path: Path) -> None:
    """An unrelated deploy leaves it alone; a variable, a link and its command line restart it and say so in a line."""
    with session(tmp_path, {"sst_config.py": config(RUN), "who.py": WHO, "api.py": API}, MONO) as one:
        one.wait_output("Who │ mode one")
        pid = one.refresh()["processes"][0]["pid"]

        unrelated = RUN + '    sst.aws.Function("Api", handler="api.handler", link=[notes])\n'
        one.edit("sst_config.py", config(unrelated))
        wait(one, lambda: [f["name"] for f in one.refresh()["functions"]] == ["Api"], "no function")
        assert one.status["processes"][0]["pid"] == pid

        one.edit("sst_config.py", config(unrelated.replace('"one"', '"two"')))
        one.wait_output("Who │ mode two")
        assert "Who │ restarting: MODE changed\n" in one.output
        one.edit(
            "sst_config.py", config(unrelated.replace("link=[notes], environment", "link=[notes, other], environment"))
        )
        one.wait_output("Who │ restarting: MODE, link Other changed\n")
        one.edit("sst_config.py", config(f"{NOTES}\n"))
        wait(one, lambda: one.refresh()["processes"] == [], "the command is not forgotten")
        assert "Who │ stopped\n" in one.output


STRAY = """
    import subprocess, sys
    line = "(setsid sh -c 'trap : HUP; echo $$ > stray; exec sleep 600' &)"
    subprocess.run(["sh", "-c", line])
    subprocess.run(["sleep", "600"])
"""
STRAYS = f'sst.x.DevCommand("Web", dev={{"command": "{sys.executable} stray.py"}})'


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL", "twice"])
def test_a_daemon_that_a_command_started_ends_with_the_session(tmp_path: Path, how: str) -> None:
    """However the session ends: in order, in a hurry, or killed."""
    with session(tmp_path, {"sst_config.py": config(STRAYS), "stray.py": STRAY}, MONO) as one:
        file = tmp_path / "stray"
        wait(one, lambda: file.exists() and file.read_text().strip(), "no stray")
        left = {int(file.read_text())}
        assert alive(left) and not left & descendants(one.process.pid)

        if how == "twice":
            one.process.send_signal(signal.SIGINT)
            one.wait_output("Stopping")
            time.sleep(0.6)  # a second signal sooner than that is the same Ctrl-C
            one.process.send_signal(signal.SIGINT)
            one.process.wait(30)
        else:
            one.stop(getattr(signal, how))

        assert gone(left) == set()


LINKED = """
import signal, time
from sst import Resource
signal.signal(signal.SIGINT, signal.SIG_DFL)
print(Resource.Notes.name, flush=True)
time.sleep(600)
"""


def test_a_joined_command_hears_of_the_session(tmp_path: Path) -> None:
    """Which one it joined, why the command starts again, that the session ended and that it is back."""
    write(tmp_path, {"sst_config.py": config(NOTES), "who.py": WHO})
    with session(tmp_path) as one:
        joined = subprocess.Popen(
            [*SST, "dev", "--", sys.executable, "-c", LINKED], cwd=tmp_path, env=environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert joined.stdout is not None and joined.stderr is not None
        assert joined.stderr.readline() == (
            f"sst: joined the session of app shop, stage test (process {one.process.pid}, {one.endpoint})\n"
        )
        first = joined.stdout.readline()
        one.edit("sst_config.py", config(NOTES.replace("notes =", "more =") + f"\n{OTHER}"))
        assert joined.stderr.readline() == "sst: link Other changed, starting the command again\n"
        assert joined.stdout.readline() == first
    assert joined.stderr.readline() == "sst: the session ended; the command keeps the links it has\n"
    with session(tmp_path) as two:
        line = joined.stderr.readline()
        assert line == f"sst: the session is back: app shop, stage test (process {two.process.pid}, {two.endpoint})\n"
        joined.send_signal(signal.SIGTERM)
        joined.communicate(timeout=30)


def test_a_command_waits_for_a_session_that_comes_up(tmp_path: Path) -> None:
    """Two terminals, one line in each, at the same time."""
    write(tmp_path, {"sst_config.py": config(NOTES)})
    with session(tmp_path, ready=False) as one:
        wait(one, lambda: (tmp_path / ".sst/test.sock").exists(), "no socket")
        done = one.sst("dev", "--", sys.executable, "-c", "from sst import Resource; print(Resource.Notes.name)")

        assert (done.returncode, done.stdout.decode()[:9]) == (0, "shop-test"), done.stderr


FASTAPI = """
    from fastapi import FastAPI
    from sst import Resource

    app = FastAPI()

    @app.get("/")
    def index():
        return {"links": sorted(name for name in ("Notes", "Other") if hasattr(Resource, name))}
"""


class Typed:
    """A command on a terminal of its own, typed at as a user does."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(SST[0], [*SST, *arguments], environment(TERM="xterm-256color"))
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.output = ""

    def until(self, text: str) -> None:
        """Read until *text* was printed."""
        deadline = time.monotonic() + 90
        while text not in self.output:
            assert time.monotonic() < deadline, self.output
            self._read(1.0)

    def until_file(self, path: Path) -> str:
        """Read until *path* was written; its text."""
        deadline = time.monotonic() + 90
        while not (path.exists() and path.read_text().strip()):
            assert time.monotonic() < deadline, self.output
            self._read(0.1)
        return path.read_text()

    def modes(self) -> int:
        """The local modes of the terminal (termios(3), `c_lflag`)."""
        return int(termios.tcgetattr(self._master)[3])

    def close(self) -> int:
        """Close the window; the exit code."""
        os.close(self._master)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def end(self) -> int:
        """Read to the end; the exit code."""
        while self._read(60):
            """There may be more."""
        os.close(self._master)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # EIO: nobody has the terminal any more
            return False
        self.output += data.decode("utf-8", "replace")
        return bool(data)


def test_uvicorn_in_basic_mode_follows_links_and_ends_with_one_ctrl_c(tmp_path: Path) -> None:
    """`sst dev --mode=basic -- uvicorn app:app`, typed into a terminal."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    write(tmp_path, {"sst_config.py": config(NOTES), "app.py": FASTAPI})
    line = ["dev", "--mode=basic", "--", sys.executable, "-m", "uvicorn", "app:app", f"--port={port}"]
    typed = Typed(tmp_path, *line)
    typed.until("Uvicorn running")
    family = descendants(typed.pid)
    assert http(f"http://127.0.0.1:{port}/").json() == {"links": ["Notes"]}

    write(tmp_path, {"sst_config.py": config(f"{NOTES}\n{OTHER}")})
    typed.until("link Other changed, starting the command again")
    typed.output = ""
    typed.until("Uvicorn running")
    assert http(f"http://127.0.0.1:{port}/").json() == {"links": ["Notes", "Other"]}

    typed.type("\x03")
    code = typed.end()
    assert "Traceback" not in typed.output
    assert code in (0, 130), typed.output
    assert gone(family) == set()


def test_the_exit_code_of_a_wrapped_command_is_passed_on(tmp_path: Path) -> None:
    """Its own, and no other's."""
    write(tmp_path, {"sst_config.py": config(NOTES)})
    typed = Typed(tmp_path, "dev", "--", sys.executable, "-c", "import sys; sys.exit(7)")

    assert typed.end() == 7


def test_a_killed_session_leaves_its_terminal_in_order(tmp_path: Path) -> None:
    """The screen from before, a cursor, no mouse reports, echo and Ctrl-C; and none of its processes."""
    write(tmp_path, {"sst_config.py": config(STRAYS), "stray.py": STRAY})
    typed = Typed(tmp_path, "dev")
    before = typed.modes()
    left = {int(typed.until_file(tmp_path / "stray"))} | descendants(typed.pid)
    typed.until("\x1b[?1049h")
    assert typed.modes() != before
    typed.output = ""

    os.kill(typed.pid, signal.SIGKILL)
    typed.until("\x1b[?25h")
    for off in ("\x1b[?1049l", "\x1b[?1000l", "\x1b[?1003l", "\x1b[?2004l"):
        assert off in typed.output
    assert typed.modes() == before
    assert typed.close() == -signal.SIGKILL
    assert gone(left) == set()


def test_a_closed_window_ends_the_session(tmp_path: Path) -> None:
    """Nobody reads the screen any more, and nothing waits for somebody who does."""
    write(tmp_path, {"sst_config.py": config(STRAYS), "stray.py": STRAY})
    typed = Typed(tmp_path, "dev")
    left = {int(typed.until_file(tmp_path / "stray"))} | descendants(typed.pid)

    assert typed.close() == 0
    assert gone(left) == set()


def test_commands_find_the_programs_of_their_project(tmp_path: Path) -> None:
    """What is in the project's `.venv` runs by its name: in a pane, beside the session and in `sst shell`."""
    app = tmp_path / "app"
    run = 'sst.x.DevCommand("Tool", dev={"command": "greet pane", "directory": "web"})'
    project = '[project]\nname = "p"\nversion = "1"\n'
    greet = '#!/bin/sh\necho "greets $1 $VIRTUAL_ENV"\n'
    write(app, {"sst_config.py": config(run), "pyproject.toml": project, ".venv/bin/greet": greet, "web/x": ""})
    (app / ".venv/bin/greet").chmod(0o755)
    (app / ".venv/bin/python").symlink_to(sys.executable)
    with session(app, None, MONO) as one:
        one.wait_output(f"Tool │ greets pane {app}/.venv")
        for command in ("shell", "dev"):
            done = one.sst(command, "--", "greet", command)
            assert done.stdout.decode() == f"greets {command} {app}/.venv\n", done.stderr.decode()
