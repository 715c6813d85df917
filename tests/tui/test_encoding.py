"""Keys, paste and mouse as bytes."""

from __future__ import annotations

import pytest
from sst_dev.tui.emulator import Modes
from sst_dev.tui.encoding import encode_focus, encode_key, encode_mouse, encode_paste, encode_wheel


@pytest.mark.parametrize(
    ("key", "character", "expected"),
    [
        ("a", "a", b"a"), ("A", "A", b"A"), ("é", "é", "é".encode()), ("space", " ", b" "), ("enter", "\r", b"\r"),
        ("tab", "\t", b"\t"), ("shift+tab", None, b"\x1b[Z"), ("backspace", "\x7f", b"\x7f"),
        ("escape", "\x1b", b"\x1b"),
        ("ctrl+c", None, b"\x03"), ("ctrl+c", "\x03", b"\x03"), ("ctrl+d", None, b"\x04"), ("ctrl+@", None, b"\x00"),
        ("ctrl+backslash", None, b"\x1c"), ("ctrl+right_square_bracket", None, b"\x1d"),
        ("ctrl+underscore", None, b"\x1f"),
        ("up", None, b"\x1b[A"), ("ctrl+right", None, b"\x1b[1;5C"), ("shift+end", None, b"\x1b[1;2F"),
        ("delete", None, b"\x1b[3~"), ("pageup", None, b"\x1b[5~"), ("ctrl+delete", None, b"\x1b[3;5~"),
        ("f1", None, b"\x1bOP"), ("f5", None, b"\x1b[15~"), ("f12", None, b"\x1b[24~"),
        ("alt+b", "b", b"\x1bb"), ("alt+up", None, b"\x1b[1;3A"), ("question_mark", "?", b"?"), ("+", "+", b"+"),
        ("plus", "+", b"+"), ("super+k", None, b"k"), ("unknown_key", None, b""),
    ],
)  # fmt: skip
def test_keys_are_what_xterm_sends(key: str, character: str | None, expected: bytes) -> None:
    """Each key by its Textual name, with and without modifiers."""
    assert encode_key(key, character, Modes()) == expected


def test_cursor_keys_follow_the_application_mode() -> None:
    """Full-screen programs ask for SS3."""
    modes = Modes(application_cursor=True)

    assert encode_key("up", None, modes) == b"\x1bOA"
    assert encode_key("ctrl+up", None, modes) == b"\x1b[1;5A"


def test_a_paste_is_marked_for_those_who_asked() -> None:
    """Newlines are Enter, and pasted text cannot end its own mark."""
    assert encode_paste("a\nb\r\nc", Modes()) == b"a\rb\rc"
    assert encode_paste("x\x1b[201~y", Modes(bracketed_paste=True)) == b"\x1b[200~xy\x1b[201~"


def test_the_mouse_is_told_to_programs_that_asked() -> None:
    """What they asked for, in the encoding they asked for, and nothing else."""
    sgr = Modes(mouse="drag", sgr_mouse=True)

    assert encode_mouse("down", 0, 4, 2, sgr) == b"\x1b[<0;5;3M"
    assert encode_mouse("up", 2, 4, 2, sgr) == b"\x1b[<2;5;3m"
    assert encode_mouse("drag", 0, 4, 2, sgr) == b"\x1b[<32;5;3M"
    assert encode_mouse("wheel", 1, 4, 2, sgr) == b"\x1b[<65;5;3M"
    assert encode_mouse("move", 0, 4, 2, sgr) == b""
    assert encode_mouse("move", 0, 4, 2, Modes(mouse="motion", sgr_mouse=True)) == b"\x1b[<35;5;3M"
    assert encode_mouse("down", 0, 4, 2, Modes()) == b""
    assert encode_mouse("drag", 0, 4, 2, Modes(mouse="press")) == b""


def test_the_old_mouse_encoding_ends_at_column_223() -> None:
    """Beyond what a byte can say, nothing is sent."""
    assert encode_mouse("down", 0, 4, 2, Modes(mouse="press")) == b"\x1b[M \x25\x23"
    assert encode_mouse("up", 0, 4, 2, Modes(mouse="press")) == b"\x1b[M#\x25\x23"
    assert encode_mouse("down", 0, 300, 2, Modes(mouse="press")) == b""


def test_modifiers_held_with_the_mouse_are_told() -> None:
    """Shift is 4, Alt 8, Ctrl 16."""
    assert encode_mouse("down", 0, 4, 2, Modes(mouse="press", sgr_mouse=True), held="ctrl alt") == b"\x1b[<24;5;3M"
    assert encode_mouse("wheel", 0, 4, 2, Modes(mouse="press"), held="shift") == b"\x1b[M\x64\x25\x23"


def test_the_wheel_is_arrows_in_a_full_screen_program() -> None:
    """So that `less` scrolls; elsewhere the wheel is the pane's."""
    assert encode_wheel(-3, Modes(alternate=True, application_cursor=True)) == b"\x1bOA" * 3
    assert encode_wheel(2, Modes(alternate=True)) == b"\x1b[B" * 2
    assert encode_wheel(3, Modes()) == b""


def test_focus_is_told_to_those_who_asked() -> None:
    """DECSET 1004."""
    assert encode_focus(True, Modes(focus=True)) == b"\x1b[I"
    assert encode_focus(False, Modes(focus=True)) == b"\x1b[O"
    assert encode_focus(True, Modes()) == b""
