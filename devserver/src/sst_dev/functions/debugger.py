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
an adapter listens, to attach by itself. All terminals of a window have the same one."""
ANSWER_LIMIT = 10.0
"""Seconds VS Code has to attach when it was told; it takes about one."""
NOTICED = 0.5
"""Seconds between the end of a file and the next of its name: VS Code waits for a new file, and takes one that follows
another within a tenth of this for the old one, changed."""
MESSAGE_MAX = 1024 * 1024
"""Bytes of a message up to `attach`: VS Code's are 2 KB; more is not the Debug Adapter Protocol."""


class Debugger:
    """Owner of the port and of the adapter. *on_change* is called with True when an IDE has attached, with False
    when it has left."""

    def __init__(
        self,
        root: Path,
        stream: Stream,
        on_change: Callable[[bool], None],
        name_of: Callable[[int], str | None] = lambda pid: None,
    ) -> None:
        """*name_of* gives what an IDE is to call the session of a process; None leaves debugpy's name."""
        self._root = root
        self._name_of = name_of
        self._stream = stream
        self._on_change = on_change
        self._server: asyncio.Server | None = None
        self._adapter: Adapter | None = None
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing: set[asyncio.Task[Any]] = set()
        self._announced: tuple[Path, str] | None = None
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
        self._say(f"Debugger: attach to 127.0.0.1:{self.port} (`sst debug vscode` writes the launch configuration)")
        if path := os.environ.get(NO_CONFIG):
            await self._announce(Path(path))

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
            _withdraw(*self._announced)
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
            back = spawn(self._answers(there[0], writer), name="adapter to IDE", owner=self._tasks)
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
                back = spawn(self._answers(there[0], writer), name="adapter to IDE", owner=self._tasks)
            await self._carry(adapter, parent, opening[-1], (reader, there[1]), back)
        finally:
            there[1].close()

    async def _answers(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Carry what the adapter says until either side ends, with our names for the sessions it announces."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                sink.write(self._named(await _read(source, most=None)))
                await sink.drain()

    def _named(self, message: bytes) -> bytes:
        if b'"debugpyAttach"' not in message and b'"startDebugging"' not in message:
            return message
        announced = json.loads(_body(message))
        body = announced.get("body") or announced.get("arguments", {}).get("configuration") or {}
        if name := self._name_of(body.get("subProcessId", 0)):
            body["name"] = name
        text = json.dumps(announced).encode()
        return b"Content-Length: %d\r\n\r\n" % len(text) + text

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

    async def _announce(self, path: Path) -> None:
        """Tell a waiting VS Code where to attach; say so when it cannot be told, and when it does not come."""
        text = json.dumps({"client": {"host": "127.0.0.1", "port": self.port}})
        whole = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            if path.exists():  # of a session that was killed, or of another one in another terminal
                path.unlink()
                await asyncio.sleep(NOTICED)
            whole.write_text(text)
            whole.replace(path)
        except OSError as error:
            self._say(f"Debugger: VS Code is not told where to attach: {path}: {error.strerror}", "warning")
            return
        self._announced = path, text
        spawn(self._expect(path), name="VS Code attaches", owner=self._tasks)

    async def _expect(self, path: Path) -> None:
        await asyncio.sleep(ANSWER_LIMIT)
        if self._adapter is None:
            self._say(f"Debugger: no VS Code waits at {path}; the session goes on without", "warning")

    def _say(self, text: str, level: Any = "info") -> None:
        self._stream.publish(Notice(time.time(), text, level))


def _withdraw(path: Path, text: str) -> None:
    """Remove what was announced, unless another session has announced itself since, or VS Code has removed it."""
    with contextlib.suppress(OSError, ValueError):
        if path.read_text() == text:
            path.unlink()


async def _replay(adapter: Adapter, opening: list[bytes]) -> Streams:
    """A connection on which *opening* was said and answered; the IDE has its answers from another adapter."""
    reader, writer = await adapter.connect()
    for message in opening:
        writer.write(message)
    unanswered = {json.loads(_body(message)).get("seq") for message in opening}
    while unanswered:
        unanswered.discard(json.loads(_body(await _read(reader))).get("request_seq"))
    return reader, writer


async def _read(reader: asyncio.StreamReader, most: int | None = MESSAGE_MAX) -> bytes:
    """One message with its header, of *most* bytes. Raises `ValueError` for what is none, `IncompleteReadError` at
    the end."""
    try:
        header = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise ValueError("no header of the Debug Adapter Protocol") from error
    fields = dict(line.split(b":", 1) for line in header.lower().strip().split(b"\r\n"))
    length = int(fields.get(b"content-length", b"0"))
    if length <= 0 or (most is not None and length > most):
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
