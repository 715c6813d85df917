"""A line that is typed."""

from __future__ import annotations

import pytest
from sst_dev.tui.prompt import LIMIT, Line, Prompt


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("a b c", "abc|"),
        ("a b left left x", "x|ab"),
        ("a b home delete", "|b"),
        ("a b end backspace", "a|"),
        ("a b left ctrl+k", "a|"),
        ("a b left ctrl+u", "|b"),
        ("a b space c d ctrl+w e", "ab e|"),
        ("left right backspace delete", "|"),
        ("a f5 up b", "ab|"),
    ],
)
def test_keys_edit_as_in_a_shell(keys: str, expected: str) -> None:
    """Readline's keys; others do nothing."""
    line = Line()
    for key in keys.split():
        line.press(key, " " if key == "space" else key if len(key) == 1 else None)

    assert line.text[: line.at] + "|" + line.text[line.at :] == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [("x y", "xy|"), ("left x", "a-xb|"), ("backspace x", "a-x|"), ("end x", "a-bx|"), ("f5 x", "x|"), ("ctrl+u", "|")],
)
def test_a_proposal_is_replaced_by_typing_and_kept_by_editing(keys: str, expected: str) -> None:
    """As text that is selected in a form."""
    line = Line("a-b", 3, proposed=True)
    for key in keys.split():
        line.press(key, key if len(key) == 1 else None)

    assert line.text + "|" == expected


def test_a_proposal_is_replaced_by_a_paste() -> None:
    """Once; the next paste follows it."""
    line = Line("a-b", 3, proposed=True)
    line.insert("one")
    line.insert(" two")

    assert line.text == "one two"


def test_a_paste_is_one_line_of_bounded_length() -> None:
    """What follows its first line was meant for something else."""
    line = Line("ab", 1)
    line.insert("\n1\x1b2\r\nrm -rf")
    assert (line.text, line.at) == ("a12b", 3)

    line.insert("x" * 2 * LIMIT)
    assert len(line.text) == LIMIT


def test_a_prompt_tells_what_is_typed_and_how_it_ends() -> None:
    """Each change, then the text on Enter or None on Escape; Up recalls what was typed before."""
    told: list[str | None] = []
    prompt = Prompt("/", told.append, told.append, before="old")
    assert [prompt.press(key, key if len(key) == 1 else None) for key in ("a", "left", "up", "enter")] == [
        True, True, True, False,
    ]  # fmt: skip
    assert told == ["a", "old", "old"]
    assert not prompt.press("escape", None)
    assert told[-1] is None
