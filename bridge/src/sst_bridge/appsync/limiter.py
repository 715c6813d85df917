"""The publish rate of one socket, without a clock of its own."""

from __future__ import annotations

from collections import deque

PUBLISHES = 25
"""Publish requests a second and socket (AppSync Events §11, not adjustable)."""
WINDOW = 1.1
"""Seconds over which they are counted: a tenth more than the service's, because frames sent evenly arrive bunched."""


class Limiter:
    """At most *count* publishes in any *window* seconds.

    A log of send times, not a token bucket: a full bucket refills while it empties and lets nearly twice the quota
    through in its first second, and how the service counts is not documented.
    """

    def __init__(self, count: int = PUBLISHES, window: float = WINDOW) -> None:
        self._window = window
        self._sent: deque[float] = deque(maxlen=count)
        self._paused_until = 0.0

    def delay(self, now: float) -> float:
        """Seconds until the next publish may leave; 0 when it may leave now."""
        wait = self._paused_until - now
        if len(self._sent) == self._sent.maxlen:
            wait = max(wait, self._sent[0] + self._window - now)
        return max(wait, 0.0)

    def take(self, now: float) -> None:
        """A publish leaves at *now*."""
        self._sent.append(now)

    def pause(self, until: float) -> None:
        """The service throttled this socket: nothing leaves before *until*."""
        self._paused_until = max(self._paused_until, until)


def local_limiter() -> Limiter:
    """For a socket to MiniStack, which has no quota: two publishes a millisecond only bound a runaway loop."""
    return Limiter(count=2_000, window=1.0)
