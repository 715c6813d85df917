"""Says what a config program is at when it goes on for long without making anything."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .faults import is_own

PATIENCE = 10.0
"""Seconds without a sign: programs of hundreds of resources take two."""
NAMES = 5
"""As many waiting resources as a line holds."""


class Patience:
    """Watches the passes of one program from a thread of its own."""

    def __init__(self, root: Path, say: Callable[[str], None], seconds: float = PATIENCE) -> None:
        self._root = root
        self._say = say
        self._seconds = seconds
        self._last = time.monotonic()
        self._lock = threading.Lock()
        self._under_way = 0
        """Resources whose calls have begun and not ended: a call may take its time."""

    def note(self, message: dict[str, Any]) -> None:
        """Take a message of the engine as a sign of life; from any thread."""
        with self._lock:
            self._last = time.monotonic()
            if message["kind"] == "resource":
                self._under_way += 1 if message["phase"] == "started" else -1

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Say once what this thread is at, if no sign comes for too long."""
        over, program = threading.Event(), threading.get_ident()
        watcher = threading.Thread(target=self._watch, args=(over, program), name="patience", daemon=True)
        self._last = time.monotonic()
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def _watch(self, over: threading.Event, program: int) -> None:
        while not over.wait(max(0.0, self._last + self._seconds - time.monotonic())):
            if self._under_way > 0:
                self._last = time.monotonic()
            elif time.monotonic() >= self._last + self._seconds:
                self._say(f"{self._place(program)} Ctrl-C ends it.")
                return

    def _place(self, program: int) -> str:
        """Where the program is: a line of its own that runs, or the resources that wait for what does not come."""
        frame, loop = sys._current_frames().get(program), None
        while frame is not None:
            if is_own(frame.f_code.co_filename, self._root):
                name = Path(frame.f_code.co_filename).relative_to(self._root)
                return f"{name}:{frame.f_lineno} has been running for {self._seconds:.0f} seconds."
            own = frame.f_locals.get("self")
            loop = loop or (own if isinstance(own, asyncio.AbstractEventLoop) else None)
            frame = frame.f_back
        names = sorted(filter(None, map(_resource, asyncio.all_tasks(loop)))) if loop is not None else []
        shown = ", ".join(names[:NAMES]) + (f" and {len(names) - NAMES} more" if len(names) > NAMES else "")
        who = f"{shown}: waiting" if names else "The configuration has waited"
        return f"{who} for {self._seconds:.0f} seconds, for one another or for an output that does not come."


def _resource(task: asyncio.Task[Any]) -> str:
    """The name of the resource that *task* registers, or nothing."""
    frame = getattr(task.get_coro(), "cr_frame", None)
    facts = frame.f_locals if frame is not None else {}
    return f"{facts['name']} ({facts['ty']})" if {"name", "ty", "opts"} <= facts.keys() else ""
