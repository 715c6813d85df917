"""What the screen does that pyte does not."""

from __future__ import annotations

import pytest
from sst_dev.tui import screen as module
from sst_dev.tui.emulator import Emulator
from sst_dev.tui.rows import plain


def fed(*pieces: str, columns: int = 20, rows: int = 5) -> Emulator:
    emulator = Emulator(columns, rows)
    for piece in pieces:
        emulator.feed(piece.encode())
    return emulator


def shown(*pieces: str, columns: int = 20, rows: int = 5) -> list[str]:
    emulator = fed(*pieces, columns=columns, rows=rows)
    return [plain(emulator.row(y)) for y in range(emulator.first, emulator.end)]


def test_faint_concealed_and_doubly_underlined_text() -> None:
    """SGR 2, 8 and 21; 22 ends bold and faint, 28 ends concealed, 0 ends all."""
    row = fed("\x1b[1;2;21;8ma\x1b[22;28mb\x1b[0mc").row(0)

    (_, all_of_it), (_, underlined), (_, nothing) = row
    assert all_of_it.bold and all_of_it.dim and all_of_it.underline and all_of_it.conceal
    assert underlined.underline and not underlined.bold and not underlined.dim and not underlined.conceal
    assert not nothing.underline


@pytest.mark.parametrize("codes", ["38;5;300", "38;5", "38;2;1;2", "38", "38;7;1", "48;2;999;0;0"])
def test_colours_that_are_none_change_nothing_and_break_nothing(codes: str) -> None:
    """Cut or beyond the palette."""
    assert shown(f"\x1b[{codes}mx") == ["x"]


def test_erasing_leaves_the_background_that_is_set() -> None:
    """terminfo's `bce`: full-screen programs colour their screens by erasing them; an underline is not left."""
    emulator = fed("\x1b[44;4m\x1b[K\r\nab\x1b[1K\x1b[1;5H\x1b[3X")

    for y in (0, 1):
        ((text, style), *_) = emulator.row(y)
        assert text.isspace() and style.bgcolor is not None and style.bgcolor.name == "blue"
    assert fed("abc\x1b[2J").row(0) == ()


def test_erasing_the_scrollback_keeps_the_screen() -> None:
    """ED 3, what `clear` sends; not from within a full-screen program."""
    lines = "".join(f"{n}\r\n" for n in range(9))

    assert shown(lines, "\x1b[3J") == ["5", "6", "7", "8", ""]
    assert shown(lines, "\x1b[?1049h\x1b[3J\x1b[?1049l")[:2] == ["0", "1"]


def test_a_character_is_repeated() -> None:
    """REP, which ncurses uses for lines and blanks, no more often than the screen has cells."""
    assert shown("a-\x1b[3b|") == ["a----|"]
    assert fed("x\x1b[9999b").end <= 2 * 5 + 1


def test_the_page_scrolls_within_its_margins() -> None:
    """SU and SD; what leaves at the top of the page is kept, what leaves a region is not."""
    page = "".join(f"\x1b[{n};1H{n}" for n in range(1, 6))

    assert shown(page, "\x1b[2S") == ["1", "2", "3", "4", "5", "", ""]
    assert shown(page, "\x1b[2;4r\x1b[S") == ["1", "3", "4", "", "5"]
    assert shown(page, "\x1b[2;4r\x1b[T") == ["1", "", "2", "3", "5"]
    assert shown(page, "\x1b[1;2;3;4;5T") == ["1", "2", "3", "4", "5"]


def test_tabs_go_both_ways() -> None:
    """CHT and CBT."""
    assert shown("\x1b[2Ix\x1b[2Zy") == ["        y       x"]


def test_a_wide_character_does_not_fit_into_one_cell() -> None:
    """At the edge it goes to the next row; without DECAWM it stands over the last cells."""
    assert shown("x" * 19 + "日") == ["x" * 19, "日"]
    assert shown("\x1b[?7l" + "x" * 19 + "日") == ["x" * 18 + "日"]
    assert shown("日", columns=1) == [""]


def test_marks_combine_and_what_has_no_sure_width_is_left_out() -> None:
    """Also behind wide characters; joiners, variation selectors and skin tones would move all that follows."""
    assert shown("e\u0301 か\u3099 ส\u0e31") == ["é が สั"]
    assert shown("👩\u200d👩 ❤\ufe0f 👍🏽 a\u200bb|") == ["👩👩 ❤ 👍 ab|"]
    assert len(shown("e" + "\u0316" * 1000)[0]) <= module.MARKS


def test_inserted_characters_move_the_others() -> None:
    """IRM, for ASCII and for others."""
    assert shown("abc\r\x1b[4hXé日") == ["Xé日abc"]


def test_the_cursor_is_saved_for_more_than_one_time() -> None:
    """DECRC leaves what DECSC saved; the SCO sequences do the same."""
    assert shown("ab\x1b7cd\x1b8X\x1b8Y") == ["abYd"]
    assert shown("ab\x1b[scd\x1b[uX") == ["abXd"]


def test_lines_that_wrap_are_one_line() -> None:
    """On the screen and in the scrollback; an erased line begins anew, a full-screen program has none."""
    emulator = fed("x" * 45 + "\r\n" + "a\r\n" * 5)

    assert [emulator.continues(y) for y in range(emulator.first, emulator.end)] == [False, True, True] + [False] * 6
    assert not fed("x" * 25 + "\r\x1b[K").continues(1)
    assert not fed("\x1b[?1049h" + "x" * 25).continues(1)


def test_a_reset_leaves_nothing_behind() -> None:
    """RIS ends modes, styles and the alternate screen; DECSTR leaves the text."""
    hard = fed("\x1b[?1049h\x1b[?2004h\x1b[5 q\x1b[31mred\x1bcx")
    assert (hard.modes.alternate, hard.modes.bracketed_paste, hard.shape) == (False, False, "block")
    assert hard.row(0)[0][1].color is None

    soft = fed("text\x1b[?25l\x1b[?1h\x1b[4h\x1b[31m\x1b[!p!")
    assert plain(soft.row(0)) == "text!"
    assert soft.cursor == (0, 5) and not soft.modes.application_cursor
