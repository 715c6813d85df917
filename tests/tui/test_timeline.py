"""The Functions pane as a document."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sst_dev.core import events as e
from sst_dev.core import state as state_module
from sst_dev.core.state import State
from sst_dev.tui import timeline as module
from sst_dev.tui.entry import GUTTER
from sst_dev.tui.rows import plain
from sst_dev.tui.timeline import Timeline

from tests.support.history import START, failing, finished, log, started


class Watched:
    """A timeline behind a state, as in the app."""

    def __init__(self) -> None:
        self.state = State()
        self.timeline = Timeline(self.state)

    def see(self, *events: e.Event) -> Watched:
        for event in events:
            self.state.apply(event)
            self.timeline.apply(event)
        return self

    def shown(self, width: int = 70, *, wrap: bool = False) -> list[str]:
        self.timeline.layout(width, START + 10, wrap=wrap)
        return [plain(self.timeline.row(y)) for y in range(self.timeline.first, self.timeline.end)]


def test_one_line_while_it_runs_then_the_facts() -> None:
    """Function, trigger and age; then status, duration and memory; its lines are under it."""
    watched = Watched().see(started("a"), log("a", "hello"))

    assert watched.shown() == [
        f"{'  ● Api url GET /notes':46}7.0 s           08:53:23",
        "  │ hello",
    ]
    assert watched.timeline.running
    watched.see(finished("a"))
    assert watched.shown()[0] == f"{'  ✓ Api url GET /notes':46}12 ms    61 MB  08:53:23"
    assert not watched.timeline.running


def test_a_breakpoint_shows_in_the_head() -> None:
    """Which line it stands at, while it stands there."""
    watched = Watched().see(started("a"))
    watched.state.invocations["a"].paused = "/app/functions/api.py:41"

    assert watched.shown()[0].startswith("  ⏸ Api url GET /notes")
    assert "paused at api.py:41" in watched.shown()[0]


def test_a_failure_shows_the_users_frames() -> None:
    """The status in the head, the error and the frames under the lines."""
    assert Watched().see(started("a"), log("a", "x"), failing("a")).shown()[0:4] == [
        f"{'  ✗ Api url GET /notes':37}error    12 ms    61 MB  08:53:23",
        "  │ x",
        "  │ KeyError: 'title'",
        '  │   File "functions/api.py", line 12, in handler',
    ]


def test_a_long_trigger_is_cut_not_the_facts() -> None:
    """In a narrow pane the trigger gives way."""
    (head,) = Watched().see(started("a", trigger="url GET /" + "x" * 100), finished("a")).shown(50)

    assert "…" in head
    assert head.endswith("12 ms   61M 08:53:23")
    assert len(head) == 50


def test_before_the_first_call_it_says_so() -> None:
    """An empty pane is not a broken one; so is one whose filter matches nothing."""
    watched = Watched()
    assert watched.shown() == ["Waiting for invocations…"]
    watched.see(started("a"))
    watched.timeline.function = "Worker"
    assert watched.shown() == ["Waiting for invocations…"]
    assert watched.timeline.matches("waiting") == []


def test_a_long_name_leaves_room_for_the_trigger() -> None:
    """Names are cut at 24 cells."""
    (head,) = Watched().see(started("a", "AFunctionWithAVeryLongNameIndeed")).shown(80)

    assert "AFunctionWithAVeryLongN… url GET /notes" in head


def test_folded_entries_are_one_row() -> None:
    """Folding hides the lines of one invocation, or of all, and of those to come."""
    watched = Watched().see(started("a"), log("a", "one"), started("b"), log("b", "two"))
    assert len(watched.shown()) == 4

    watched.timeline.seen(0, 10, follow=True)
    assert watched.timeline.selected is not None
    watched.timeline.selected.fold()
    assert [text[:4] for text in watched.shown()] == ["  ● ", "  │ ", "›▸● "]

    watched.timeline.fold_all()
    watched.see(started("c"), log("c", "three"))
    assert len(watched.shown()) == 3


def test_j_and_k_walk_over_invocations() -> None:
    """Selection moves by invocation, skips notes, and stops at the ends."""
    watched = Watched().see(started("a"), e.Reloaded(START, ("Api",), ("/x/api.py",), 3.0), started("b"))
    watched.shown()
    timeline = watched.timeline
    timeline.seen(0, 10, follow=True)

    def chosen(step: int) -> str:
        entry = timeline.move(step)
        assert entry is not None
        return entry.id

    assert [chosen(1), chosen(-1), chosen(-1), chosen(1), chosen(1)] == ["b", "a", "a", "b", "b"]


def test_reloads_and_init_lines_stand_between() -> None:
    """What was reloaded, what does not import, and what was printed before the first call."""
    watched = Watched().see(
        log(None, "loading"),
        log(None, "loaded"),
        e.Reloaded(START, ("Api", "Worker"), ("/app/lib/db.py",), 3.4),
        e.ReloadFailed(START, "Api", "SyntaxError", "invalid syntax", "/app/api.py", 3),
    )

    assert watched.shown() == [
        "  ◦ init  Api",
        "  │ loading",
        "  │ loaded",
        "  ↻ db.py → Api, Worker  3 ms",
        "  ✗ Api does not import  api.py:3",
        "  │ SyntaxError: invalid syntax",
    ]


def test_one_function_alone() -> None:
    """The filter hides the others' invocations, and what concerns all stays."""
    watched = Watched().see(started("a"), started("b", "Worker"), e.Reloaded(START, ("Api", "Worker"), ("x",), 1.0))
    watched.timeline.function = "Worker"

    assert ["Worker" in text for text in watched.shown()] == [True, True]


