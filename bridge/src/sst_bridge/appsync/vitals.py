"""Whether a socket is worth keeping: silence, sleep, age. No clock of its own."""

from __future__ import annotations

import random
from collections.abc import Callable
from enum import Enum, auto

from .timing import Timing


class Verdict(Enum):
    """What a look at the clock says about a socket."""

    FINE = auto()
    SLEPT = auto()
    """The clock jumped: the socket may be dead and has to be proven."""
    DEAD = auto()
    """Too long without a frame."""
    OLD = auto()
    """Still working, but the service will end it: hand over to a new one."""


class Vitals:
    """The signs of life of one socket.

    *now* is the loop's monotonic time, which orders things; *wall* is `time.time()`, which goes on while the machine
    sleeps. Both are seconds.
    """

    def __init__(
        self,
        timing: Timing,
        now: float,
        wall: float,
        *,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._asleep = timing.tick + timing.jump
        self._silence = timing.silence
        self._born = now
        self._heard = now
        self._heard_wall = wall
        self._looked = wall
        self._old_at = now + timing.lifetime + uniform(0.0, timing.lifetime_spread)

    def age(self, now: float) -> float:
        """Seconds since the socket was opened."""
        return now - self._born

    def silent(self, now: float) -> float:
        """Seconds since a frame came in, by the loop's clock."""
        return now - self._heard

    def limit_silence(self, timeout: float) -> None:
        """The service says how long it may be silent; the shorter limit counts."""
        self._silence = min(self._silence, timeout)

    def heard(self, now: float, wall: float) -> None:
        """A frame came in."""
        self._heard, self._heard_wall = now, wall

    def look(self, now: float, wall: float) -> Verdict:
        """What is to be done about the socket; to be asked every `Timing.tick` seconds."""
        gap, self._looked = wall - self._looked, wall
        # A wall clock set back says nothing; only forward jumps are sleep.
        silent = max(now - self._heard, wall - self._heard_wall)
        if gap > self._asleep:
            # While the machine sleeps no frame can be heard: up to twice the limit the socket gets a chance to
            # prove itself, because reconnecting costs more than one publish.
            if silent > 2 * self._silence:
                return Verdict.DEAD
            self.heard(now, wall)
            return Verdict.SLEPT
        if silent > self._silence:
            return Verdict.DEAD
        return Verdict.OLD if now >= self._old_at else Verdict.FINE
