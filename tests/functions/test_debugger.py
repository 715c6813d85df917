"""The debugger's port: one for every IDE that attaches, whatever came before."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sst_dev.core.events import Event, Notice
from sst_dev.core.stream import Stream
from sst_dev.functions.debugger import MESSAGE_MAX, Debugger

from tests.support.dap import Session


class Port:
    """A `Debugger`, what it reported and what it said."""

    def __init__(self, root: Path) -> None:
        stream = Stream()
        self.said: list[Event] = []
        stream.observe(self.said.append)
        self.changes: asyncio.Queue[bool] = asyncio.Queue()
        self.debugger = Debugger(root, stream, self.changes.put_nowait)

    async def attach(self) -> Session:
        """Attach as an IDE does, to its parent session."""
        port = self.debugger.port
        ide = await asyncio.to_thread(Session, port)
        await asyncio.to_thread(ide.attach, {}, name="x", connect={"host": "127.0.0.1", "port": port})
        return ide

    async def changed(self) -> bool:
        async with asyncio.timeout(30):
            return await self.changes.get()

    def errors(self) -> list[str]:
        return [event.text for event in self.said if isinstance(event, Notice) and event.level == "error"]


@pytest.fixture(name="port")
async def _port(tmp_path: Path) -> AsyncIterator[Port]:
    one = Port(tmp_path)
    await one.debugger.open(0)
    try:
        yield one
    finally:
        await one.debugger.close()


async def test_attaching_again_and_again(port: Port) -> None:
    """Each time workers hear of another adapter, and in between of none."""
    ports = set()
    for _ in range(3):
        ide = await port.attach()
        assert await port.changed()
        told = port.debugger.worker()
        assert told is not None
        ports.add((told["port"], told["anchor"]))
        await asyncio.to_thread(ide.close)
        assert not await port.changed()
        assert port.debugger.worker() is None

    assert len(ports) == 3


async def test_a_restart_that_overlaps_takes_over(port: Port) -> None:
    """The new IDE gets an adapter while the old one is still connected, and the old one is let go."""
    old = await port.attach()
    assert await port.changed()
    before = port.debugger.worker()
    new = await port.attach()
    assert await port.changed()
    await asyncio.to_thread(old.ended)

    assert port.debugger.worker() not in (None, before)
    for ide in (old, new):
        await asyncio.to_thread(ide.close)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"Content-Length: x\r\n\r\n",
        b"Content-Length: %d\r\n\r\n" % (MESSAGE_MAX + 1),
        b"x" * 100_000,
    ],
)
async def test_whatever_else_connects_starts_nothing(port: Port, data: bytes) -> None:
    """A port scan, a browser, noise: the connection is closed, no adapter is started, no error is said."""

    def knock() -> bytes:
        with socket.create_connection(("127.0.0.1", port.debugger.port)) as client:
            client.settimeout(30)
            with contextlib.suppress(ConnectionError):
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                return client.recv(1)
            return b""

    assert await asyncio.to_thread(knock) == b""
    assert port.debugger.worker() is None and port.errors() == []
