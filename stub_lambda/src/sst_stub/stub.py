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
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from sst_bridge.messages import Error, Invoke, Response, Stream

from . import away
from .environment import Config
from .runtime_api import Event, RuntimeApi, RuntimeApiError

LAST_MOMENT = 0.3
"""Seconds before Lambda's deadline at which the stub answers for itself: enough for one request on loopback,
and an environment that answered is kept, while one that overran is killed."""
STUB_ERROR = "Sst.StubFailure"
TIMED_OUT = "Sandbox.Timedout"
"""Lambda's own error type for a timeout."""


class Unreachable(Exception):
    """No dev server answers; the message is one clause that says what was tried."""


class Endpoint(Protocol):
    """What the stub needs of the bridge."""

    async def start(self) -> None:
        """Connect and say hello."""

    def invoke(self, invoke: Invoke) -> AsyncGenerator[Response | Error | Stream]:
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
            answer = await self._first(event, replies)
            if isinstance(answer, Stream):
                await self._forward(event, answer, replies)
                return
        match answer:
            case Response():
                await self._api.respond(event, answer.body, answer.content_type)
            case Error():
                await self._api.fail(event, answer.body, error_type=answer.error_type, xray_cause=answer.xray_cause)

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

    async def _first(
        self, event: Event, replies: AsyncGenerator[Response | Error | Stream]
    ) -> Response | Error | Stream:
        """What to answer *event* with: the first reply, or the reason why there is none."""
        try:
            async with asyncio.timeout(_time_left(event)):
                return await anext(replies)
        except Exception as error:
            return self._instead(event, error)

    async def _forward(self, event: Event, first: Stream, replies: AsyncGenerator[Response | Error | Stream]) -> None:
        """Send the pieces of a streamed response on as they come; a failure on the way is told in the trailers."""
        stream = self._api.stream(event, first.content_type or "application/octet-stream")
        piece: Response | Error | Stream = first
        try:
            async with asyncio.timeout(_time_left(event)):
                while isinstance(piece, Stream):
                    await stream.send(piece.body)
                    if piece.final:
                        break
                    piece = await anext(replies)
        except RuntimeApiError:
            raise
        except Exception as error:
            piece = self._instead(event, error)
        match piece:
            case Stream():
                await stream.finish(error_type=piece.error_type, error_body=piece.error_body)
            case _:
                await stream.finish(error_type=getattr(piece, "error_type", STUB_ERROR), error_body=piece.body)

    def _instead(self, event: Event, error: Exception) -> Response | Error:
        """The answer to *event* when *error* stands where a reply was expected."""
        match error:
            case Unreachable():
                return self._away(event, str(error))
            case TimeoutError():
                return _timed_out(event)
            case _:
                trace = traceback.format_exception(error)
                _note("".join(trace).rstrip())
                return _error(STUB_ERROR, f"The sst stub failed: {error!r}", trace)

    def _away(self, event: Event, reason: str) -> Response | Error:
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
            case away.LambdaError():
                return Error("", "", error_type=answer.error_type, body=answer.body)
            case away.HttpAnswer(content_type=away.STREAMED_HTTP):
                return Response("", "", content_type=answer.content_type, body=answer.body)
            case away.HttpAnswer():
                return Response("", "", content_type=answer.content_type, body=answer.body)


def _time_left(event: Event) -> float | None:
    """Seconds until the stub must answer for itself; None when Lambda named no deadline."""
    if event.deadline_ms <= 0:
        return None
    return max(0.0, event.deadline_ms / 1000 - time.time() - LAST_MOMENT)


def _timed_out(event: Event) -> Error:
    message = (
        f"RequestId: {event.request_id} Error: Task timed out: the deadline Lambda gave the deployed stub was "
        "reached before the handler on the developer's machine answered"
    )
    return _error(TIMED_OUT, message, [])


def _error(error_type: str, message: str, trace: list[str]) -> Error:
    body = {"errorType": error_type, "errorMessage": message, "stackTrace": trace}
    return Error("", "", error_type=error_type, body=json.dumps(body).encode())


def _note(line: str) -> None:
    """One line for the function's log. In local mode it also spares each call 45 ms: MiniStack waits that long
    for output of an invocation that writes none."""
    os.write(2, line.encode("utf-8", "replace") + b"\n")
