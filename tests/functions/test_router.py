"""The router, driven by scripts and by Hypothesis."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sst_dev.functions.router import (
    IDLE_LIMIT,
    INIT_LIMIT,
    WAITING_MAX,
    Dispatch,
    Fail,
    Phase,
    Reason,
    Router,
    Start,
    Stop,
)


def started(router: Router, job: str = "a", environment: str = "env") -> int:
    """Bring a worker up that is busy with *job*."""
    (start,) = router.invoke(environment, "Api", job, 3.0, 0.0)
    assert isinstance(start, Start)
    router.started(start.worker, 0.0)
    assert router.ready(start.worker, 0.0) == [Dispatch(start.worker, job)]
    return start.worker


def test_the_first_call_starts_a_worker_and_runs_when_it_is_ready() -> None:
    """Nothing is dispatched to a worker that has not imported its handler."""
    router = Router()

    assert router.invoke("env", "Api", "a", 3.0, 0.0) == [Start("env", "Api", 1)]
    assert router.started(1, 0.0) == []
    assert router.ready(1, 1.0) == [Dispatch(1, "a")]


def test_a_second_call_waits_for_the_first() -> None:
    """One invocation at a time in an environment, in order."""
    router = Router()
    worker = started(router)

    assert router.invoke("env", "Api", "b", 3.0, 0.0) == []
    assert router.invoke("env", "Api", "c", 3.0, 0.0) == []
    assert router.answered(worker, 1.0) == [Dispatch(worker, "b")]
    assert router.answered(worker, 2.0) == [Dispatch(worker, "c")]
    assert router.answered(worker, 3.0) == []


def test_environments_do_not_wait_for_each_other() -> None:
    """Each environment has a worker of its own."""
    router = Router()
    started(router)

    assert router.invoke("other", "Api", "b", 3.0, 0.0) == [Start("other", "Api", 2)]


def test_a_handler_over_its_timeout_is_stopped_and_answered() -> None:
    """The worker is stopped first, so that its output is complete when the caller hears."""
    router = Router()
    worker = started(router)

    assert router.next_deadline() == 3.0
    assert router.tick(2.9) == []
    assert router.tick(3.0) == [Stop(worker), Fail("a", worker, Reason.TIMEOUT)]
    assert router.answered(worker, 3.1) == []


def test_an_import_that_never_ends_times_out() -> None:
    """Lambda's init phase and the function's timeout, then the caller is told."""
    router = Router()
    router.invoke("env", "Api", "a", 3.0, 0.0)
    assert router.next_deadline() is None, "making an environment with uv does not count"
    router.started(1, 5.0)

    assert router.next_deadline() == 5.0 + INIT_LIMIT + 3.0
    assert router.tick(18.0) == [Stop(1), Fail("a", 1, Reason.TIMEOUT)]


def test_a_failed_import_answers_one_call_and_tries_again_for_the_next() -> None:
    """As on Lambda, each call after a failed init gets a new init."""
    router = Router()
    router.invoke("env", "Api", "a", 3.0, 0.0)
    router.invoke("env", "Api", "b", 3.0, 0.0)

    assert router.failed(1, Reason.INIT_ERROR) == [
        Stop(1),
        Fail("a", 1, Reason.INIT_ERROR),
        Start("env", "Api", 2),
    ]


def test_a_dead_worker_answers_its_call_and_is_replaced_by_the_next() -> None:
    """An exit in the middle is the caller's error; nothing restarts until someone calls."""
    router = Router()
    worker = started(router)

    assert router.failed(worker, Reason.EXIT) == [Stop(worker), Fail("a", worker, Reason.EXIT)]
    assert router.seats == {}
    assert router.invoke("env", "Api", "b", 3.0, 0.0) == [Start("env", "Api", 2)]


def test_a_stale_idle_worker_is_replaced_at_once() -> None:
    """With its successor started only if asked to."""
    router = Router()
    worker = started(router)
    router.answered(worker, 1.0)

    assert router.stale(worker, eager=True) == [Stop(worker), Start("env", "Api", 2)]
    router.ready(2, 1.0)
    assert router.stale(2) == [Stop(2)]


def test_a_stale_busy_worker_finishes_first() -> None:
    """Never in the middle of an invocation."""
    router = Router()
    worker = started(router)

    assert router.stale(worker, eager=True) == []
    assert router.answered(worker, 1.0) == [Stop(worker), Start("env", "Api", 2)]


def test_a_call_that_finds_its_worker_stale_runs_on_the_successor() -> None:
    """The call keeps its place at the head of the queue."""
    router = Router()
    worker = started(router)
    router.invoke("env", "Api", "b", 3.0, 0.0)

    assert router.refused(worker) == [Stop(worker), Start("env", "Api", 2)]
    assert router.ready(2, 1.0) == [Dispatch(2, "a")]


