"""The prompt comes last, whatever is logged meanwhile."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sst_dev.console.conversation import Conversation
from sst_dev.tui.emulator import Emulator
from sst_dev.tui.rows import plain

PROMPT = "(pdb 2fa5) "


def shown(*pieces: bytes | str) -> list[str]:
    """The rows of a terminal after the conversation's bytes and the log's lines, each written at once."""
    page, screen = Conversation(), Emulator(60, 40)
    for piece in pieces:
        if isinstance(piece, bytes):
            page.said(piece)
        else:
            page.lines([piece])
        screen.feed(page.take().replace("\r\n", "\n").replace("\n", "\r\n").encode())
    rows = [plain(screen.row(y)).rstrip() for y in range(screen.top, screen.end)]
    while rows and not rows[-1]:
        rows.pop()
    return rows


def test_a_line_goes_above_the_prompt_and_what_is_typed() -> None:
    """Half a command stays where one types it."""
    rows = shown(PROMPT.encode(), b"p n", "one", b"\b \b", "two", b"x\r\n4\r\n" + PROMPT.encode())

    assert rows == ["one", "two", "(pdb 2fa5) p x", "4", PROMPT.strip()]


def test_no_prompt_is_left_where_nobody_stands() -> None:
    """After the command that lets a call go on there are lines only."""
    assert shown(PROMPT.encode(), b"c\r\n", "goes on", "done") == ["(pdb 2fa5) c", "goes on", "done"]


@given(st.lists(st.sampled_from([PROMPT.encode(), b"p n\r\n", b"4\r\n", "log"]), max_size=12))
def test_no_line_of_the_log_shares_its_row(pieces: list[bytes | str]) -> None:
    """Whatever the order, every logged line stands alone and whole."""
    assert shown(*pieces).count("log") == pieces.count("log")


def test_a_character_may_come_in_pieces() -> None:
    """It is shown when it is whole."""
    page = Conversation()
    page.said("(pdb) é".encode()[:-1])
    page.said("é".encode()[-1:])

    assert page.take() == "(pdb) é"
