"""Cells as rows of styled text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from sst_dev.tui import cells as module
from sst_dev.tui.cells import Cell, row_of
from sst_dev.tui.rows import plain

CELLS = st.lists(st.sampled_from(["a", " ", "日", "", "é", "🎉", "é", "か\u3099"]), max_size=12)


@given(CELLS)
def test_a_row_is_as_wide_as_its_cells(characters: list[str]) -> None:
    """Whatever overwrote half of a wide character: what follows stands in its column."""
    line = {x: Cell(data, fg="red") for x, data in enumerate(characters)}

    assert cell_len(plain(row_of(line))) == len(characters)


def test_half_a_wide_character_is_blank() -> None:
    """As on any terminal, on either side."""
    whole = {0: Cell("日"), 1: Cell(""), 2: Cell("x")}
    assert plain(row_of(whole)) == "日x"
    assert plain(row_of({**whole, 0: Cell("a")})) == "a x"
    assert plain(row_of({**whole, 1: Cell("a")})) == " ax"


def test_spans_have_one_style_and_the_blank_end_is_cut() -> None:
    """A coloured blank is no blank."""
    line = {0: Cell("a", dim=True), 1: Cell("b", dim=True), 2: Cell("c", link="http://x"), 3: Cell(" ")}
    (ab, faint), (c, linked) = row_of(line)

    assert (ab, c) == ("ab", "c")
    assert faint.dim and linked.link == "http://x"
    assert plain(row_of({0: Cell(" ", bg="red"), 1: Cell(" ")})) == " "


def test_styles_are_bounded() -> None:
    """A program that paints gradients for a day costs no more than one that paints once."""
    for n in range(module.STYLES_KEPT * 2):
        row_of({0: Cell("x", fg=f"{n:06x}")})

    assert len(module._STYLES) <= module.STYLES_KEPT + 1
