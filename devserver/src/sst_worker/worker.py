"""The worker: one execution environment. It imports the handler, then answers one invocation after another.

Only `Exception` is caught around user code. Whatever else ends a program ends this process, as on Lambda; the
dev server turns that into `Runtime.ExitError`.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from typing import Any, NoReturn

from . import codec, debugging, environment, errors, loading, logs, places, streaming, wire
from .context import LambdaContext

RESPONSE_LIMIT = 6_291_556
"""Bytes of a buffered response (Lambda quota: 6 MB and 100 bytes)."""


def run(channel: socket.socket, output: int, handler: logs.Handler) -> None:
    """Be a worker until the dev server closes *channel*. *output* is the write end of the output pipe.

    The process may wait for its `init` for long: what does not depend on it is done before.
    """
    os.set_inheritable(channel.fileno(), False)
    os.set_inheritable(output, False)
    environment.redirect_output(output)
    environment.reseed()
    places.use_project_loader()
    recorder = loading.Recorder()
    _rehearse()
    try:
        init, _ = wire.receive(channel)
    except EOFError:
        os._exit(0)
    Worker(channel, output, handler, recorder, init).run()
    # As on Lambda, which kills an environment it no longer needs: no atexit, no waiting for threads.
    os._exit(0)


def _rehearse() -> None:
    """Touch the memory an init will touch: the first write to a page after a fork copies it."""
    compile("def handler(event, context):\n    return event\n", "rehearsal", "exec")
    loading.code_hash("/", [__file__])
    codec.encode_text({"type": "rehearsal", "files": {}})
    wire.parse_head(b'{"type": "rehearsal"}')
    environment.peak_rss_mb()


class Worker:
    """The handler, and the channel its invocations come through."""

    def __init__(
        self,
        channel: socket.socket,
        output: int,
        log: logs.Handler,
        recorder: loading.Recorder,
        init: wire.Head,
    ) -> None:
        self._channel = channel
        self._sending = threading.Lock()  # threads other than the handler's may stop at a breakpoint
        self._log = log
        self._secret = init["marker"]
        environment.replace(init["environment"])
        environment.enter(init["root"], init["paths"], init.get("sdk"), init["handler"])
        logs.configure(log, output)
        self._recorder = recorder
        self._folders = init["root"], init.get("ignore") or []
        self._name, self._module = init["handler"], init.get("module")
        self._debugging = debugging.Debugging(
            self._send, init.get("function", ""), init.get("tty"), init.get("attach", "")
        )
        if init.get("debugger"):
            self._debugging.connect(**init["debugger"])
        elif init.get("pycharm"):
            self._debugging.connect_out(init["pycharm"])

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
        self._recorder.start(*self._folders)
        failure = None
        try:
            handler = loading.load_handler(self._name, self._module)
        except errors.RuntimeFault as fault:
            failure = errors.of_fault(fault)
        except Exception as error:
            failure = errors.of_exception(error)
        self._recorder.stop()
        if failure is not None:
            self._fail_init(failure, started)
        head = {
            "type": "ready",
            "init_ms": _elapsed_ms(started),
            **self._recorder.report(),
            "rss_mb": environment.peak_rss_mb(),
            "streaming": streaming.is_stream(handler),
        }
        self._send(head)
        return handler

    def _fail_init(self, failure: errors.Failure, started: float) -> NoReturn:
        self._mark("error", "")
        logs.log_error(self._log.log_sink, failure.error)
        head = {
            "type": "init_error",
            "error_type": failure.error["errorType"],
            "init_ms": _elapsed_ms(started),
            **self._recorder.report(),
            **failure.where,
        }
        self._send(head, codec.encode_text(failure.error).encode("utf-8"))
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
        self._pieces = 0
        self._debugging.begin(head["id"])
        failure = None
        started = time.perf_counter()
        try:
            reply, body = self._run(head, event)
        except errors.RuntimeFault as fault:
            failure = errors.of_fault(fault, request_id)
        except Exception as error:
            self._debugging.uncaught(error, post_mortem=head.get("post_mortem", False))
            failure = errors.of_exception(error, request_id)
        # Outside the `try`: a message that UTF-8 cannot encode ends the process here, as on Lambda.
        if failure is not None:
            reply, body = self._report(failure, head["id"])
        self._finish(head["id"], reply, body if isinstance(body, bytes) else body.encode("utf-8"), started)

    def _run(self, head: wire.Head, event: bytes) -> tuple[wire.Head, bytes | str]:
        context = LambdaContext(head)
        value = codec.decode_event(event, head.get("content_type") or codec.JSON)
        response = self._handler(value, context)
        if not streaming.is_stream(self._handler):
            body, content_type = codec.encode_response(response)
            return {"type": "response", "content_type": content_type}, body
        for piece, content_type in streaming.pieces(response):
            part = {"type": "stream", "index": self._pieces, "content_type": content_type}
            self._send(part, piece)
            self._pieces += 1
        return {"type": "stream", "index": self._pieces, "final": True}, b""

    def _report(self, failure: errors.Failure, id: str) -> tuple[wire.Head, str]:
        """Log *failure* and make the reply of it: the end of the stream, if one has begun."""
        self._mark("error", id)
        logs.log_error(self._log.log_sink, failure.error)
        self._mark("begin", id)
        cause = codec.encode_text(failure.cause)
        head = {
            "type": "error",
            "error_type": failure.error["errorType"],
            # AWS's runtime sends no cause from 1 MiB on.
            "xray_cause": cause if len(cause.encode("utf-8")) < 1 << 20 else "",
            **failure.where,
        }
        if self._pieces:
            head.update(type="stream", index=self._pieces, final=True)
        return head, codec.encode_text(failure.error)

    def _finish(self, id: str, reply: wire.Head, body: bytes, started: float) -> None:
        if reply["type"] == "response" and len(body) > RESPONSE_LIMIT:
            message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
            reply = {"type": "error", "error_type": "Function.ResponseSizeTooLarge"}
            body = codec.encode_text({"errorMessage": message, "errorType": reply["error_type"]}).encode()
        handler_ms = _elapsed_ms(started)
        environment.flush()
        self._mark("end", id)
        if self._recorder.grown():
            self._send({"type": "files", **self._recorder.report()})
        reply = {**reply, "handler_ms": handler_ms, "rss_mb": environment.peak_rss_mb()}
        self._send(reply, body)

    def _send(self, head: wire.Head, body: bytes = b"") -> None:
        with self._sending:
            wire.send(self._channel, head, body)

    def _mark(self, word: str, id: str) -> None:
        self._log.log_sink.write(wire.marker(self._secret, word, id))


def _elapsed_ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
