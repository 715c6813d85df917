"""One port for a debugger, whatever runs behind it: an IDE attaches once, and every worker is a child session of it.

    IDE ──► relay (this process, the port) ──► debugpy's adapter ◄── anchor (what the IDE attaches to)
                                                            ▲─────── workers, which name the anchor as their parent

Until an IDE attaches there is only the relay's listening socket: no worker loads a debugger. When it has attached,
every worker is replaced by one that connects to the adapter before it imports the handler; when it has left, by one
without. Each attach gets an adapter of its own, so nothing of an earlier one is in its way. One IDE at a time: the
newest.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..core.errors import SstError, UserError
from ..core.events import Notice
from ..core.stream import Stream
from ..core.tasks import cancel_all, spawn
from .adapter import Adapter, Streams, package, start_adapter
from .peers import is_own

NO_CONFIG = "VSCODE_DEBUGPY_ADAPTER_ENDPOINTS"
"""Set by VS Code's Python Debugger in its terminals ("no-config debugging"): the file in which it waits to read where
an adapter listens, to attach by itself."""
MESSAGE_MAX = 1024 * 1024
"""Bytes of a message up to `attach`: VS Code's are 2 KB; more is not the Debug Adapter Protocol."""


class Debugger:
    """Owner of the port and of the adapter. *on_change* is called with True when an IDE has attached, with False
    when it has left."""

    def __init__(self, root: Path, stream: Stream, on_change: Callable[[bool], None]) -> None:
        self._root = root
        self._stream = stream
        self._on_change = on_change
        self._server: asyncio.Server | None = None
        self._adapter: Adapter | None = None
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing: set[asyncio.Task[Any]] = set()
        self._announced: Path | None = None
        self.port = 0

    async def open(self, port: int) -> None:
        """Listen on 127.0.0.1:*port* (0 picks one) and say how to attach. Raises `UserError`."""
        package()
        try:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        except OSError as error:
            raise UserError(
                f"--debug: port {port} on 127.0.0.1 cannot be used: {error.strerror}.", hint="Pass --debug=0 for any."
            ) from None
        self.port = self._server.sockets[0].getsockname()[1]
        self._announce()
        self._say(f"Debugger: attach to 127.0.0.1:{self.port} (`sst debug vscode` writes the launch configuration)")

    def worker(self) -> dict[str, Any] | None:
        """What a worker needs to connect; None while no IDE is attached."""
        adapter = self._adapter
        return adapter.for_workers() if adapter is not None and adapter.anchored else None

    async def close(self) -> None:
        """Stop listening, let the IDE go and end the adapter."""
        if self._server is not None:
            self._server.close()
        adapter, self._adapter = self._adapter, None
        await cancel_all(self._tasks)
        if self._announced is not None:
            self._announced.unlink(missing_ok=True)
        if adapter is not None:
            await adapter.close()
        await asyncio.gather(*self._closing)

    # --- the relay --------------------------------------------------------------------------------

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if is_own(writer.get_extra_info("socket")):
            spawn(self._serve(reader, writer), name="IDE", owner=self._tasks)
        else:
            self._say("Debugger: another user of this machine knocked at the port, and was refused", "warning")
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._relay(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            pass  # it left, or was no IDE
        except (OSError, SstError, TimeoutError) as error:
            self._say(f"The debug adapter did not start: {error}", "error")
        finally:
            writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Bring one connection of the IDE to its adapter. Which one that is, only its `attach` tells: a child session
        belongs to the present one, anything else asks for a new one. An adapter answers `initialize` before."""
        first = await _read(reader)
        adapter = self._adapter or await self._renew(None)
        there = await adapter.connect()
        try:
            back = spawn(_pump(there[0], writer), name="adapter to IDE", owner=self._tasks)
            opening = [first]
            while _command(opening[-1]) not in ("attach", "launch"):
                there[1].write(opening[-1])
                opening.append(await _read(reader))
            parent = "subProcessId" not in json.loads(_body(opening[-1])).get("arguments", {})
            if parent and adapter.claimed:
                back.cancel()
                there[1].close()
                adapter = await self._renew(adapter)
                there = await _replay(adapter, opening[:-1])
                back = spawn(_pump(there[0], writer), name="adapter to IDE", owner=self._tasks)
            await self._carry(adapter, parent, opening[-1], (reader, there[1]), back)
        finally:
            there[1].close()

    async def _carry(
        self, adapter: Adapter, parent: bool, attach: bytes, to: Streams, back: asyncio.Task[None]
    ) -> None:
        """Carry everything until either end closes; a parent's end is the end of its adapter."""
        task = asyncio.current_task()
        assert task is not None
        adapter.relays.add(task)
        adapter.claimed = True
        if parent:
            spawn(self._follow(adapter), name="IDE attaches", owner=self._tasks)
        try:
            to[1].write(attach)
            forth = spawn(_pump(*to), name="IDE to adapter", owner=self._tasks)
            await asyncio.wait({forth, back}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            adapter.relays.discard(task)
            to[1].close()
            if parent and self._adapter is adapter:
                self._adapter = None
                spawn(adapter.close(), name="anchor ends", owner=self._closing)
                self._on_change(False)

    async def _renew(self, old: Adapter | None) -> Adapter:
        """The adapter in place of *old*, whose IDE is let go."""
        async with self._changing:
            if self._adapter is None or self._adapter is old:
                self._adapter = None
                if old is not None:
                    await cancel_all(old.relays)
                    await old.close()
                self._adapter = await start_adapter(self._root)
            return self._adapter

    async def _follow(self, adapter: Adapter) -> None:
        if await adapter.attached() and self._adapter is adapter:
            self._on_change(True)

    # --- what is said -----------------------------------------------------------------------------

    def _announce(self) -> None:
        """Tell a waiting VS Code where to attach."""
        if path := os.environ.get(NO_CONFIG):
            self._announced = Path(path)
            with contextlib.suppress(OSError):  # an old terminal: its VS Code waits there no more
                self._announced.write_text(json.dumps({"client": {"host": "127.0.0.1", "port": self.port}}))

    def _say(self, text: str, level: Any = "info") -> None:
        self._stream.publish(Notice(time.time(), text, level))


async def _replay(adapter: Adapter, opening: list[bytes]) -> Streams:
    """A connection on which *opening* was said and answered; the IDE has its answers from another adapter."""
    reader, writer = await adapter.connect()
    for message in opening:
        writer.write(message)
    unanswered = {json.loads(_body(message)).get("seq") for message in opening}
    while unanswered:
        unanswered.discard(json.loads(_body(await _read(reader))).get("request_seq"))
    return reader, writer


async def _read(reader: asyncio.StreamReader) -> bytes:
    """One message with its header. Raises `ValueError` for what is none, `IncompleteReadError` at the end."""
    try:
        header = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise ValueError("no header of the Debug Adapter Protocol") from error
    fields = dict(line.split(b":", 1) for line in header.lower().strip().split(b"\r\n"))
    length = int(fields.get(b"content-length", b"0"))
    if not 0 < length <= MESSAGE_MAX:
        raise ValueError(f"a message of {length} bytes")
    return header + await reader.readexactly(length)


def _body(message: bytes) -> bytes:
    return message.partition(b"\r\n\r\n")[2]


def _command(message: bytes) -> Any:
    return json.loads(_body(message)).get("command")


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Copy until either side ends."""
    with contextlib.suppress(ConnectionError):
        while data := await source.read(64 * 1024):
            sink.write(data)
            await sink.drain()
