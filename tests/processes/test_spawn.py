"""Children and their groups, with real processes."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from sst_dev.core.errors import UserError
from sst_dev.processes import spawn
from sst_dev.processes.ladder import Rung

STUBBORN = """
import signal, sys, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
print("deaf", flush=True)
while True:
    time.sleep(60)
"""
QUICK = (Rung(signal.SIGINT, 0.2), Rung(signal.SIGTERM, 0.2), Rung(signal.SIGKILL, 5.0))


async def python(code: str, *args: str, tmp_path: Path) -> spawn.Child:
    argv = [sys.executable, "-c", textwrap.dedent(code), *args]
    return await spawn.start(argv, name="child", cwd=tmp_path, environment={"A": "1"}, stdout=subprocess.PIPE)


async def line(child: spawn.Child) -> str:
    assert child.process.stdout is not None
    return (await child.process.stdout.readline()).decode().strip()


async def test_has_exactly_the_environment_it_was_given(tmp_path: Path) -> None:
    """Nothing of the parent's environment reaches the child."""
    code = "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))"
    child = await python(code, tmp_path=tmp_path)

    assert await line(child) == "['A']"
    assert await child.wait() == 0


async def test_leads_its_own_group_and_session(tmp_path: Path) -> None:
    """A Ctrl-C in the developer's terminal does not reach the child; only we do."""
    child = await python("import os; print(os.getpgrp(), os.getsid(0))", tmp_path=tmp_path)

    assert await line(child) == f"{child.pid} {child.pid}"
    await child.wait()


async def test_a_polite_child_ends_on_the_first_rung(tmp_path: Path) -> None:
    """A child that handles Ctrl-C ends with its own exit code, without SIGTERM."""
    code = """
        import time
        try:
            print("up", flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            raise SystemExit(7)
    """
    child = await python(code, tmp_path=tmp_path)
    await line(child)

    assert await child.stop() == 7


async def test_a_stubborn_child_is_killed(tmp_path: Path) -> None:
    """A child that ignores SIGINT and SIGTERM ends by SIGKILL."""
    child = await python(STUBBORN, tmp_path=tmp_path)
    await line(child)

    assert await child.stop(QUICK) == -signal.SIGKILL


async def test_a_second_stop_skips_the_grace(tmp_path: Path) -> None:
    """Two more requests reach SIGKILL although every grace is longer than the test may run."""
    child = await python(STUBBORN, tmp_path=tmp_path)
    await line(child)
    endless = tuple(Rung(number, 3600) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL))

    codes = await asyncio.gather(*(child.stop(endless) for _ in range(3)))

    assert codes == [-signal.SIGKILL] * 3


async def test_what_the_child_left_behind_ends_with_it(tmp_path: Path) -> None:
    """A grandchild that outlives its parent and ignores SIGTERM is gone when `wait` returns."""
    code = """
        import subprocess, sys
        grandchild = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
        grandchild.stdout.readline()
        print(grandchild.pid, flush=True)
    """
    child = await python(code, STUBBORN, tmp_path=tmp_path)
    grandchild = int(await line(child))

    assert await child.wait() == 0
    assert not spawn.group_members(child.pid)
    assert not running(grandchild)


async def test_a_missing_program_says_which_and_what_to_do(tmp_path: Path) -> None:
    """A program that does not exist is a user error that names it."""
    with pytest.raises(UserError, match="web: cannot run 'no-such-program'"):
        await spawn.start(["no-such-program"], name="web", cwd=tmp_path, environment={"PATH": "/bin"})


async def test_a_missing_folder_says_which(tmp_path: Path) -> None:
    """A folder that does not exist is a user error that names it."""
    with pytest.raises(UserError, match=r"web: the folder .*nowhere does not exist"):
        await spawn.start(["true"], name="web", cwd=tmp_path / "nowhere", environment={})


PARENT = """
import asyncio, subprocess, sys
from pathlib import Path
from sst_dev.processes import spawn

async def main():
    child = await spawn.start(
        [sys.executable, "-c", sys.argv[1], sys.argv[2]], name="child", cwd=Path("/"), environment={},
        stdout=subprocess.PIPE)
    print((await child.process.stdout.readline()).decode().strip(), flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""
TREE = """
import os, subprocess, sys
grandchild = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
grandchild.stdout.readline()
print(os.getpid(), grandchild.pid, flush=True)
grandchild.wait()
"""


def test_nothing_survives_a_killed_parent(tmp_path: Path) -> None:
    """After SIGKILL of the dev server, a child and its deaf grandchild are gone."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT, TREE, STUBBORN], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child, grandchild = map(int, parent.stdout.readline().split())
    # The grandchild inherited no pipe of ours, so watch its process instead.
    ends = [os.pidfd_open(pid) for pid in (child, grandchild)]

    parent.kill()
    parent.wait()
    parent.stdout.close()

    for end in ends:
        assert select.select([end], [], [], 30)[0], "still running"
        os.close(end)


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
