"""Workers that were started ahead of need: for platforms without a safe fork (`SST_WORKERS=spare`)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from sst_worker.wire import Head

from ..core.tasks import cancel_all, spawn
from .program import Child, Launch, Program
from .zygote import OnExit

READY = 1
"""Spares kept per function: an edit needs one, and each costs as much memory as a worker."""


class Spares:
    """Preloaded processes in wait, and the workers they became. The interface is that of `Zygote`."""

    def __init__(self, how: Launch, *, on_exit: OnExit, on_line: Callable[[str], None]) -> None:
        self.how = how
        self._on_exit = on_exit
        self._on_line = on_line
        self._ready: deque[Program] = deque(maxlen=READY)
        self._workers: dict[int, Program] = {}
        self._last: Head = {}
        self._debugpy = ""
        self._tasks: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Start the first spare and preload."""
        self._ready.append(await self._program())

    @property
    def live(self) -> set[int]:
        """Numbers of the workers that have not ended."""
        return set(self._workers)

    @property
    def alive(self) -> bool:
        """Whether new workers can come from it: a spare that died is replaced when one is needed."""
        return True

    async def spawn(self, worker: int) -> Child:
        """Make *worker* of a spare."""
        while self._ready and not self._ready[0].alive:
            await self._ready.popleft().close()
        program = self._ready.popleft() if self._ready else await self._program()
        self._workers[worker] = program
        spawn(self._await_end(worker, program), name=f"spare worker {worker}", owner=self._tasks)
        return program.fork(worker)

    def prepare(self) -> None:
        """Start the next spare."""
        spawn(self._refill(), name="the next spare", owner=self._tasks)

    def load_debugger(self, folder: str) -> None:
        """Have workers find the debugpy in *folder* imported, from the next one on."""
        self._debugpy = folder
        for program in self._ready:
            program.load_debugger(folder)

    def pid(self, worker: int) -> int | None:
        """The process of *worker*."""
        return self._workers[worker].pid if worker in self._workers else None

    def kill(self, worker: int) -> None:
        """Kill the process group of *worker*; its end is reported as any other."""
        if worker in self._workers:
            self._workers[worker].kill()

    def describe(self) -> dict[str, Any]:
        """For `sst status`."""
        pid = self._ready[0].pid if self._ready else None
        report = {name: self._last.get(name) for name in ("rss_mb", "left_out")}
        return {"pid": pid, "preloaded": self._last.get("modules", []), **report}

    async def close(self) -> None:
        """End every process."""
        await cancel_all(self._tasks)
        for worker in self._workers:
            self.kill(worker)  # a handler may have taken over its threads and signals
        await asyncio.gather(*(program.close() for program in (*self._ready, *self._workers.values())))
        self._ready.clear()
        for worker in list(self._workers):
            self._ended(worker, None, 9)

    async def _program(self) -> Program:
        program = await Program.start(self.how, spare=True, on_message=lambda head: None, on_line=self._on_line)
        self._last = program.report
        if self._debugpy:
            program.load_debugger(self._debugpy)
        return program

    async def _refill(self) -> None:
        if len(self._ready) < READY:
            program = await self._program()
            if len(self._ready) < READY:
                self._ready.append(program)
            else:
                await program.close()

    async def _await_end(self, worker: int, program: Program) -> None:
        code, by_signal = await program.wait()
        await program.close()
        self._ended(worker, code, by_signal)

    def _ended(self, worker: int, code: int | None, by_signal: int | None) -> None:
        if self._workers.pop(worker, None) is not None:
            self._on_exit(worker, code, by_signal)
