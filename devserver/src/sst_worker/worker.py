"""The worker: one execution environment. It imports the handler, then answers one invocation after another.

Only `Exception` is caught around user code. Whatever else ends a program ends this process, as on Lambda; the
dev server turns that into `Runtime.ExitError`.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from typing import Any

from . import codec, environment, errors, loading, logs, places, streaming, wire
from .context import LambdaContext

RESPONSE_LIMIT = 6_291_556
"""Bytes of a buffered response (Lambda quota: 6 MB and 100 bytes)."""


def run(channel: socket.socket, output: int, handler: logs.Handler) -> None:
    """Be a worker until the dev server closes *channel*. *output* is the write end of the output pipe."""
    try:
        init, _ = wire.receive(channel)
    except EOFError:
        return
    Worker(channel, output, handler, init).run()
    # As on Lambda, which kills an environment it no longer needs: no atexit, no waiting for threads.
    os._exit(0)


class Worker:
    """The handler, and the channel its invocations come through."""

    def __init__(self, channel: socket.socket, output: int, log: logs.Handler, init: wire.Head) -> None:
        os.set_inheritable(channel.fileno(), False)
        os.set_inheritable(output, False)
        self._channel = channel
        self._log = log
        self._secret = init["marker"]
        environment.replace(init["environment"])
        environment.redirect_output(output)
        environment.enter(init["root"], init["paths"], init.get("sdk"), init["handler"])
        environment.reseed()
        logs.configure(log, output)
        self._recorder = loading.Recorder(init["root"], init.get("ignore") or [])
        self._name, self._module = init["handler"], init.get("module")

    def run(self) -> None:
        """Import the handler, report, and answer invocations until the channel closes."""
        self._handler = self._load()
        while True:
            try:
                head, event = wire.receive(self._channel)
            except (EOFError, ConnectionResetError):
                return
            if head["type"] == "invoke":
                self._invoke(head, event)

    # --- init -------------------------------------------------------------------------------------

    def _load(self) -> Any:
        started = time.perf_counter()
        self._recorder.start()
        try:
            handler = loading.load_handler(self._name, self._module)
        except errors.RuntimeFault as fault:
            self._fail_init(fault, errors.error_object(fault.message, fault.kind, fault.trace), started)
        except Exception as error:
            found = errors.frames(error.__traceback__)
            trace = errors.format_frames(found)
            self._fail_init(error, errors.error_object(str(error), type(error).__name__, trace), started)
        self._recorder.stop()
        head = {
            "type": "ready",
            "init_ms": _elapsed_ms(started),
            **self._recorder.report(),
            "rss_mb": environment.peak_rss_mb(),
            "streaming": streaming.is_stream(handler),
        }
        wire.send(self._channel, head)
        return handler

    def _fail_init(self, error: Exception, result: dict[str, Any], started: float) -> None:
        self._recorder.stop()
        logs.log_error(self._log.log_sink, result)
        head = {
            "type": "init_error",
            "error_type": result["errorType"],
            "init_ms": _elapsed_ms(started),
            **self._recorder.report(),
            **_where(error),
        }
        wire.send(self._channel, head, codec.encode_text(result).encode("utf-8"))
        sys.exit(1)

    # --- invocations ------------------------------------------------------------------------------

    def _invoke(self, head: wire.Head, event: bytes) -> None:
        request_id = head["request_id"]
        self._log.request_id = request_id
        self._log.tenant_id = head.get("tenant_id") or None
        self._mark("begin", head["id"])
        if head.get("trace_id"):
            os.environ["_X_AMZN_TRACE_ID"] = head["trace_id"]
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        started = time.perf_counter()
        try:
            context = LambdaContext(head)
            value = codec.decode_event(event, head.get("content_type") or codec.JSON)
            if streaming.is_stream(self._handler):
                self._stream(self._handler(value, context), head, started)
                return
            reply, body = self._answer(self._handler(value, context))
        except errors.RuntimeFault as fault:
            result = errors.error_object(fault.message, fault.kind, fault.trace, request_id)
            cause = errors.xray_cause(fault.message, "LambdaValidationError", [])
            reply, body = self._failure(fault, result, cause)
        except Exception as error:
            reply, body = self._user_failure(error, request_id)
        self._finish(head["id"], reply, body, started)

    def _answer(self, response: Any) -> tuple[wire.Head, bytes]:
        body, content_type = codec.encode_response(response)
        if len(body) > RESPONSE_LIMIT:
            message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
            kind = "Function.ResponseSizeTooLarge"
            return {"type": "error", "error_type": kind}, codec.encode_text(
                {"errorMessage": message, "errorType": kind}
            ).encode()
        return {"type": "response", "content_type": content_type}, body

    def _user_failure(self, error: Exception, request_id: str) -> tuple[wire.Head, bytes]:
        found = errors.frames(error.__traceback__)
        kind, message = type(error).__name__, str(error)
        result = errors.error_object(message, kind, errors.format_frames(found), request_id)
        return self._failure(error, result, errors.xray_cause(message, kind, found))

    def _failure(self, error: Exception, result: dict[str, Any], cause: dict[str, Any]) -> tuple[wire.Head, bytes]:
        logs.log_error(self._log.log_sink, result)
        xray = codec.encode_text(cause)
        # The header's bound in AWS's runtime, which then sends an empty one.
        xray = xray if len(xray.encode("utf-8")) < 1 << 20 else ""
        head = {"type": "error", "error_type": result["errorType"], "xray_cause": xray, **_where(error)}
        return head, codec.encode_text(result).encode("utf-8")

    def _finish(self, id: str, reply: wire.Head, body: bytes, started: float) -> None:
        handler_ms = _elapsed_ms(started)
        self._flush()
        self._mark("end", id)
        if self._recorder.grown():
            wire.send(self._channel, {"type": "files", **self._recorder.report()})
        reply = {**reply, "handler_ms": handler_ms, "rss_mb": environment.peak_rss_mb()}
        wire.send(self._channel, reply, body)

    def _stream(self, result: Any, head: wire.Head, started: float) -> None:
        request_id = head["request_id"]
        index = 0
        try:
            for body, content_type in streaming.pieces(result):
                wire.send(self._channel, {"type": "stream", "index": index, "content_type": content_type}, body)
                index += 1
        except Exception as error:
            if index == 0:
                raise
            if isinstance(error, errors.RuntimeFault):
                result = errors.error_object(error.message, error.kind, error.trace, request_id)
                reply, body = self._failure(error, result, errors.xray_cause(error.message, error.kind, []))
            else:
                reply, body = self._user_failure(error, request_id)
        else:
            reply, body = {}, b""
        self._finish(head["id"], {**reply, "type": "stream", "index": index, "final": True}, body, started)

    def _mark(self, word: str, id: str) -> None:
        self._log.log_sink.write(wire.marker(self._secret, word, id))

    def _flush(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (ValueError, OSError, AttributeError):
                pass  # the handler closed or replaced it: nothing of ours is in it


def _elapsed_ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)


def _where(error: BaseException) -> dict[str, Any]:
    """`file`, `line` and `frames` of the project's own code in *error*, for people; empty when it has none."""
    origin = error.__cause__ if isinstance(error, errors.RuntimeFault) and error.__cause__ else error
    found = [frame for frame in errors.frames(origin.__traceback__) if not places.is_library(frame[0])]
    if isinstance(origin, SyntaxError) and origin.filename:
        file, line = origin.filename, origin.lineno or 0
    elif found:
        file, line = found[-1][0], found[-1][1]
    else:
        file, line = "", 0
    return {"file": file, "line": line, "frames": errors.format_frames(found)}
