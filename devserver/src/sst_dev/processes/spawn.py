"""Start a child in a session of its own, and end it with everything it started.

A child's process group is what gets signals; its end is the end of the whole group. A developer's own command, which
may do anything, is marked besides: `end_family` finds what has left its group. Should the dev server be killed, the
kernel sends the child SIGTERM (Linux) and the guard ends groups and families (everywhere).
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from signal import Signals
from typing import IO, Any

from sst_dev.core.errors import UserError
from sst_dev.core.tasks import spawn

from . import guard
from .ladder import RUNGS, Ladder, Rung

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1

SESSION = os.urandom(8).hex()
"""The mark of everything this process starts."""

SWEEP_GRACE = 1.0
"""Seconds that processes left behind by an ended child get between SIGTERM and SIGKILL."""

_POLL = 0.02
"""Seconds between looks at a group without its leader: its members are not our children, so no event tells."""


class Guard:
    """The dev server's end of the guard's pipe. One per process; started with the first child."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._groups: set[int] = set()
        self._screen = ""
        self._strays = False
        """Whether a developer's command has run: what it may have left behind is the guard's, too."""

    def add(self, group: int, *, marked: bool) -> None:
        """From now on *group* does not outlive this process."""
        self._groups.add(group)
        self._strays = self._strays or marked
        self._tell(f"+{group}\n")

    def __contains__(self, group: int) -> bool:
        return group in self._groups

    def discard(self, group: int) -> None:
        """*group* is gone."""
        self._groups.discard(group)
        self._tell(f"-{group}\n")
        self._close_if_idle()

    def screen(self, facts: str) -> None:
        """The terminal that a screen is on, as `guard.restore` wants it; empty when it was put in order."""
        self._screen = facts
        self._tell(f"={facts}\n")
        self._close_if_idle()

    def no_strays(self) -> None:
        """Nothing that carries the mark is left."""
        self._strays = False
        self._close_if_idle()

    def _close_if_idle(self) -> None:
        if not (self._groups or self._screen or self._strays):
            self.close()

    def close(self) -> None:
        """Let the guard end; it has nothing left to do."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            process.wait()

    def _tell(self, line: str) -> None:
        if self._process is None or self._process.poll() is not None:
            self._start()
            line = "".join(f"+{group}\n" for group in self._groups) + f"={self._screen}\n"
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(line.encode())

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__, SESSION],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            env={},
            start_new_session=True,
        )


_guard = Guard()


class Child:
    """A running child and its process group. Made by `start`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.process = process
        self._ladder: Ladder | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._end = spawn(self._follow(), name=f"wait for {name}", owner=self._tasks)

    @property
    def pid(self) -> int:
        """Process id, and id of the process group."""
        return self.process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative is the number of the signal that ended it."""
        return self.process.returncode

    async def wait(self) -> int:
        """Wait until the child and all of its group are gone; its exit code."""
        return await asyncio.shield(self._end)

    def signal(self, number: int) -> None:
        """Send a signal to the whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    async def stop(self, rungs: tuple[Rung, ...] = RUNGS) -> int | None:
        """Climb the stop ladder; the exit code, or None when it survived every rung.

        Called again while a stop is under way, it skips to the next rung and waits with the first caller.
        """
        self._ladder = ladder = self._ladder or Ladder(rungs)
        self._send(ladder.request(time.monotonic()))
        while not self._end.done() and ladder.deadline is not None:
            await asyncio.wait({self._end}, timeout=max(0.0, ladder.deadline - time.monotonic()))
            if not self._end.done():
                self._send(ladder.tick(time.monotonic()))
        return self._end.result() if self._end.done() else None

    def _send(self, number: Signals | None) -> None:
        if number is not None:
            self.signal(number)

    async def _follow(self) -> int:
        code = await self.process.wait()
        await sweep(self.pid)
        _guard.discard(self.pid)
        return code


