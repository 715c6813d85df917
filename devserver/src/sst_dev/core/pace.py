"""Keeps loud programs to a share of the event loop, so that keys, replies and heartbeats have the rest.

Whoever hands on what a program writes does so in slices of `SLICE`, then tells the loop's `Pace` how long it took and
does not read on before the pause it gets. All readers of a loop share it: ten loud programs wait as long as one
ten times as loud. Meanwhile the kernel's buffer fills and the program blocks, as on any slow terminal.
"""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

SLICE = 0.004
"""Seconds that one reader hands on without letting others run: a few of them in a row are no delay a person feels."""
SHARE = 0.5
"""The part of the loop's time that all readers together may take: 60,000 plain lines a second on a laptop."""
LONGEST = 0.25
"""Seconds a reader waits at most: a quiet program beside many loud ones is still shown as it writes."""


class Pace:
    """The time that readers have used, and how long they wait for it. Pure: times in, pauses out."""

    def __init__(self) -> None:
        self._free_at = 0.0
        """When the time used so far is `SHARE` of all the time since."""

    def pause(self, began: float, ended: float) -> float:
        """Seconds to wait for a reader that was busy from *began* to *ended* (of the loop's clock)."""
        self._free_at = min(max(began, self._free_at) + (ended - began) / SHARE, ended + LONGEST)
        return max(0.0, self._free_at - ended)


_PACES: WeakKeyDictionary[asyncio.AbstractEventLoop, Pace] = WeakKeyDictionary()


def running_pace() -> Pace:
    """The pace of the running event loop: the loop is what its readers share."""
    return _PACES.setdefault(asyncio.get_running_loop(), Pace())
