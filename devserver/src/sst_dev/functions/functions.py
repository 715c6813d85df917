"""The functions of the app on this machine: the owner of zygotes, workers and reload."""

from __future__ import annotations

import asyncio
import enum
import os
import time
from collections.abc import Callable
from typing import Any, Literal

from sst_worker.wire import Head

from ..core.events import (
    EVENT_KEPT,
    InvocationFinished,
    InvocationPaused,
    InvocationResumed,
    InvocationStarted,
    LogLine,
    Notice,
    Phases,
)
from ..core.manifest import Function, Manifest
from ..core.settings import Settings
from ..core.stream import Stream
from ..core.tasks import cancel_all, spawn
from . import outcomes
from .ignore import Ignore
from .jobs import Job
from .launcher import Launcher
from .memory import LOOK_EVERY, resident_mb
from .model import EnvironmentInfo, InvocationRequest, Replies
from .outcomes import Outcome
from .output import Line
from .pool import Pool
from .reload import Reloader
from .triggers import trigger
from .watch import GIT_LIMIT, GIT_STEP, Watcher, git_lock
from .worker import Worker

_FOLDERS_AFTER = 0.05
"""Seconds after an import before the watched folders are looked at: imports come in groups."""
_EVICT_EVERY = 60.0
"""Seconds between two looks for zygotes that nobody needs."""


