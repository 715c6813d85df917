"""One dev server a stage: who holds it, who is refused, who is replaced.

| State | Heard | Then |
|---|---|---|
| NEW | – (`claim`) | say `claim`, and again twice within the window → CLAIMING |
| CLAIMING | heartbeat of another | its holder is there → REFUSED; with takeover, go on: it did not hear yet |
| CLAIMING | claim of another | the older claim goes on and answers with a heartbeat, the younger → REFUSED |
| CLAIMING | end of the window | say `heartbeat` to all, and once more `ANNOUNCE_AGAIN` later → HOLDING |
| HOLDING | claim of another | answer with a heartbeat; with takeover → TAKEN |
| HOLDING | heartbeat that answers this one, or with takeover | another one came while this one was away → TAKEN |
| HOLDING | any other heartbeat | it did not hear this one: answer with a heartbeat |
| HOLDING | – (`reclaim`) | the connection was down: `claim`, so that whoever came meanwhile answers, and `heartbeat` |
| REFUSED, TAKEN | anything | nothing |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from ..messages import Claim, Heartbeat, Message

CLAIMS = 3
"""Times a claim is said: two may be lost."""
ANNOUNCE_AGAIN = 1.0
"""Seconds: a stub that heard `bye` and lost the first heartbeat would go on to say that nobody is there."""


@dataclass(frozen=True)
class SessionInfo:
    """A dev server, as others see it."""

    id: str
    """Its sender: random, at most 50 characters of `[a-z0-9-]`."""
    host: str
    user: str
    started_at: float
    """Seconds since the epoch."""
    pid: int = 0


class State(Enum):
    """What this dev server is to its stage."""

    NEW = auto()
    CLAIMING = auto()
    HOLDING = auto()
    REFUSED = auto()
    TAKEN = auto()


class Stage:
    """The claim of one dev server. What it returns is said to the other dev servers."""

    def __init__(self, me: SessionInfo, *, window: float) -> None:
        self.state = State.NEW
        self.holder = me
        """Who holds the stage, as far as is known; the other one when REFUSED or TAKEN."""
        self._me = me
        self._step = window / CLAIMS
        self._takeover = False
        self._said = 0
        self._announcements = 2
        self._next = 0.0

    def claim(self, now: float, *, takeover: bool = False) -> list[Message]:
        """Ask for the stage."""
        self.state, self._takeover, self._said = State.CLAIMING, takeover, 0
        return self._say(now)

    def reclaim(self) -> list[Message]:
        """Ask whether someone came while this one could not hear, and tell the stubs that it hears again."""
        return [self._claim(takeover=False), self._heartbeat("")] if self.state is State.HOLDING else []

    def receive(self, message: Claim | Heartbeat) -> list[Message]:
        """What to say to *message* of another dev server."""
        match self.state, message:
            case State.CLAIMING, Heartbeat() if not self._takeover or message.takeover:
                self._lose(State.REFUSED, message)
            case State.CLAIMING, Claim():
                if self._first(message):
                    return [self._heartbeat(message.sender)]
                self._lose(State.REFUSED, message)
            case State.HOLDING, Claim(takeover=True) | Heartbeat(takeover=True):
                self._lose(State.TAKEN, message)
            case State.HOLDING, Heartbeat(answer_to=self._me.id):
                self._lose(State.TAKEN, message)
            case State.HOLDING, _:
                return [self._heartbeat(message.sender)]
        return []

    def next_deadline(self) -> float | None:
        """When `tick` has something to do."""
        if self.state is State.CLAIMING or (self.state is State.HOLDING and self._announcements):
            return self._next
        return None

    def tick(self, now: float) -> list[Message]:
        """Say the claim again, or hold the stage when nobody objected: then a heartbeat, for the stubs too."""
        due = self.next_deadline()
        if due is None or now < due:
            return []
        if self.state is State.CLAIMING and self._said < CLAIMS:
            return self._say(now)
        self.state = State.HOLDING
        heartbeat = self._heartbeat("")
        self._announcements -= 1
        self._next = now + ANNOUNCE_AGAIN
        return [heartbeat]

    def _say(self, now: float) -> list[Message]:
        self._said += 1
        self._next = now + self._step
        return [self._claim(takeover=self._takeover)]

    def _first(self, other: Claim) -> bool:
        """Whether this claim wins over *other*: takeover first, then age, then the id."""
        me = (not self._takeover, self._me.started_at, self._me.id)
        return me < (not other.takeover, other.started_at, other.sender)

    def _lose(self, state: State, to: Claim | Heartbeat) -> None:
        self.state = state
        self.holder = SessionInfo(to.sender, to.host, to.user, to.started_at, getattr(to, "pid", 0))

    def _claim(self, *, takeover: bool) -> Claim:
        me = self._me
        return Claim(me.id, me.host, me.user, me.started_at, takeover)

    def _heartbeat(self, answer_to: str) -> Heartbeat:
        me = self._me
        takeover = self._takeover and not answer_to and self._announcements > 0
        return Heartbeat(me.id, me.host, me.user, me.started_at, me.pid, answer_to, takeover)
