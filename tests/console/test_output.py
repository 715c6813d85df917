"""Bytes of child processes → lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sst_dev.console.output import LINE_KEPT, Lines


def test_a_line_may_come_in_pieces() -> None:
    """Pieces of a line, cut within a character too, become one line."""
    lines = Lines()
    raw = "grüße\nrest".encode()

    assert lines.feed(raw[:3]) == []
    assert lines.feed(raw[3:]) == ["grüße"]
    assert lines.flush() == ["rest"]
    assert lines.flush() == []


def test_a_redrawn_line_counts_as_last_drawn() -> None:
    """A progress bar that redraws itself with carriage returns is one line; a terminal's CRLF is a newline."""
    assert Lines().feed(b"10%\r50%\r100%\r\nnext\r\n") == ["100%", "next"]


def test_an_endless_line_is_cut() -> None:
    """A line that never ends is cut at the bound instead of kept."""
    lines = Lines()

    assert lines.feed(b"x" * (LINE_KEPT + 1)) == ["x" * (LINE_KEPT + 1)]
    assert lines.flush() == []


@given(st.lists(st.binary(max_size=20)))
def test_how_it_is_cut_does_not_matter(pieces: list[bytes]) -> None:
    """Any pieces of the same bytes give the same lines."""
    lines, whole = Lines(), Lines()

    cut = [text for piece in pieces for text in lines.feed(piece)] + lines.flush()

    assert cut == whole.feed(b"".join(pieces)) + whole.flush()
