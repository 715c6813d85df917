"""Spans, colours and what may not reach a terminal."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sst_dev.console.text import bar_style, clean, duration, line, paint, wants_color


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_colour_a_line_is_its_text() -> None:
    """No escape sequence is written when colour is off, not even the program's own."""
    assert paint(line(("✓ ", "good"), "\x1b[31mred\x1b[0m"), color=False) == "✓ red"


def test_with_colour_every_style_ends_with_its_span() -> None:
    """A style never runs into the next span, and a program's own colour ends with its text."""
    assert paint(line(("a", "bad"), "\x1b[32mb"), color=True) == "\x1b[1;31ma\x1b[0m\x1b[32mb\x1b[0m"


@pytest.mark.parametrize(
    "text",
    ["\x1b[2Ja", "\x1b]0;title\x07a", "\x1b]8;;http://x\x1b\\a", "\x07a", "a\x1b[10;5H", "\x1b(Ba", "\x1b7a", "a\r"],
)
def test_a_line_cannot_move_the_cursor_or_ring(text: str) -> None:
    """Only colours pass: no cursor movement, no title, no bell."""
    assert clean(text, color=True).removesuffix("\x1b[0m") == "a"


@given(st.text(alphabet="\x1b[]0;mHJ\x07\x9b\\ab\r\t"))
def test_without_colour_no_escape_survives(text: str) -> None:
    """Whatever a program writes, no escape character reaches a file."""
    assert "\x1b" not in clean(text, color=False)


@pytest.mark.parametrize(
    ("environ", "file", "expected"),
    [
        ({"TERM": "xterm"}, Terminal(), True),
        ({}, io.StringIO(), False),
        ({"NO_COLOR": "1"}, Terminal(), False),
        ({"NO_COLOR": ""}, Terminal(), True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, Terminal(), False),
        ({"FORCE_COLOR": "1"}, io.StringIO(), True),
        ({"TERM": "dumb"}, Terminal(), False),
    ],
)
def test_colour_is_for_terminals_and_the_user_decides(environ: dict[str, str], file: Terminal, expected: bool) -> None:
    """NO_COLOR wins, then FORCE_COLOR, then whether there is a terminal that can."""
    assert wants_color(file, environ) is expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.0124, "12 ms"), (0.0, "0 ms"), (0.9996, "1.00 s"), (1.234, "1.23 s"), (125.0, "2 min 5 s")],
)
def test_durations_read_well(seconds: float, expected: str) -> None:
    """Milliseconds below a second, then seconds, then minutes."""
    assert duration(seconds) == expected


def test_the_bar_of_an_invocation_keeps_its_colour() -> None:
    """The same key has the same style in every process and run."""
    assert bar_style("abcd") == bar_style("abcd")
    assert len({bar_style(str(n)) for n in range(50)}) == 5
