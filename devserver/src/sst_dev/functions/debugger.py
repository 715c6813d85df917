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
from .dap import Ide, packed, pump, read
from .peers import is_own

NO_CONFIG = "VSCODE_DEBUGPY_ADAPTER_ENDPOINTS"
"""Set by VS Code's Python Debugger in its terminals ("no-config debugging"): the file in which it waits to read where
an adapter listens, to attach by itself. All terminals of a window have the same one."""
ANSWER_LIMIT = 10.0
"""Seconds VS Code has to attach when it was told; it takes about one."""
NOTICED = 0.5
"""Seconds between the end of a file and the next of its name: VS Code waits for a new file, and takes one that follows
another within a tenth of this for the old one, changed."""


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
        """Held while an IDE is brought to an adapter: of several at once, one after the other."""
        self._told = False
        """That an IDE has attached."""
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
                f"--debug: port {port} on 127.0.0.1 cannot be used: {error.strerror}.",
                hint="Pass --debug=0 for any: `sst debug vscode`, run beside the session, writes the one it got.",
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
        self._told = False
        await cancel_all(self._tasks)
        if self._announced is not None:
            _withdraw(*self._announced)
        if adapter is not None:
            await adapter.close()
        await asyncio.gather(*self._closing)

    # --- the relay --------------------------------------------------------------------------------

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not is_own(writer.get_extra_info("socket")):
            who = "another user of this machine, or one that has left already"
            self._say(f"Debugger: {who}, knocked at the port and was refused", "warning")
            writer.close()
        elif self._server is None or not self._server.is_serving():  # it closes
            writer.close()
        else:
            spawn(self._serve(Ide(reader, writer)), name="IDE", owner=self._tasks)

    async def _serve(self, ide: Ide) -> None:
        try:
            await self._relay(ide)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            pass  # it left, or was no IDE
        except (OSError, SstError, TimeoutError) as error:
            self._say(f"The debug adapter did not start: {error}", "error")
            ide.dismiss(f"The debug adapter did not start: {error}")
        except asyncio.CancelledError:
            ide.dismiss("Another IDE has attached to sst dev, or the session has ended.")
            raise
        finally:
            ide.writer.close()

    async def _relay(self, ide: Ide) -> None:
        """Bring one connection of the IDE to its adapter. Which one that is, only its `attach` tells: a child session
        belongs to the present one, anything else gets one of its own. An adapter answers `initialize` before."""
        initialize = await read(ide.reader)
        if initialize.get("command") != "initialize":
            raise ValueError("no debugger begins like this")
        adapter, there, said = await self._begin(initialize)
        try:
            for message in said:
                ide.answer(message)
            asked = await ide.ask()
            parent = asked.get("command") in ("attach", "launch") and "subProcessId" not in asked.get("arguments", {})
            if parent and (own := await self._claim()) is not adapter:
                adapter = own
                there[1].close()
                there, _ = await adapter.connect(initialize)
            await self._carry(adapter, ide, asked, there)
        finally:
            there[1].close()
            self._leave(adapter)

    async def _begin(self, initialize: dict[str, Any]) -> tuple[Adapter, Streams, list[dict[str, Any]]]:
        """A connection to the present adapter, and its answer; the first IDE finds none and starts it."""
        async with self._changing:
            while True:
                adapter = self._adapter = self._adapter or await start_adapter(self._root)
                try:
                    return adapter, *(await adapter.connect(initialize))
                except (OSError, asyncio.IncompleteReadError):
                    if self._adapter is adapter:  # else its IDE has left meanwhile
                        self._end(adapter)
                        raise

    async def _carry(self, adapter: Adapter, ide: Ide, asked: dict[str, Any], there: Streams) -> None:
        """Carry everything until either end closes."""
        task = asyncio.current_task()
        assert task is not None
        adapter.relays.add(task)
        there[1].write(packed(asked))
        both: set[asyncio.Task[Any]] = set()
        spawn(self._answers(there[0], ide), name="adapter to IDE", owner=both)
        forth = spawn(pump(ide.reader, there[1]), name="IDE to adapter", owner=both)
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not forth.done():
                ide.dismiss("The debug adapter has ended.")
        finally:
            await cancel_all(both)

    async def _answers(self, source: asyncio.StreamReader, ide: Ide) -> None:
        """Carry what the adapter says until either side ends, with our names for the sessions it announces."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                message = await read(source, most=None)
                if "debugpyAttach" in message.values() or "startDebugging" in message.values():
                    self._name(message)
                ide.answer(message)
                await ide.writer.drain()

    def _name(self, announced: dict[str, Any]) -> None:
        body = announced.get("body") or announced.get("arguments", {}).get("configuration") or {}
        if name := self._name_of(body.get("subProcessId", 0)):
            body["name"] = name

    # --- whose the adapter is ---------------------------------------------------------------------

    async def _claim(self) -> Adapter:
        """An adapter for the IDE of this task alone: the present one if it is still free, else a new one, and the IDE
        that has the present one is let go."""
        async with self._changing:
            old = self._adapter
            if old is None or old.owner is not None:
                self._adapter = None
                try:
                    if old is not None:
                        await cancel_all(old.relays)
                        await old.close()
                    self._adapter = await start_adapter(self._root)
                except BaseException:
                    self._tell(False)
                    raise
            assert self._adapter is not None
            task = self._adapter.owner = asyncio.current_task()
            assert task is not None
            self._adapter.relays.add(task)
            spawn(self._follow(self._adapter), name="IDE attaches", owner=self._tasks)
            return self._adapter

    def _leave(self, adapter: Adapter) -> None:
        """This task's connection has ended; a parent's end is the end of its adapter."""
        task = asyncio.current_task()
        assert task is not None
        adapter.relays.discard(task)
        if adapter.owner is task and self._adapter is adapter:
            self._end(adapter)
            self._tell(False)

    def _end(self, adapter: Adapter) -> None:
        self._adapter = None
        spawn(adapter.close(), name="adapter ends", owner=self._closing)

    async def _follow(self, adapter: Adapter) -> None:
        if await adapter.attached() and self._adapter is adapter:
            self._tell(True)

    def _tell(self, attached: bool) -> None:
        if attached or self._told:
            self._told = attached
            self._on_change(attached)

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
