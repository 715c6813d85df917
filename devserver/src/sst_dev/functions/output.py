"""A worker's output, split into lines and filed under the invocation that wrote them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import NamedTuple

from ..core.pace import SLICE, running_pace

LINE_MAX = 1024 * 1024
"""Bytes of one line; a longer one continues in the next. CloudWatch Logs cuts its events at 1 MB too."""
_MARK_MAX = 256
"""A marker is RS, a 32-character secret, a word and an id of at most 64 characters."""
_READ = 4 * 1024
"""A page of a Linux pipe: at most 4,096 lines' worth of work before the next look at the clock."""


class Line(NamedTuple):
    """One line and the invocation that wrote it; None before the first (`init`)."""

    invocation: str | None
    text: str
    unhandled: bool = False
    """Whether it is of Lambda's log of an unhandled error."""


class Splitter:
    """Bytes in, lines out. Markers (`sst_worker.wire.marker`) say whose lines they are."""

    def __init__(self, secret: str) -> None:
        self._mark = b"\x1e" + secret.encode() + b" "
        self._open = bytearray()
        self._held = b""
        self.invocation: str | None = None
        self.ended: str | None = None
        """Id of the last invocation whose output is complete."""
        self._unhandled = False

    def feed(self, data: bytes) -> list[Line]:
        """The lines *data* completes. What follows an `end` is filed under the same invocation."""
        out: list[Line] = []
        data, self._held = self._held + data, b""
        while (at := data.find(b"\x1e")) >= 0:
            rest = data[at:]
            if rest.startswith(self._mark) and (end := rest.find(b"\n")) >= 0:
                self._text(data[:at], out)
                self._close_line(out)
                self._take_mark(rest[len(self._mark) : end])
                data = rest[end + 1 :]
            elif self._mark.startswith(rest) or (rest.startswith(self._mark) and len(rest) < _MARK_MAX):
                data, self._held = data[:at], rest
                break
            else:
                self._text(data[: at + 1], out)
                data = data[at + 1 :]
        self._text(data, out)
        return out

    def flush(self) -> list[Line]:
        """What stands without a newline at the end of the output."""
        out: list[Line] = []
        self._text(self._held, out)
        self._held = b""
        self._close_line(out)
        return out

    def _take_mark(self, mark: bytes) -> None:
        word, _, id = mark.decode("utf-8", "replace").partition(" ")
        self._unhandled = word == "error"
        if word == "begin":
            self.invocation = id
        elif word == "end":
            self.ended = id

    def _text(self, data: bytes, out: list[Line]) -> None:
        head, newline, rest = data.partition(b"\n")
        self._open += head
        if newline:
            self._close_line(out, empty=True)
            *lines, last = rest.split(b"\n")
            for line in lines:
                self._open += line
                self._close_line(out, empty=True)
            self._open += last
        while len(self._open) > LINE_MAX:
            out.append(self._line(self._open[:LINE_MAX]))
            del self._open[:LINE_MAX]

    def _close_line(self, out: list[Line], *, empty: bool = False) -> None:
        while len(self._open) > LINE_MAX:
            out.append(self._line(self._open[:LINE_MAX]))
            del self._open[:LINE_MAX]
        if self._open or empty:
            out.append(self._line(self._open))
            self._open.clear()

    def _line(self, data: bytes | bytearray) -> Line:
        return Line(self.invocation, data.decode("utf-8", "replace"), self._unhandled)


class Output:
    """The reading end of a worker's output pipe; hands each line to *on_line* until the pipe ends.

    It keeps to the loop's pace: a handler that prints more than is taken waits, as on any pipe.
    """

    def __init__(self, fd: int, secret: str, on_line: Callable[[Line], None]) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._splitter = Splitter(secret)
        self._on_line = on_line
        self._loop = asyncio.get_running_loop()
        self._pace = running_pace()
        self._resume: asyncio.TimerHandle | None = None
        self._closed = False
        self._loop.add_reader(fd, self._wake)

    def read_until(self, invocation: str) -> None:
        """Take in what *invocation* wrote: its end marker was written before its reply was sent."""
        while self._splitter.ended != invocation and self._read():
            pass

    def read_now(self) -> None:
        """Take in what is in the pipe."""
        while self._read():
            pass

    def close(self) -> None:
        """Take in what is left in the pipe and close it: a grandchild may hold it open for ever."""
        self.read_now()
        self._end()

    def _wake(self) -> None:
        began = self._loop.time()
        while self._read() and self._loop.time() - began < SLICE:
            pass
        pause = self._pace.pause(began, self._loop.time())
        if pause >= SLICE and not self._closed:
            self._loop.remove_reader(self._fd)
            self._resume = self._loop.call_later(pause, self._loop.add_reader, self._fd, self._wake)

    def _read(self) -> bool:
        if self._closed:
            return False
        try:
            data = os.read(self._fd, _READ)
        except BlockingIOError:
            return False
        for line in self._splitter.feed(data):
            self._on_line(line)
        if not data:
            self._end()
        return bool(data)

    def _end(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._resume is not None:
            self._resume.cancel()
        for line in self._splitter.flush():
            self._on_line(line)
        self._loop.remove_reader(self._fd)
        os.close(self._fd)