def test_a_replay_shows_what_changed_in_the_answer() -> None:
    """Under the new answer stands the difference to the one it repeats."""
    again = e.InvocationStarted(START, "b", "r", "Api", "e", "url GET /notes", b"{}", replay_of="a")
    watched = Watched().see(started("a"), finished("a", response={"n": 1}), again, finished("b", response={"n": 2}))

    head, *changes = watched.shown()[1:]
    assert "↻ url GET" in head
    assert [text.removeprefix("  │").strip() for text in changes] == ["{", '-  "n": 1', '+  "n": 2', "}"]


def test_dropped_lines_are_told_where_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first and the last lines are there; between them, how many are not, and the file that has them."""
    monkeypatch.setattr(state_module, "FIRST_LINES_KEPT", 2)
    monkeypatch.setattr(state_module, "LAST_LINES_KEPT", 2)
    watched = Watched().see(started("a"), *(log("a", str(n)) for n in range(10)), finished("a"))

    gap = "  │ … 6 lines left out here; .sst/log/functions.log has them …"
    assert watched.shown(80)[1:] == ["  │ 0", "  │ 1", gap, "  │ 8", "  │ 9"]
    assert watched.timeline.matches("8")[-1][1:] == (8, 0)  # type: ignore[index]


def test_a_place_stays_whatever_happens_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that come and go above, folding and wrapping change its row, and not what stands there."""
    monkeypatch.setattr(state_module, "FIRST_LINES_KEPT", 2)
    monkeypatch.setattr(state_module, "LAST_LINES_KEPT", 3)
    watched = Watched().see(started("a"), started("b"), *(log("b", f"word {n} " * 9) for n in range(6)))
    timeline = watched.timeline

    def text(y: int | None) -> str:
        return plain(timeline.row(y)) if y is not None else ""

    watched.shown()
    place = timeline.place(timeline.end - 1)
    assert "word 5" in text(timeline.locate(place))
    watched.see(log("a", "more above"), log("b", "newer"), log("b", "newest"))
    watched.shown()
    assert "word 5" in text(timeline.locate(place))
    watched.shown(30, wrap=True)
    assert "word 5" in text(timeline.locate(place))
    watched.see(log("b", "and one more"))
    watched.shown()
    assert "lines left out here" in text(timeline.locate(place))
    timeline.fold_all()
    watched.shown()
    assert "● Api" in text(timeline.locate(place))


