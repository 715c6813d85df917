"""One invocation of the Functions pane."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sst_dev.core import state as state_module
from sst_dev.core.state import State
from sst_dev.tui.entry import AFTER, Entry, error_rows
from sst_dev.tui.rows import STYLES, plain

from tests.support.history import failing, finished, log, started


def entry(lines: int, *, first: int = 2, last: int = 3, end: bool = True) -> Entry:
    """An invocation that logged *lines* lines, of which *first* and *last* are kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(state_module, "FIRST_LINES_KEPT", first)
        patch.setattr(state_module, "LAST_LINES_KEPT", last)
        state = State()
        for event in [started("a"), *(log("a", f"line {n}") for n in range(lines)), *([failing("a")] if end else [])]:
            state.apply(event)
    return Entry("Api", invocation=state.invocations["a"])


@given(st.integers(0, 12))
def test_numbers_of_lines_are_those_they_were_logged_with(lines: int) -> None:
    """Whatever was dropped between them; a dropped one is where that is told; what follows counts apart."""
    shown = entry(lines)
    logged = [index for index in range(shown.length) if shown.text(index).startswith("line")]

    assert [shown.text(index) for index in logged] == [f"line {shown.number(index)}" for index in logged]
    assert [shown.index(shown.number(index)) for index in range(shown.length)] == list(range(shown.length))
    dropped = set(range(lines)) - {shown.number(index) for index in logged}
    assert {shown.text(shown.index(number)) for number in dropped} <= {
        f"… {len(dropped)} lines left out here; .sst/log/functions.log has them …"
    }
    assert shown.text(shown.index(AFTER)) == "KeyError: 'title'"


def test_copied_are_the_lines_as_they_were_logged() -> None:
    """Without the error; of one that logged nothing, the error."""
    assert entry(2).copied() == "line 0\nline 1"
    assert entry(0).copied().splitlines()[0] == "KeyError: 'title'"
    assert entry(0, end=False).copied() == ""


def test_the_code_in_a_frame_is_bold_and_its_file_short() -> None:
    """That is what one looks for."""
    frame = '  File "/app/functions/api.py", line 12, in handler\n    return notes[key]\n'
    error, where, code = error_rows(finished("a", status="error", error_type="E", frames=(frame,)), Path("/app"))

    assert [plain(error), plain(where), plain(code)] == [
        "E", '  File "functions/api.py", line 12, in handler', "    return notes[key]",
    ]  # fmt: skip
    assert code[0][1] == STYLES["bold"]
    assert error_rows(finished("a"), Path("/")) == []


def test_a_fold_by_hand_ends_what_a_search_opened() -> None:
    """Space on what a match unfolded folds it."""
    shown = entry(1)
    shown.fold()
    shown.opened = True
    assert not shown.closed
    shown.fold()
    assert shown.closed
