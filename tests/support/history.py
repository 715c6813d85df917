"""A recorded session, as the events a dev server publishes: for renderers, log files and the TUI."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sst_dev.core import events as e
from sst_dev.core.manifest import App, DevCommand, Function, Link, Manifest, Task, Tunnel
from sst_dev.processes.words import outcome

START = 1_760_000_000.0
"""When every recorded session begins (seconds since the epoch)."""

URL = "http://127.0.0.1:4566/_aws/lambda-url/abc123/"

MANIFEST = Manifest(
    app=App(name="notes", stage="alice", home="local"),
    functions=[
        Function(
            name="Api", lambda_name="notes-alice-Api", arn="arn:api", handler="functions/api.handler",
            runtime="python3.12", url=URL, links=["Uploads"],
        ),
        Function(
            name="Worker", lambda_name="notes-alice-Worker", arn="arn:worker",
            handler="functions/worker.handler", runtime="python3.12", triggers=["queue Jobs"],
        ),
    ],
    links=[Link(name="Uploads", type="sst.aws.Bucket", properties={"name": "notes-alice-uploads"})],
    dev_commands=[DevCommand(name="Web", command="npm run dev", title="Web", url="http://localhost:5173")],
    outputs={"api": URL},
)  # fmt: skip

FULL = MANIFEST.model_copy(
    update={
        "tunnels": [Tunnel(name="Vpc", host="10.0.0.1", subnets=["10.0.0.0/16"])],
        "tasks": [Task(name="Report", command="python report.py")],
    }
)


def resource(urn: str, component: str, kind: str, type: str, action: e.Action = "create") -> dict[str, Any]:
    """The arguments that every resource event shares."""
    return {
        "urn": urn, "component": component, "component_type": kind, "type": type, "name": urn, "action": action,
    }  # fmt: skip


UPLOADS = resource("uploads", "Uploads", "sst:aws:Bucket", "aws:s3/bucket:Bucket")
ROLE = resource("api-role", "Api", "sst:aws:Function", "aws:iam/role:Role")
API = resource("api", "Api", "sst:aws:Function", "aws:lambda/function:Function")


def starting(manifest: Manifest = MANIFEST) -> Iterator[e.Event]:
    """From the start of a session until it is ready."""
    yield e.SessionStarted(START, app="notes", stage="alice", home="local", pid=4242)
    yield e.CloudReady(START + 0.8, endpoint="http://127.0.0.1:4566", duration=0.8)
    yield e.DeployStarted(START + 0.9, trigger="start")
    yield e.ResourceStarted(START + 1.0, **UPLOADS)
    yield e.ResourceStarted(START + 1.0, **ROLE)
    yield e.ResourceFinished(START + 1.1, **UPLOADS, duration=0.1)
    yield e.ResourceFinished(START + 1.2, **ROLE, duration=0.2)
    yield e.ResourceStarted(START + 1.2, **API)
    yield e.ResourceFinished(START + 1.7, **API, duration=0.5)
    yield e.DeployFinished(START + 1.8, manifest=manifest, changed=3, duration=0.9)
    yield e.BridgeConnected(START + 1.9, host="127.0.0.1:4566")
    yield e.SessionReady(START + 2.0, duration=2.0)


def started(
    id: str, function: str = "Api", *, at: float = 3.0, trigger: str = "url GET /notes", event: Any = None
) -> e.InvocationStarted:
    """One invocation begins."""
    return e.InvocationStarted(
        START + at, id=id, request_id=f"request-{id}", function=function, environment="env-1",
        trigger=trigger, payload=json.dumps(event or {"rawPath": "/notes"}).encode(),
    )  # fmt: skip


def log(id: str | None, text: str, function: str = "Api", *, at: float = 3.005) -> e.LogLine:
    """One line of a worker."""
    return e.LogLine(START + at, function=function, environment="env-1", invocation=id, text=text)


def finished(
    id: str, function: str = "Api", *, at: float = 3.012, response: Any = None, **more: Any
) -> e.InvocationFinished:
    """One invocation ends, well unless *more* says otherwise."""
    body = {"statusCode": 200, "body": "[]"} if response is None else response
    fields: dict[str, Any] = {
        "status": "ok", "duration_ms": 12.4, "memory_mb": 61.0, "code_hash": "c0ffee1234",
        "phases": e.Phases(cloud_ms=3.1, queue_ms=0.4, handler_ms=8.2, reply_ms=0.7),
    }  # fmt: skip
    return e.InvocationFinished(
        START + at, id=id, request_id=f"request-{id}", function=function, environment="env-1",
        response=json.dumps(body).encode(), **(fields | more),
    )  # fmt: skip


FRAMES = ('  File "functions/api.py", line 12, in handler\n    return notes[key]\n',)


def failing(id: str, function: str = "Api", *, at: float = 4.012) -> e.InvocationFinished:
    """One invocation that ends with the user's own exception."""
    return finished(
        id, function, at=at, status="error", error_type="KeyError", error_message="'title'", frames=FRAMES,
        response={"errorType": "KeyError", "errorMessage": "'title'", "stackTrace": list(FRAMES)},
    )  # fmt: skip


def process(
    name: str, status: e.ProcessStatus, kind: Any = "command", *, at: float = 2.0, **more: Any
) -> e.ProcessChanged:
    """A child process changed its state."""
    if status in ("exited", "failed"):
        more = {"outcome": outcome(more.get("exit_code"), asked=False), **more}
    return e.ProcessChanged(START + at, name=name, title=name, kind=kind, status=status, **more)


def output(name: str, text: str, *, at: float = 2.1) -> e.ProcessOutput:
    """A child process wrote *text*."""
    return e.ProcessOutput(START + at, name=name, data=text.encode())
