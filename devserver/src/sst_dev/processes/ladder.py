"""The stop ladder: ask, wait, terminate, wait, kill, wait, report. A second request skips the wait.

`Ladder` is pure: it says which signal to send and when to look again. Whoever owns the process sends it.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass


@dataclass(frozen=True)
class Rung:
    """Send *signal* to the process group, then give it *grace* seconds to end."""

    signal: signal.Signals
    grace: float


RUNGS = (
    Rung(signal.SIGINT, 5.0),
    Rung(signal.SIGTERM, 3.0),
    Rung(signal.SIGKILL, 2.0),
)
"""What a developer's own command gets. SIGINT is the Ctrl-C every dev server knows; five seconds cover the
slowest orderly stop we saw (uvicorn with open connections); after SIGKILL only the kernel can be late."""

HARD = (Rung(signal.SIGKILL, 2.0),)
"""For those who asked for no grace."""


class Ladder:
    """One stop in progress. `request` begins it or skips ahead, `tick` climbs when a grace is over."""

    def __init__(self, rungs: tuple[Rung, ...] = RUNGS) -> None:
        self._rungs = rungs
        self._next = 0
        self.deadline: float | None = None
        """When to call `tick`; None before the first request and after the last rung."""

    @property
    def exhausted(self) -> bool:
        """True when every rung was tried in vain: report it and go on, so that quitting can finish."""
        return self._next == len(self._rungs) and self.deadline is None

    def request(self, now: float) -> signal.Signals | None:
        """Somebody wants it stopped: the signal to send now, or None at the top."""
        return self._climb(now) if self._next < len(self._rungs) else None

    def tick(self, now: float) -> signal.Signals | None:
        """Time passed: the signal to send now, if a grace period ended."""
        if self.deadline is None or now < self.deadline:
            return None
        if self._next == len(self._rungs):
            self.deadline = None
            return None
        return self._climb(now)

    def _climb(self, now: float) -> signal.Signals:
        rung = self._rungs[self._next]
        self._next += 1
        self.deadline = now + rung.grace
        return rung.signal