def test_rows_keep_their_numbers_when_old_ones_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the state forgets leaves the top; a reader further down stays where they are."""
    monkeypatch.setattr(state_module, "INVOCATIONS_KEPT", 3)
    monkeypatch.setattr(module, "NOTES_KEPT", 0)
    watched = Watched()
    for id in "abc":
        watched.see(started(id, trigger=id), log(id, f"line of {id}"), finished(id))
    watched.shown()
    number = next(y for y in range(watched.timeline.end) if plain(watched.timeline.row(y)) == "  │ line of c")

    watched.see(started("d"), finished("d"))
    watched.shown()

    assert watched.timeline.first == 2
    assert plain(watched.timeline.row(number)) == "  │ line of c"


def test_clear_hides_what_is_done() -> None:
    """Ctrl-L leaves what still runs."""
    watched = Watched().see(started("a"), finished("a"), started("b"))
    watched.shown()
    watched.timeline.clear()

    assert len(watched.shown()) == 1
    assert watched.timeline.first == 2


def test_search_finds_heads_lines_and_folded_lines() -> None:
    """Everything kept is searched; what was folded unfolds while one is there, and has the mark."""
    watched = Watched().see(started("a"), log("a", "Needle one"), started("b"), log("b", "a needle two"))
    timeline = watched.timeline
    timeline.fold_all()
    watched.shown()

    one, two = timeline.matches("NEEDLE")
    assert timeline.reach(one) == 1 and timeline.selected is timeline.entry_at(1)
    assert [text[:4] for text in watched.shown()] == ["› ● ", "  ┃ ", " ▸● "]
    assert timeline.reach(two) == 2
    assert len(watched.shown()) == 3
    timeline.reach(None)
    assert len(watched.shown()) == 2
    assert [timeline.locate(place) for place in timeline.matches("api url get")] == [0, 1]
    assert timeline.matches("nothing") == []


def test_a_match_in_a_wrapped_line_is_in_its_row() -> None:
    """Not in the first row of the line."""
    watched = Watched().see(started("a"), log("a", "word " * 30 + "needle"))
    rows = watched.shown(40, wrap=True)

    (place,) = watched.timeline.matches("needle")
    y = watched.timeline.locate(place)
    assert y is not None and "needle" in rows[y]
    assert [watched.timeline.continues(n) for n in range(len(rows))] == [False, False, *[True] * (len(rows) - 2)]


def test_the_mark_is_always_on_the_screen() -> None:
    """On the newest while following; else where it was put, and on the nearest left when that is scrolled away."""
    watched = Watched()
    for id in "abcde":
        watched.see(started(id), log(id, "x"), log(id, "y"))
    watched.shown()
    timeline = watched.timeline

    def mark(top: int, height: int, *, follow: bool = False) -> str:
        timeline.seen(top, height, follow=follow)
        return timeline.selected.id if timeline.selected else ""

    assert mark(9, 6, follow=True) == "e"
    assert mark(3, 6) == "c"
    timeline.move(-1)
    assert mark(4, 6) == "b", "its last rows are in sight"
    assert mark(6, 6) == "c"
    assert mark(0, 1) == "a"
    assert mark(20, 5) == ""


def test_an_error_stands_once_and_its_log_stays_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda's log of it is in the log files."""
    trace = replace(log("a", "[ERROR] KeyError: 'title'"), unhandled=True)
    watched = Watched().see(started("a"), log("a", "x"), trace, failing("a"))

    assert sum("KeyError" in text for text in watched.shown()) == 1
    watched.see(replace(log(None, "[ERROR] ImportError"), unhandled=True))
    assert not any("ImportError" in text for text in watched.shown())


def test_a_click_finds_its_entry() -> None:
    """Any row of an invocation belongs to it."""
    watched = Watched().see(started("a"), log("a", "x"), started("b"))
    watched.shown()

    assert [(entry := watched.timeline.entry_at(y)) and entry.id for y in range(4)] == ["a", "a", "b", None]


EVENTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["line", "end", "fold"]), st.integers(0, 90)), max_size=40
)


@settings(deadline=None)
@given(EVENTS, st.integers(8, 40))
def test_wrapped_rows_add_up_whatever_happens(events: list[tuple[str, str, int]], width: int) -> None:
    """With wrapping on, the rows of each line, laid out step by step while lines are dropped, are the line."""
    with pytest.MonkeyPatch.context() as patch:
        for name, number in (("FIRST_LINES_KEPT", 2), ("LAST_LINES_KEPT", 3), ("LINES_KEPT_IN_ALL", 12)):
            patch.setattr(state_module, name, number)
        watched = Watched().see(*(started(id) for id in "abc"))
        for number, (id, what, length) in enumerate(events):
            entry = watched.timeline._by_id[id]
            if what == "line":
                watched.see(log(id, f"{number} {'x' * length} end"))
            elif what == "end":
                watched.see(failing(id))
            else:
                entry.fold()
            rows = watched.shown(width, wrap=True)

            for entry in watched.timeline._entries:
                start, end = watched.timeline.rows_of(entry)
                whole = "" if entry.closed else "".join(map(entry.text, range(entry.length)))
                assert "".join(text[GUTTER:] for text in rows[start + 1 : end]) == whole
