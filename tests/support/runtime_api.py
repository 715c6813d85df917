"""A Lambda Runtime API server for tests: the state rules of RAPID, streaming mode with trailers, and faults by name.

`async with RuntimeApiServer() as lambda_: answer = await lambda_.invoke(b"{}")`, while a runtime polls
`lambda_.address`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import time
import uuid
from dataclasses import dataclass, field
from typing import Literal

State = Literal["started", "ready", "running", "answered", "init_error"]
RESPONSE_BOUND = 6_291_556
"""Bytes of a buffered response (Lambda quota)."""


@dataclass
class Answer:
    """What the runtime posted for one invocation."""

    kind: str
    """`response` or `error`."""
    headers: dict[str, str]
    body: bytes
    chunks: list[bytes] = field(default_factory=list)
    """The chunks of a streamed body, as they came."""
    trailers: dict[str, str] = field(default_factory=dict)
    truncated: bool = False
    """The server refused it before it was whole."""

    def json(self) -> object:
        return json.loads(self.body)


@dataclass
class Faults:
    """What the server does wrong, or what the network does to it."""

    two_packets: bool = False
    """Head and body of a reply leave in two writes, Nagle's algorithm on: what Python's http.server does."""
    chunked: bool = False
    """`/next` answers with a chunked body."""
    close_after_answer: int = 0
    """The connection is closed after this many accepted answers (counts down)."""
    answer_statuses: list[int] = field(default_factory=list)
    """Statuses for the next answers instead of 202; the invocation then ends with that status."""
    refuse_streams: int = 0
    """So many streamed answers are refused with 413 after their first chunk (counts down)."""
    next_statuses: list[int] = field(default_factory=list)
    """Statuses for the next polls instead of 200."""


@dataclass
class _Invocation:
    request_id: str
    headers: dict[str, str]
    body: bytes
    answered: asyncio.Future[Answer]
    first_chunk: asyncio.Event


class RuntimeApiServer:
    """Serves one runtime. `violations` lists every request that a real Runtime API refuses."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.state: State = "started"
        self.violations: list[str] = []
        self.init_errors: list[Answer] = []
        self.init_failed = asyncio.Event()
        self.polled = asyncio.Event()
        self.answers: list[Answer] = []
        """Every answer that came, refused ones too."""
        self.connections = 0
        self.connected = asyncio.Event()
        """Set by each connection; clear it to wait for the next."""
        self._queue: asyncio.Queue[_Invocation] = asyncio.Queue(maxsize=1)
        self._current: _Invocation | None = None
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()
        self._ids = itertools.count(1)

    @property
    def address(self) -> str:
        """`host:port`, for `AWS_LAMBDA_RUNTIME_API`."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{port}"

    async def __aenter__(self) -> RuntimeApiServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=16 * 1024 * 1024)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Stop listening and cut every connection, as the end of an execution environment does."""
        if self._server is not None:
            self._server.close()
            self.cut()
            for task in self._connections:
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    def cut(self) -> None:
        """Cut every connection; new ones are welcome."""
        for writer in self._writers:
            writer.transport.abort()

    async def invoke(
        self,
        body: bytes = b"{}",
        *,
        request_id: str = "",
        timeout: float = 60.0,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Hand one event to the runtime and wait for its answer. *timeout* (seconds) makes its deadline."""
        return await (await self.start(body, request_id=request_id, timeout=timeout, headers=headers)).answered

    async def start(
        self,
        body: bytes = b"{}",
        *,
        request_id: str = "",
        timeout: float = 60.0,
        headers: dict[str, str] | None = None,
    ) -> _Invocation:
        """Queue one event; its `answered` future and `first_chunk` event follow it."""
        fields = {
            "Lambda-Runtime-Aws-Request-Id": request_id or str(uuid.UUID(int=next(self._ids))),
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:f",
            "Content-Type": "application/json",
            **(headers or {}),
        }
        invocation = _Invocation(
            fields["Lambda-Runtime-Aws-Request-Id"],
            fields,
            body,
            asyncio.get_running_loop().create_future(),
            asyncio.Event(),
        )
        await self._queue.put(invocation)
        return invocation

    # --- HTTP -------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.connected.set()
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        self._writers.add(writer)
        try:
            if self.faults.two_packets:
                writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
            while await self._serve_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
        route = path.removeprefix("/2018-06-01/runtime/")
        if (method, route) == ("GET", "invocation/next"):
            return await self._next(writer)
        return await self._answer(route, headers, reader, writer)

    async def _next(self, writer: asyncio.StreamWriter) -> bool:
        if self.state in ("running", "init_error"):
            self.violations.append(f"/next while {self.state}")
            return await self._reply(writer, 403, _error("InvalidStateTransition"))
        if self.faults.next_statuses:
            return await self._reply(writer, self.faults.next_statuses.pop(0), _error("Fault"))
        self.state = "ready"
        self.polled.set()
        self._current = await self._queue.get()
        self.state = "running"
        return await self._reply(writer, 200, self._current.body, self._current.headers, self.faults.chunked)

    async def _answer(
        self,
        route: str,
        headers: dict[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        kind = route.rpartition("/")[2]
        answer = Answer(kind, headers, b"")
        await self._read_body(answer, reader)
        self.answers.append(answer)
        if route == "init/error":
            return await self._init_error(answer, writer)
        request_id = route.split("/")[1]
        current = self._current
        if current is None or request_id != current.request_id:
            self.violations.append(f"{route} for an id that is not the current one")
            return await self._reply(writer, 400, _error("InvalidRequestID"))
        if self.state != "running":
            self.violations.append(f"{route}: second answer")
            return await self._reply(writer, 403, _error("InvalidStateTransition"))
        mode = headers.get("lambda-runtime-function-response-mode", "")
        if mode not in ("", "streaming"):
            self.violations.append(f"response mode {mode!r}")
            return await self._reply(writer, 400, _error("InvalidFunctionResponseMode"))
        return await self._conclude(current, answer, streamed=mode == "streaming", writer=writer)

    async def _conclude(
        self, current: _Invocation, answer: Answer, *, streamed: bool, writer: asyncio.StreamWriter
    ) -> bool:
        self.state = "answered"
        status = self.faults.answer_statuses.pop(0) if self.faults.answer_statuses else 202
        if answer.truncated or (answer.kind == "response" and not streamed and len(answer.body) > RESPONSE_BOUND):
            status = 413
        current.answered.set_result(answer)
        keep = await self._reply(writer, status, b'{"status":"OK"}\n' if status == 202 else _error("Fault"))
        if self.faults.close_after_answer:
            self.faults.close_after_answer -= 1
            keep = keep and self.faults.close_after_answer > 0
        return keep

    async def _init_error(self, answer: Answer, writer: asyncio.StreamWriter) -> bool:
        if self.state != "started":
            self.violations.append(f"init/error while {self.state}")
            return await self._reply(writer, 403, _error("InvalidStateTransition"))
        self.state = "init_error"
        self.init_errors.append(answer)
        self.init_failed.set()
        return await self._reply(writer, 202, b'{"status":"OK"}\n')

    async def _read_body(self, answer: Answer, reader: asyncio.StreamReader) -> None:
        if "chunked" not in answer.headers.get("transfer-encoding", ""):
            answer.body = await reader.readexactly(int(answer.headers.get("content-length", "0")))
            return
        while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
            answer.chunks.append(await reader.readexactly(size))
            await reader.readexactly(2)
            if self._current is not None:
                self._current.first_chunk.set()
            if self.faults.refuse_streams:
                self.faults.refuse_streams -= 1
                answer.truncated = True
                return
        while line := (await reader.readuntil(b"\r\n")).strip():
            name, _, value = line.decode().partition(":")
            answer.trailers[name.lower()] = value.strip()
        answer.body = b"".join(answer.chunks)

    async def _reply(
        self,
        writer: asyncio.StreamWriter,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        chunked: bool = False,
    ) -> bool:
        fields = {"Content-Type": "application/json", **(headers or {})}
        fields |= {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(len(body))}
        head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n"
        if chunked:
            half = len(body) // 2
            pieces = [piece for piece in (body[:half], body[half:]) if piece]
            body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        if self.faults.two_packets:
            writer.write(head.encode())
            await writer.drain()
            writer.write(body)
        else:
            writer.write(head.encode() + body)
        await writer.drain()
        return True


def _error(error_type: str) -> bytes:
    return json.dumps({"errorMessage": error_type, "errorType": error_type}).encode()
