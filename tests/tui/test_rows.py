"""Rows of styled text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from sst_dev.tui.rows import ansi_row, part_of, plain, row, wrapped, wraps


def test_a_programs_colours_are_kept_and_its_other_wishes_are_not() -> None:
    """SGR becomes styles; cursor movement, titles and bells become nothing; tabs become blanks."""
    pieces = ansi_row("a\x1b[31mred\x1b[0m\x1b[2J\tb\x07")

    assert plain(pieces) == "ared    b"
    assert pieces[1][1].color is not None and pieces[1][1].color.number == 1


def test_other_blanks_are_blanks() -> None:
    """AWS's runtime indents tracebacks with no-break spaces."""
    assert plain(ansi_row("\xa0\xa0File")) == "  File"


def test_plain_text_is_one_piece() -> None:
    """Ordinary lines cost nothing to decode."""
    assert len(ansi_row("hello")) == 1


TEXT = st.text(alphabet="ab日é ", max_size=40)


@given(TEXT, st.integers(2, 15))
def test_wrapping_loses_nothing(text: str, width: int) -> None:
    """The rows of a wrapped line are no wider than asked for but for a space at the end, and together are the line."""
    pieces = row((text[:3], "bold"), text[3:])

    rows = [plain(wrapped(pieces, width, index)) for index in range(wraps(text, width))]

    assert all(cell_len(part.removesuffix(" ")) <= width for part in rows)
    assert "".join(rows) == text


def test_words_stay_whole_where_they_can() -> None:
    """Rows break after a space; a word longer than a row is cut."""
    pieces = row("  def handler(event): abcdefghijklmnopqrstuvwxyz")

    rows = [plain(wrapped(pieces, 16, index)) for index in range(wraps(plain(pieces), 16))]

    assert rows == ["  def ", "handler(event): ", "abcdefghijklmnop", "qrstuvwxyz"]
    assert [part_of(plain(pieces), 16, at) for at in (0, 6, 21, 22, 47)] == [0, 1, 1, 2, 3]


@given(st.text())
def test_any_line_has_a_row(text: str) -> None:
    """No text of a program breaks the pane, and no control character reaches the terminal."""
    assert plain(ansi_row(text)).isprintable()
