"""The dev server's side: run each invocation once, however often it arrives; answer repeats from the reply cache.

| State of a nonce | Heard | Then |
|---|---|---|
| none | invoke of a known environment | RUNNING, run it |
| none | invoke of an unknown environment | INTRODUCING, say `reintroduce` |
| none | invoke another dev server still runs | ELSEWHERE, nothing |
| none | invoke another dev server has answered | ANSWERED: its reply is lost, an error |
| none | a repeat of a large invoke that was not taken | forget it, so that the next repeat brings it |
| none | invoke whose deadline has passed, or older than its environment's latest | nothing |
| INTRODUCING | hello | RUNNING, run it |
| INTRODUCING | the same again | say `reintroduce` |
| RUNNING | the same again | say `accepted`, or the last piece of the stream |
| RUNNING | no reply for `ACCEPT_AFTER` | say `accepted` |
| RUNNING | `BEAT` since the last sign | say `working`; with a full stream window, the last piece |
| RUNNING | received of a stream | let go of those pieces; no news: the last piece again |
| RUNNING | – (`reply`) | ANSWERED, send it, keep it |
| ANSWERED | the same again | the reply again; an error when it is not kept any more |
| ELSEWHERE | the same again, after the other's last `bye` | as if it came first, when the other did not answer it |
| ELSEWHERE | the same again, `ELSEWHERE_AGE` after its first `bye` | ANSWERED: its reply may be lost, an error |
| any | a later invoke of its environment | its caller has gone: keep only the nonce, say nothing more |

A dev server that does not hold its stage (yet, or any more) takes no new invocation; what it has begun it finishes.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from ..channel import Paths
from ..messages import (
    Accepted,
    Bye,
    Claim,
    Error,
    Heartbeat,
    Hello,
    Invoke,
    Message,
    Received,
    Reintroduce,
    Response,
    Stream,
    Working,
)
from .failures import overloaded, reply_lost
from .link import Repeat
from .stage import SessionInfo, Stage
from .stage import State as StageState

ACCEPT_AFTER = 0.2
"""Seconds: a fast invocation costs two publishes, a slow one stops the stub's fail-fast clock long before it ends."""
BEAT = 5.0
"""Seconds between two signs of life: a breakpoint of an hour costs 720 small events."""
MAX_ENVIRONMENTS = 1_000
"""Lambda's default account concurrency: more execution environments cannot be busy at once."""
MAX_WAITING_BYTES = 256 * 1024 * 1024
"""Bytes of events that wait or run: forty 6 MB events at once on a developer's machine, thousands of usual ones."""
MAX_REPLY_BYTES = 256 * 1024 * 1024
"""Bytes of replies kept; one an environment, until its next invocation or `REPLY_AGE`."""
REPLY_AGE = 60.0
"""Seconds: a stub that misses its reply asks within 6 s, and again every 6 s."""
RECORD_AGE = 960.0
"""Seconds a nonce is remembered: no stub repeats longer than a Lambda invocation may last (900 s)."""
MAX_RECORDS = 50_000
"""Nonces remembered, about 300 bytes each: fifty invocations a second for `RECORD_AGE`."""
STREAM_WINDOW = 4 * 1024 * 1024
"""Bytes of a stream sent ahead of `received`: what a 50 ms round trip needs for more than Lambda's 2 MiB/s."""
ELSEWHERE_AGE = 30.0
"""Seconds after which a dev server that left is gone, even if its last `bye` was lost: it gives what runs less time."""
BYE_NONCES = 1_000
"""Nonces a `bye` carries: those a stub may still repeat, in one frame."""


class State(Enum):
    """What this dev server knows of a nonce."""

    INTRODUCING = auto()
    RUNNING = auto()
    ANSWERED = auto()
    ELSEWHERE = auto()


@dataclass(frozen=True)
class Environment:
    """One execution environment of a function: its id is its stub's sender."""

    id: str
    function: str
    """The component's name (`SST_FUNCTION_ID`)."""
    variables: dict[str, str] = field(repr=False)
    """The environment variables of the Lambda process, with the role's credentials."""


@dataclass(frozen=True)
class Send:
    """Publish *messages* to *path*, in one publish; with *again*, only the first frame of each."""

    path: str
    messages: tuple[Message, ...]
    again: bool = False


@dataclass(frozen=True)
class Run:
    """Run the handler: the one and only time for this nonce."""

    environment: Environment
    invoke: Invoke


@dataclass(frozen=True)
class Resume:
    """The stream of *nonce* may send more."""

    nonce: str


@dataclass(frozen=True)
class Release:
    """Pieces of a stream the caller has taken."""

    pieces: tuple[Message, ...]


@dataclass(frozen=True)
class Forget:
    """An event that came whole, but not at a time when it could be taken: it must be fetched anew."""

    repeat: Repeat


