"""Workers forked from a process that holds the third-party imports."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from typing import Any

from sst_worker.wire import Head

from ..core.errors import BugError
from .program import Child, Launch, Program

OnExit = Callable[[int, int | None, int | None], None]
"""Called with a worker's number and its exit code or the signal that ended it."""


class Zygote:
    """One zygote process and the workers forked from it, which end with it.

    It keeps one fork in advance: a process that waits for its first message, so that replacing a worker does not
    wait for the kernel to copy the page tables of a big interpreter.
    """

    def __init__(self, how: Launch, *, on_exit: OnExit, on_line: Callable[[str], None]) -> None:
        self.how = how
        self._on_exit = on_exit
        self._on_line = on_line
        self._program: Program | None = None
        self._forks = 0
        self._pids: dict[int, int | None] = {}
        """By fork; None between the request and the fork."""
        self._forks_of: dict[int, int] = {}
        """By worker."""
        self._doomed: set[int] = set()
        self._advance: tuple[int, Child] | None = None

    async def start(self) -> None:
        """Start the process and preload."""
        self._program = await Program.start(self.how, spare=False, on_message=self._message, on_line=self._on_line)

    @property
    def live(self) -> set[int]:
        """Numbers of the workers that have not ended."""
        return set(self._forks_of)

    @property
    def alive(self) -> bool:
        """Whether new workers can come from it."""
        return self._program is not None and self._program.alive

    async def spawn(self, worker: int) -> Child:
        """Make *worker*."""
        fork, child = self._advance or self._fork()
        self._advance = None
        self._forks_of[worker] = fork
        return child

    def prepare(self) -> None:
        """Fork the next worker in advance."""
        if self._advance is None and self.alive:
            self._advance = self._fork()

    def load_debugger(self, folder: str) -> None:
        """Have workers find the debugpy in *folder* imported, from the next one on."""
        if self._program is None or not self.alive:
            return
        self._program.load_debugger(folder)
        if self._advance is not None:  # it was forked without
            fork, child = self._advance
            self._advance = None
            child.close()
            self._kill(fork)

    def pid(self, worker: int) -> int | None:
        """The process of *worker*, once it is known."""
        return self._pids.get(self._forks_of.get(worker, 0))

    def kill(self, worker: int) -> None:
        """Kill the process group of *worker*; its end is reported as any other."""
        if worker in self._forks_of:
            self._kill(self._forks_of[worker])

    def describe(self) -> dict[str, Any]:
        """For `sst status`."""
        if self._program is None:
            return {}
        report = self._program.report
        return {
            "pid": self._program.pid,
            "rss_mb": report["rss_mb"],
            "preloaded": report["modules"],
            "left_out": report["left_out"],
        }

    async def close(self) -> None:
        """End the process and its workers."""
        for fork in list(self._pids):
            self._kill(fork)
        if self._program is not None:
            await self._program.close()
        self._ended()

    def _fork(self) -> tuple[int, Child]:
        if self._program is None:
            raise BugError("a zygote was asked for a worker before it was started")
        self._forks += 1
        self._pids[self._forks] = None
        return self._forks, self._program.fork(self._forks)

    def _kill(self, fork: int) -> None:
        if (pid := self._pids.get(fork)) is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        elif fork in self._pids:
            self._doomed.add(fork)

    def _message(self, head: Head) -> None:
        match head["type"]:
            case "forked":
                fork = head["worker"]
                self._pids[fork] = head["pid"]
                if fork in self._doomed:
                    self._kill(fork)
            case "exited":
                self._report(head["worker"], head["code"], head["signal"])
            case "fork_failed":
                self._report(head["worker"], None, None)
            case "ended":
                self._ended()

    def _ended(self) -> None:
        for fork in list(self._pids):
            self._report(fork, None, signal.SIGKILL)

    def _report(self, fork: int, code: int | None, by_signal: int | None) -> None:
        self._pids.pop(fork, None)
        self._doomed.discard(fork)
        if self._advance is not None and self._advance[0] == fork:
            self._advance[1].close()
            self._advance = None
        for worker in [worker for worker, its in self._forks_of.items() if its == fork]:
            del self._forks_of[worker]
            self._on_exit(worker, code, by_signal)
