"""The guard: ends the process groups of a session whose parent was killed before it could.

Runs as `python -I -S guard.py` in a session of its own, stdlib only. Its standard input is a pipe from the
dev server: `+GROUP` when a child starts, `-GROUP` when it is gone. End of file means the dev server is gone,
however it went; what is still registered is terminated, then killed. A parent-death signal alone would reach
only direct children, and on Linux only; the guard reaches grandchildren too.
"""

from __future__ import annotations

import os
import signal
import sys
import time

GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL: nobody is watching any more, so shorter than the stop ladder."""


def alive(group: int) -> bool:
    """Whether any process of the group still exists."""
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def send(groups: set[int], number: int) -> None:
    """Signal every group that still exists."""
    for group in groups:
        try:
            os.killpg(group, number)
        except OSError:  # gone, or no longer ours
            continue


def main() -> None:
    """Keep the register until the pipe closes, then end what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        (groups.add if line[0] == "+" else groups.discard)(group)
    send(groups, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while any(map(alive, groups)) and time.monotonic() < deadline:
        time.sleep(0.02)  # no event exists for the end of a process that is not one's child
    send(groups, signal.SIGKILL)


if __name__ == "__main__":
    main()
