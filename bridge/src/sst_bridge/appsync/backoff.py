"""When to try again: exponential backoff with full jitter, so that a crowd cut at once does not return at once."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Delays drawn from 0 to a ceiling that doubles from *base* to *cap* seconds."""

    def __init__(
        self, *, base: float = 0.1, cap: float = 30.0, uniform: Callable[[float, float], float] = random.uniform
    ) -> None:
        self._base = base
        self._cap = cap
        self._uniform = uniform
        self._attempt = 0

    def delay(self) -> float:
        """Seconds to wait before the next attempt; each call counts as a failure."""
        # 2 ** 32 bases are past any cap: the exponent stops there and never overflows a float.
        ceiling = min(self._cap, self._base * 2.0 ** min(self._attempt, 32))
        self._attempt += 1
        return self._uniform(0.0, ceiling)

    def reset(self) -> None:
        """It worked: the next failure starts from *base* again."""
        self._attempt = 0
