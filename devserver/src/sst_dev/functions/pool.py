"""The workers: performs what the router decides, and tells it what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, assert_never

from sst_worker.wire import Head

from ..core.errors import SstError
from ..core.tasks import cancel_all, spawn
from . import outcomes
from .jobs import Job
from .launcher import Launcher
from .model import EnvironmentInfo
from .outcomes import Outcome
from .output import Line
from .router import Dispatch, Effect, Fail, Phase, Reason, Router, Start, Stop
from .worker import Worker

RESTARTS_MAX = 3
"""Times one invocation may wait for newer code: a file that changes at every import must not starve it."""

ENVIRONMENTS_MAX = 1_000
"""Environments remembered without a worker, so that an edit can start one again: Lambda's default limit of
concurrent executions in an account."""


class Observer(Protocol):
    """Who hears of workers: `Functions`, for events and reload."""

    def line(self, worker: Worker, line: Line) -> None:
        """One line of output."""

    def paused(self, worker: Worker, head: Head) -> None:
        """*worker* stopped at a breakpoint (`paused`), or went on (`resumed`)."""

    def up(self, worker: Worker, up_ms: float) -> None:
        """*worker* has imported its handler, *up_ms* milliseconds after it was wanted."""

    def failed(self, worker: Worker, failure: Outcome, head: Head) -> None:
        """The import failed; *head* says `file`, `line` and `sought` as far as known."""

    def changed(self, worker: Worker, paths: list[str]) -> None:
        """*worker* was about to run, and *paths* it was made from are not what they were."""

    def answered(self, worker: Worker) -> None:
        """An invocation on *worker* is complete."""


class Pool:
    """Owner of the workers, by number."""

    def __init__(self, launcher: Launcher, observer: Observer, ignore: Callable[[str], bool]) -> None:
        self.launcher = launcher
        self.workers: dict[int, Worker] = {}
        self.router = Router()
        self.post_mortem = False
        """Workers stop at uncaught exceptions, when they have a terminal."""
        self._observer = observer
        self._ignore = ignore
        self._jobs: dict[str, Job] = {}
        self._environments: dict[str, EnvironmentInfo] = {}
        self._verdicts: dict[int, Outcome] = {}
        """Why a worker failed to come up, until its victim is answered."""
        self._ends: dict[int, tuple[int | None, int | None]] = {}
        self._wanted: dict[int, float] = {}
        self._standing: dict[int, Head] = {}
        """Where workers stand at a breakpoint, by number."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def runs_for(self, worker: Worker) -> str:
        """Id of the invocation that *worker* runs, or that waits for its import; empty when nobody does."""
        if worker.job is not None:
            return worker.job.request.id
        seat = self.router.seat_of(worker.number)
        return seat.waiting[0] if seat is not None and seat.waiting else ""

    def stop_before(self, job: Job) -> tuple[Worker, Head] | None:
        """The worker that *job* waits for and where it stands at a breakpoint since before *job* came, if it does."""
        seat = self.router.seats.get(job.environment)
        if seat is None or seat.phase is not Phase.STARTING or seat.worker not in self._standing:
            return None
        return self.workers[seat.worker], self._standing[seat.worker]

    def submit(self, environment: EnvironmentInfo, job: Job) -> None:
        """Run *job* in *environment*; `job.outcome` says how it ended."""
        self._remember(environment)
        self._jobs[job.request.id] = job
        self.perform(self.router.invoke(environment.id, job.function, job.request.id, job.timeout, self._loop.time()))

    def warm(self, environment: str, function: str) -> None:
        """Start a worker for an environment that has none."""
        if environment in self._environments:
            self.perform(self.router.warm(environment, function))

    def stale(self, worker: int, *, eager: bool) -> None:
        """Replace *worker* as soon as it is not busy."""
        self.perform(self.router.stale(worker, eager=eager))

    def gone(self, environment: str) -> None:
        """The execution environment ended."""
        self.perform(self.router.gone(environment))
        self._environments.pop(environment, None)

    def end_standing(self) -> None:
        """End what stands at a breakpoint, with its environment."""
        for environment in {self.workers[number].environment for number in self._standing}:
            self.gone(environment)

    async def close(self) -> None:
        """End every worker."""
        if self._timer:
            self._timer.cancel()
        for environment in list(self.router.seats):
            self.gone(environment)
        await cancel_all(self._tasks)
        await self.launcher.close()

    def perform(self, effects: list[Effect]) -> None:
        """Carry out what the router decided."""
        for effect in effects:
            match effect:
                case Start():
                    self._wanted[effect.worker] = self._loop.time()
                    spawn(self._start(effect), name=f"worker {effect.worker}", owner=self._tasks)
                case Dispatch():
                    self._dispatch(self.workers[effect.worker], self._jobs[effect.job])
                case Stop():
                    self._stop(effect.worker)
                case Fail():
                    self._fail(effect)
                case _:
                    assert_never(effect)
        self._arm()

    async def _start(self, start: Start) -> None:
        environment = self._environments[start.environment]
        try:
            child, init = await self.launcher.launch(start.worker, start.function, environment)
        except (SstError, OSError, TimeoutError) as error:
            hint = getattr(error, "hint", "")
            self._verdicts[start.worker] = outcomes.not_started(f"{error} {hint}".strip())
            self.perform(self.router.failed(start.worker, Reason.NOT_STARTED))
            return
        worker = Worker(
            start.worker,
            start.environment,
            start.function,
            child,
            secret=self.launcher.secret,
            ignore=self._ignore,
            on_message=self._message,
            on_line=self._observer.line,
        )
        if self.router.seat_of(start.worker) is None:  # stopped while it was being started
            worker.close()
            self.launcher.kill(start.worker)
            return
        self.workers[start.worker] = worker
        worker.initialize(init)
        self.perform(self.router.started(start.worker, self._loop.time()))

    def _dispatch(self, worker: Worker, job: Job) -> None:
        if not worker.alive():  # killed while it was idle: this call is not to blame
            self.perform(self.router.refused(worker.number))
            return
        changed = worker.sources.changed() or self.launcher.outdated(worker.function)
        if changed and job.restarts < RESTARTS_MAX:
            job.restarts += 1
            self._observer.changed(worker, changed)
            self.perform(self.router.refused(worker.number))
            return
        if not worker.served:
            job.init_ms = worker.init_ms
        worker.invoke(job, post_mortem=self.post_mortem)

    def _stop(self, number: int) -> None:
        worker = self.workers.pop(number, None)
        self.launcher.kill(number)
        self._wanted.pop(number, None)
        self._standing.pop(number, None)
        if worker is not None:
            worker.close()

    def _fail(self, fail: Fail) -> None:
        job = self._jobs.pop(fail.job)
        request_id = job.request.request_id
        verdict = self._verdicts.pop(fail.worker, None)
        end = self._ends.pop(fail.worker, (None, None))
        match fail.reason:
            case Reason.TIMEOUT:
                outcome = outcomes.timed_out(request_id, job.timeout)
            case Reason.EXIT:
                outcome = outcomes.exited(request_id, *end)
            case Reason.INIT_ERROR | Reason.NOT_STARTED:
                assert verdict is not None, "a worker that failed to come up has a verdict"
                outcome = verdict
            case Reason.SUPERSEDED:
                outcome = outcomes.superseded(request_id)
            case _:
                assert_never(fail.reason)
        job.settle(outcome)

    def _message(self, worker: Worker, head: Head, body: bytes) -> None:
        now = self._loop.time()
        match head["type"]:
            case "ready":
                worker.report(head)
                self._observer.up(worker, (now - self._wanted.pop(worker.number, now)) * 1000)
                self.perform(self.router.ready(worker.number, now))
            case "init_error":
                worker.report(head)
                verdict = outcomes.raised(body, head["error_type"], frames=tuple(head.get("frames", ())))
                self._verdicts[worker.number] = verdict
                self._observer.failed(worker, verdict, head)
                self.perform(self.router.failed(worker.number, Reason.INIT_ERROR))
                self._verdicts.pop(worker.number, None)
            case "files":
                worker.report(head)
            case "paused" | "resumed":
                self._paused(worker, head, now)
            case "stream" if not head.get("final"):
                worker.take_piece(head, body)
            case "response" | "error" | "stream":
                self._answer(worker, head, body)

    def _paused(self, worker: Worker, head: Head, now: float) -> None:
        """A worker stopped at a breakpoint, or went on: so does its time."""
        if head["type"] == "paused":
            self._standing[worker.number] = head
            self.router.paused(worker.number, now)
        else:
            self._standing.pop(worker.number, None)
            self.router.resumed(worker.number, now)
        self._observer.paused(worker, head)
        self._arm()

    def _answer(self, worker: Worker, head: Head, body: bytes) -> None:
        job = worker.finish()
        if job is None:
            return
        worker.report(head)
        job.handler_ms = head.get("handler_ms")
        job.memory_mb, job.code_hash = worker.memory_mb, worker.code_hash
        if head["type"] == "stream":
            job.put(head, body)
        if head["type"] == "error" or head.get("error_type"):
            frames = tuple(head.get("frames", ()))
            outcome = outcomes.raised(body, head.get("error_type", ""), head.get("xray_cause", ""), frames)
        else:
            outcome = outcomes.answered(body, head.get("content_type", "application/json"))
        self._jobs.pop(job.request.id, None)
        job.settle(outcome)
        self._observer.answered(worker)
        self.perform(self.router.answered(worker.number, self._loop.time()))
        self.launcher.prepare(worker.number)

    def exited(self, number: int, code: int | None, by_signal: int | None) -> None:
        """The process of worker *number* ended."""
        worker = self.workers.get(number)
        if worker is not None:
            worker.read_now()
        if self.router.seat_of(number) is None:
            return
        if worker is not None and number in self._wanted:
            self._observer.failed(worker, outcomes.exited("", code, by_signal), {})
        self._ends[number] = (code, by_signal)
        self.perform(self.router.failed(number, Reason.EXIT))
        self._ends.pop(number, None)

    def _remember(self, environment: EnvironmentInfo) -> None:
        self._environments.pop(environment.id, None)
        self._environments[environment.id] = environment
        if len(self._environments) > ENVIRONMENTS_MAX:
            idle = (id for id in self._environments if id not in self.router.seats)
            self._environments.pop(next(idle, ""), None)

    def _arm(self) -> None:
        """One timer, for the router's next deadline."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        deadline = self.router.next_deadline()
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.perform(self.router.tick(self._loop.time()))
