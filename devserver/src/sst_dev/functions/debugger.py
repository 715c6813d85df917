"""One port for a debugger, whatever runs behind it: an IDE attaches once, and every worker is a child session of it.

    IDE ──► relay (this process, the port) ──► debugpy's adapter ◄── anchor (what the IDE attaches to)
                                                            ▲─────── workers, which name the anchor as their parent

Until an IDE connects there is only the relay's listening socket: no worker loads a debugger. From then on workers
connect to the adapter: idle ones at once, busy ones after their invocation, new ones before they import the handler.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..core.errors import RemoteError, UserError
from ..core.events import Notice
from ..core.files import private_dir
from ..core.settings import Settings
from ..core.stream import Stream
from ..core.tasks import cancel_all, spawn
from ..processes.ladder import HARD
from ..processes.spawn import Child, start

ANNOUNCE_TIMEOUT = 30.0
"""Seconds the adapter has to say where it listens; it takes half of one."""
NO_CONFIG = "VSCODE_DEBUGPY_ADAPTER_ENDPOINTS"
"""Set by VS Code's Python Debugger in its terminals ("no-config debugging"): the file in which it waits to read where
an adapter listens, to attach by itself."""

_ANCHOR = """\
import sys, debugpy
debugpy.connect(("127.0.0.1", int(sys.argv[1])))  # returns when an IDE has attached
print(flush=True)
sys.stdin.read()
"""


class Debugger:
    """Owner of the port, the adapter and the anchor. *on_attached* is called when the first IDE is there."""

    def __init__(self, settings: Settings, stream: Stream, on_attached: Callable[[], None]) -> None:
        self._settings = settings
        self._stream = stream
        self._on_attached = on_attached
        self._server: asyncio.Server | None = None
        self._adapter: tuple[int, int] | None = None
        """Ports of the adapter: for clients, for workers."""
        self._anchor: Child | None = None
        self._anchored = False
        """The anchor is what the first IDE got: workers that connect from now on become its children."""
        self._starting = asyncio.Lock()
        self._clients = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._announced: Path | None = None
        self.port = 0

    async def open(self, port: int) -> None:
        """Listen on 127.0.0.1:*port* (0 picks one) and say how to attach. Raises `UserError`."""
        if importlib.util.find_spec("debugpy") is None:
            raise UserError(
                "--debug needs debugpy, which is not installed beside the sst command.",
                hint="Install it with `uv tool install 'sst-py[debug]'`, or add debugpy to the project.",
            )
        try:
            self._server = await asyncio.start_server(self._relay, "127.0.0.1", port)
        except OSError as error:
            raise UserError(
                f"--debug: port {port} on 127.0.0.1 cannot be used: {error.strerror}.", hint="Pass --debug=0 for any."
            ) from None
        self.port = self._server.sockets[0].getsockname()[1]
        self._announce()
        text = f"Debugger: attach to 127.0.0.1:{self.port} (`sst debug vscode` writes the launch configuration)"
        self._stream.publish(Notice(time.time(), text))

    def worker(self) -> dict[str, Any] | None:
        """What a worker needs to connect; None while no IDE is attached."""
        if not self._clients or not self._anchored or self._adapter is None or self._anchor is None:
            return None
        return {
            "host": "127.0.0.1",
            "port": self._adapter[1],
            "anchor": self._anchor.pid,
            "debugpy": str(self._package_folder()),
        }

    async def close(self) -> None:
        """Stop listening and end the adapter and the anchor."""
        if self._server is not None:
            self._server.close()
        await cancel_all(self._tasks)
        if self._announced is not None:
            self._announced.unlink(missing_ok=True)
        if self._anchor is not None:
            await self._anchor.stop(HARD)  # the adapter ends with the last process it debugs

    # --- the relay --------------------------------------------------------------------------------

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            await self._ensure_adapter()
            assert self._adapter is not None
            there, back = await asyncio.open_connection("127.0.0.1", self._adapter[0])
        except (OSError, RemoteError, TimeoutError) as error:
            self._stream.publish(Notice(time.time(), f"The debug adapter did not start: {error}", "error"))
            writer.close()
            return
        self._clients += 1
        if self._clients == 1 and self._anchored:
            self._on_attached()
        try:
            pumps = {
                spawn(_pump(reader, back), name="IDE to adapter", owner=self._tasks),
                spawn(_pump(there, writer), name="adapter to IDE", owner=self._tasks),
            }
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._clients -= 1
            writer.close()
            back.close()

    async def _ensure_adapter(self) -> None:
        async with self._starting:
            if self._adapter is None:
                self._adapter = await self._start_adapter()
                self._anchor = await start(
                    [sys.executable, "-c", _ANCHOR, str(self._adapter[1])],
                    name="debug anchor",
                    cwd=self._settings.root,
                    environment={"PATH": os.environ.get("PATH", ""), "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                )
                spawn(self._follow_anchor(self._anchor), name="anchor attaches", owner=self._tasks)

    async def _follow_anchor(self, anchor: Child) -> None:
        assert anchor.process.stdout is not None
        self._anchored = bool(await anchor.process.stdout.readline())
        if self._anchored and self._clients:
            self._on_attached()

    async def _start_adapter(self) -> tuple[int, int]:
        """Start debugpy's adapter; it makes itself a daemon and tells its ports on a socket."""
        told: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

        async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            told.set_result(json.loads(await reader.read()))
            writer.close()

        listener = await asyncio.start_server(hear, "127.0.0.1", 0)
        async with listener:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "debugpy.adapter", "--for-server", str(listener.sockets[0].getsockname()[1]),
                "--host", "127.0.0.1", "--port", "0",
                env={"PATH": os.environ.get("PATH", "")},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            endpoints = await asyncio.wait_for(told, ANNOUNCE_TIMEOUT)
            await process.wait()
        if "error" in endpoints:
            raise RemoteError(str(endpoints["error"]))
        return int(endpoints["client"]["port"]), int(endpoints["server"]["port"])

    # --- where things are -------------------------------------------------------------------------

    def _announce(self) -> None:
        """Tell a waiting VS Code where to attach."""
        if path := os.environ.get(NO_CONFIG):
            self._announced = Path(path)
            with contextlib.suppress(OSError):  # an old terminal: its VS Code waits there no more
                self._announced.write_text(json.dumps({"client": {"host": "127.0.0.1", "port": self.port}}))

    def _package_folder(self) -> Path:
        """A folder that holds debugpy and nothing else, to be imported from by any interpreter."""
        spec = importlib.util.find_spec("debugpy")
        assert spec is not None and spec.submodule_search_locations
        folder, package = private_dir(self._settings.home / "debug"), Path(spec.submodule_search_locations[0])
        link = folder / "debugpy"
        if not link.is_symlink() or link.readlink() != package:
            link.unlink(missing_ok=True)
            link.symlink_to(package)
        return folder


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Copy until either side ends."""
    with contextlib.suppress(ConnectionError):
        while data := await source.read(64 * 1024):
            sink.write(data)
            await sink.drain()
