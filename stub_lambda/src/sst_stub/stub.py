"""One execution environment: take an event, send it to the dev server, answer with what comes back.

The event and the response travel as raw bytes; nothing here looks into them, except to find out what kind of
caller to be honest to when nobody answers. Each event gets exactly one answer.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import time
import traceback
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from typing import Protocol

from sst_bridge.endpoint import Unreachable
from sst_bridge.messages import Error, Invoke, Response, Stream

from . import away
from .environment import Config
from .runtime_api import Event, ResponseStream, RuntimeApi, RuntimeApiError, StreamRefusedError

LAST_MOMENT = 0.3
"""Seconds before Lambda's deadline at which the stub answers for itself: enough for one request on loopback,
and an environment that answered is kept, while one that overran is killed."""
STUB_ERROR = "Sst.StubFailure"
TIMED_OUT = "Sandbox.Timedout"
"""Lambda's own error type for a timeout."""


Reply = Response | Error | Stream
Replies = AsyncGenerator[Reply]


class Endpoint(Protocol):
    """What the stub needs of the bridge."""

    async def start(self) -> None:
        """Connect and say hello."""

    def invoke(self, invoke: Invoke) -> Replies:
        """Send *invoke*; yield one response or error, or the pieces of a stream in order.

        Raises Unreachable. Closing the generator forgets the invocation: a late reply goes nowhere.
        """

    async def close(self) -> None:
        """Disconnect."""


class Stub:
    """The loop of one execution environment."""

    def __init__(self, config: Config, api: RuntimeApi, endpoint: Endpoint) -> None:
        self._config = config
        self._api = api
        self._endpoint = endpoint

    async def run(self) -> None:
        """Serve until the Runtime API is gone (RuntimeApiError) or the task is cancelled (SIGTERM)."""
        while True:
            event = await self._api.next()
            _note(f"{event.request_id} goes to sst dev of {self._config.app}/{self._config.stage}")
            await self._serve(event)

    async def _serve(self, event: Event) -> None:
        async with aclosing(self._endpoint.invoke(self._invoke(event))) as replies:
            match await self._first(event, replies):
                case Response() as response:
                    await self._api.respond(event, response.body, response.content_type)
                case Error() as error:
                    await self._api.fail(event, error.body, error_type=error.error_type, xray_cause=error.xray_cause)
                case Stream() as piece:
                    await self._forward(event, piece, replies)

    def _invoke(self, event: Event) -> Invoke:
        return Invoke(
            sender="",
            nonce=secrets.token_hex(16),
            function=self._config.function,
            request_id=event.request_id,
            deadline_ms=event.deadline_ms,
            arn=event.arn,
            sent_at=time.time(),
            content_type=event.content_type,
            trace_id=event.trace_id,
            client_context=event.client_context,
            identity=event.identity,
            tenant_id=event.tenant_id,
            body=event.body,
        )

    async def _first(self, event: Event, replies: Replies) -> Reply:
        """What to answer *event* with: the first reply, or the reason why there is none."""
        try:
            async with asyncio.timeout(_time_left(event)):
                return await anext(replies)
        except Unreachable as error:
            _note(f"{event.request_id} has no answer: {error}")
            return self._away(event, str(error))
        except Exception as error:
            return _failure(event, error)

    async def _forward(self, event: Event, piece: Stream, replies: Replies) -> None:
        """Send the pieces of a streamed response on as they come; a failure on the way goes into the trailers."""
        stream = self._api.stream(event, piece.content_type or "application/octet-stream")
        try:
            last = await self._last(event, piece, replies, stream)
            error_body = last.error_body if isinstance(last, Stream) else last.body
            await stream.finish(error_type=last.error_type, error_body=error_body)
        except StreamRefusedError as refused:
            _note(f"{event.request_id}: {refused}")

    async def _last(self, event: Event, piece: Stream, replies: Replies, stream: ResponseStream) -> Stream | Error:
        try:
            async with asyncio.timeout(_time_left(event)):
                return await _forward_pieces(piece, replies, stream)
        except (RuntimeApiError, StreamRefusedError):
            raise
        except Exception as error:
            return _failure(event, error)

    def _away(self, event: Event, reason: str) -> Reply:
        config = self._config
        answer = away.answer(
            event.body,
            app=config.app,
            stage=config.stage,
            function=config.function,
            reason=reason,
            streamed=config.streamed,
        )
        match answer:
            case away.LambdaError(body=body, error_type=error_type):
                return Error("", "", error_type=error_type, body=body)
            case away.HttpAnswer(body=body, content_type=away.STREAMED_HTTP as content_type):
                return Stream("", "", index=0, final=True, content_type=content_type, body=body)
            case away.HttpAnswer(body=body, content_type=content_type):
                return Response("", "", content_type=content_type, body=body)


async def _forward_pieces(piece: Reply, replies: Replies, stream: ResponseStream) -> Stream | Error:
    """Send pieces until the last one, and return that; an error may take its place."""
    while isinstance(piece, Stream):
        if piece.final and not piece.body:
            return piece
        await stream.send(piece.body)
        if piece.final:
            return piece
        piece = await anext(replies)
    if isinstance(piece, Response):
        raise TypeError("the dev server sent a whole response within a stream")
    return piece


def _failure(event: Event, error: Exception) -> Error:
    """The Lambda error object for *error*, which stands where a reply was expected."""
    match error:
        case TimeoutError():
            return _error(
                TIMED_OUT,
                f"RequestId: {event.request_id} Error: Task timed out: the deadline that Lambda gave the deployed "
                "stub came before the answer of the handler on the developer's machine",
            )
        case Unreachable():
            return _error(away.ERROR_TYPE, f"The dev server is gone: {error}")
        case _:
            trace = traceback.format_exception(error)
            _note("".join(trace).rstrip())
            return _error(STUB_ERROR, f"The sst stub failed: {error!r}", trace)


def _time_left(event: Event) -> float | None:
    """Seconds until the stub must answer for itself; None when Lambda named no deadline."""
    if event.deadline_ms <= 0:
        return None
    return max(0.0, event.deadline_ms / 1000 - time.time() - LAST_MOMENT)


def _error(error_type: str, message: str, trace: Sequence[str] = ()) -> Error:
    body = {"errorType": error_type, "errorMessage": message, "stackTrace": list(trace)}
    return Error("", "", error_type=error_type, body=json.dumps(body).encode())


def _note(line: str) -> None:
    """One line for the function's log. In local mode it also spares each call 45 ms: MiniStack waits that long
    for output of an invocation that writes none."""
    with suppress(OSError):  # nobody reads the log any more: the watch on the Runtime API will notice
        os.write(2, line.encode("utf-8", "replace") + b"\n")
