"""The debugger's port: one for every IDE that attaches, whatever came before."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sst_dev.core.events import Event, Notice
from sst_dev.core.stream import Stream
from sst_dev.functions.dap import MESSAGE_MAX
from sst_dev.functions.debugger import NO_CONFIG, Debugger

from tests.support.dap import PATIENCE, Session
from tests.support.session import descendants


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

    async def until_said(self, text: str) -> None:
        async with asyncio.timeout(30):
            while not any(isinstance(event, Notice) and text in event.text for event in self.said):
                await asyncio.sleep(0.01)

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


def adapters() -> set[int]:
    """The adapters and anchors that this process has started."""
    return {pid for pid in descendants(os.getpid()) if "debugpy" in command_line(pid)}


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def attach_at_once(port: int) -> dict[str, Any]:
    """Initialize and attach without ever being configured; what `attach` is answered, when the IDE is let go."""
    ide = Session(port)
    ide.request("initialize", adapterID="debugpy", clientID="test")
    answer = ide.send("attach", name="x", connect={"host": "127.0.0.1", "port": port})
    ide.event("terminated")
    ide.ended()
    ide.close()
    return answer.get(timeout=PATIENCE)


def attach_and_leave(port: int) -> None:
    """Start, and Stop before it has started."""
    ide = Session(port)
    ide.request("initialize", adapterID="debugpy", clientID="test")
    ide.send("attach", name="x", connect={"host": "127.0.0.1", "port": port})
    ide.close()


async def test_an_ide_that_leaves_at_once_leaves_nothing(port: Port) -> None:
    """One after the other and all at once: nobody has attached, so nobody has left; the next one attaches."""
    failed: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: failed.append(context))
    for _ in range(3):
        await asyncio.to_thread(attach_and_leave, port.debugger.port)
    await asyncio.gather(*[asyncio.to_thread(attach_and_leave, port.debugger.port) for _ in range(8)])
    ide = await port.attach()
    assert await port.changed()
    await asyncio.to_thread(ide.close)
    assert not await port.changed()
    await port.debugger.close()
    gc.collect()

    assert port.changes.empty() and failed == [] and port.errors() == []
    assert adapters() == set()


async def test_the_one_that_attaches_first_is_told_of_the_next(port: Port) -> None:
    """Its `attach` is answered with the reason, and its session is over."""
    first = asyncio.create_task(asyncio.to_thread(attach_at_once, port.debugger.port))
    async with asyncio.timeout(PATIENCE):
        while not any(task.get_name() == "IDE attaches" for task in asyncio.all_tasks()):
            await asyncio.sleep(0.01)
    ide = await port.attach()
    answer = await first
    assert await port.changed()
    await asyncio.to_thread(ide.close)

    assert not answer["success"] and "Another IDE" in answer["message"]


async def test_an_end_of_the_session_ends_the_adapter(port: Port) -> None:
    """While an IDE is attached, and while one attaches."""
    ide = await port.attach()
    waiting = asyncio.create_task(asyncio.to_thread(attach_at_once, port.debugger.port))
    assert adapters()
    await port.debugger.close()
    with contextlib.suppress(AssertionError, OSError):  # it may have come too late to be served
        await waiting
    await asyncio.to_thread(ide.close)

    assert adapters() == set()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Content-Length: 2\r\n\r\n[]",
        b"Content-Length: 2\r\n\r\n{}",
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


class Waiting:
    """A terminal of VS Code, where `sst dev` finds the file to write to."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file = folder / "endpoint-1.txt"
        monkeypatch.setenv(NO_CONFIG, str(self.file))

    def port(self) -> int:
        port: int = json.loads(self.file.read_text())["client"]["port"]
        return port


@pytest.fixture(name="code")
def _code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Waiting:
    return Waiting(tmp_path, monkeypatch)


async def test_vs_code_attaches_by_what_the_file_says(code: Waiting, tmp_path: Path) -> None:
    """A new file, complete from its first moment, and nobody else in the folder; gone with the session."""
    one = Port(tmp_path)
    await one.debugger.open(0)
    assert code.port() == one.debugger.port
    assert [path.name for path in tmp_path.glob("*")] == [code.file.name]
    ide = await one.attach()
    assert await one.changed()
    await asyncio.to_thread(ide.close)
    await one.debugger.close()

    assert not code.file.exists()


async def test_a_file_where_nobody_waits(code: Waiting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that outlived its window: the session goes on, and says so."""
    monkeypatch.setattr("sst_dev.functions.debugger.ANSWER_LIMIT", 0.0)
    one = Port(tmp_path)
    await one.debugger.open(0)
    await one.until_said("no VS Code waits at")
    await one.debugger.close()


@pytest.mark.parametrize("before", ["{", json.dumps({"client": {"host": "127.0.0.1", "port": 1}})])
async def test_what_an_earlier_session_left_is_replaced(code: Waiting, tmp_path: Path, before: str) -> None:
    """By a file of its own, as VS Code looks for new ones: broken or out of date makes no difference."""
    code.file.write_text(before)
    old = code.file.stat().st_ino
    with code.file.open():  # keeps the inode from being used again
        one = Port(tmp_path)
        await one.debugger.open(0)
        assert code.port() == one.debugger.port and code.file.stat().st_ino != old
        await one.debugger.close()


async def test_a_file_that_cannot_be_written(code: Waiting, tmp_path: Path) -> None:
    """The port is open all the same, and the reason is said."""
    code.file.mkdir()
    one = Port(tmp_path)
    await one.debugger.open(0)
    await one.until_said(f"VS Code is not told where to attach: {code.file}: ")
    ide = await one.attach()
    assert await one.changed()
    await asyncio.to_thread(ide.close)
    await one.debugger.close()

    assert code.file.is_dir()


async def test_a_second_session_in_a_second_terminal(code: Waiting, tmp_path: Path) -> None:
    """Both have the same file: the second announces itself too, and the end of the first leaves it there."""
    one, two = Port(tmp_path), Port(tmp_path)
    await one.debugger.open(0)
    assert code.port() == one.debugger.port
    await two.debugger.open(0)
    assert code.port() == two.debugger.port
    await one.debugger.close()
    assert code.port() == two.debugger.port
    await two.debugger.close()

    assert not code.file.exists()
