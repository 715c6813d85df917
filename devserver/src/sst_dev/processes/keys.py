"""The keys of the terminal this process was started in: taken for one line at a time, and given back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import termios
from collections.abc import Callable
from typing import Any

from .spawn import reclaim_terminal, runs

END = (b"\n", b"\x04", b"")
"""What ends a line: Enter, Ctrl-D, and a terminal that hung up."""


class Keys:
    """Between lines the terminal is as it was, its keys those of whoever had it. Used from one event loop."""

    def __init__(self, on_key: Callable[[bytes], None]) -> None:
        """*on_key* gets each byte of a line that is asked for, and b"" when the terminal hung up. Nothing is echoed."""
        self._on_key = on_key
        self._fd = sys.stdin.fileno()
        self._lent: tuple[int, list[Any]] | None = None
        """Whose the terminal was, as a process group, and its attributes; while it is taken."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_signal_handler(signal.SIGCONT, self._continued)

    def ask(self, *, afresh: bool) -> None:
        """Take the terminal until a line is typed. *afresh* drops what was typed before: it was meant for another.

        Does nothing while the terminal belongs to another job of the shell.
        """
        owner = os.tcgetpgrp(self._fd)
        if self._lent is not None or not (owner == os.getpgrp() or runs(owner)):
            return
        reclaim_terminal()
        if owner != os.getpgrp():
            # A read that waits would still have the next key. Begun anew, in the background, it stops its program.
            for number in (signal.SIGSTOP, signal.SIGCONT):
                with contextlib.suppress(OSError):
                    os.killpg(owner, number)
        self._lent = owner, termios.tcgetattr(self._fd)
        self._set_up(termios.TCSAFLUSH if afresh else termios.TCSANOW)
        self._loop.add_reader(self._fd, self._read)

    def give_back(self) -> None:
        """End the line, if there is one."""
        if self._lent is None:
            return
        (owner, attributes), self._lent = self._lent, None
        self._loop.remove_reader(self._fd)
        if not self._ours():
            return
        with contextlib.suppress(termios.error, OSError):  # it hung up, or its owner has ended
            termios.tcsetattr(self._fd, termios.TCSANOW, attributes)
            if owner != os.getpgrp():
                os.tcsetpgrp(self._fd, owner)
                os.killpg(owner, signal.SIGCONT)  # it may have been stopped for reading meanwhile

    def close(self) -> None:
        """Give everything back."""
        self.give_back()
        self._loop.remove_signal_handler(signal.SIGCONT)

    def _ours(self) -> bool:
        with contextlib.suppress(OSError):
            return os.tcgetpgrp(self._fd) == os.getpgrp()
        return False

    def _set_up(self, when: int) -> None:
        """Every key at once, unechoed; whatever the program that had the terminal wanted of it."""
        mode = termios.tcgetattr(self._fd)
        mode[0] |= termios.ICRNL
        mode[1] |= termios.OPOST | termios.ONLCR
        mode[3] = (mode[3] | termios.ISIG) & ~(termios.ICANON | termios.ECHO)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self._fd, when, mode)

    def _continued(self) -> None:
        """After Ctrl-Z and `fg`: the shell has set the terminal up for itself."""
        if self._lent is not None and self._ours():
            self._set_up(termios.TCSANOW)

    def _read(self) -> None:
        if not self._ours():  # a command that was started meanwhile has it: to read would stop this process
            self.give_back()
            return
        try:
            key = os.read(self._fd, 1)  # the next line may be another program's
        except OSError:
            key = b""
        if key in END:
            self.give_back()
        self._on_key(key)
