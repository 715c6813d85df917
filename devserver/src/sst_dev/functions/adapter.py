"""debugpy's adapter with the anchor an IDE attaches to: one pair for each time an IDE attaches."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

from ..core.errors import RemoteError, UserError
from ..processes.ladder import HARD
from ..processes.spawn import Child, start

ANNOUNCE_LIMIT = 30.0
"""Seconds the adapter has to say where it listens; it takes half of one."""

_ANCHOR = """\
import sys, debugpy
debugpy.connect(("127.0.0.1", int(sys.argv[1])))  # returns when the IDE has configured itself
print(flush=True)
sys.stdin.read()
"""

_ADAPTER = """\
import runpy, socket
from debugpy.common import sockets
from sst_dev.functions.peers import is_own

serve = sockets.serve

def guarded(name, handler, *address, **options):
    def accepted(connection):
        if not is_own(connection):
            connection.close()
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # it writes each message in two pieces
        handler(connection)

    return serve(name, accepted, *address, **options)

sockets.serve = guarded
runpy.run_module("debugpy.adapter", run_name="__main__", alter_sys=True)
"""
"""debugpy's adapter, for this user only: whoever speaks to it can run code."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Adapter:
    """Speaks the Debug Adapter Protocol to one IDE. Its processes end with the anchor and the last worker."""

    def __init__(self, client_port: int, worker_port: int, anchor: Child) -> None:
        self._client_port = client_port
        self._worker_port = worker_port
        self._anchor = anchor
        self.claimed = False
        """An IDE has asked to attach; what else connects are its child sessions."""
        self.anchored = False
        """The IDE has configured itself: workers that connect from now on become children of the anchor."""
        self.relays: set[asyncio.Task[Any]] = set()
        """The IDE's connections."""

    async def connect(self) -> Streams:
        """A new connection for the IDE. Raises `OSError` when the adapter is gone."""
        return await asyncio.open_connection("127.0.0.1", self._client_port)

    async def attached(self) -> bool:
        """Wait until the IDE has configured itself; False when the anchor ended before."""
        assert self._anchor.process.stdout is not None
        self.anchored = bool(await self._anchor.process.stdout.readline())
        return self.anchored

    def for_workers(self) -> dict[str, Any]:
        """What a worker needs to connect."""
        return {
            "host": "127.0.0.1",
            "port": self._worker_port,
            "anchor": self._anchor.pid,
            "debugpy": str(package()),
        }

    async def close(self) -> None:
        """End the anchor."""
        await self._anchor.stop(HARD)


async def start_adapter(root: Path) -> Adapter:
    """Start the pair. Raises `RemoteError`, `OSError` or `TimeoutError`."""
    client_port, worker_port = await _start_process()
    anchor = await start(
        [sys.executable, "-c", _ANCHOR, str(worker_port)],
        name="debug anchor",
        cwd=root,
        environment={"PATH": os.environ.get("PATH", ""), "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return Adapter(client_port, worker_port, anchor)


async def _start_process() -> tuple[int, int]:
    """Start debugpy's adapter: it makes itself a daemon, and tells its ports for clients and workers on a socket."""
    told: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.set_result(json.loads(await reader.read()))
        writer.close()

    listener = await asyncio.start_server(hear, "127.0.0.1", 0)
    async with listener:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _ADAPTER, "--for-server", str(listener.sockets[0].getsockname()[1]),
            "--host", "127.0.0.1", "--port", "0",
            env={"PATH": os.environ.get("PATH", "")},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        endpoints = await asyncio.wait_for(told, ANNOUNCE_LIMIT)
        await process.wait()
    if "error" in endpoints:
        raise RemoteError(str(endpoints["error"]))
    return int(endpoints["client"]["port"]), int(endpoints["server"]["port"])


def package() -> Path:
    """The folder of the debugpy installed beside the CLI, to be imported by any interpreter. Raises `UserError`."""
    spec = importlib.util.find_spec("debugpy")
    if spec is None or spec.origin is None:
        raise UserError(
            "--debug needs debugpy, which is not installed beside the sst command.",
            hint="Install it with `uv tool install 'sst-py[debug]'`, or add debugpy to the project.",
        )
    return Path(spec.origin).parent
