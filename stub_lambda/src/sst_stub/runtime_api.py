"""A client of the Lambda Runtime API 2018-06-01: one keep-alive connection, one request at a time.

A server that writes the head and the body of a reply in two packets (Python's `http.server` does) has its
second packet held back by Nagle's algorithm until we acknowledge the first, and Linux delays that by 40 ms:
hence TCP_QUICKACK, which the kernel forgets after use, is set again around each receive.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import socket
from dataclasses import dataclass, field

from .http import HttpError, Reply, ReplyParser, chunk, last_chunk, request

VERSION = "/2018-06-01"
USER_AGENT = "sst-py-stub"
BUFFERED_BOUND = 6_291_556
"""Bytes of a buffered response: 6 MB and 100 bytes (Lambda quota)."""
TOO_LARGE = "Function.ResponseSizeTooLarge"
UNASKED_PAUSE = 1.0
"""Seconds before a connection that the server closed unasked is opened again: a bound on a loop, nothing waits."""
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)  # Linux only


class RuntimeApiError(Exception):
    """The Runtime API is gone, or refused in a way that ends this execution environment."""


class ConnectionLostError(RuntimeApiError):
    """The connection ended before the reply began."""


class StreamRefusedError(Exception):
    """Lambda has answered before the stream ended: what is left of it has nowhere to go."""


@dataclass(frozen=True)
class Event:
    """One event taken from `/next`, with what its headers say (Lambda Runtime API, `/invocation/next`)."""

    request_id: str
    deadline_ms: int
    """When Lambda gives up: epoch milliseconds; 0 when the server did not say."""
    arn: str = ""
    trace_id: str = ""
    client_context: str = ""
    identity: str = ""
    tenant_id: str = ""
    invocation_id: str = ""
    """The attempt's own id, echoed with the answer so that a stale one can be told apart."""
    content_type: str = "application/json"
    body: bytes = field(default=b"", repr=False)


class RuntimeApi(asyncio.Protocol):
    """The connection and its five requests. *address* is `AWS_LAMBDA_RUNTIME_API`: `host:port`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._parser = ReplyParser()
        self._transport: asyncio.Transport | None = None
        self._reply: asyncio.Future[Reply] | None = None
        self._writable = asyncio.Event()
        self._lost = asyncio.Event()
        self._used = False
        """Whether a request has gone out on the connection that is open, or was last."""
        self._connecting = asyncio.Lock()

    # --- the five requests ------------------------------------------------------------------------

    async def next(self) -> Event:
        """Wait for the next event, however long that takes. Raises RuntimeApiError."""
        head = request("GET", self._address, f"{VERSION}/runtime/invocation/next", {"User-Agent": USER_AGENT})
        reused = self._transport is not None
        try:
            reply = await self._exchange(head)
        except ConnectionLostError:
            if not reused:
                raise
            reply = await self._exchange(head)  # the server closed an idle connection as we were asking
        if reply.status != 200:
            raise RuntimeApiError(f"/next answered {reply.status}: {_excerpt(reply)}")
        return _event(reply)

    async def respond(self, event: Event, body: bytes, content_type: str) -> None:
        """Answer *event* with the bytes the handler produced; too many of them become Lambda's own error."""
        if len(body) > BUFFERED_BOUND:
            await self.fail(event, _too_large(), error_type=TOO_LARGE)
            return
        await self._post(_answer_path(event, "response"), {"Content-Type": content_type, **_echo(event)}, body)

    async def fail(self, event: Event, body: bytes, *, error_type: str = "", xray_cause: str = "") -> None:
        """Answer *event* with a Lambda error object."""
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Function-Error-Type": error_type,
            "Lambda-Runtime-Function-XRay-Error-Cause": xray_cause,
            **_echo(event),
        }
        await self._post(_answer_path(event, "error"), headers, body)

    async def init_error(self, body: bytes, *, error_type: str) -> None:
        """Report that the environment cannot start; legal only before the first `/next`."""
        headers = {"Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": error_type}
        await self._post(f"{VERSION}/runtime/init/error", headers, body)

    def stream(self, event: Event, content_type: str) -> ResponseStream:
        """Answer *event* piece by piece (`Lambda-Runtime-Function-Response-Mode: streaming`)."""
        headers = {
            "Content-Type": content_type,
            "Lambda-Runtime-Function-Response-Mode": "streaming",
            "Transfer-Encoding": "chunked",
            "Trailer": "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
            "User-Agent": USER_AGENT,
            **_echo(event),
        }
        return ResponseStream(self, request("POST", self._address, _answer_path(event, "response"), headers))

    async def _post(self, path: str, headers: dict[str, str], body: bytes) -> None:
        fields = {"User-Agent": USER_AGENT, **headers, "Content-Length": str(len(body))}
        check(await self._exchange(request("POST", self._address, path, fields), body), path)

    # --- the connection ---------------------------------------------------------------------------

    async def connect(self) -> None:
        """Open the connection unless it is open. Raises RuntimeApiError when nobody listens."""
        async with self._connecting:
            if self._transport is not None:
                return
            host, _, port = self._address.rpartition(":")
            self._parser = ReplyParser()
            try:
                await asyncio.get_running_loop().create_connection(lambda: self, host, int(port))
            except (OSError, ValueError) as error:
                raise RuntimeApiError(f"no Runtime API at {self._address}: {error}") from error

    async def watch(self) -> None:
        """Run until the Runtime API is gone, then raise RuntimeApiError.

        A server may close an idle connection; one that does not listen any more has ended this environment,
        also while a handler runs: without this a stub could outlive it by the length of an invocation.
        """
        while True:
            await self._lost.wait()
            self._lost.clear()
            if not self._used:
                await asyncio.sleep(UNASKED_PAUSE)
            await self.connect()

    async def begin(self, head: bytes) -> asyncio.Future[Reply]:
        """Send the head of a request; the reply comes in the future."""
        if self._transport is None:
            await self.connect()
        self._reply = asyncio.get_running_loop().create_future()
        self._used = True
        self.write(head)
        return self._reply

    def write(self, data: bytes) -> None:
        """Send *data* if the connection still stands; if not, the reply's future says so."""
        if self._transport is not None:
            self._transport.write(data)
            self._acknowledge_at_once()

    async def writable(self) -> None:
        """Wait until the socket takes more: what is buffered here stays below asyncio's high-water mark."""
        await self._writable.wait()

    async def _exchange(self, head: bytes, body: bytes = b"") -> Reply:
        small = len(body) < 64 * 1024  # one packet matters, one copy does not
        reply = await self.begin(head + body if small else head)
        if not small:
            self.write(body)
        return await reply

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()

    # --- asyncio.Protocol -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._used = False
        self._writable.set()
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._acknowledge_at_once()

    def data_received(self, data: bytes) -> None:
        self._acknowledge_at_once()
        try:
            reply = self._parser.receive_data(data)
        except HttpError as error:
            self._settle(error=RuntimeApiError(str(error)))
            self.close()
            return
        if reply is not None:
            self._settle(reply)
            if not reply.reusable:
                self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is None:
            return  # closed by us, and perhaps replaced already
        self._transport = None
        self._writable.set()
        self._lost.set()
        lost = ConnectionLostError if self._parser.idle else RuntimeApiError
        self._settle(error=lost(f"the Runtime API closed the connection: {exc or 'end of stream'}"))

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _settle(self, reply: Reply | None = None, *, error: RuntimeApiError | None = None) -> None:
        waiting, self._reply = self._reply, None
        if waiting is None or waiting.done():
            return
        if reply is not None:
            waiting.set_result(reply)
        elif error is not None:
            waiting.set_exception(error)

    def _acknowledge_at_once(self) -> None:
        if _QUICKACK is not None and self._transport is not None:
            with contextlib.suppress(OSError):  # the peer has just reset the connection
                self._transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)


