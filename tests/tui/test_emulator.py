"""The terminal emulator: what pyte does not do, and what it must survive."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sst_dev.tui import emulator as module
from sst_dev.tui.emulator import Emulator, Modes
from sst_dev.tui.rows import plain


def shown(emulator: Emulator) -> list[str]:
    return [plain(emulator.row(y)) for y in range(emulator.first, emulator.end)]


def fed(*pieces: bytes, columns: int = 20, rows: int = 4) -> Emulator:
    emulator = Emulator(columns, rows)
    for piece in pieces:
        emulator.feed(piece)
    return emulator


def test_lines_that_leave_the_screen_are_kept() -> None:
    """The scrollback and the screen together are everything the program wrote."""
    emulator = fed(b"".join(b"line %d\r\n" % n for n in range(10)))

    assert shown(emulator) == [f"line {n}" for n in range(10)] + [""]
    assert (emulator.first, emulator.top, emulator.end) == (0, 7, 11)


def test_the_scrollback_is_bounded_and_rows_keep_their_numbers() -> None:
    """Past the bound the oldest rows go; the numbers of the others do not change."""
    emulator = fed(b"".join(b"line %d\r\n" % n for n in range(module.SCROLLBACK + 100)), rows=2)

    assert emulator.first == 99
    assert plain(emulator.row(99)) == "line 99"
    assert emulator.row(98) == ()


def test_colours_become_spans() -> None:
    """Rows are spans of one style each, with the program's own colours."""
    ((text, style), (rest, _)) = fed(b"\x1b[1;38;2;1;2;3mhot\x1b[0m cold").row(0)

    assert (text, rest) == ("hot", " cold")
    assert style.bold and style.color is not None and style.color.name == "#010203"


@pytest.mark.parametrize("name", range(16))
def test_all_sixteen_colours_are_known(name: int) -> None:
    """The names pyte has for colours are names Rich knows, on the foreground and on the background."""
    codes = (30 + name, 40 + name) if name < 8 else (82 + name, 92 + name)

    ((_, style),) = fed(b"\x1b[%d;%dmx" % codes).row(0)

    assert style.color is not None and style.color.number == name
    assert style.bgcolor is not None and style.bgcolor.number == name


def test_wide_characters_take_two_cells() -> None:
    """A wide character fills its cell and the next; the text has it once."""
    emulator = fed("日本 ok".encode())

    assert shown(emulator) == ["日本 ok"]
    assert emulator.cursor == (0, 7)


def test_a_long_line_wraps() -> None:
    """Text at the right edge goes on in the next row."""
    assert shown(fed(b"x" * 25)) == ["x" * 20, "x" * 5]


def test_a_full_screen_program_leaves_no_trace() -> None:
    """The alternate screen has no scrollback, and what was there comes back when it ends."""
    emulator = fed(b"before\r\n", b"\x1b[?1049h\x1b[2J\x1b[H" + b"full\r\n" * 10)

    assert emulator.modes.alternate
    assert emulator.top == 0
    assert shown(emulator)[0] == "full"
    emulator.feed(b"\x1b[?1049l")
    assert shown(emulator) == ["before", ""]


def test_modes_are_what_the_program_asked_for() -> None:
    """Mouse, paste and cursor-key modes, set and reset."""
    emulator = fed(b"\x1b[?1;1002;1004;1006;2004h")

    assert emulator.modes == Modes(
        application_cursor=True, bracketed_paste=True, mouse="drag", sgr_mouse=True, focus=True
    )
    emulator.feed(b"\x1b[?1;1002;1004;1006;2004l")
    assert emulator.modes == Modes()


def test_a_program_gets_its_answers() -> None:
    """Where is the cursor, what are you: asked by vim and others at their start."""
    emulator = Emulator(20, 4)

    assert emulator.feed(b"ab\x1b[6n") == b"\x1b[1;3R"
    assert emulator.feed(b"\x1b[c") == b"\x1b[?62;22c"
    assert emulator.feed(b"\x1b[>c") == b"\x1b[>0;354;0c"
    assert emulator.feed(b"\x1b[5n") == b"\x1b[0n"
    assert emulator.feed(b"\x1b[?6n") == b"\x1b[?1;3R"
    assert emulator.feed(b"\x1b[18t") == b"\x1b[8;4;20t"
    assert emulator.feed(b"\x1b[>q") == b"\x1bP>|sst dev\x1b\\"
    assert emulator.feed(b"\x1bP+q544e\x1b\\\x1bP$qm\x1b\\") == b"\x1bP0+r544e\x1b\\\x1bP0$r\x1b\\"
    assert emulator.feed(b"\x1b[5 q\x1bP$q q\x1b\\") == b"\x1bP1$r6 q\x1b\\"
    assert emulator.feed(b"\x1b[?2004h\x1b[?2004$p\x1b[?1004$p\x1b[?2026$p") == (
        b"\x1b[?2004;1$y\x1b[?1004;2$y\x1b[?2026;0$y"
    )


