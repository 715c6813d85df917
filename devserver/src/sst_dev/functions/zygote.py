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
    """One zygote process and the workers forked from it, which end with it."""

    def __init__(self, how: Launch, *, on_exit: OnExit, on_line: Callable[[str], None]) -> None:
        self.how = how
        self._on_exit = on_exit
        self._on_line = on_line
        self._program: Program | None = None
        self._pids: dict[int, int | None] = {}
        """By worker; None between the request and the fork."""
        self._doomed: set[int] = set()

    async def start(self) -> None:
        """Start the process and preload."""
        self._program = await Program.start(self.how, spare=False, on_message=self._message, on_line=self._on_line)

    @property
    def live(self) -> set[int]:
        """Numbers of the workers that have not ended."""
        return set(self._pids)

    async def spawn(self, worker: int) -> Child:
        """Fork *worker*."""
        if self._program is None:
            raise BugError("a zygote was asked for a worker before it was started")
        self._pids[worker] = None
        return self._program.fork(worker)

    def pid(self, worker: int) -> int | None:
        """The process of *worker*, once it is known."""
        return self._pids.get(worker)

    def kill(self, worker: int) -> None:
        """Kill the process group of *worker*; its end is reported as any other."""
        if (pid := self._pids.get(worker)) is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        elif worker in self._pids:
            self._doomed.add(worker)

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
        for worker in self.live:
            self.kill(worker)
        if self._program is not None:
            await self._program.close()
        self._ended()

    def _message(self, head: Head) -> None:
        match head["type"]:
            case "forked":
                worker = head["worker"]
                self._pids[worker] = head["pid"]
                if worker in self._doomed:
                    self._doomed.discard(worker)
                    self.kill(worker)
            case "exited":
                self._report(head["worker"], head["code"], head["signal"])
            case "fork_failed":
                self._report(head["worker"], None, None)
            case "ended":
                self._ended()

    def _ended(self) -> None:
        for worker in list(self._pids):
            self._report(worker, None, signal.SIGKILL)

    def _report(self, worker: int, code: int | None, by_signal: int | None) -> None:
        if self._pids.pop(worker, 0) != 0:
            self._doomed.discard(worker)
            self._on_exit(worker, code, by_signal)