class ResponseStream:
    """A streamed answer: `send` each piece, then `finish`."""

    def __init__(self, api: RuntimeApi, head: bytes) -> None:
        self._api = api
        self._head = head
        self._reply: asyncio.Future[Reply] | None = None

    async def send(self, piece: bytes) -> None:
        """Send one piece; waits while the socket is full. Raises StreamRefusedError."""
        if self._reply is None:
            self._reply = await self._api.begin(self._head)
        if self._reply.done():
            reply = self._reply.result()
            check(reply, "a streamed response")
            self._api.close()  # the request on it is not whole, and will not be
            raise StreamRefusedError(f"Lambda answered {reply.status} before the stream ended: {_excerpt(reply)}")
        if piece:
            self._api.write(chunk(piece))
            await self._api.writable()

    async def finish(self, *, error_type: str = "", error_body: bytes = b"") -> None:
        """End the stream; with an error its trailers tell Lambda that what was sent is not whole.

        Raises StreamRefusedError.
        """
        await self.send(b"")
        assert self._reply is not None
        trailers = {
            "Lambda-Runtime-Function-Error-Type": error_type,
            "Lambda-Runtime-Function-Error-Body": base64.b64encode(error_body).decode() if error_type else "",
        }
        self._api.write(last_chunk(trailers))
        check(await self._reply, "a streamed response")


def check(reply: Reply, path: str) -> None:
    """Judge the reply to an answer. Raises RuntimeApiError if the environment must end.

    4xx means this answer came late or was too large (413): Lambda has told the caller itself, and the next
    event can be taken. 5xx is "non-recoverable state, the runtime should exit promptly" (Runtime API, errors).
    """
    if reply.status >= 500 or reply.status < 200:
        raise RuntimeApiError(f"{path} answered {reply.status}: {_excerpt(reply)}")


def _event(reply: Reply) -> Event:
    def of(name: str) -> str:
        return reply.headers.get("lambda-runtime-" + name, "")

    if not of("aws-request-id"):
        raise RuntimeApiError("/next answered without Lambda-Runtime-Aws-Request-Id")
    deadline = of("deadline-ms")
    return Event(
        request_id=of("aws-request-id"),
        deadline_ms=int(deadline) if deadline.isascii() and deadline.isdigit() else 0,
        arn=of("invoked-function-arn"),
        trace_id=of("trace-id"),
        client_context=of("client-context"),
        identity=of("cognito-identity"),
        tenant_id=of("aws-tenant-id"),
        invocation_id=of("invocation-id"),
        content_type=reply.headers.get("content-type", "application/json"),
        body=reply.body,
    )


def _answer_path(event: Event, kind: str) -> str:
    return f"{VERSION}/runtime/invocation/{event.request_id}/{kind}"


def _echo(event: Event) -> dict[str, str]:
    return {"Lambda-Runtime-Invocation-Id": event.invocation_id}


def _too_large() -> bytes:
    message = f"Response payload size exceeded maximum allowed payload size ({BUFFERED_BOUND} bytes)."
    return b'{"errorMessage":"%b","errorType":"%b"}' % (message.encode(), TOO_LARGE.encode())


def _excerpt(reply: Reply) -> str:
    return reply.body[:200].decode("utf-8", "replace").strip()
