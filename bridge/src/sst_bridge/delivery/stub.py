"""The stub's side of an invocation: repeat it until something comes back, then wait as long as someone works on it.

| State | Heard | Then |
|---|---|---|
| IDLE | – (`invoke`) | send it, with `hello` before the first → CALLING; after a `bye` → give up at once |
| CALLING | accepted, working, missing, any frame for this environment | someone is there → WAITING |
| CALLING | nothing for `repeat_after` | send it again |
| CALLING | nothing for `accept_window` | give up: nobody is there → IDLE |
| WAITING | working, accepted, missing, any frame | wait on |
| WAITING | nothing for `BEAT_MISSED`, then each `REPEAT_AFTER` | send it again: a reply or a beat was lost |
| WAITING | nothing for `DEAD_AFTER` | that dev server died → CALLING |
| CALLING, WAITING | reintroduce | send `hello` and the invocation again |
| CALLING, WAITING | heartbeat | send it again: a dev server has come, or hears again |
| WAITING | bye of the dev server that works on it | → CALLING |
| CALLING, WAITING | response, error, final piece of a stream | deliver → IDLE |
| CALLING, WAITING | piece of a stream | deliver in order, of this dev server only; ask for gaps → STREAMING |
| STREAMING | nothing for `BEAT_MISSED`, then each `REPEAT_AFTER` | say `received`: the last piece comes again |
| STREAMING | error of this dev server | deliver → IDLE |
| STREAMING | no progress for 2 × `DEAD_AFTER` | give up: a piece was lost for good |
| STREAMING | nothing for `DEAD_AFTER`, or for `accept_window` after its `bye` | give up: half an answer |
| any | message about another nonce | ignore |
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from enum import Enum, auto

from ..messages import (
    Accepted,
    Bye,
    Error,
    Heartbeat,
    Hello,
    Invoke,
    Message,
    Missing,
    Received,
    Reintroduce,
    Response,
    Stream,
    Working,
)
from .link import STALL, Repeat, message_id

REPEAT_AFTER = 1.5
ACCEPT_WINDOW = 3.0
"""Seconds: the window of two sends after which nobody is there; short enough for a person at a browser, long enough for
a reconnect of the dev server."""
BEAT_MISSED = 6.0
"""One `working` (every 5 s) and a second for the network."""
DEAD_AFTER = 15.0
"""Three `working` in a row."""
LATE = 2.0
"""Seconds a tick may come late before time spent frozen is not held against the dev server."""
REORDERED_BYTES = 8 * 1024 * 1024
"""Bytes of pieces kept that overtook another one: twice what the dev server sends ahead of `received`."""
REPORT_BYTES = 1024 * 1024
"""Bytes of a stream taken by the caller after which the dev server hears of it: a quarter of what it sends ahead."""


class State(Enum):
    """Where the invocation of this environment stands."""

    IDLE = auto()
    CALLING = auto()
    WAITING = auto()
    STREAMING = auto()


@dataclass(frozen=True)
class Send:
    """Publish *messages* to the dev server, in one publish; with *again*, only the first frame of each."""

    messages: tuple[Message, ...]
    again: bool = False


@dataclass(frozen=True)
class Deliver:
    """Hand the next part of the answer to the caller."""

    reply: Response | Error | Stream


@dataclass(frozen=True)
class GiveUp:
    """There will be no answer; *reason* is one clause for people."""

    reason: str


Effect = Send | Deliver | GiveUp


class StubDelivery:
    """One execution environment: one invocation at a time."""

    def __init__(self, hello: Hello, *, accept_window: float = ACCEPT_WINDOW, dead_after: float = DEAD_AFTER) -> None:
        self.state = State.IDLE
        self._hello = hello
        self._window = accept_window
        self._dead_after = dead_after
        self._introduced = False
        self._invoke: Invoke | None = None
        self._here: set[str] = set()
        """Dev servers heard since the last heartbeat, without those that said `bye`."""
        self._left: deque[str] = deque(maxlen=8)
        """Dev servers that said `bye` last: frames of theirs that it overtook prove nothing."""
        self._worker = ""
        """The one heard last on the path of this environment."""
        self._gone = False
        """All said `bye`, and nothing came since."""
        self._died = False
        self._next_send = 0.0
        self._limit = 0.0
        self._stream = _Pieces()

    @property
    def nonce(self) -> str:
        """Of the invocation under way; empty when IDLE."""
        return "" if self._invoke is None else self._invoke.nonce

    # --- the caller -------------------------------------------------------------------------------

    def invoke(self, invoke: Invoke, now: float) -> list[Effect]:
        """Take the next invocation. The one before must have ended, or been forgotten."""
        if self.state is not State.IDLE:
            raise ValueError(f"{invoke.nonce} cannot start: {self.state.name} for another invocation")
        if self._gone:
            return [GiveUp("the dev server said goodbye and no other one has come")]
        self._invoke, self._stream, self._died = invoke, _Pieces(), False
        self._call(now)
        first = () if self._introduced else (self._hello,)
        self._introduced = True
        return [Send((*first, invoke))]

    def forget(self) -> None:
        """The caller has gone: answers to its invocation are ignored from here on."""
        self.state, self._invoke, self._stream = State.IDLE, None, _Pieces()

    def taken(self, piece: Stream) -> list[Effect]:
        """The caller has taken *piece*: tell the dev server now and then, so that it sends more."""
        pieces = self._stream
        pieces.unreported += len(piece.body)
        if self._invoke is None or piece.final or pieces.unreported < REPORT_BYTES:
            return []
        return [self._report(piece.nonce, piece.index + 1)]

    def repeat(self, now: float) -> list[Effect]:
        """Send the invocation again at once: the socket it was written to is gone."""
        if self._invoke is None:
            return []
        self._next_send = now + REPEAT_AFTER
        if self.state is State.STREAMING:
            return [self._report(self._invoke.nonce, self._stream.next)]
        return [Send((self._invoke,), again=True)]

    def missed(self) -> None:
        """The connection was down: whether someone came since the last `bye` is not known any more."""
        self._gone = False

    # --- the channel ------------------------------------------------------------------------------

    def heard(self, sender: str, now: float) -> None:
        """A frame for this environment came from *sender*: someone is there, whatever it holds."""
        if sender in self._left:
            return
        self._worker, self._gone = sender, False
        self._here.add(sender)
        if self.state is State.CALLING:
            # It may be about an earlier invocation: repeat this one, but do not give up yet.
            self._limit = max(self._limit, now + self._window)
        elif self.state is State.WAITING or (self.state is State.STREAMING and sender == self._stream.sender):
            self._wait(now)

    def receive(self, message: Message | Repeat, now: float) -> list[Effect]:
        """What follows from *message*; `heard` came first when it was sent to this environment alone."""
        match message:
            case Heartbeat():
                return self._heartbeat(message, now)
            case Bye():
                return self._bye(message, now)
            case Missing() if self._invoke is not None and message.message == message_id(self._invoke).hex():
                self._wait(now)
            case Reintroduce() if self._invoke is not None and self._concerns(message.nonce):
                self._wait(now)
                return [Send((self._hello, self._invoke), again=True)]
            case Accepted() | Working() if self._concerns(message.nonce):
                self._wait(now)
            case Response() | Error() if self._concerns(message.nonce) and self.state is not State.STREAMING:
                self.forget()
                return [Deliver(message)]
            case Error() if self._concerns(message.nonce) and message.sender == self._stream.sender:
                self.forget()
                return [Deliver(message)]
            case Stream() if self._concerns(message.nonce) and self._stream.sender in ("", message.sender):
                if self.state is not State.STREAMING:
                    self.state, self._stream.sender, self._stream.progress_at = State.STREAMING, message.sender, now
                self._wait(now)
                return self._piece(message, now)
        return []

    def _concerns(self, nonce: str) -> bool:
        return self._invoke is not None and self._invoke.nonce == nonce

    def _heartbeat(self, message: Heartbeat, now: float) -> list[Effect]:
        self._here, self._gone = {message.sender}, False
        return [] if self.state is State.STREAMING else self.repeat(now)

    def _bye(self, message: Bye, now: float) -> list[Effect]:
        if message.running:
            return []
        self._here.discard(message.sender)
        self._left.append(message.sender)
        self._gone = not self._here
        if message.sender == self._worker:
            if self.state is State.WAITING:
                self._call(now)
                return self.repeat(now)
            if self.state is State.STREAMING:
                self._limit = now + min(self._window, self._dead_after)
        return []

    def _piece(self, piece: Stream, now: float) -> list[Effect]:
        pieces = self._stream
        if piece.index < pieces.next:
            return [self._report(piece.nonce, pieces.next)]
        ready = pieces.add(piece)
        effects: list[Effect] = [Deliver(one) for one in ready]
        if ready and ready[-1].final:
            self.forget()
            return effects
        if ready:
            pieces.progress_at = now
        pieces.ask_at = now + STALL if pieces.early else None
        return effects

    def _report(self, nonce: str, index: int) -> Send:
        self._stream.unreported = 0
        return Send((Received(self._hello.sender, nonce, index),))

    # --- time -------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When `tick` has something to do."""
        if self.state is State.IDLE:
            return None
        times = (self._next_send, self._limit, self._stream.ask_at)
        return min(time for time in times if time is not None)

    def tick(self, now: float) -> list[Effect]:
        """What is due at *now*."""
        due = self.next_deadline()
        if due is None or now < due or self._invoke is None:
            return []
        if now - due > LATE:
            # This environment was frozen: what was sent to it meanwhile is still on its way.
            calling = self.state is State.CALLING
            self._limit = now + (self._window if calling else min(self._window, self._dead_after))
            if self._stream.ask_at is not None:
                self._stream.ask_at = now + STALL
            return self.repeat(now)
        if now >= self._limit:
            return self._expire(now)
        effects: list[Effect] = []
        if (ask_at := self._stream.ask_at) is not None and now >= ask_at:
            # The dev server is alive, but has not kept the piece: this would go on until Lambda's deadline.
            if now - self._stream.progress_at > 2 * self._dead_after:
                self.forget()
                return [GiveUp("a part of the streamed answer was lost")]
            effects.append(self._ask(now))
        if now >= self._next_send:
            effects += self.repeat(now)
        return effects

    def _ask(self, now: float) -> Send:
        pieces = self._stream
        pieces.ask_at = now + STALL
        missing = tuple(
            Missing(self._hello.sender, message_id(replace(pieces.example(), index=index)).hex(), (0,))
            for index in pieces.gaps()
        )
        return Send(missing)

    def _expire(self, now: float) -> list[Effect]:
        if self.state is State.WAITING:
            self._died = True
            self._call(now)
            return self.repeat(now)
        streaming = self.state is State.STREAMING
        self.forget()
        if streaming:
            return [GiveUp("the dev server died while it streamed the answer")]
        if self._died:
            return [GiveUp("the dev server that ran it died, and no other one has come")]
        return [GiveUp(f"no dev server answered within {self._window:g} s")]

    def _call(self, now: float) -> None:
        self.state = State.CALLING
        self._next_send, self._limit = now + REPEAT_AFTER, now + self._window

    def _wait(self, now: float) -> None:
        if self.state is State.CALLING:
            self.state = State.WAITING
        self._next_send, self._limit = now + BEAT_MISSED, now + self._dead_after


class _Pieces:
    """The pieces of a streamed answer, put in order."""

    def __init__(self) -> None:
        self.sender = ""
        """The dev server that streams: no other one can go on with its answer."""
        self.next = 0
        self.early: dict[int, Stream] = {}
        self.unreported = 0
        self.ask_at: float | None = None
        self.progress_at = 0.0
        self._bytes = 0

    def add(self, piece: Stream) -> list[Stream]:
        """The pieces that can be delivered now that *piece* is here."""
        if piece.index not in self.early and self._bytes + len(piece.body) <= REORDERED_BYTES:
            self.early[piece.index] = piece
            self._bytes += len(piece.body)
        ready = []
        while (first := self.early.pop(self.next, None)) is not None:
            self._bytes -= len(first.body)
            self.next += 1
            ready.append(first)
        return ready

    def gaps(self) -> list[int]:
        """Indexes not here before the last one that is; at most 20 are asked for at once."""
        return [index for index in range(self.next, max(self.early, default=0)) if index not in self.early][:20]

    def example(self) -> Stream:
        """A piece that waits for another one."""
        return next(iter(self.early.values()))
