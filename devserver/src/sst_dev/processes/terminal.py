"""A child on a pseudo-terminal of its own: bytes out, bytes in, a size."""

from __future__ import annotations

import asyncio
import fcntl
import math
import os
import struct
import termios
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..core.pace import SLICE, running_pace
from .spawn import Child, start

READ_SIZE = 16 * 1024
"""Bytes handed on before a pause; with `READ_PAUSE` at most 2 MB a second from one child: more than 10,000 long lines.
A louder child waits in the kernel, as on any slow terminal."""
PIECE = 4 * 1024
"""Bytes handed on at a time: what Linux gives in one read, and at most 4,096 lines' worth of work."""
READ_PAUSE = 0.008
"""Seconds between reads at least: output is gathered, and one child cannot occupy the loop. The loop's pace, when
there is much output of any kind, makes it longer."""
LAST_READS = 16
"""Reads after the end: more than the kernel holds back, yet an end in sight when a daemon kept the terminal."""
INPUT_LIMIT = 1024 * 1024
"""Bytes of input kept for a child that does not read: a large paste; more is refused."""


class Terminal:
    """The dev server's end of one child's terminal. Made by `open_terminal`."""

    def __init__(self, child: Child, master: int, on_output: Callable[[bytes], None]) -> None:
        self.child = child
        self._master = master
        self._on_output = on_output
        self._input = b""
        self._loop = asyncio.get_running_loop()
        self._pace = running_pace()
        self._resume: asyncio.TimerHandle | None = None
        self._closed = False
        self._loop.add_reader(master, self._readable)

    async def wait(self) -> int:
        """Wait until the child and its group are gone and their output is handed on; the exit code."""
        code = await self.child.wait()
        for _ in range(LAST_READS):
            if self._closed or not self._read(math.inf):
                break
        self.close()
        return code

    def write(self, data: bytes) -> bool:
        """Type *data*. False when the child has not read what it got before and this would be too much."""
        if self._closed or len(self._input) + len(data) > INPUT_LIMIT:
            return False
        if not self._input:
            self._loop.add_writer(self._master, self._writable)
        self._input += data
        return True

    def resize(self, columns: int, rows: int) -> None:
        """The terminal has another size; the kernel tells the child (SIGWINCH)."""
        if not self._closed:
            _set_size(self._master, columns, rows)

    def close(self) -> None:
        """Hang up."""
        if self._closed:
            return
        self._closed = True
        if self._resume is not None:
            self._resume.cancel()
        self._loop.remove_reader(self._master)
        self._loop.remove_writer(self._master)
        os.close(self._master)

    def _readable(self) -> None:
        self._loop.remove_reader(self._master)
        began = self._loop.time()
        if self._read(began + SLICE):
            pause = self._pace.pause(began, self._loop.time())
            self._resume = self._loop.call_later(max(READ_PAUSE, pause), self._read_again)

    def _read_again(self) -> None:
        self._loop.add_reader(self._master, self._readable)

    def _read(self, until: float) -> bool:
        """Hand on what there is, up to `READ_SIZE` or the time *until*; False at the end, or when there is nothing."""
        size = 0
        while size < READ_SIZE:
            try:
                piece = os.read(self._master, PIECE)
            except BlockingIOError:
                break
            except OSError:  # EIO: every process that had the terminal is gone
                piece = b""
            if not piece:
                break
            self._on_output(piece)
            size += len(piece)
            if self._closed or self._loop.time() >= until:
                break
        return size > 0

    def _writable(self) -> None:
        try:
            self._input = self._input[os.write(self._master, self._input) :]
        except BlockingIOError:
            return
        except OSError:  # EIO: nobody is there to read it
            self._input = b""
        if not self._input:
            self._loop.remove_writer(self._master)


async def open_terminal(
    argv: Sequence[str],
    *,
    name: str,
    cwd: Path,
    environment: Mapping[str, str],
    columns: int,
    rows: int,
    on_output: Callable[[bytes], None],
) -> Terminal:
    """Start *argv* on a new terminal of the given size. Raises `UserError` as `spawn.start` does."""
    master, slave = os.openpty()
    try:
        _set_size(master, columns, rows)
        os.set_blocking(master, False)
        child = await start(
            argv, name=name, cwd=cwd, environment=environment, stdin=slave, stdout=slave, stderr=slave, terminal=True
        )
    except BaseException:
        os.close(master)
        raise
    finally:
        os.close(slave)
    return Terminal(child, master, on_output)


def _set_size(master: int, columns: int, rows: int) -> None:
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
