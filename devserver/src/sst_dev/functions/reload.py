"""Replaces the workers whose files changed, and says so once per change."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from ..core.events import Event, Reloaded, ReloadFailed
from .outcomes import Outcome
from .pool import Pool
from .sources import Sources, signature
from .worker import Worker


@dataclass
class _Change:
    """One set of changed paths on its way into the workers."""

    paths: tuple[str, ...]
    waiting: dict[str, str]
    """Functions whose successors are not up yet, by environment."""
    reloaded: set[str] = field(default_factory=set)
    up_ms: float = 0.0


@dataclass(frozen=True)
class _Broken:
    """A function whose code did not import, and the files that may mend it."""

    environment: str
    sources: Sources


class Reloader:
    """Compares workers with the files they were made from whenever someone says that something changed."""

    def __init__(self, pool: Pool, publish: Callable[[Event], None]) -> None:
        self._pool = pool
        self._publish = publish
        self._broken: dict[str, _Broken] = {}
        self._changes: dict[str, _Change] = {}
        """By environment whose successor is awaited."""

    def sweep(self, called: Worker | None = None) -> None:
        """Replace every worker that is stale. *called* is one that was found so when it was to run.

        Of the idle workers of a function the one used last gets its successor at once, so that an import error is
        known before anyone calls; the others get theirs when they are called.
        """
        look = lru_cache(maxsize=None)(signature)  # each path once per sweep
        stale: dict[int, list[str]] = {}
        for worker in self._pool.workers.values():
            if changed := worker.sources.changed(look) or self._pool.launcher.outdated(worker.function):
                stale[worker.number] = changed
        broken = [name for name, state in self._broken.items() if state.sources.changed(look)]
        paths = {path for changed in stale.values() for path in changed}
        for name in broken:
            paths.update(self._broken[name].sources.changed(look))
        self._replace([self._pool.workers[number] for number in stale], broken, tuple(sorted(paths)), called)

    def up(self, worker: Worker, up_ms: float) -> None:
        """*worker* has imported its handler."""
        was_broken = self._broken.pop(worker.function, None) is not None
        change = self._changes.pop(worker.environment, None)
        if change is None:
            if was_broken:
                self._publish(Reloaded(time.time(), (worker.function,), (), up_ms))
            return
        change.reloaded.add(worker.function)
        change.up_ms = max(change.up_ms, up_ms)
        self._settle(change, worker.environment)

    def failed(self, worker: Worker, failure: Outcome, file: str, line: int) -> None:
        """*worker* does not import."""
        change = self._changes.pop(worker.environment, None)
        known = worker.function in self._broken
        self._broken[worker.function] = _Broken(worker.environment, worker.sources)
        if change is not None or not known:
            self._publish(
                ReloadFailed(
                    time.time(),
                    worker.function,
                    failure.error_type,
                    failure.error_message,
                    file,
                    line,
                    failure.frames,
                )
            )
        if change is not None:
            self._settle(change, worker.environment)

    def forget(self, environment: str) -> None:
        """The environment is gone, and with it a successor that was awaited."""
        if change := self._changes.pop(environment, None):
            self._settle(change, environment)

    def folders(self) -> set[str]:
        """What to watch."""
        found = {str(path) for path in self._pool.launcher.packages()}
        for worker in list(self._pool.workers.values()):
            found |= worker.sources.directories()
        for state in self._broken.values():
            found |= state.sources.directories()
        return found

    def _replace(self, stale: list[Worker], broken: list[str], paths: tuple[str, ...], called: Worker | None) -> None:
        chosen: dict[str, Worker] = {}
        for worker in sorted(stale, key=lambda w: (w is called, w.job is None, w.used)):
            chosen[worker.function] = worker
        idle = _Change(paths, {})
        for name, worker in chosen.items():
            # A busy one ends its invocation first, and has a line of its own.
            change = idle if worker.job is None else _Change(paths, {})
            change.waiting[worker.environment] = name
            self._changes[worker.environment] = change
        for name in broken:
            if name not in chosen:
                environment = self._broken[name].environment
                idle.waiting[environment] = name
                self._changes[environment] = idle
                self._pool.warm(environment, name)
        for worker in stale:
            self._pool.stale(worker.number, eager=worker is chosen[worker.function])

    def _settle(self, change: _Change, environment: str) -> None:
        change.waiting.pop(environment, None)
        if not change.waiting and change.reloaded:
            self._publish(Reloaded(time.time(), tuple(sorted(change.reloaded)), change.paths, change.up_ms))