@dataclass(frozen=True)
class Keep:
    """*reply* is about to be sent: a dev server that starts after this one was killed must know it."""

    environment: str
    reply: Response | Error


@dataclass(frozen=True)
class Lost:
    """Another dev server holds the stage."""

    holder: SessionInfo


Effect = Send | Run | Resume | Release | Forget | Keep | Lost


@dataclass
class _Record:
    """One nonce."""

    nonce: str
    environment: str
    state: State
    invoke: Invoke | None = None
    reply: Message | None = None
    since: float = 0.0
    """When it was answered; before that, when it came."""
    taken_at: float = 0.0
    """When the stub took the event, by its clock."""
    sign_at: float = 0.0
    """When the next `accepted` or `working` is due."""
    accepted: bool = False
    caller_gone: bool = False
    pieces: OrderedDict[int, Stream] = field(default_factory=OrderedDict)
    """Pieces of the stream sent ahead of `received`, at most `STREAM_WINDOW` bytes and one piece."""
    ahead: int = 0
    streaming: bool = False


class DevDelivery:
    """One dev server: the invocations of every environment of its stage."""

    def __init__(self, me: SessionInfo, paths: Paths, *, claim_window: float) -> None:
        self.stage = Stage(me, window=claim_window)
        self._me = me
        self._paths = paths
        self._leaving = False
        self._environments: OrderedDict[str, Environment] = OrderedDict()
        self._current: dict[str, _Record] = {}
        """The latest invocation of each environment."""
        self._records: dict[str, _Record] = {}
        self._active: dict[str, _Record] = {}
        """Those INTRODUCING, RUNNING or ELSEWHERE."""
        self._answered: OrderedDict[str, _Record] = OrderedDict()
        """Those ANSWERED, oldest first."""
        self._replies: OrderedDict[str, _Record] = OrderedDict()
        """Those whose reply is kept, oldest first."""
        self._elsewhere: dict[str, tuple[str, float]] = {}
        """Nonces another dev server still runs: which one, and until when that is believed."""
        self._waiting_bytes = 0
        self._reply_bytes = 0

    @property
    def held(self) -> int:
        """Bytes held, of events and replies."""
        return self._waiting_bytes + self._reply_bytes

    @property
    def running(self) -> tuple[str, ...]:
        """Nonces whose handler runs."""
        return tuple(nonce for nonce, record in self._active.items() if record.state is State.RUNNING)

    # --- the stage --------------------------------------------------------------------------------

    def claim(self, now: float, *, takeover: bool = False) -> list[Effect]:
        """Ask for the stage; `stage.state` tells what became of it."""
        return self._to_others(self.stage.claim(now, takeover=takeover))

    def reclaim(self) -> list[Effect]:
        """The connection was down: find out whether another dev server came meanwhile."""
        return self._announce(self.stage.reclaim())

    def leave(self) -> list[Effect]:
        """Take no new invocation from here on; what runs is finished."""
        self._leaving = True
        for record in [record for record in self._active.values() if record.state is not State.RUNNING]:
            # Not begun: it is for whoever comes next.
            self._settle(record, None, record.since)
            del self._answered[record.nonce], self._records[record.nonce]
        return self._to_others([self._bye(self.running)])

    def gone(self) -> list[Effect]:
        """Nothing more will be answered: say so to other dev servers and every stub."""
        self._leaving = True
        bye = (self._bye(()),)
        return [Send(self._paths.dev, bye), Send(self._paths.all, (Bye(self._me.id),))]

    def restore(self, environment: str, reply: Response | Error, now: float) -> None:
        """A reply that a dev server kept before it was killed: repeats are answered with it."""
        record = _Record(reply.nonce, environment, State.RUNNING)
        self._records[reply.nonce] = self._current[environment] = record
        self._settle(record, replace(reply, sender=self._me.id), now)

    def _bye(self, running: tuple[str, ...]) -> Bye:
        return Bye(self._me.id, running[-BYE_NONCES:], tuple(self._answered)[-BYE_NONCES:])

    def _announce(self, messages: list[Message]) -> list[Effect]:
        """To other dev servers; heartbeats to every stub, too."""
        heartbeats = tuple(message for message in messages if isinstance(message, Heartbeat))
        return [*self._to_others(messages), *([Send(self._paths.all, heartbeats)] if heartbeats else [])]

    def _to_others(self, messages: list[Message]) -> list[Effect]:
        return [Send(self._paths.dev, tuple(messages))] if messages else []

    def _rival(self, message: Claim | Heartbeat) -> list[Effect]:
        held = self.stage.state is StageState.HOLDING
        effects = self._to_others(self.stage.receive(message))
        if held and self.stage.state is StageState.TAKEN:
            return [*self.leave(), Lost(self.stage.holder)]
        return effects

    # --- the channel ------------------------------------------------------------------------------

    def receive(self, message: Message | Repeat, now: float, sent_at: float) -> list[Effect]:
        """What follows from *message*; *sent_at* is the sender's clock when it was sealed."""
        match message:
            case Claim() | Heartbeat():
                return self._rival(message)
            case Bye():
                return self._other_left(message, now)
            case Hello():
                return self._hello(message, now)
            case Invoke():
                record = self._records.get(message.nonce)
                return self._first(message, now, sent_at) if record is None else self._again(record, now)
            case Repeat():
                record = self._records.get(message.nonce)
                return [Forget(message)] if record is None else self._again(record, now)
            case Received() if (record := self._records.get(message.nonce)) is not None:
                return self._received(record, message.index, now)
        return []

    def _other_left(self, message: Bye, now: float) -> list[Effect]:
        for nonce in message.answered:
            self._elsewhere.pop(nonce, None)
            record = self._records.get(nonce)
            if record is None:
                record = self._records[nonce] = _Record(nonce, "", State.ELSEWHERE)
            if record.state is not State.RUNNING and record.reply is None:
                self._settle(record, None, now)
        others = {nonce: entry for nonce, entry in self._elsewhere.items() if entry[0] != message.sender}
        self._elsewhere = others | dict.fromkeys(message.running, (message.sender, now + ELSEWHERE_AGE))
        return []

    def _hello(self, message: Hello, now: float) -> list[Effect]:
        environment = Environment(message.sender, message.function, message.environment)
        self._environments[environment.id] = environment
        self._environments.move_to_end(environment.id)
        if len(self._environments) > MAX_ENVIRONMENTS:
            self._current.pop(self._environments.popitem(last=False)[0], None)
        waiting = [
            record
            for record in self._active.values()
            if record.environment == environment.id and record.state is State.INTRODUCING
        ]
        return [effect for record in waiting for effect in self._run(record, environment, now)]

    def _first(self, invoke: Invoke, now: float, sent_at: float) -> list[Effect]:
        if self._leaving or self.stage.state is not StageState.HOLDING:
            return []
        # Both by the stub's clock, so that no skew matters.
        if invoke.deadline_ms and invoke.deadline_ms / 1000 <= sent_at:
            return []
        before = self._current.get(invoke.sender)
        if before is not None:
            if invoke.sent_at < before.taken_at:
                return []
            before.caller_gone = True
            self._drop_reply(before)
            if before.state in (State.INTRODUCING, State.ELSEWHERE):
                self._settle(before, None, now)
        self._prune(now)
        record = _Record(invoke.nonce, invoke.sender, State.INTRODUCING, invoke, since=now, taken_at=invoke.sent_at)
        self._records[record.nonce] = self._current[record.environment] = record
        if self._waiting_bytes + len(invoke.body) > MAX_WAITING_BYTES:
            return self._answer(record, overloaded(self._me.id, invoke), now)
        self._active[record.nonce] = record
        self._waiting_bytes += len(invoke.body)
        return self._begin(record, now)

    def _begin(self, record: _Record, now: float) -> list[Effect]:
        if (elsewhere := self._elsewhere.get(record.nonce)) is not None:
            record.state = State.ELSEWHERE
            if now < elsewhere[1]:
                return []
            # Its last `bye` was lost, so nobody knows whether it has answered.
            return self._answer(record, reply_lost(self._me.id, record.nonce), now)
        environment = self._environments.get(record.environment)
        if environment is not None:
            return self._run(record, environment, now)
        record.state = State.INTRODUCING
        record.sign_at = now + BEAT
        return [self._to(record, Reintroduce(self._me.id, record.nonce))]

    def _run(self, record: _Record, environment: Environment, now: float) -> list[Effect]:
        assert record.invoke is not None, "an invocation that has not begun keeps its event"
        record.state, record.sign_at = State.RUNNING, now + ACCEPT_AFTER
        return [Run(environment, record.invoke)]

    def _again(self, record: _Record, now: float) -> list[Effect]:
        if record.caller_gone:
            return []
        match record.state:
            case State.RUNNING:
                return [self._sign(record, now)]
            case State.INTRODUCING | State.ELSEWHERE:
                return self._begin(record, now)
            case State.ANSWERED if record.reply is not None:
                return [self._to(record, record.reply, again=True)]
            case State.ANSWERED:
                return [self._to(record, reply_lost(self._me.id, record.nonce))]

    # --- replies ----------------------------------------------------------------------------------

    def reply(self, reply: Response | Error, now: float) -> list[Effect]:
        """The handler of `reply.nonce` has answered; a second answer is ignored."""
        record = self._active.get(reply.nonce)
        if record is None or record.state is not State.RUNNING or record.streaming:
            return []
        return self._answer(record, reply, now)

    def _answer(self, record: _Record, reply: Response | Error, now: float) -> list[Effect]:
        gone = record.caller_gone
        self._settle(record, None if gone else reply, now)
        if gone:
            return []
        return [Keep(record.environment, reply), self._to(record, reply)]

    def _settle(self, record: _Record, reply: Message | None, now: float) -> None:
        """*record* is answered: keep *reply*, within bounds, and let go of the event."""
        if self._active.pop(record.nonce, None) is not None and record.invoke is not None:
            self._waiting_bytes -= len(record.invoke.body)
        record.state, record.invoke, record.since = State.ANSWERED, None, now
        record.pieces.clear()
        self._answered[record.nonce] = record
        if reply is not None:
            record.reply = reply
            self._replies[record.nonce] = record
            self._reply_bytes += _size(reply)
            while self._reply_bytes > MAX_REPLY_BYTES:
                self._drop_reply(next(iter(self._replies.values())))

    def _drop_reply(self, record: _Record) -> None:
        if self._replies.pop(record.nonce, None) is not None:
            self._reply_bytes -= _size(record.reply)
            record.reply = None

    def _prune(self, now: float) -> None:
        for record in list(self._active.values()):
            if record.state is not State.RUNNING and now - record.since > RECORD_AGE:
                self._settle(record, None, now)
        for record in list(self._replies.values()):
            if now - record.since <= REPLY_AGE:
                break
            self._drop_reply(record)
        while self._answered:
            oldest = next(iter(self._answered.values()))
            if now - oldest.since <= RECORD_AGE and len(self._answered) <= MAX_RECORDS:
                break
            self._drop_reply(oldest)
            del self._answered[oldest.nonce], self._records[oldest.nonce]

    # --- streams ----------------------------------------------------------------------------------

    def may_stream(self, nonce: str) -> bool:
        """Whether the stream of *nonce* may send its next piece now; `Resume` tells when it may again."""
        record = self._active.get(nonce)
        return record is None or record.caller_gone or record.ahead < STREAM_WINDOW

    def stream(self, piece: Stream, now: float) -> list[Effect]:
        """The next piece of a streamed answer."""
        record = self._active.get(piece.nonce)
        if record is None or record.state is not State.RUNNING:
            return []
        record.streaming = True
        record.pieces[piece.index] = piece
        record.ahead += len(piece.body)
        record.accepted, record.sign_at = True, now + BEAT
        if not piece.final:
            return [] if record.caller_gone else [self._to(record, piece)]
        gone = record.caller_gone
        self._settle(record, None if gone else piece, now)
        if gone:
            return []
        # The pieces are not kept on disk: after a kill all that can be said is that it ran.
        return [Keep(record.environment, reply_lost(self._me.id, record.nonce)), self._to(record, piece)]

    def _received(self, record: _Record, index: int, now: float) -> list[Effect]:
        """The caller took what is before *index*; when that is no news, it waits for something that was lost."""
        if record.state is State.ANSWERED:
            return self._again(record, now)
        taken = [piece for number, piece in record.pieces.items() if number < index]
        for piece in taken:
            del record.pieces[piece.index]
            record.ahead -= len(piece.body)
        if taken:
            return [Release(tuple(taken)), Resume(record.nonce)]
        return self._again(record, now)

    # --- time -------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When `tick` has something to do."""
        times = [record.sign_at for record in self._active.values() if self._waits(record)]
        if (claim := self.stage.next_deadline()) is not None:
            times.append(claim)
        return min(times, default=None)

    def tick(self, now: float) -> list[Effect]:
        """What is due at *now*."""
        effects: list[Effect] = []
        effects += self._announce(self.stage.tick(now))
        effects += [
            self._sign(record, now) for record in self._active.values() if self._waits(record) and record.sign_at <= now
        ]
        return effects

    def _waits(self, record: _Record) -> bool:
        return record.state is State.RUNNING and not record.caller_gone

    def _sign(self, record: _Record, now: float) -> Send:
        """A sign of life: the last piece when a stream has begun, so that a lost one is noticed."""
        record.sign_at = now + BEAT
        if record.pieces:
            return self._to(record, next(reversed(record.pieces.values())), again=True)
        kind = Working if record.accepted else Accepted
        record.accepted = True
        return self._to(record, kind(self._me.id, record.nonce))

    def _to(self, record: _Record, message: Message, *, again: bool = False) -> Send:
        return Send(self._paths.environment(record.environment), (message,), again)


def _size(reply: Message | None) -> int:
    return 0 if reply is None else len(getattr(reply, "body", b"")) + len(getattr(reply, "error_body", b""))
