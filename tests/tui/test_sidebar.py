"""State at a glance, and the footer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sst_dev.core import events as e
from sst_dev.core.state import State
from sst_dev.tui.panes import Panes
from sst_dev.tui.rows import STYLES
from sst_dev.tui.sidebar import light, pane_state

from tests.support.history import API, START, finished, output, process, started, starting

from .support import deck


def state_of(number: int, *events: e.Event) -> tuple[str, str]:
    state = State()
    panes = Panes(state)
    for event in events:
        state.apply(event)
        panes.apply(event)
    return pane_state(panes.ordered()[number], state)


BROKEN = e.ReloadFailed(START, "Api", "SyntaxError", "bad")
DEPLOYING = [*starting(), e.DeployStarted(START, "x"), e.ResourceStarted(START, **API)]


@pytest.mark.parametrize(
    ("number", "events", "expected"),
    [
        (0, [], ("●", "warn")),
        (0, list(starting()), ("✓", "good")),
        (0, DEPLOYING, ("●", "warn")),
        (0, [*DEPLOYING, e.ResourceFailed(START, **API, message="no")], ("✗", "bad")),
        (0, [*starting(), e.DeployFailed(START, "no")], ("✗", "bad")),
        (1, [], ("", "")),
        (1, [started("a"), started("b")], ("2 ●", "warn")),
        (1, [started("a"), finished("a")], ("", "")),
        (1, [BROKEN], ("✗", "bad")),
        (1, [BROKEN, e.Reloaded(START, ("Api",), ("x",), 1.0)], ("", "")),
        (2, [process("Web", "starting")], ("◌", "warn")),
        (2, [process("Web", "running")], ("●", "good")),
        (2, [process("Web", "stopping")], ("◌", "warn")),
        (2, [process("Web", "idle")], ("○", "dim")),
        (2, [process("Web", "exited", exit_code=0)], ("exit 0", "dim")),
        (2, [process("Web", "exited", exit_code=-9)], ("SIGKILL", "bad")),
        (2, [process("Web", "failed")], ("failed", "bad")),
    ],
)
def test_every_state_of_a_pane_has_a_sign(number: int, events: list[Any], expected: tuple[str, str]) -> None:
    """SST, Functions, and processes in each of their states."""
    assert state_of(number, *events) == expected


@pytest.mark.parametrize(
    ("events", "now", "expected"),
    [
        ([], 0, " ◌ starting"),
        (list(starting()), 1.9, " ● 0 s"),
        (list(starting()), 44, " ● 42 s"),
        (list(starting()), 200, " ● 3 min 18 s"),
        ([*starting(), e.BridgeHeartbeat(START + 199)], 200, " ● 1 s"),
        ([*starting(), e.BridgeDisconnected(START, "closed")], 5, " ○ offline: closed"),
    ],
)
def test_the_light_tells_how_the_channel_is(events: list[e.Event], now: float, expected: str) -> None:
    """Up with the age of its last sign of life, down with the reason, or not there yet."""
    state = State()
    for event in events:
        state.apply(event)

    assert light(state, START + now).plain == expected


def test_a_quiet_channel_turns_yellow_where_heartbeats_are_known() -> None:
    """Longer without a sign of life than the service ever is; where none is reported, silence means nothing."""
    state = State()
    for event in starting():
        state.apply(event)
    assert light(state, START + 1000).spans[0].style == STYLES["good"]

    state.apply(e.BridgeHeartbeat(START + 10))
    assert light(state, START + 60).spans[0].style == STYLES["good"]
    assert light(state, START + 100).spans[0].style == STYLES["warn"]


async def test_the_age_grows_by_itself(tmp_path: Path) -> None:
    """Without any event."""
    async with deck(tmp_path) as d:
        before = d.lines()[-1]
        d.now += 5
        await d.until(lambda: d.lines()[-1] != before)

        assert " ● 15 s" in d.lines()[-1]


async def test_a_long_title_is_cut(tmp_path: Path) -> None:
    """The state of the pane stays in sight."""
    async with deck(tmp_path, size=(80, 24)) as d:
        await d.see(process("AVeryLongNameForACommand", "running"))

        assert d.lines()[3].startswith(" 4 → AVeryLongNam… ●") or "…" in d.lines()[3][:21]
        assert "●" in d.lines()[3][:21]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("1", "Enter open"),
        ("2", "f filter"),
        ("2 enter", "^Z list  r replay  f filter"),
        ("2 enter enter", "^Z back"),
        ("2 slash A p i enter g", "/Api 1/1"),
        ("4", "x stop  r restart"),
        ("5", "Enter start"),
        ("question_mark", "^Z back"),
    ],
)
async def test_help_and_the_way_out_are_always_in_the_footer(tmp_path: Path, keys: str, words: str) -> None:
    """At 80 columns the others give way, the less useful first, and in the last resort what is said of the pane."""
    async with deck(tmp_path, size=(80, 24)) as d:
        await d.see(started("one"), finished("one"), process("Web", "running"), process("Docs", "idle"))
        await d.press(*keys.split())

        footer = " ".join(d.lines()[-1].split())
        assert footer.endswith("? help ^C quit") and " ".join(words.split()) in footer
        assert len(d.lines()[-1]) <= 80


async def test_a_long_search_leaves_room_for_the_way_out(tmp_path: Path) -> None:
    """What was searched for is shortened, in the program's pane too."""
    async with deck(tmp_path, size=(80, 24)) as d:
        await d.see(process("Web", "running"), output("Web", "w" * 70))
        await d.press("4", "slash", *"w" * 70, "enter")
        assert d.lines()[-1].endswith("…   ? help ^C quit")
        await d.press("enter")
        assert d.lines()[-1].endswith("…   ^Z list")
