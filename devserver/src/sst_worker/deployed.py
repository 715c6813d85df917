"""The runtime of a packaged function: a worker fed by the Lambda Runtime API instead of a dev server.

It is what AWS's own runtime is to a function deployed there, for a cloud that starts a package's `bootstrap`. The
worker is the very one of `sst dev`; a thread beside it is its dev server.
"""

from __future__ import annotations

import base64
import http.client
import os
import site
import socket
import sys
import threading
from typing import NoReturn

from . import environment, libc, loading, logs, places, wire, worker

VERSION = "/2018-06-01/runtime/invocation"
HIDDEN = "SST_STUB_HIDDEN"
"""Names of variables that the embedded cloud's own process had, separated by spaces; its children inherit them."""
_NEEDED = frozenset({"PATH", "HOME", "TMPDIR", "LANG"})
_FACTS = {
    "deadline_ms": "deadline-ms",
    "arn": "invoked-function-arn",
    "trace_id": "trace-id",
    "client_context": "client-context",
    "identity": "cognito-identity",
    "tenant_id": "aws-tenant-id",
}
"""Field of an `invoke` → header of `/next` (Lambda Runtime API)."""


def main() -> NoReturn:
    """Serve events until the process is ended. User code that ends it does so as it ends any Python program."""
    log = logs.install()
    libc.load()
    # The interpreter runs without `site`, so that nothing but the package is importable; `exit` is a builtin on Lambda.
    site.setquit()
    mine, its = socket.socketpair()
    client = threading.Thread(target=_serve, args=(mine, _init()), name="Runtime API", daemon=False)
    client.start()
    try:
        _run(its, log)
    finally:
        its.shutdown(socket.SHUT_RDWR)
        client.join()
    sys.exit(0)


def _run(channel: socket.socket, log: logs.Handler) -> None:
    output = os.dup(1)
    os.set_inheritable(output, False)
    environment.redirect_output(output)
    places.use_project_loader()
    init, _ = wire.receive(channel)
    _Worker(channel, output, log, loading.Recorder(), init).run()


class _Worker(worker.Worker):
    """Nobody sorts the lines of this output by invocation."""

    def _mark(self, word: str, id: str) -> None:
        """Write nothing."""


def _init() -> wire.Head:
    hidden = {HIDDEN, *os.environ.get(HIDDEN, "").split()} - _NEEDED
    root, handler = os.getcwd(), os.environ["_HANDLER"]
    variables = {name: value for name, value in os.environ.items() if name not in hidden}
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    facts = {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{variables.get('AWS_LAMBDA_FUNCTION_NAME', '')}",
        "TZ": ":UTC",
    }
    return {
        "type": "init",
        "handler": handler,
        "root": root,
        "paths": [root],
        "environment": {**facts, **variables, "LAMBDA_TASK_ROOT": root},
        "marker": "",
    }


# --- the dev server's part ------------------------------------------------------------------------


def _serve(channel: socket.socket, init: wire.Head) -> None:
    """Take events from the Runtime API, one after another, until the worker's end of *channel* closes."""
    variables = dict(os.environ)
    address = variables["AWS_LAMBDA_RUNTIME_API"]
    try:
        wire.send(channel, init)
        head, body = wire.receive(channel)
        while True:
            connection = http.client.HTTPConnection(address)
            connection.request("GET", f"{VERSION}/next")
            event = connection.getresponse()
            payload = event.read()
            if event.status != 200:
                os._exit(1)  # this environment is none of the service's any more
            request = event.headers["Lambda-Runtime-Aws-Request-Id"]
            if head["type"] == "init_error":
                # Lambda answers a call with the error of the start; here `/init/error` would not reach the caller.
                _answer(connection, request, "error", head, body)
                _begin_anew(variables)
            _invoke(channel, connection, request, event, payload)
            connection.close()
    except EOFError:
        return  # the worker has ended; its exit status says how
    except OSError:
        os._exit(1)
    finally:
        channel.close()


def _begin_anew(variables: dict[str, str]) -> NoReturn:
    """Start over in this process, as Lambda does before the next call: one that only ends might be given it yet."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bootstrap.py")
    os.execve(sys.executable, [sys.executable, "-I", "-S", "-B", script, "deployed"], variables)


def _invoke(
    channel: socket.socket,
    connection: http.client.HTTPConnection,
    request: str,
    event: http.client.HTTPResponse,
    payload: bytes,
) -> None:
    facts = {field: event.headers.get("Lambda-Runtime-" + header, "") for field, header in _FACTS.items()}
    content_type = event.headers.get("Content-Type", "application/json")
    wire.send(
        channel,
        {"type": "invoke", "id": request, "request_id": request, **facts, "content_type": content_type},
        payload,
    )
    streaming = False
    while True:
        head, body = wire.receive(channel)
        if head["type"] in ("response", "error"):
            _answer(connection, request, head["type"], head, body)
            return
        if head["type"] == "stream":
            if not streaming:
                streaming = True
                _open_stream(connection, request, head.get("content_type", ""))
            if head.get("final"):
                _close_stream(connection, head, body)
                return
            if body:
                connection.send(b"%x\r\n%b\r\n" % (len(body), body))


def _answer(connection: http.client.HTTPConnection, request: str, kind: str, head: wire.Head, body: bytes) -> None:
    headers = {"Content-Type": head.get("content_type", "application/json")}
    if kind == "error":
        headers["Lambda-Runtime-Function-Error-Type"] = head.get("error_type", "")
    connection.request("POST", f"{VERSION}/{request}/{kind}", body, headers)
    connection.getresponse().read()


def _open_stream(connection: http.client.HTTPConnection, request: str, content_type: str) -> None:
    connection.putrequest("POST", f"{VERSION}/{request}/response")
    connection.putheader("Content-Type", content_type)
    connection.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.putheader("Trailer", "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body")
    connection.endheaders()


def _close_stream(connection: http.client.HTTPConnection, head: wire.Head, body: bytes) -> None:
    trailers = b""
    if head.get("error_type"):
        kind, error = head["error_type"].encode(), base64.b64encode(body)
        trailers = b"Lambda-Runtime-Function-Error-Type: %b\r\nLambda-Runtime-Function-Error-Body: %b\r\n" % (
            kind,
            error,
        )
    connection.send(b"0\r\n" + trailers + b"\r\n")
    connection.getresponse().read()
