"""The guard: ends what a session has started, and puts its terminal in order, when it was killed before it could.

Runs as `python -I -S guard.py MARK` in a session of its own, stdlib only. Its standard input is a pipe from the dev
server, a line at a time: `+GROUP` when a child starts, `-GROUP` when it is gone, `=JSON` (`Screen`) while a screen is
on the terminal and `=` when it is not. End of file means the dev server is gone, however it went; what is still
registered is terminated, then killed, and with it every process that carries MARK. A parent-death signal alone would
reach only direct children, and on Linux only.

A process can leave its group (`setsid`) and its parent (a double fork), but not the environment it was started
with: the variable `SST_PROCESS` is how what a developer's command has left behind is found.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import termios
import time
from collections.abc import Iterable
from pathlib import Path

MARK = "SST_PROCESS"
"""The variable that marks a developer's command and all that it starts: `SESSION.NAME`."""
GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL: nobody is watching any more, so shorter than the stop ladder."""
POLL = 0.02
"""Seconds between looks: no event exists for the end of a process that is not one's child."""
LAST = 1.0
"""Seconds of looking for what was forked while it was killed."""

ORDER = (
    "\x1b[?2026l"  # show what is drawn
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # no mouse reports
    "\x1b[?1004l\x1b[?2004l\x1b[?2048l\x1b[<u"  # nor those of focus, paste and size; plain keys
    "\x1b[?7h\x1b[0m\x1b[?1049l\x1b[?25h"  # wrap lines, no colours, the screen from before, a cursor
)
"""What a full-screen program undoes at its end (xterm's ctlseqs; `CSI < u` is kitty's keyboard protocol)."""


def alive(group: int) -> bool:
    """Whether any process of the group still exists."""
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def send(groups: Iterable[int], number: int) -> None:
    """Signal every group that still exists."""
    for group in groups:
        try:
            os.killpg(group, number)
        except OSError:  # gone, or no longer ours
            continue


def kill(pids: Iterable[int], number: int) -> None:
    """Signal every process that still exists."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:  # gone, or somebody else's
            continue


def family(mark: str) -> set[int]:
    """The living processes that were started under *mark*, or a mark below it, and their descendants."""
    if not mark:
        return set()
    wanted = f"{MARK}={mark}"
    parents: dict[int, int] = {}
    found: set[int] = set()
    for pid, parent, words in _processes():
        parents[pid] = parent
        if any(word == wanted or word.startswith(wanted + ".") for word in words):
            found.add(pid)
    level = found
    while level:
        level = {pid for pid, parent in parents.items() if parent in level} - found
        found |= level
    return found - {os.getpid()}


def _processes() -> Iterable[tuple[int, int, list[str]]]:
    """Each process that is no zombie: its id, its parent's, and the environment it was started with, if it is ours."""
    if not Path("/proc/self").exists():
        import subprocess

        yield from listed(subprocess.run(["ps", "-axwwE", "-o", "pid=,ppid=,command="], capture_output=True).stdout)
        return
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # proc(5): pid (comm) state ppid …; comm may hold spaces and brackets
            state, parent = (folder / "stat").read_bytes().rpartition(b")")[2].split()[:2]
        except OSError:
            continue
        if state in (b"Z", b"X"):
            continue
        try:
            words = (folder / "environ").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:  # another user's
            words = []
        yield int(folder.name), int(parent), words


def listed(output: bytes) -> Iterable[tuple[int, int, list[str]]]:
    """What `ps -axwwE -o pid=,ppid=,command=` of macOS has said: the environment follows the command."""
    for line in output.decode("utf-8", "replace").splitlines():
        pid, parent, *words = line.split()
        yield int(pid), int(parent), words


def restore(screen: str) -> None:
    """Put a terminal in order that its program, killed, has left as it was. *screen* is `{"path", "attributes"}`."""
    facts = json.loads(screen)
    try:
        terminal = os.open(facts["path"], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:  # its window is closed
        return
    try:
        # A shell that has its terminal back sets it up for itself; only a program of the screen turns Ctrl-C off.
        if not termios.tcgetattr(terminal)[3] & termios.ISIG:
            attributes = facts["attributes"]
            attributes[6] = [bytes([value]) for value in attributes[6]]
            termios.tcsetattr(terminal, termios.TCSANOW, attributes)
        os.write(terminal, ORDER.encode())
        termios.tcflush(terminal, termios.TCIFLUSH)
    except (OSError, termios.error):  # hung up, or nobody reads it
        return
    finally:
        os.close(terminal)


def end(groups: set[int], mark: str) -> None:
    """Terminate, then kill, the groups and whatever carries *mark*."""
    send(groups, signal.SIGTERM)
    kill(family(mark), signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while (any(map(alive, groups)) or family(mark)) and time.monotonic() < deadline:
        time.sleep(POLL)
    send(groups, signal.SIGKILL)
    deadline = time.monotonic() + LAST
    while (left := family(mark)) and time.monotonic() < deadline:
        kill(left, signal.SIGKILL)
        time.sleep(POLL)


def main() -> None:
    """Keep the register until the pipe closes, then end what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    screen = ""
    for line in sys.stdin:
        if line[0] == "=":
            screen = line[1:].strip()
            continue
        group = int(line[1:])
        (groups.add if line[0] == "+" else groups.discard)(group)
    if screen:
        restore(screen)
    end(groups, sys.argv[1] if len(sys.argv) > 1 else "")


if __name__ == "__main__":
    main()
