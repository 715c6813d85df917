"""One invocation on its way through the pool."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from sst_worker.wire import Head

from .model import InvocationRequest
from .outcomes import Outcome


@dataclass
class Job:
    """A request, its answer to come, and the moments it passed (monotonic seconds)."""

    request: InvocationRequest
    environment: str
    function: str
    outcome: asyncio.Future[Outcome]
    timeout: float = 0.0
    """The function's own, in seconds."""
    arrived: float = field(default_factory=time.monotonic)
    dispatched: float | None = None
    init_ms: float | None = None
    """Milliseconds of import this invocation waited for."""
    handler_ms: float | None = None
    memory_mb: float | None = None
    code_hash: str = ""
    restarts: int = 0
    """Workers it found stale."""
    pieces: deque[tuple[Head, bytes]] = field(default_factory=deque)
    """Of a stream, not yet passed on. Bounded by the worker, which stops reading."""
    on_drained: Callable[[], None] | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, piece: Head, body: bytes) -> None:
        """Queue one piece of a stream."""
        self.pieces.append((piece, body))
        self._wake.set()

    def settle(self, outcome: Outcome) -> None:
        """End it; only the first outcome counts."""
        if not self.outcome.done():
            self.outcome.set_result(outcome)
        self._wake.set()

    async def stream(self) -> AsyncIterator[tuple[Head, bytes]]:
        """The pieces in order, as they come, until the invocation ends."""
        while True:
            while self.pieces:
                yield self.pieces.popleft()
            if self.on_drained is not None:
                self.on_drained()
                self.on_drained = None
            if self.outcome.done():
                return
            self._wake.clear()
            await self._wake.wait()
