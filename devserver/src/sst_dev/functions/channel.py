"""A zygote's control socket or a worker's channel, on the event loop. The framing is `sst_worker.wire`'s."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterator, Sequence

from sst_worker import wire
from sst_worker.wire import Head

_READ = 256 * 1024
"""Bytes per read: a 6 MB event takes 24 of them."""


class Decoder:
    """Bytes in, messages out. Bounded by `wire.HEAD_LIMIT` and `wire.BODY_LIMIT`."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Head, bytes]]:
        """Every message completed by *data*. Raises WireError for what the protocol does not allow."""
        self._buffer += data
        while len(self._buffer) >= wire.HEADER.size:
            head_length, body_length = wire.lengths(bytes(self._buffer[: wire.HEADER.size]))
            start = wire.HEADER.size + head_length
            end = start + body_length
            if len(self._buffer) < end:
                return
            head = wire.parse_head(bytes(self._buffer[wire.HEADER.size : start]))
            body = bytes(memoryview(self._buffer)[start:end])
            del self._buffer[:end]
            yield head, body


class Channel:
    """One end of a socket: `send` never blocks, messages and the end arrive as callbacks.

    What waits to be sent is bounded by use: one invocation at a time on a worker's channel, and a few small
    messages on a zygote's.
    """

    def __init__(
        self, sock: socket.socket, on_message: Callable[[Head, bytes], None], on_close: Callable[[], None]
    ) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._on_message = on_message
        self._on_close = on_close
        self._decoder = Decoder()
        self._out: list[tuple[memoryview, Sequence[int]]] = []
        self._loop = asyncio.get_running_loop()
        self._paused = False
        self.closed = False
        self._loop.add_reader(sock, self._read)

    def send(self, head: Head, body: bytes = b"", fds: Sequence[int] = ()) -> None:
        """Queue one message; *fds* travel with its first byte and are closed on this side."""
        if self.closed:
            _close_all(fds)
            return
        self._out.append((memoryview(wire.frame(head, body) + body), fds))
        if len(self._out) == 1:
            self._write()

    def read_now(self) -> None:
        """Take in everything the other end has sent so far."""
        while self._read():
            pass

    def pause(self) -> None:
        """Stop reading: the other end blocks once the socket's buffer is full."""
        if not self._paused and not self.closed:
            self._paused = True
            self._loop.remove_reader(self._sock)

    def resume(self) -> None:
        """Read again."""
        if self._paused and not self.closed:
            self._paused = False
            self._loop.add_reader(self._sock, self._read)

    def close(self) -> None:
        """Close this end; no callback follows."""
        if self.closed:
            return
        self.closed = True
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()
        for _, fds in self._out:
            _close_all(fds)
        self._out.clear()

    def _read(self) -> bool:
        if self.closed:
            return False
        try:
            data = self._sock.recv(_READ)
        except (BlockingIOError, InterruptedError):
            return False
        except ConnectionError:
            data = b""
        if not data:
            self.close()
            self._on_close()
            return False
        for head, body in self._decoder.feed(data):
            self._on_message(head, body)
        return True

    def _write(self) -> None:
        while self._out:
            view, fds = self._out[0]
            try:
                sent = socket.send_fds(self._sock, [view], list(fds)) if fds else self._sock.send(view)
            except (BlockingIOError, InterruptedError):
                self._loop.add_writer(self._sock, self._write)
                return
            except ConnectionError:
                sent = len(view)  # the reader sees the end and reports it
            _close_all(fds)
            if sent < len(view):
                self._out[0] = (view[sent:], ())
            else:
                del self._out[0]
        self._loop.remove_writer(self._sock)


def _close_all(fds: Sequence[int]) -> None:
    for fd in fds:
        os.close(fd)
