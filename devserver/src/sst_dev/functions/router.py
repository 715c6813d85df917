"""Which worker serves which execution environment: a state machine without I/O.

Rules:

1. One worker per execution environment, one invocation at a time on it, the others wait in order.
2. Workers are numbered and a number is never used twice; a report about a number that is no longer anyone's
   worker is ignored.
3. A worker found stale is replaced at once when it is idle or starting, after its invocation when it is busy.
4. Every answer to an invocation is exactly one `Dispatch` that led to a reply, or one `Fail`.

    (none) --invoke--> STARTING --ready--> IDLE --invoke--> BUSY --answered--> IDLE
                          |                  |                |
                       failed/exited     stale/idle    exited/timeout/answered when stale
                          v                  v                v
                       (none)             (none)           (none), or STARTING when someone waits
"""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass, field

INIT_LIMIT = 10.0
"""Seconds an import may take before the function's timeout begins to run (Lambda's init phase)."""
IDLE_LIMIT = 900.0
"""Seconds after which an idle worker is stopped; Lambda too drops environments after some minutes."""
WAITING_MAX = 8
"""Invocations that may wait for one worker. A stub sends one at a time, so more than one waits only when the
stub gave up on the earlier ones; the oldest is dropped."""


class Phase(enum.Enum):
    """What the worker of an environment does."""

    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"


class Reason(enum.Enum):
    """Why an invocation ends without an answer of the handler."""

    TIMEOUT = "timeout"
    EXIT = "exit"
    INIT_ERROR = "init error"
    SUPERSEDED = "superseded"
    NOT_STARTED = "not started"


@dataclass(frozen=True)
class Start:
    """Start worker *worker* for *environment*."""

    environment: str
    function: str
    worker: int


@dataclass(frozen=True)
class Dispatch:
    """Hand *job* to *worker*, or report it `stale`."""

    worker: int
    job: str


@dataclass(frozen=True)
class Stop:
    """End *worker* and forget it."""

    worker: int


@dataclass(frozen=True)
class Fail:
    """Answer *job* with an error of Lambda's own; *worker* is where it ran or would have run."""

    job: str
    worker: int
    reason: Reason


Effect = Start | Dispatch | Stop | Fail


@dataclass
class Seat:
    """One execution environment and its worker."""

    environment: str
    function: str
    worker: int = 0
    phase: Phase | None = None
    current: str | None = None
    waiting: deque[str] = field(default_factory=deque)
    timeout: float = 0.0
    deadline: float | None = None
    """When `tick` must act on the present phase."""
    left: float | None = None
    """Seconds that were left when the handler stopped at a breakpoint; its time stands still."""
    stale: bool = False
    eager: bool = False
    """Start a new worker as soon as this one is done, called or not."""


