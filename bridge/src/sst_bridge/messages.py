"""What a stub and a dev server say to each other: one frozen value per kind, no behaviour.

Kinds are words and are never renamed or reused; unknown kinds and unknown fields are ignored by the receiver,
missing fields take their defaults. `tests/wire/golden/` pins the encoding. Times are seconds since the epoch.

The paths they travel on are `channel.Paths`.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Message:
    """The base of every message. `sender` is the id of the endpoint that sent it: receivers drop their own echo."""

    sender: str
    """Execution environment id of a stub, or session id of a dev server."""


# --- stub → dev server ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Received(Message):
    """The caller took every piece of a stream before `index`: the dev server may forget those and send more."""

    nonce: str
    index: int


@dataclass(frozen=True)
class Hello(Message):
    """An execution environment introduces itself: once at its start, and again when asked to `reintroduce`."""

    function: str
    """The component's name (`SST_FUNCTION_ID`)."""
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    """The environment variables of the Lambda process, with the role's credentials; without the stub's own."""


@dataclass(frozen=True)
class Invoke(Message):
    """One invocation. Sent again, same `nonce`, until something comes back."""

    nonce: str
    """Made by the stub for each event it takes from `/next`; the only key of an invocation, because Lambda
    reuses request ids when it retries an asynchronous event."""
    function: str
    request_id: str
    deadline_ms: int
    """`Lambda-Runtime-Deadline-Ms` of the stub: when Lambda itself gives up, epoch milliseconds."""
    arn: str
    sent_at: float
    """When the stub took the event, by its own clock."""
    content_type: str = "application/json"
    trace_id: str = ""
    client_context: str = ""
    identity: str = ""
    tenant_id: str = ""
    body: bytes = field(default=b"", repr=False)
    """The raw event."""


# --- dev server → stub ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Accepted(Message):
    """The invocation runs or waits for its worker; sent only if no reply was ready within 200 ms."""

    nonce: str


@dataclass(frozen=True)
class Working(Message):
    """Still running, or standing at a breakpoint; every 5 s."""

    nonce: str


@dataclass(frozen=True)
class Response(Message):
    """The bytes the handler returned, as the worker encoded them."""

    nonce: str
    content_type: str = "application/json"
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Error(Message):
    """The handler's own error object (type, message, stack trace), already JSON."""

    nonce: str
    error_type: str = ""
    """For the header `Lambda-Runtime-Function-Error-Type`."""
    xray_cause: str = ""
    """For the header `Lambda-Runtime-Function-XRay-Error-Cause`."""
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Stream(Message):
    """One piece of a streamed response, numbered from 0 in order."""

    nonce: str
    index: int
    final: bool = False
    content_type: str = ""
    """On the first piece: `application/octet-stream` or `application/vnd.awslambda.http-integration-response`."""
    error_type: str = ""
    """On the last piece, when the handler failed after it began to stream."""
    error_body: bytes = field(default=b"", repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Reintroduce(Message):
    """The dev server does not know this environment: say `hello` again, then repeat what is in flight."""

    nonce: str = ""


# --- both ways ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Missing(Message):
    """Some frames of a large message did not arrive: send those again. A sign of life, too."""

    message: str
    """Id of the message, from its frames (hex)."""
    indexes: tuple[int, ...] = ()
    """Empty while frames keep coming: nothing is wanted yet."""


# --- dev server → other dev servers and every stub ------------------------------------------------


@dataclass(frozen=True)
class Heartbeat(Message):
    """A dev server holds this stage: sent to all when it starts, and to another one that asks."""

    host: str
    user: str
    started_at: float
    pid: int = 0
    answer_to: str = ""
    """Session id of the dev server that must not run beside this one."""
    takeover: bool = False
    """Came with `--takeover`: whoever held the stage before leaves."""


@dataclass(frozen=True)
class Claim(Message):
    """A starting dev server asks who holds this stage; with `takeover` the holder must leave."""

    host: str
    user: str
    started_at: float
    takeover: bool = False


@dataclass(frozen=True)
class Bye(Message):
    """This dev server leaves; stubs may answer at once that nobody is there.

    Sent to other dev servers when it stops taking invocations (with those it still runs) and, to all, when it is gone.
    """

    running: tuple[str, ...] = ()
    """Nonces this dev server will still answer: nobody else runs them."""
    answered: tuple[str, ...] = ()
    """Nonces it has answered, newest last: nobody runs them again, even if the reply was lost."""
