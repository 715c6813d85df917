"""The Functions pane as a document."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sst_dev.core import events as e
from sst_dev.core import state as state_module
from sst_dev.core.state import State
from sst_dev.tui import timeline as module
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
        f"{'   ● Api url GET /notes':55}7.0 s  08:53:23",
        "  │ hello",
    ]
    assert watched.timeline.running
    watched.see(finished("a"))
    assert watched.shown()[0] == f"{'   ✓ Api url GET /notes':46}12 ms    61 MB  08:53:23"
    assert not watched.timeline.running


def test_a_breakpoint_shows_in_the_head() -> None:
    """Which line it stands at, while it stands there."""
    watched = Watched().see(started("a"))
    watched.state.invocations["a"].paused = "/app/functions/api.py:41"

    assert watched.shown()[0].startswith("   ⏸ Api url GET /notes")
    assert "paused at api.py:41" in watched.shown()[0]


def test_a_failure_shows_the_users_frames() -> None:
    """The status in the head, the error and the frames under the lines."""
    assert Watched().see(started("a"), log("a", "x"), failing("a")).shown()[0:4] == [
        f"{'   ✗ Api url GET /notes':37}error    12 ms    61 MB  08:53:23",
        "  │ x",
        "  KeyError: 'title'",
        '    File "functions/api.py", line 12, in handler',
    ]


def test_a_long_trigger_is_cut_not_the_facts() -> None:
    """In a narrow pane the trigger gives way."""
    (head,) = Watched().see(started("a", trigger="url GET /" + "x" * 100), finished("a")).shown(50)

    assert "…" in head
    assert head.endswith("12 ms  08:53:23")
    assert len(head) == 50


def test_before_the_first_call_it_says_so() -> None:
    """An empty pane is not a broken one; so is one whose filter matches nothing."""
    watched = Watched()
    assert watched.shown() == ["Waiting for invocations…"]
    watched.see(started("a"))
    watched.timeline.function = "Worker"
    assert watched.shown() == ["Waiting for invocations…"]
    assert watched.timeline.find("waiting", 0, 1) is None


def test_a_long_name_leaves_room_for_the_trigger() -> None:
    """Names are cut at 24 cells."""
    (head,) = Watched().see(started("a", "AFunctionWithAVeryLongNameIndeed")).shown()

    assert "AFunctionWithAVeryLongN… url GET /notes" in head


def test_folded_entries_are_one_row() -> None:
    """Folding hides the lines of one invocation, or of all, and of those to come."""
    watched = Watched().see(started("a"), log("a", "one"), started("b"), log("b", "two"))
    assert len(watched.shown()) == 4

    watched.timeline.move(0)
    assert watched.timeline.selected is not None
    watched.timeline.selected.folded = True
    assert [text[:4] for text in watched.shown()] == ["   ●", "  │ ", "❯ ▸●"]

    watched.timeline.fold_all()
    watched.see(started("c"), log("c", "three"))
    assert len(watched.shown()) == 3


def test_j_and_k_walk_over_invocations() -> None:
    """Selection moves by invocation, skips notes, and stops at the ends."""
    watched = Watched().see(started("a"), e.Reloaded(START, ("Api",), ("/x/api.py",), 3.0), started("b"))
    watched.shown()
    timeline = watched.timeline

    def chosen(step: int) -> str:
        entry = timeline.move(step)
        assert entry is not None
        return entry.id

    assert [chosen(-1), chosen(-1), chosen(-1), chosen(1), chosen(1)] == ["b", "a", "a", "b", "b"]


def test_reloads_and_init_lines_stand_between() -> None:
    """What was reloaded, what does not import, and what was printed before the first call."""
    watched = Watched().see(
        log(None, "loading"),
        log(None, "loaded"),
        e.Reloaded(START, ("Api", "Worker"), ("/app/lib/db.py",), 3.4),
        e.ReloadFailed(START, "Api", "SyntaxError", "invalid syntax", "/app/api.py", 3),
    )

    assert watched.shown() == [
        "    init  Api",
        "  │ loading",
        "  │ loaded",
        "  ↻ db.py → Api, Worker  3 ms",
        "  ✗ Api does not import: SyntaxError: invalid syntax  api.py:3",
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
    assert [text.strip() for text in changes] == ["{", '-  "n": 1', '+  "n": 2', "}"]


def test_dropped_lines_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines beyond the bound are counted, and the file that has them is named."""
    monkeypatch.setattr(state_module, "LINES_KEPT", 2)
    watched = Watched().see(started("a"), *(log("a", str(n)) for n in range(5)))

    assert watched.shown()[-1] == "  │ … 3 more in .sst/log/functions.log"


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
    """Everything kept is searched; what was folded unfolds."""
    watched = Watched().see(started("a"), log("a", "Needle one"), started("b"), log("b", "needle two"))
    watched.timeline.fold_all()
    watched.shown()
    timeline = watched.timeline

    assert timeline.find("NEEDLE", timeline.first, 1) == 1
    assert timeline.find("needle", 2, 1) == 3
    assert timeline.find("url get", 1, -1) == 0
    assert timeline.find("nothing", 0, 1) is None


def test_a_click_finds_its_entry() -> None:
    """Any row of an invocation belongs to it."""
    watched = Watched().see(started("a"), log("a", "x"), started("b"))
    watched.shown()

    assert [(entry := watched.timeline.entry_at(y)) and entry.id for y in range(4)] == ["a", "a", "b", None]


EVENTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["line", "end", "fold", "drop"]), st.integers(0, 90)), max_size=40
)


@settings(deadline=None)
@given(EVENTS, st.integers(5, 40))
def test_wrapped_rows_add_up_whatever_happens(events: list[tuple[str, str, int]], width: int) -> None:
    """With wrapping on, the rows of each line, laid out step by step, are the line."""
    watched = Watched().see(*(started(id) for id in "abc"))
    for id, what, length in events:
        entry = watched.timeline._by_id[id]
        if what == "line":
            watched.see(log(id, "x" * length))
        elif what == "end":
            watched.see(failing(id))
        elif what == "fold":
            entry.folded = not entry.folded
        elif entry.invocation is not None:
            entry.invocation.lines = []
        rows = watched.shown(width, wrap=True)

        wanted = [entry for entry in watched.timeline._entries if not entry.folded]
        bodies = ["".join(entry.texts()) for entry in wanted]
        starts = [watched.timeline.top_of(entry) for entry in wanted]
        for entry, body, start in zip(wanted, bodies, starts, strict=True):
            height = entry.layout(width, wrap=True)
            assert "".join(rows[start + 1 : start + height]) == body
