"""Time as handlers see it: it stands still while a thread stands at a breakpoint."""

from __future__ import annotations

import time


class Clock:
    """Wall-clock seconds less the time spent paused. Pauses of several threads overlap into one; the caller sees to
    it that `pause` and `resume` come one after another."""

    def __init__(self) -> None:
        self._paused = 0
        self._since = 0.0
        self._lost = 0.0

    def time(self) -> float:
        """Seconds since the epoch, as `time.time()`, if nothing had ever paused."""
        return (self._since if self._paused else time.time()) - self._lost

    @property
    def stands(self) -> bool:
        """Whether a thread is paused."""
        return self._paused > 0

    def start(self) -> None:
        """An invocation begins, with a deadline by the wall clock: what was lost before is none of its."""
        self._lost = 0.0
        self._since = time.time()

    def pause(self) -> bool:
        """A thread stops; True when it is the first, and time stops with it."""
        self._paused += 1
        if self._paused == 1:
            self._since = time.time()
        return self._paused == 1

    def resume(self) -> bool:
        """A thread goes on; True when none stands any more, and time runs again."""
        self._paused -= 1
        if not self._paused:
            self._lost += time.time() - self._since
        return not self._paused


clock = Clock()
"""Of this worker."""
