"""What happened: one small frozen value per fact. Front ends render these and nothing else.

Times are seconds since the epoch (`at`), durations are seconds unless the name says `_ms`.
Published on the session's `Stream`; `State` is what they add up to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from .manifest import Manifest


@dataclass(frozen=True)
class Event:
    """The base of every event."""

    at: float


# --- the session ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class SessionStarted(Event):
    """`sst dev` knows its app and stage and begins to bring them up."""

    app: str
    stage: str
    home: str
    pid: int


@dataclass(frozen=True)
class SessionReady(Event):
    """The app is applied and the channel is proven: calls are answered from here on."""

    duration: float


@dataclass(frozen=True)
class SessionStopping(Event):
    """The session ends; *reason* is a sentence for people."""

    reason: str
    error: str = ""
    """What it could not go on for; empty when it was asked to end."""


@dataclass(frozen=True)
class Notice(Event):
    """One line of narration that belongs to no other event."""

    text: str
    level: Literal["debug", "info", "warning", "error"] = "info"
    hint: str = ""


# --- the embedded cloud ---------------------------------------------------------------------------


@dataclass(frozen=True)
class CloudInstalling(Event):
    """MiniStack is being installed into the user's cache; *line* is the installer's progress."""

    line: str


@dataclass(frozen=True)
class CloudReady(Event):
    """MiniStack answers its health endpoint at *endpoint*."""

    endpoint: str
    duration: float


@dataclass(frozen=True)
class CloudDied(Event):
    """MiniStack ended while the session needed it."""

    status: int
    log: str


# --- deploying ------------------------------------------------------------------------------------

Action = Literal["create", "update", "replace", "delete", "read"]


@dataclass(frozen=True)
class DeployStarted(Event):
    """The config program runs; *trigger* is `start`, or the path whose change caused it."""

    trigger: str


@dataclass(frozen=True)
class ResourceStarted(Event):
    """The engine begins *action* on one resource."""

    urn: str
    component: str
    """Name of the SST component (or the resource's own name when it has no parent component)."""
    component_type: str
    """For example `sst:aws:Bucket`."""
    type: str
    """The resource's own type, for example `aws:s3/bucket:Bucket`."""
    name: str
    action: Action


@dataclass(frozen=True)
class ResourceFinished(Event):
    """*action* on one resource is done."""

    urn: str
    component: str
    component_type: str
    type: str
    name: str
    action: Action
    duration: float


@dataclass(frozen=True)
class ResourceFailed(Event):
    """*action* on one resource failed; *message* is the AWS error."""

    urn: str
    component: str
    component_type: str
    type: str
    name: str
    action: Action
    message: str


@dataclass(frozen=True)
class DeployFinished(Event):
    """The app is applied."""

    manifest: Manifest
    changed: int
    """Resources created, updated, replaced or deleted; 0 means nothing changed and no call was made."""
    duration: float


@dataclass(frozen=True)
class DeployFailed(Event):
    """The app was not applied; the last good one keeps serving."""

    message: str
    hint: str = ""
    trace: str = ""
    """The user's own frames when `sst_config.py` raised."""


# --- the channel ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class BridgeConnected(Event):
    """The channel is subscribed and its self-echo came back."""

    host: str


@dataclass(frozen=True)
class BridgeDisconnected(Event):
    """The channel is down; it reconnects by itself."""

    reason: str


@dataclass(frozen=True)
class BridgeHeartbeat(Event):
    """The channel proved itself alive: a keep-alive of the service, or an answer to ours."""


# --- functions ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Phases:
    """Milliseconds an invocation spent in each phase; None where it was not measured."""

    cloud_ms: float | None = None
    """Caller to stub to dev server, by the two machines' clocks."""
    queue_ms: float | None = None
    """Waiting for a worker."""
    import_ms: float | None = None
    """Importing the handler, on the first call of an environment."""
    handler_ms: float | None = None
    reply_ms: float | None = None


@dataclass(frozen=True)
class InvocationStarted(Event):
    """One invocation reached this machine and is handed to a worker."""

    id: str
    """The stub's nonce: unique per delivery, unlike the request id."""
    request_id: str
    function: str
    environment: str
    """Id of the execution environment."""
    trigger: str
    """By the shape of the event: `url GET /notes`, `sqs`, `invoke` …"""
    payload: bytes = field(repr=False)
    """The raw event, at most `EVENT_KEPT` bytes of it."""
    replay_of: str = ""
    """Id of the invocation this one repeats on the current code; empty for what the cloud sent."""
    gives_up_at: float | None = None
    """When Lambda ends the stub's invocation: as late as the function's event sources allow."""


@dataclass(frozen=True)
class LogLine(Event):
    """One line a worker wrote to its standard output or error."""

    function: str
    environment: str
    invocation: str | None
    """Id of the invocation that wrote it; None before the first (`init`)."""
    text: str
    unhandled: bool = False
    """Whether it is of Lambda's log of an unhandled error, which people are told otherwise: in frames of their own."""


@dataclass(frozen=True)
class InvocationFinished(Event):
    """One invocation ended and its reply was handed to the channel."""

    id: str
    request_id: str
    function: str
    environment: str
    status: Literal["ok", "error", "timeout", "crash"]
    duration_ms: float
    response: bytes = field(repr=False)
    """The raw response or Lambda error object, at most `EVENT_KEPT` bytes of it."""
    error_type: str = ""
    error_message: str = ""
    frames: tuple[str, ...] = ()
    """The user's own frames of the error, outermost first, as `traceback.format_list` prints them."""
    memory_mb: float | None = None
    """High-water mark of the worker's resident memory."""
    code_hash: str = ""
    """Of the project files the worker had imported: which code ran."""
    phases: Phases = Phases()


@dataclass(frozen=True)
class InvocationPaused(Event):
    """A thread of the invocation stands at a breakpoint; its time stands still."""

    id: str
    function: str
    file: str
    line: int


@dataclass(frozen=True)
class InvocationResumed(Event):
    """It goes on."""

    id: str
    function: str
    stepping: bool = False
    """To the next line in pdb, which shows by itself where that is."""


@dataclass(frozen=True)
class Reloaded(Event):
    """Workers of *functions* were replaced because *paths* changed."""

    functions: tuple[str, ...]
    paths: tuple[str, ...]
    duration_ms: float


@dataclass(frozen=True)
class ReloadFailed(Event):
    """The new code of *function* does not import; calls get this init error until it is mended."""

    function: str
    error_type: str
    error_message: str
    file: str = ""
    line: int = 0
    frames: tuple[str, ...] = ()


# --- processes ------------------------------------------------------------------------------------

ProcessStatus = Literal["idle", "starting", "running", "stopping", "exited", "failed"]


@dataclass(frozen=True)
class ProcessChanged(Event):
    """A dev command, frontend, service, task or tunnel changed its state."""

    name: str
    title: str
    kind: Literal["command", "task", "tunnel"]
    status: ProcessStatus
    pid: int | None = None
    exit_code: int | None = None
    """Negative is the number of the signal that ended it."""
    outcome: str = ""
    """How it ended, in words: `exit 1`, `stopped`, `SIGHUP`, `SIGKILL (killed)`; empty until it has."""
    reason: str = ""
    """Why it starts again by itself: `link Notes, MODE changed`; told when the old run is stopped."""

    @property
    def well(self) -> bool:
        """Whether nothing went wrong: it has not ended, ended by itself with 0, or was asked to end."""
        return self.outcome in ("", "exit 0", "stopped") and self.status != "failed"


@dataclass(frozen=True)
class ProcessOutput(Event):
    """Bytes a child process wrote to its terminal."""

    name: str
    data: bytes = field(repr=False)


EVENT_KEPT = 256 * 1024
"""Bytes of an event or response kept for display and replay: enough for any real event, and 1,000 of them fit
in memory; the bytes that travel are never cut."""


def to_json(event: Event) -> dict[str, Any]:
    """The event as one JSON object with its kind under `event`: what `--json` and the control socket send."""
    out: dict[str, Any] = {"event": type(event).__name__}
    for name, value in vars(event).items():
        if isinstance(value, bytes):
            out[name] = value.decode("utf-8", "replace")
        elif isinstance(value, Manifest):
            out[name] = {"app": value.app.name, "stage": value.app.stage, "outputs": value.outputs}
        elif isinstance(value, Phases):
            out[name] = vars(value)
        else:
            out[name] = value
    return out


def from_json(document: dict[str, Any]) -> Event | None:
    """The event that `to_json` made *document* of; None for kinds that do not travel whole, or are unknown."""
    kind = globals().get(str(document.get("event")))
    if not (isinstance(kind, type) and issubclass(kind, Event)) or kind is DeployFinished:
        return None
    values = {name: value for name, value in document.items() if name != "event"}
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(value)
        elif name in ("payload", "response", "data") and isinstance(value, str):
            values[name] = value.encode()
        elif name == "phases":
            values[name] = Phases(**value)
    try:
        return kind(**values)
    except TypeError:
        return None