class Functions:
    """Runs invocations in workers, keeps the workers' code current, and publishes what happens.

    Used from one event loop. `update` comes first; `close` ends every process.
    """

    def __init__(self, settings: Settings, stream: Stream) -> None:
        self._stream = stream
        self._root = settings.root
        self._manifest: Manifest | None = None
        self._ignore = Ignore(settings.root)
        self._tasks: set[asyncio.Task[Any]] = set()
        launcher = Launcher(
            settings,
            say=self._say,
            on_exit=lambda *end: self._pool.exited(*end),
            on_line=self._zygote_line,
        )
        self._pool = Pool(launcher, self, self._ignore)
        self._reloader = Reloader(self._pool, stream.publish)
        self._watcher = Watcher(self._files_changed)
        self._folders_timer: asyncio.TimerHandle | None = None
        self._look_timer: asyncio.TimerHandle | None = None
        self._closed = False
        spawn(self._watcher.run(), name="watching sources", owner=self._tasks)
        spawn(self._evict(), name="evicting zygotes", owner=self._tasks)
        spawn(self._watch_memory(), name="watching memory", owner=self._tasks)

    async def update(self, manifest: Manifest, *, endpoint: str | None) -> None:
        """Serve *manifest* from now on; *endpoint* is the AWS endpoint URL in local mode.

        Workers whose handler, variables or links changed are replaced as on an edit of their code.
        """
        before, self._manifest = self._manifest, manifest
        self._pool.launcher.update(manifest, endpoint)
        spawn(self._pool.launcher.make_environments(), name="making environments", owner=self._tasks)
        if before is None:
            return
        for worker in list(self._pool.workers.values()):
            function = manifest.function(worker.function)
            if function is None:
                self._pool.gone(worker.environment)
            elif _differs(before, manifest, function):
                self._pool.stale(worker.number, eager=False)

    async def invoke(self, environment: EnvironmentInfo, invocation: InvocationRequest, reply: Replies) -> None:
        """Run one invocation and give its answer to *reply*; returns when that is done."""
        job = Job(
            invocation,
            environment.id,
            environment.function,
            asyncio.get_running_loop().create_future(),
        )
        received = time.time()
        function = self._manifest.function(environment.function) if self._manifest else None
        if function is None or self._closed:
            job.settle(outcomes.not_started(f'this app has no function "{environment.function}"'))
        else:
            job.timeout = function.timeout
            self._pool.submit(environment, job)
        self._publish_started(job, received)  # while the worker runs already: naming the trigger parses the event
        if stop := self._pool.stop_before(job):
            self.paused(*stop)
        streamed = await _stream_pieces(job, reply)
        outcome = await job.outcome
        replied = time.monotonic()
        try:
            await _answer(outcome, reply, streamed)
        finally:
            self._publish_finished(job, outcome, received, time.monotonic() - replied)

    async def gone(self, environment: str) -> None:
        """The execution environment ended: so does its worker."""
        self._pool.gone(environment)
        self._reloader.forget(environment)

    async def settled(self) -> None:
        """Returns once no better zygote is being started in the background: for measurements."""
        await self._pool.launcher.settled()

    def debug_with(self, debugging: Callable[[], Head]) -> None:
        """Ask *debugging* what each new worker is told of debuggers: `debugger`, `tty` and `attach` of its `init`."""
        self._pool.launcher.debugging = debugging

    def renew(self, *, eager: bool) -> None:
        """Replace every worker as on an edit, with *eager* before anyone calls: a debugger came or went."""
        self._pool.launcher.load_debugger()
        for number in list(self._pool.workers):
            self._pool.stale(number, eager=eager)

    def stop_at_exceptions(self, wanted: bool) -> None:
        """Whether workers stop at uncaught exceptions, when they have a terminal."""
        self._pool.post_mortem = wanted

    def describe(self) -> dict[str, dict[str, Any]]:
        """By function: its zygote (pid, rss_mb, preloaded, left_out) and its workers, for `sst status`."""
        found: dict[str, dict[str, Any]] = {
            function.name: {"zygote": None, "workers": []}
            for function in (self._manifest.functions if self._manifest else [])
        }
        for name, zygote in self._pool.launcher.describe().items():
            found.setdefault(name, {"workers": []})["zygote"] = zygote
        for worker in self._pool.workers.values():
            found.setdefault(worker.function, {"zygote": None, "workers": []})["workers"].append(
                {
                    "number": worker.number,
                    "environment": worker.environment,
                    "pid": self._pool.launcher.pid(worker.number),
                    "memory_mb": worker.memory_mb,
                    "busy": worker.job is not None,
                    "code_hash": worker.code_hash,
                }
            )
        return found

    def name_of(self, pid: int) -> str | None:
        """What people may call process *pid*: the function and its environment; None when it is no worker."""
        for worker in self._pool.workers.values():
            if self._pool.launcher.pid(worker.number) == pid:
                return f"λ {worker.function} {worker.environment[:4]}"
        return None

    def end_standing(self) -> None:
        """End the calls that stand at a breakpoint, with an error."""
        self._pool.end_standing()

    async def close(self) -> None:
        """End every worker and zygote; invocations still running get an error."""
        self._closed = True
        for timer in (self._folders_timer, self._look_timer):
            if timer:
                timer.cancel()
        await cancel_all(self._tasks)
        await self._pool.close()

    # --- what the pool reports ----------------------------------------------------------------------

    def line(self, worker: Worker, line: Line) -> None:
        """One line of a worker's output."""
        self._stream.publish(LogLine(time.time(), worker.function, worker.environment, *line))

    def paused(self, worker: Worker, head: Head) -> None:
        """A worker stopped at a breakpoint, or went on."""
        id, function = self._pool.runs_for(worker), worker.function
        if not id:
            return
        if head["type"] == "paused":
            file = os.path.relpath(head["file"], self._root)
            self._stream.publish(InvocationPaused(time.time(), id, function, file, head["line"]))
        else:
            self._stream.publish(InvocationResumed(time.time(), id, function, head.get("stepping", False)))

    def up(self, worker: Worker, up_ms: float) -> None:
        """A worker has imported its handler."""
        self._reloader.up(worker, up_ms)
        self._watch_soon()

    def failed(self, worker: Worker, failure: Outcome, head: Head) -> None:
        """A worker's import failed."""
        self._reloader.failed(worker, failure, head.get("file", ""), head.get("line", 0))
        self._watch_soon()

    def changed(self, worker: Worker, paths: list[str]) -> None:
        """A worker was to run and is stale."""
        self._reloader.sweep(called=worker)

    def answered(self, worker: Worker) -> None:
        """A worker is done with an invocation."""
        self._pool.launcher.learn(worker.function, worker.modules)
        self._watch_soon()

    # --- private ------------------------------------------------------------------------------------

    def _files_changed(self, paths: list[str]) -> None:
        if not paths or not all(self._ignore(path) for path in paths):
            self._look(asyncio.get_running_loop().time())

    def _look(self, since: float) -> None:
        """Reload what changed, once git is done: a checkout is one change, not as many as it has files."""
        loop = asyncio.get_running_loop()
        if self._look_timer:
            self._look_timer.cancel()
            self._look_timer = None
        lock = git_lock(self._root)
        if lock is not None and lock.exists() and loop.time() - since < GIT_LIMIT:
            self._look_timer = loop.call_later(GIT_STEP, self._look, since)
        else:
            self._reloader.sweep()

    def _watch_soon(self) -> None:
        if self._folders_timer is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._folders_timer = loop.call_later(_FOLDERS_AFTER, self._watch_now)

    def _watch_now(self) -> None:
        self._folders_timer = None
        self._watcher.watch({f for f in self._reloader.folders() if not self._ignore(f"{f}/x")})

    async def _watch_memory(self) -> None:
        """Kill a worker whose handler has more memory than its function; its death is the answer, as on Lambda."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            for worker in self._pool.workers.values():
                function = self._manifest.function(worker.function) if self._manifest and worker.job else None
                pid = self._pool.launcher.pid(worker.number) if function else None
                if function and pid and (used := resident_mb(pid)) > function.memory:
                    self._pool.launcher.kill(worker.number)
                    text = f"{function.name} took {used:.0f} MB and has {function.memory}: killed, as Lambda would"
                    self._say(text, "warning")

    async def _evict(self) -> None:
        while True:
            await asyncio.sleep(_EVICT_EVERY)
            self._pool.launcher.evict(asyncio.get_running_loop().time())

    def _say(self, text: str, level: Literal["debug", "info", "warning"]) -> None:
        self._stream.publish(Notice(time.time(), text, level))

    def _zygote_line(self, function: str, text: str) -> None:
        self._stream.publish(LogLine(time.time(), function, "", None, text))

    def _publish_started(self, job: Job, received: float) -> None:
        request = job.request
        self._stream.publish(
            InvocationStarted(
                received,
                request.id,
                request.request_id,
                job.function,
                job.environment,
                trigger(request.body),
                request.body[:EVENT_KEPT],
                request.replay_of,
                request.deadline_ms / 1000,
            )
        )

    def _publish_finished(self, job: Job, outcome: Outcome, received: float, reply_s: float) -> None:
        now = time.monotonic()
        request = job.request
        queue = None if job.dispatched is None else (job.dispatched - job.arrived) * 1000
        if queue is not None and job.init_ms:
            queue = max(0.0, queue - job.init_ms)
        self._stream.publish(
            InvocationFinished(
                time.time(),
                request.id,
                request.request_id,
                job.function,
                job.environment,
                outcome.status,
                duration_ms=(now - job.arrived) * 1000,
                response=outcome.body[:EVENT_KEPT],
                error_type=outcome.error_type,
                error_message=outcome.error_message,
                frames=outcome.frames,
                memory_mb=job.memory_mb,
                code_hash=job.code_hash,
                phases=Phases(
                    cloud_ms=max(0.0, (received - request.sent_at) * 1000),
                    queue_ms=queue,
                    import_ms=job.init_ms,
                    handler_ms=job.handler_ms,
                    reply_ms=reply_s * 1000,
                ),
            )
        )


def _differs(before: Manifest, after: Manifest, function: Function) -> bool:
    """Whether workers of *function* would be started otherwise than before."""
    old = before.function(function.name)
    if old is None or before.link_environment(old.links) != after.link_environment(function.links):
        return True
    fields = ("handler", "runtime", "environment", "memory", "log_format", "streaming")
    return any(getattr(old, name) != getattr(function, name) for name in fields)


class _Streamed(enum.Enum):
    """How far the pieces of a response took the reply."""

    NOT = 0
    OPEN = 1
    FINAL = 2


async def _stream_pieces(job: Job, reply: Replies) -> _Streamed:
    """Pass on the pieces of a streamed response, as they come."""
    streamed = _Streamed.NOT
    async for head, body in job.stream():
        failed = bool(head.get("error_type"))
        await reply.stream(
            b"" if failed else body,
            content_type=head.get("content_type", ""),
            final=bool(head.get("final")),
            error_type=head.get("error_type", ""),
            error_body=body if failed else b"",
        )
        streamed = _Streamed.FINAL if head.get("final") else _Streamed.OPEN
    return streamed


async def _answer(outcome: Outcome, reply: Replies, streamed: _Streamed) -> None:
    if streamed is _Streamed.FINAL:
        return
    if streamed is _Streamed.OPEN:  # the worker died or timed out in the middle of its stream
        await reply.stream(b"", final=True, error_type=outcome.error_type, error_body=outcome.body)
    elif outcome.status == "ok":
        await reply.response(outcome.body, outcome.content_type)
    else:
        await reply.error(outcome.body, outcome.error_type, outcome.xray_cause)