def test_a_stale_starting_worker_is_started_again() -> None:
    """A second save during the import of the first."""
    router = Router()
    router.invoke("env", "Api", "a", 3.0, 0.0)

    assert router.stale(1) == [Stop(1), Start("env", "Api", 2)]
    assert router.ready(1, 0.0) == [], "a report of the first generation is ignored in the second"
    assert router.ready(2, 0.0) == [Dispatch(2, "a")]


def test_a_worker_idle_for_long_is_stopped() -> None:
    """Lambda drops idle environments too; the next call starts a new worker."""
    router = Router()
    worker = started(router)
    router.answered(worker, 10.0)

    assert router.next_deadline() == 10.0 + IDLE_LIMIT
    assert router.tick(10.0 + IDLE_LIMIT) == [Stop(worker)]
    assert router.invoke("env", "Api", "b", 3.0, 2000.0) == [Start("env", "Api", 2)]


def test_an_environment_that_is_gone_takes_its_calls_along() -> None:
    """Nobody waits for their answers."""
    router = Router()
    worker = started(router)
    router.invoke("env", "Api", "b", 3.0, 0.0)

    assert router.gone("env") == [
        Stop(worker),
        Fail("a", worker, Reason.SUPERSEDED),
        Fail("b", worker, Reason.SUPERSEDED),
    ]
    assert router.gone("env") == []


def test_the_queue_of_an_environment_is_bounded() -> None:
    """The oldest waiting call is given up, as its stub has given up on it."""
    router = Router()
    worker = started(router)
    for n in range(WAITING_MAX):
        assert router.invoke("env", "Api", f"w{n}", 3.0, 0.0) == []

    assert router.invoke("env", "Api", "last", 3.0, 0.0) == [Fail("w0", worker, Reason.SUPERSEDED)]


def test_warm_starts_a_worker_once() -> None:
    """Before anyone calls, and only when there is none."""
    router = Router()

    assert router.warm("env", "Api") == [Start("env", "Api", 1)]
    assert router.warm("env", "Api") == []


FACTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["invoke", "started", "ready", "answered", "failed", "stale", "eager", "refused", "gone", "warm", "tick"]
        ),
        st.integers(0, 2),
        st.floats(0, 30),
    ),
    max_size=60,
)


@given(FACTS)
def test_every_call_is_answered_once_and_no_worker_serves_two(facts: list[tuple[str, int, float]]) -> None:
    """Whatever happens in whatever order: a job is dispatched to one live worker at a time, answered or failed at
    most once, and never lost while its environment lives."""
    router = Router()
    now = 0.0
    live: set[int] = set()
    running: dict[int, str] = {}
    open_jobs: dict[str, str] = {}
    ended: set[str] = set()

    def perform(effects: list) -> None:
        for effect in effects:
            match effect:
                case Start(worker=worker):
                    assert worker not in live
                    live.add(worker)
                case Dispatch(worker=worker, job=job):
                    assert worker in live
                    assert worker not in running
                    assert job not in running.values()
                    running[worker] = job
                case Stop(worker=worker):
                    live.discard(worker)
                    running.pop(worker, None)
                case Fail(job=job):
                    assert job not in ended
                    ended.add(job)
                    open_jobs.pop(job)

    for number, (fact, which, passed) in enumerate(facts):
        now += passed
        environment = f"env-{which}"
        seat = router.seats.get(environment)
        worker = seat.worker if seat else 0
        match fact:
            case "invoke":
                open_jobs[f"job-{number}"] = environment
                perform(router.invoke(environment, "Api", f"job-{number}", 3.0, now))
            case "started":
                perform(router.started(worker, now))
            case "ready":
                perform(router.ready(worker, now))
            case "answered":
                if worker in running:
                    job = running.pop(worker)
                    assert job not in ended
                    ended.add(job)
                    open_jobs.pop(job)
                perform(router.answered(worker, now))
            case "failed":
                perform(router.failed(worker, Reason.EXIT))
            case "stale" | "eager":
                perform(router.stale(worker, eager=fact == "eager"))
            case "refused":
                running.pop(worker, None)
                perform(router.refused(worker))
            case "gone":
                perform(router.gone(environment))
            case "warm":
                perform(router.warm(environment, "Api"))
            case "tick":
                perform(router.tick(now))
        waiting = {job for seat in router.seats.values() for job in seat.waiting}
        assert set(open_jobs) == waiting | set(running.values())
        assert live == {seat.worker for seat in router.seats.values() if seat.phase is not None}
        assert all(seat.phase is Phase.BUSY for seat in router.seats.values() if seat.current)
