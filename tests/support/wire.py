"""The network between a client and a real server, bent by name: `cut`, `freeze`, `refuse`. Works with any server.

A `Wire` forwards one loopback port to another. As a `Proxy` it does so on request of a CONNECT, whatever host is named:
so a client that believes it talks to AWS through its company's proxy talks to a server here.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any, Self


class Wire:
    """Forwards every connection to `127.0.0.1:target`, until told otherwise."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.rate = 0
        """Bytes a second of new connections, in each direction; 0 is no limit."""
        self.refusing = False
        """New connections are cut at once."""
        self.connections = 0
        """How many were made so far."""
        self._moving = _set()
        self._frozen: list[asyncio.Event] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        # As little as the kernel allows: else it would take megabytes off a slow wire.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        self._server = await asyncio.start_server(self._accept, sock=listener, backlog=500, limit=16 * 1024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        self.thaw()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def cut(self) -> None:
        """Reset every connection, as a failing network does."""
        for writer in list(self._writers):
            writer.transport.abort()

    def freeze(self) -> None:
        """On the connections there are nothing arrives any more, in either direction; new ones work."""
        self._moving.clear()
        self._frozen.append(self._moving)
        self._moving = _set()

    def thaw(self) -> None:
        """What was held up arrives."""
        while self._frozen:
            self._frozen.pop().set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        self.connections += 1
        try:
            if not self.refusing and await self._admit(reader, writer):
                await self._forward(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # one end is gone: so is the other, below
        except asyncio.CancelledError:
            pass  # the wire is taken down
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            writer.transport.abort()

    async def _admit(self, _reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> bool:
        return True

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        moving, rate = self._moving, self.rate
        onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers.add(onward_writer)
        try:
            pumps = [
                asyncio.ensure_future(_pump(reader, onward_writer, moving, rate)),
                asyncio.ensure_future(_pump(onward_reader, writer, moving, rate)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            self._writers.discard(onward_writer)
            onward_writer.transport.abort()


class Proxy(Wire):
    """An HTTP proxy: forwards what a CONNECT asks for, wherever that is, to the target."""

    def __init__(self, target: int) -> None:
        super().__init__(target)
        self.requests: list[tuple[str, str]] = []
        """Host and port, and the `Proxy-Authorization`, of each CONNECT."""

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        method, host, _ = request.split(" ", 2)
        self.requests.append((host, headers.get("proxy-authorization", "")))
        if method != "CONNECT":
            writer.write(b"HTTP/1.1 405 only CONNECT\r\n\r\n")
            return False
        writer.write(b"HTTP/1.1 200 connected\r\n\r\n")
        return True


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, moving: asyncio.Event, rate: int) -> None:
    """Carry bytes from one end to the other while they are *moving*, no more than *rate* a second."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            await moving.wait()
            if rate:
                await asyncio.sleep(len(data) / rate)
            writer.write(data)
            await writer.drain()
