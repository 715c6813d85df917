"""debugpy's adapter with the anchor an IDE attaches to: one pair for each time an IDE attaches."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from ..core.errors import RemoteError, UserError
from ..processes.ladder import HARD
from ..processes.spawn import Child, start
from .dap import packed, read

ANNOUNCE_LIMIT = 30.0
"""Seconds the adapter has to say where it listens; it takes half of one."""
ANSWER_LIMIT = 10.0
"""Seconds the adapter has to answer the first request; it takes a hundredth of one."""

_ANCHOR = """\
import sys, debugpy
debugpy.connect(("127.0.0.1", int(sys.argv[1])))  # returns when the IDE has configured itself
print(flush=True)
sys.stdin.read()
"""

_ADAPTER = """\
import os, runpy, socket
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
os.fork = lambda: 0  # it would make itself a daemon, which nobody can end
runpy.run_module("debugpy.adapter", run_name="__main__", alter_sys=True)
"""
"""debugpy's adapter, for this user only: whoever speaks to it can run code."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Adapter:
    """Speaks the Debug Adapter Protocol to one IDE. Both of its processes end with `close`."""

    def __init__(self, client_port: int, worker_port: int, process: Child, anchor: Child) -> None:
        self._client_port = client_port
        self._worker_port = worker_port
        self._process = process
        self._anchor = anchor
        self.owner: asyncio.Task[Any] | None = None
        """Carries the IDE that has asked to attach; what else connects are its child sessions."""
        self.anchored = False
        """The IDE has configured itself: workers that connect from now on become children of the anchor."""
        self.relays: set[asyncio.Task[Any]] = set()
        """The IDE's connections."""

    async def connect(self, initialize: dict[str, Any]) -> tuple[Streams, list[dict[str, Any]]]:
        """A new connection for the IDE, which begins with the request *initialize*; and what the adapter has answered.

        Raises `OSError` or `IncompleteReadError` when the adapter is gone, `TimeoutError` when it does not answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._client_port)
        said: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(ANSWER_LIMIT):
                writer.write(packed(initialize))
                while not said or said[-1].get("request_seq") != initialize.get("seq"):
                    said.append(await read(reader))
        except BaseException:
            writer.close()
            raise
        return (reader, writer), said

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
        """End both processes; a worker that stands goes on when its connection ends."""
        await asyncio.gather(self._anchor.stop(HARD), self._process.stop(HARD))


async def start_adapter(root: Path) -> Adapter:
    """Start the pair. Raises `RemoteError`, `UserError`, `OSError` or `TimeoutError`."""
    async with AsyncExitStack() as undo:
        told: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        async with await _hear(told) as listener:
            port = listener.sockets[0].getsockname()[1]
            arguments = ["--for-server", str(port), "--host", "127.0.0.1", "--port", "0"]
            process = await _start("debug adapter", root, [_ADAPTER, *arguments], {})
            undo.push_async_callback(process.stop, HARD)
            endpoints = await asyncio.wait_for(told, ANNOUNCE_LIMIT)
        if "error" in endpoints:
            raise RemoteError(str(endpoints["error"]))
        worker_port = int(endpoints["server"]["port"])
        anchor = await _start(
            "debug anchor", root, [_ANCHOR, str(worker_port)], {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        )
        undo.pop_all()
        return Adapter(int(endpoints["client"]["port"]), worker_port, process, anchor)


async def _hear(told: asyncio.Future[dict[str, Any]]) -> asyncio.Server:
    """Listen for the adapter, which says on a socket where it listens for clients and workers."""

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.set_result(json.loads(await reader.read()))
        writer.close()

    return await asyncio.start_server(hear, "127.0.0.1", 0)


async def _start(name: str, root: Path, program: list[str], environment: dict[str, str]) -> Child:
    """Run *program*, Python's text and its arguments; its standard input ends with this process."""
    return await start(
        [sys.executable, "-c", *program],
        name=name,
        cwd=root,
        environment={"PATH": os.environ.get("PATH", ""), **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )


def package() -> Path:
    """The folder of the debugpy installed beside the CLI, to be imported by any interpreter. Raises `UserError`."""
    spec = importlib.util.find_spec("debugpy")
    if spec is None or spec.origin is None:
        raise UserError(
            "--debug needs debugpy, which is not installed beside the sst command.",
            hint="Install sst with its extra: `uv tool install './devserver[debug]'`, or add debugpy to the project.",
        )
    return Path(spec.origin).parent