class Router:
    """Seats by environment; facts and `now` in, effects out. `now` is any monotonic clock in seconds."""

    def __init__(self) -> None:
        self.seats: dict[str, Seat] = {}
        self._workers: dict[int, Seat] = {}
        self._last = 0

    def seat_of(self, worker: int) -> Seat | None:
        """The seat *worker* serves, or None when it serves none any more."""
        return self._workers.get(worker)

    def next_deadline(self) -> float | None:
        """When `tick` has something to do."""
        return min((s.deadline for s in self.seats.values() if s.deadline is not None), default=None)

    def invoke(self, environment: str, function: str, job: str, timeout: float, now: float) -> list[Effect]:
        """*job* wants to run in *environment*; *timeout* is the function's, in seconds."""
        seat = self.seats.setdefault(environment, Seat(environment, function))
        seat.timeout = timeout
        seat.waiting.append(job)
        effects: list[Effect] = []
        if len(seat.waiting) > WAITING_MAX:
            effects.append(Fail(seat.waiting.popleft(), seat.worker, Reason.SUPERSEDED))
        return effects + self._proceed(seat, now)

    def warm(self, environment: str, function: str) -> list[Effect]:
        """Start a worker before anyone calls, unless there is one."""
        seat = self.seats.setdefault(environment, Seat(environment, function))
        return self._start(seat) if seat.phase is None else []

    def started(self, worker: int, now: float) -> list[Effect]:
        """The process of *worker* runs and imports: its init clock begins."""
        if (seat := self._workers.get(worker)) and seat.phase is Phase.STARTING:
            seat.deadline = now + INIT_LIMIT + seat.timeout
        return []

    def ready(self, worker: int, now: float) -> list[Effect]:
        """*worker* has imported the handler."""
        seat = self._workers.get(worker)
        if seat is None or seat.phase is not Phase.STARTING:
            return []
        return self._idle(seat, now)

    def answered(self, worker: int, now: float) -> list[Effect]:
        """*worker* has sent the last of its answer."""
        seat = self._workers.get(worker)
        if seat is None or seat.phase is not Phase.BUSY:
            return []
        seat.current = None
        if seat.stale:
            return self._replace(seat, eager=seat.eager)
        return self._idle(seat, now)

    def paused(self, worker: int, now: float) -> None:
        """*worker* stands at a breakpoint: no timeout fires."""
        seat = self._workers.get(worker)
        if seat is not None and seat.left is None and seat.deadline is not None and seat.phase is not Phase.IDLE:
            seat.left, seat.deadline = seat.deadline - now, None

    def resumed(self, worker: int, now: float) -> None:
        """*worker* goes on, with the time it had left."""
        seat = self._workers.get(worker)
        if seat is not None and seat.left is not None:
            seat.deadline, seat.left = now + seat.left, None

    def failed(self, worker: int, reason: Reason) -> list[Effect]:
        """*worker* ended, was unable to start, or its import failed: the invocation it had, or the first
        that waited for it, gets the error; the next one gets a new worker."""
        seat = self._workers.get(worker)
        if seat is None:
            return []
        effects: list[Effect] = [Stop(worker)]
        victim = seat.current
        if victim is None and seat.phase is Phase.STARTING and seat.waiting:
            victim = seat.waiting.popleft()
        if victim is not None:
            effects.append(Fail(victim, worker, reason))
        eager = seat.eager and seat.phase is Phase.BUSY
        self._vacate(seat)
        return effects + self._refill(seat, eager=eager)

    def stale(self, worker: int, *, eager: bool = False) -> list[Effect]:
        """The code of *worker* is not what is on disk; with *eager* its successor starts without a call."""
        seat = self._workers.get(worker)
        if seat is None:
            return []
        if seat.phase is Phase.BUSY:
            seat.stale, seat.eager = True, seat.eager or eager
            return []
        return self._replace(seat, eager=eager or seat.phase is Phase.STARTING)

    def refused(self, worker: int) -> list[Effect]:
        """A `Dispatch` was not carried out because *worker* is stale: its job goes to the successor."""
        seat = self._workers.get(worker)
        if seat is None or seat.current is None:
            return []
        seat.waiting.appendleft(seat.current)
        seat.current = None
        return self._replace(seat, eager=True)

    def gone(self, environment: str) -> list[Effect]:
        """The execution environment ended: nobody waits for its answers any more."""
        seat = self.seats.pop(environment, None)
        if seat is None:
            return []
        jobs = [*([seat.current] if seat.current else []), *seat.waiting]
        effects: list[Effect] = [Stop(seat.worker)] if seat.phase else []
        effects += [Fail(job, seat.worker, Reason.SUPERSEDED) for job in jobs]
        self._workers.pop(seat.worker, None)
        return effects

    def tick(self, now: float) -> list[Effect]:
        """Act on what is due: timeouts of handlers and imports, workers idle for long."""
        effects: list[Effect] = []
        for seat in list(self.seats.values()):
            if seat.deadline is None or seat.deadline > now:
                continue
            if seat.phase is Phase.IDLE:
                effects += self._replace(seat, eager=False)
            else:
                effects += self.failed(seat.worker, Reason.TIMEOUT)
        return effects

    def _proceed(self, seat: Seat, now: float) -> list[Effect]:
        if seat.phase is None:
            return self._start(seat)
        return self._idle(seat, now) if seat.phase is Phase.IDLE else []

    def _start(self, seat: Seat) -> list[Effect]:
        self._last += 1
        seat.worker, seat.phase, seat.deadline = self._last, Phase.STARTING, None
        seat.stale = seat.eager = False
        self._workers[seat.worker] = seat
        return [Start(seat.environment, seat.function, seat.worker)]

    def _idle(self, seat: Seat, now: float) -> list[Effect]:
        if not seat.waiting:
            seat.phase, seat.deadline, seat.left = Phase.IDLE, now + IDLE_LIMIT, None
            return []
        seat.phase, seat.deadline, seat.left = Phase.BUSY, now + seat.timeout, None
        seat.current = seat.waiting.popleft()
        return [Dispatch(seat.worker, seat.current)]

    def _replace(self, seat: Seat, *, eager: bool) -> list[Effect]:
        stop = Stop(seat.worker)
        self._vacate(seat)
        return [stop, *self._refill(seat, eager=eager)]

    def _vacate(self, seat: Seat) -> None:
        self._workers.pop(seat.worker, None)
        seat.phase = seat.current = seat.deadline = seat.left = None

    def _refill(self, seat: Seat, *, eager: bool) -> list[Effect]:
        if eager or seat.waiting:
            return self._start(seat)
        self.seats.pop(seat.environment, None)
        return []
