"""A terminal without a program: what reads and writes it is somewhere else, like pdb in a worker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import termios
from collections.abc import Callable

READ = 64 * 1024
"""Bytes taken from the terminal at a time."""


class Tty:
    """A pty of which this process holds the master; *path* is what others open. Used from one event loop."""

    def __init__(self, on_output: Callable[[bytes], None]) -> None:
        """*on_output* gets what is written to it and what is typed, as a terminal shows it."""
        self._master, self._slave = pty.openpty()
        self.path = os.ttyname(self._slave)
        self._on_output = on_output
        os.set_blocking(self._master, False)
        asyncio.get_running_loop().add_reader(self._master, self._read)

    def type(self, data: bytes) -> None:
        """Type *data*. What nobody reads for long is dropped by the kernel's line buffer (4,096 bytes)."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._master, data)

    def flush_input(self) -> None:
        """Forget what was typed and not read."""
        termios.tcflush(self._slave, termios.TCIFLUSH)

    def close(self) -> None:
        """Give it back."""
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._on_output(os.read(self._master, READ))