async def sweep(group: int) -> None:
    """End what the dead leader of *group* left behind."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not group_members(group):
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, number)
        deadline = time.monotonic() + SWEEP_GRACE
        while group_members(group) and time.monotonic() < deadline:  # noqa: ASYNC110 - see _POLL
            await asyncio.sleep(_POLL)


def mark(name: str = "") -> str:
    """What `guard.family` finds the command called *name* by, or all commands of this process."""
    return f"{SESSION}.{re.sub(r'[^A-Za-z0-9_-]', '_', name)}" if name else SESSION


async def end_family(name: str = "") -> None:
    """End what the command called *name*, or any command, has started and left behind, wherever it went."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + SWEEP_GRACE
        guard.kill(guard.family(mark(name)), number)
        while (left := guard.family(mark(name))) and time.monotonic() < deadline:
            if number == signal.SIGKILL:
                guard.kill(left, number)  # forked while its parent was killed
            await asyncio.sleep(_POLL)
        if not left:
            break
    if not name:
        _guard.no_strays()


@contextlib.contextmanager
def screen_on_terminal() -> Iterator[None]:
    """Inside, a full-screen program owns the terminal: should this process be killed, the guard puts it in order."""
    if not os.isatty(0):
        yield
        return
    attributes = termios.tcgetattr(0)
    attributes[6] = [value if isinstance(value, int) else value[0] for value in attributes[6]]
    _guard.screen(json.dumps({"path": os.ttyname(0), "attributes": attributes}))
    try:
        yield
    finally:
        _guard.screen("")


def group_members(group: int) -> bool:
    """Whether *group* has a process that is not a zombie.

    A zombie whose new parent does not reap (a container without an init) would count for ever.
    """
    if not guard.alive(group):
        return False
    if sys.platform != "linux":
        return True
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # proc(5): pid (comm) state ppid pgrp …; comm may hold spaces and brackets
            state, _, pgrp = stat.read_text().rpartition(")")[2].split()[:3]
            if int(pgrp) == group and state not in "ZX":
                return True
    return False


async def start(
    argv: Sequence[str],
    *,
    name: str,
    cwd: Path,
    environment: Mapping[str, str],
    stdin: int | IO[Any] | None = subprocess.DEVNULL,
    stdout: int | IO[Any] | None = None,
    stderr: int | IO[Any] | None = None,
    terminal: bool = False,
    foreground: bool = False,
    limit: int = 1024 * 1024,
) -> Child:
    """Start *argv* with exactly *environment*, in a session and process group of its own.

    With *foreground*, the child stays in this session, as a shell's job does: its group gets the terminal, and so the
    user's keys and Ctrl-C; call `reclaim_terminal` when it ended.

    *stdin*, *stdout* and *stderr* are as in `subprocess`. With *terminal*, standard input is the slave of a
    pty and becomes the child's controlling terminal. With either of the two it is a developer's own command: it is
    marked with `SST_PROCESS`, so that `end_family` finds what it leaves behind. *limit* bounds a line read from a pipe
    (bytes). Raises `UserError` when the program or *cwd* does not exist or may not be run.
    """
    if not cwd.is_dir():
        raise UserError(f"{name}: the folder {cwd} does not exist", hint="Create it, or mend `directory`.")
    marked = terminal or foreground
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            cwd=cwd,
            env={**environment, guard.MARK: mark(name)} if marked else dict(environment),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=not foreground,
            process_group=0 if foreground else None,
            preexec_fn=_in_child(os.getpid(), terminal, foreground),
            limit=limit,
        )
    except OSError as error:
        raise UserError(
            f"{name}: cannot run {argv[0]!r}: {error.strerror}", hint="Is it installed, and on PATH?"
        ) from error
    _guard.add(process.pid, marked=marked)
    return Child(name, process)


def _in_child(parent: int, terminal: bool, foreground: bool) -> Callable[[], None]:
    """What the forked child does before `exec`: system calls only, other threads do not exist there."""

    def prepare() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # it died before the line above took effect
                os._exit(1)
        if terminal:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            # Under nohup it would be ignored for good, and a shell would not end with its window.
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
        if foreground:
            reclaim_terminal()
            # As a shell does. Ignored, as under tmux, they would make a read in the background an end of file.
            for number in (signal.SIGTTIN, signal.SIGTTOU):
                signal.signal(number, signal.SIG_DFL)

    return prepare


def runs(group: int) -> bool:
    """Whether *group* is a child's that runs."""
    return group in _guard


def reclaim_terminal() -> None:
    """Make this process's group the foreground of its terminal, if standard input is one."""
    if not os.isatty(0):
        return
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # whoever is in the background may not ask otherwise
    try:
        os.tcsetpgrp(0, os.getpgrp())
    finally:
        signal.signal(signal.SIGTTOU, before)
