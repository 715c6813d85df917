"""The chaos run, made small."""

from __future__ import annotations

import argparse

import pytest

from tests.benchmarks.chaos import Tally, arguments, content, judge_journal, run
from tests.support.runtime_api import Answer


@pytest.mark.scenario
async def test_a_small_chaos_loses_nothing() -> None:
    """With every kind of fault, two killed dev servers and a frozen stub."""
    options = arguments(["--invocations=60", "--environments=6", "--freeze=2", "--seed=3"])
    report = await run(options)
    assert report["invocations"] == 60 and report["dev_servers_killed"] == 2
    assert {name: report[name] for name in ("lost", "run_twice", "wrong_bytes", "false_success")} == {
        "lost": 0,
        "run_twice": 0,
        "wrong_bytes": 0,
        "false_success": 0,
    }, report


@pytest.mark.parametrize(
    ("answer", "counts"),
    [
        (Answer("response", {}, content(7, "response", 10)), (0, 0, 0)),
        (Answer("response", {}, b"other"), (0, 1, 0)),
        (Answer("error", {}, b'{"errorType":"Sst.DevServerUnreachable"}'), (1, 0, 0)),
        (None, (1, 0, 0)),
    ],
)
def test_the_tally_counts_what_a_caller_saw(answer: Answer | None, counts: tuple[int, int, int]) -> None:
    """Anything but the handler's own answer is lost or wrong."""
    tally = Tally()
    tally.judge({"number": 7, "response": 10, "fails": False}, answer, 0.1)
    assert (tally.lost.total(), tally.wrong_bytes, tally.false_success) == counts


def test_a_success_of_a_handler_that_failed_is_false() -> None:
    """And its own error is right."""
    tally, task = Tally(), {"number": 7, "response": 10, "fails": True}
    tally.judge(task, Answer("error", {}, b'{"errorType":"Chaos"}'), 0.1)
    assert tally.lost.total() == 0
    tally.judge(task, Answer("response", {}, content(7, "response", 10)), 0.1)
    assert tally.false_success == 1


@pytest.mark.parametrize(
    ("journal", "twice"),
    [
        ("start 1 n 10\ndone 1 n 10\n", 0),
        ("start 1 n 10\nstart 1 n 20\ndone 1 n 20\n", 0),
        ("start 1 n 10\ndone 1 n 10\nstart 1 n 20\n", 1),
        ("start 1 n 20\nstart 1 n 20\n", 1),
        ("start 1 n 20\nstart 1 n 30\n", 1),
    ],
)
def test_a_second_run_counts_unless_a_kill_cut_the_first_short(journal: str, twice: int) -> None:
    """Process 10 was killed, the others were not."""
    assert judge_journal(journal, {10}) == (twice, 0)


def test_the_options_have_the_defaults_of_a_full_run() -> None:
    """2,000 invocations over 50 environments, a minute of frost."""
    options = arguments([])
    assert isinstance(options, argparse.Namespace)
    assert (options.invocations, options.environments, options.freeze, options.cut_every) == (2_000, 50, 60.0, 2.0)