def test_answers_come_in_the_order_of_the_questions() -> None:
    """Programs ask several things, then wait for the one that every terminal answers."""
    replies = Emulator(20, 4).feed(b"\x1b[6n\x1b]11;?\x07\x1b[?u\x1b[c")

    assert replies == b"\x1b[1;1R\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?62;22c"


def test_colours_are_those_of_the_users_terminal() -> None:
    """Programs choose their own by them."""
    emulator = Emulator(20, 4)
    emulator.light = True

    assert emulator.feed(b"\x1b]10;?\x07\x1b]11;?\x1b\\\x1b[?996n") == (
        b"\x1b]10;rgb:0000/0000/0000\x1b\\\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?997;2n"
    )
    assert emulator.feed(b"\x1b]10;red\x07") == b""


def test_titles_are_text() -> None:
    """Both numbers, in pieces too, without control characters, and bounded."""
    emulator = fed("\x1b]0;vim – ".encode(), b"note\x01.txt\x07")

    assert emulator.title == "vim – note.txt"
    emulator.feed(b"\x1b]2;" + b"x" * 5000 + b"\x1b\\")
    assert len(emulator.title) == module.TITLE


def test_links_of_a_program_are_links_to_the_web_only() -> None:
    """OSC 8; the style may change within one; what is not http leads nowhere."""
    emulator = fed(
        b"\x1b]8;id=1;https://a.b/c;d?e=f\x1b\\li\x1b[1mnk\x1b[0m\x1b]8;;\x07 ",
        b"\x1b]8;;file:///etc/passwd\x07f\x1b]8;;\x07",
        b"\x1b]8;;javascript:x\x07j",
    )

    assert [(text, style.link) for text, style in emulator.row(0)] == [
        ("li", "https://a.b/c;d?e=f"), ("nk", "https://a.b/c;d?e=f"), (" fj", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sequence", "copied"),
    [(b"c;aGVsbG8=", "hello"), (b"c;?", ""), (b"c;!!", ""), (b"c;/w==", ""), (b"", ""), (b"p;YQ==", "a")],
)
def test_what_a_program_copies_is_told_and_the_clipboard_is_not(sequence: bytes, copied: str) -> None:
    """OSC 52: text comes out of the program, nothing goes in."""
    emulator = Emulator(20, 4)

    assert emulator.feed(b"\x1b]52;" + sequence + b"\x07") == b""
    assert emulator.copied == copied


@pytest.mark.parametrize(("number", "shape"), [(0, "block"), (2, "block"), (3, "underline"), (6, "bar")])
def test_the_cursor_has_a_shape(number: int, shape: str) -> None:
    """DECSCUSR: editors show their mode by it."""
    assert fed(b"\x1b[%d q" % number).shape == shape


def test_superfluous_character_sets_are_not_printed() -> None:
    """UTF-8 is what there is; line drawing works after a program said so."""
    assert shown(fed(b"\x1b%G\x1b F\x1b*B\x1b(0q\x1b(Bx")) == ["─x"]


@pytest.mark.parametrize(
    "sequence",
    [
        b"\x1bP+q544e\x1b\\", b"\x1b]8;;http://x\x1b\\", b"\x1b]11;?\x07", b"\x1b[>4;2m", b"\x1b[?4m", b"\x1b[0%m",
        b"\x1b[!p", b"\x1b[2 q", b"\x1b[?2026$p", b"\x1b_Gi=1;AAAA\x1b\\", b"\x1b[<u", b"\x1b[1;2;3;4A",
    ],
)  # fmt: skip
def test_what_this_terminal_does_not_know_is_not_printed(sequence: bytes) -> None:
    """Queries and features of other terminals leave no characters on the screen, however they are cut."""
    assert shown(fed(b"a" + sequence + b"b")) == ["ab"]
    for cut in range(1, len(sequence)):
        assert shown(fed(b"a" + sequence[:cut], sequence[cut:] + b"b")) == ["ab"]


def test_sub_parameters_of_colours_are_understood() -> None:
    """Colours written with colons, and curly underlines, are shown as well as they can be."""
    ((_, style),) = fed(b"\x1b[4:3;38:2::255:0:0mx").row(0)

    assert style.underline and style.color is not None and style.color.name == "#ff0000"


def test_line_drawing_characters() -> None:
    """Programs that draw boxes with the VT100 set get boxes."""
    assert shown(fed(b"\x1b(0lqk\x1b(B ok")) == ["┌─┐ ok"]


def test_a_character_may_come_in_pieces() -> None:
    """UTF-8 cut between two reads is one character."""
    raw = "✓".encode()

    assert shown(fed(raw[:1], raw[1:])) == ["✓"]


def test_a_smaller_screen_keeps_the_last_lines() -> None:
    """What no longer fits goes to the scrollback, and the cursor stays at its line."""
    emulator = fed(b"1\r\n2\r\n3\r\n4")
    emulator.resize(20, 2)

    assert shown(emulator) == ["1", "2", "3", "4"]
    assert emulator.top == 2
    assert emulator.cursor == (3, 1)
    emulator.resize(20, 6)
    emulator.feed(b"\r\n5")
    assert shown(emulator) == ["1", "2", "3", "4", "5"]


def test_a_smaller_screen_drops_only_blank_lines_below() -> None:
    """With the cursor at the top, shrinking loses nothing."""
    emulator = fed(b"only")
    emulator.resize(10, 1)

    assert shown(emulator) == ["only"]


def test_a_narrower_screen_hides_the_end_of_rows_and_loses_none() -> None:
    """A row has what is right of the screen, on it and when it has left it, found by a search; wider, all is back."""
    emulator = fed(b"0123456789end\r\n" * 3 + b"$ ", columns=13, rows=6)
    emulator.resize(10, 6)
    emulator.feed(b"ls\r\n" * 4)

    assert shown(emulator) == ["0123456789end"] * 3 + ["$ ls", "ls", "ls", "ls", ""]
    assert emulator.top == 2
    assert emulator.matches("end") == [0, 1, 2]


@pytest.mark.parametrize(
    ("written", "left"),
    [
        (b"\r\x1b[K", ""),
        (b"\r$ \x1b[K", "$ "),
        (b"\rabcdefghij", "abcdefghij"),
        ("\rabcdefgh日".encode(), "abcdefgh日"),
        (b"\x1b[3G\x1b[P", "013456789"),
        (b"\x1b[3G\x1b[@", "01 2345678"),
        (b"\x1b[2J", ""),
        (b"\rabc", "abc3456789end"),
        (b"\r\n", "0123456789end"),
    ],
)
def test_what_is_hidden_goes_when_the_end_of_its_row_is_written_anew(written: bytes, left: str) -> None:
    """A prompt that the shell draws again for the new width leaves nothing of the old one behind."""
    emulator = fed(b"0123456789end", columns=13)
    emulator.resize(10, 4)
    emulator.feed(written)
    emulator.resize(13, 4)

    assert shown(emulator)[0] == left.rstrip()


def test_a_line_that_goes_on_keeps_what_is_hidden() -> None:
    """The screen got narrower in the middle of a line: the rest follows in the next row."""
    emulator = fed(b"0123456789end", columns=13)
    emulator.resize(10, 4)
    emulator.feed(b" and more")

    assert shown(emulator) == ["0123456789end", " and more"]
    assert emulator.continues(1)


def test_a_full_screen_program_ends_on_a_smaller_screen() -> None:
    """What was there before is back as a smaller screen would have kept it."""
    emulator = fed(b"1\r\n2\r\n3\r\n$ vim it", b"\x1b[?1049h")
    emulator.resize(5, 2)
    emulator.feed(b"\x1b[?1049l")

    assert shown(emulator) == ["1", "2", "3", "$ vim it"]
    assert (emulator.top, emulator.cursor) == (2, (3, 4))


def test_tabs_are_as_wide_as_the_screen() -> None:
    """A wider screen has more of them."""
    emulator = fed(b"", columns=20)
    emulator.resize(40, 4)
    emulator.feed(b"\ta\tb\tc\td\r")
    emulator.resize(20, 4)
    emulator.feed(b"\n\t\t\t|")

    assert shown(emulator) == ["        a       b       c       d", "                   |"]


def test_clear_keeps_the_line_of_the_cursor() -> None:
    """Ctrl-L forgets the past and keeps the prompt."""
    emulator = fed(b"".join(b"line %d\r\n" % n for n in range(9)) + b"$ ls")
    emulator.clear()

    assert shown(emulator) == ["$ ls"]
    assert emulator.cursor is not None and emulator.cursor[0] == emulator.end - 1


def test_find_looks_through_the_scrollback() -> None:
    """In any case, oldest first."""
    emulator = fed(b"".join(b"Line %d\r\n" % n for n in range(30)))

    assert emulator.matches("line 2") == [2, *range(20, 30)]
    assert emulator.matches("nothing") == []


SOUP = st.lists(
    st.one_of(
        st.binary(max_size=8),
        st.builds(
            lambda p, i, f: b"\x1b[" + p + i + f,
            st.sampled_from([b"", b"?", b">", b"1;2", b"999", b"?1049", b"3;1", b"0;0;0;0"]),
            st.sampled_from([b"", b" ", b"$", b"!"]),
            st.sampled_from([bytes([n]) for n in range(0x40, 0x7F)]),
        ),
        st.sampled_from([b"\x1b", b"\x1b]", b"\x1bP", b"\x1b#8", b"\r\n", b"\x0e", b"\x1bM", b"\x1bD", "日".encode()]),
    ),
    max_size=30,
)


@given(SOUP, st.tuples(st.integers(1, 30), st.integers(1, 9)))
@example([b"\x1b[?3h", b"\x1b[5;2r", b"\x1b[9999L"], (3, 2))
def test_no_bytes_break_it(pieces: list[bytes], size: tuple[int, int]) -> None:
    """Whatever a program writes and however the pane is resized: rows stay within the screen, nothing raises."""
    emulator = Emulator(20, 5)
    for number, piece in enumerate(pieces):
        emulator.feed(piece)
        if number % 7 == 3:
            emulator.resize(*size)
    shown(emulator)

    cursor = emulator.cursor
    assert emulator.first <= emulator.top <= emulator.end
    assert cursor is None or emulator.top <= cursor[0]
