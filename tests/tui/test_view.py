"""The widget that shows a pane: mouse, selection, links, scroll bar."""

from __future__ import annotations

from pathlib import Path

import pytest
from sst_dev.core import commands as c
from sst_dev.core import events as e
from sst_dev.tui.entry import GUTTER
from sst_dev.tui.view import PADDING, URL, PaneView

from tests.support.history import START, finished, log, output, process, started

from .support import Deck, deck


async def web(d: Deck, text: str) -> None:
    """A command pane with *text* in it, shown."""
    await d.see(process("Web", "running"), output("Web", text))
    await d.press("4")


async def drag(d: Deck, start: tuple[int, int], end: tuple[int, int]) -> None:
    """From one column and row of the text to another."""
    (x0, y0), (x1, y1) = start, end
    await d.pilot.mouse_down(PaneView, offset=(x0 + PADDING, y0))
    await d.pilot.hover(PaneView, offset=(x1 + PADDING, y1))
    await d.pilot.mouse_up(PaneView, offset=(x1 + PADDING, y1))
    await d.settle()


async def test_a_drag_copies_text_without_borders(tmp_path: Path) -> None:
    """From the middle of a row to the middle of another, whole rows between, no trailing blanks."""
    async with deck(tmp_path) as d:
        await web(d, "first row\r\nsecond row   \r\nthird row")
        await drag(d, (6, 0), (4, 2))

        assert d.app.clipboard == "row\nsecond row\nthird"


@pytest.mark.parametrize("sidebar", [True, False])
async def test_a_drag_may_begin_left_of_the_text(tmp_path: Path, sidebar: bool) -> None:
    """In the column between the list and the text it begins with the text."""
    async with deck(tmp_path) as d:
        await web(d, "first row\r\nsecond row")
        if not sidebar:
            await d.press("z")
        left = d.app.view.region.x
        await d.pilot.mouse_down(offset=(left, 0))
        await d.pilot.hover(offset=(left + 6, 1))
        await d.pilot.mouse_up(offset=(left + 6, 1))
        await d.settle()

        assert left + 1 == d.app.view.content_region.x
        assert d.app.clipboard == "first row\nsecond"


async def test_a_drag_upwards_is_the_same(tmp_path: Path) -> None:
    """The direction does not matter."""
    async with deck(tmp_path) as d:
        await web(d, "first row\r\nsecond row")
        await drag(d, (5, 1), (6, 0))

        assert d.app.clipboard == "row\nsecond"


async def test_wide_characters_are_selected_whole(tmp_path: Path) -> None:
    """Cells are not characters."""
    async with deck(tmp_path) as d:
        await web(d, "日本語 ok")
        await drag(d, (2, 0), (5, 0))

        assert d.app.clipboard == "本語"


async def test_a_selection_stays_with_its_text(tmp_path: Path) -> None:
    """Output that scrolls the pane moves the selection with the rows, and what was selected can be copied later."""
    async with deck(tmp_path) as d:
        await web(d, "keep me\r\n")
        await d.press("v", "k")
        await d.see(output("Web", "more\r\n" * 100))

        assert d.app.view.selected_text() == "keep me\nmore"


async def test_a_drag_holds_the_pane_still(tmp_path: Path) -> None:
    """Output during a drag does not move the text away under the mouse; afterwards it follows again."""
    async with deck(tmp_path, size=(100, 11)) as d:
        await web(d, "".join(f"line {n}\r\n" for n in range(50)))
        await d.pilot.mouse_down(PaneView, offset=(1, 0))
        await d.pilot.hover(PaneView, offset=(7, 0))
        await d.see(output("Web", "more\r\n" * 20))
        assert d.pane()[0] == "line 41"
        await d.pilot.mouse_up(PaneView, offset=(7, 0))
        await d.settle()

        assert d.app.clipboard == "line 41"
        assert "more" in d.pane()


async def test_a_double_click_copies_the_row(tmp_path: Path) -> None:
    """As in SST."""
    async with deck(tmp_path) as d:
        await web(d, "the row\r\nanother")
        await d.pilot.click(PaneView, offset=(2, 0), times=2)
        await d.settle()

        assert d.app.clipboard == "the row"


async def test_a_click_opens_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the URL and nowhere else; the terminal is told about it too (OSC 8)."""
    opened: list[str] = []
    async with deck(tmp_path) as d:
        monkeypatch.setattr(d.app, "open_url", opened.append)
        await web(d, "see http://localhost:5173/x, please")
        await d.pilot.click(PaneView, offset=(10, 0))
        await d.pilot.click(PaneView, offset=(30, 0))
        await d.settle()

        assert opened == ["http://localhost:5173/x"]
        links = {segment.style.link for segment in d.app.view._rows[0] if segment.style}
        assert "http://localhost:5173/x" in links


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at http://a/b.", "http://a/b"), ("(https://a/b)", "https://a/b"), ("http://a:1/?q=1&r=2#x y", "http://a:1/?q=1&r=2#x"),
        ('"http://a/"', "http://a/"), ("nothing", None),
    ],
)  # fmt: skip
def test_urls_end_where_people_end_them(text: str, expected: str | None) -> None:
    """Punctuation after a URL is not part of it."""
    match = URL.search(text)

    assert (match and match[0]) == expected


async def test_a_click_selects_an_invocation_and_folds_it(tmp_path: Path) -> None:
    """The first click marks, a click on the marked head folds."""
    async with deck(tmp_path) as d:
        await d.see(started("a"), log("a", "hidden soon"), finished("a"), started("b"))
        await d.press("2")
        await d.pilot.click(PaneView, offset=(10, 0))
        await d.settle()
        assert d.app.panes.timeline.selected is d.app.panes.timeline.entry_at(0)
        await d.pilot.click(PaneView, offset=(12, 0))
        await d.settle()
        assert "hidden soon" not in d.text()


async def test_the_wheel_scrolls_the_log(tmp_path: Path) -> None:
    """Three rows a notch; at the end it follows again."""
    async with deck(tmp_path, size=(100, 11)) as d:
        await web(d, "".join(f"line {n}\r\n" for n in range(50)))
        await d.pilot._post_mouse_events([_scroll("up")], PaneView, (5, 5))
        await d.settle()
        assert d.pane()[0] == "line 38"
        assert not d.app.view.pane.follow
        await d.pilot._post_mouse_events([_scroll("down")], PaneView, (5, 5))
        await d.settle()
        assert d.app.view.pane.follow


def _scroll(direction: str) -> type:
    from textual import events

    return events.MouseScrollUp if direction == "up" else events.MouseScrollDown


async def test_the_mouse_belongs_to_a_program_that_asked(tmp_path: Path) -> None:
    """Inside such a program clicks, drags and the wheel are bytes, in its own coordinates; outside they are ours."""
    async with deck(tmp_path) as d:
        await web(d, "\x1b[?1049h\x1b[?1002;1006hfull screen")
        await drag(d, (0, 0), (3, 0))
        assert d.asked(c.WriteProcess) == []
        assert d.app.clipboard == "full"

        await d.press("enter")
        await drag(d, (4, 2), (5, 2))
        await d.pilot._post_mouse_events([_scroll("up")], PaneView, (4 + PADDING, 2))
        await d.settle()
        data = b"".join(w.data for w in d.asked() if isinstance(w, c.WriteProcess))
        assert data.startswith(b"\x1b[<0;5;3M") and data.endswith(b"\x1b[<0;6;3m\x1b[<64;5;3M")


async def test_the_cursor_shows_only_while_typing(tmp_path: Path) -> None:
    """A reversed cell where the program has it, unless the program hides it."""

    def reversed_cells() -> list[str]:
        return [s.text for strip in d.app.view._rows for s in strip if s.style and s.style.reverse]

    async with deck(tmp_path) as d:
        await web(d, "$ ls")
        assert reversed_cells() == []
        await d.press("enter")
        assert reversed_cells() == [" "]
        await d.see(output("Web", "\x1b[2D"))
        assert reversed_cells() == ["l"]
        await d.see(output("Web", "\x1b[?25l"))
        assert reversed_cells() == []


async def test_only_rows_that_changed_are_painted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over SSH each row costs: one new line at the bottom of a screen with room repaints that row."""
    async with deck(tmp_path) as d:
        await web(d, "http://a/b\r\ntwo\r\n")
        painted: list[int] = []
        monkeypatch.setattr(d.app.view, "refresh", lambda *regions, **_: painted.extend(r.y for r in regions))
        await d.see(output("Web", "three"))
        d.app.view.update_content()

        assert painted == [2]


async def test_the_scroll_bar_shows_where_one_is(tmp_path: Path) -> None:
    """At the bottom, at the top, and not at all when everything fits."""
    async with deck(tmp_path, size=(100, 11)) as d:

        def thumb() -> list[int]:
            return [y for y, strip in enumerate(d.app.view._rows) if list(strip)[-1].text == "▐"]

        await web(d, "short")
        assert thumb() == []
        await d.see(output("Web", "\r\nline" * 30))
        assert thumb()[-1] == 9
        await d.press("g")
        assert thumb()[0] == 0


async def test_matches_are_highlighted_in_any_case(tmp_path: Path) -> None:
    """Every occurrence on the screen."""
    async with deck(tmp_path) as d:
        await web(d, "Error: an ERROR\r\nfine")
        await d.press("slash", *"error", "enter")

        marked = [s.text for s in d.app.view._rows[0] if s.style and s.style.reverse]
        assert marked == ["Error", "ERROR"]


async def test_a_selection_of_log_lines_has_no_decoration(tmp_path: Path) -> None:
    """Neither mark nor sign nor bar; a wrapped line is one line."""
    async with deck(tmp_path, size=(80, 24)) as d:
        await d.see(started("a"), log("a", "word " * 20 + "end"), log("a", "next"), finished("a"))
        await d.press("2")
        await drag(d, (0, 0), (7, 3))

        head, line, last = d.app.clipboard.split("\n")
        assert head.startswith("Api url GET /notes") and line == "word " * 20 + "end" and last == "next"


async def test_a_double_click_copies_a_wrapped_line_whole(tmp_path: Path) -> None:
    """Whichever of its rows was clicked."""
    async with deck(tmp_path, size=(80, 24)) as d:
        await d.see(started("a"), log("a", "word " * 20 + "end"), finished("a"))
        await d.press("2")
        await d.pilot.click(PaneView, offset=(8, 2), times=2)
        await d.settle()

        assert d.app.clipboard == "word " * 20 + "end"


async def test_what_is_read_stays_when_rows_above_it_grow(tmp_path: Path) -> None:
    """An invocation further up goes on logging; the screen does not move."""
    async with deck(tmp_path, size=(100, 12)) as d:
        await d.see(started("slow", "Worker"), *([started(f"{n}"), log(f"{n}", "x")] for n in range(20)))
        await d.press("2", "pageup")
        before = d.pane()
        await d.see(*(log("slow", f"{n}", "Worker") for n in range(7)))
        assert d.pane() == before
        await d.press("g")
        assert "  │ 6" in d.pane()


async def test_the_end_of_a_loud_invocation_is_in_the_pane(tmp_path: Path) -> None:
    """And found; what was left out is told where it was."""
    async with deck(tmp_path) as d:
        await d.see(started("a"), (log("a", f"line {n}") for n in range(10_000)), log("a", "the reason"))
        await d.press("2")
        assert d.pane()[-1].endswith("the reason")
        await d.press("slash", *"line 9999", "enter", "slash", *"line 499", "enter")
        assert "8,001 lines left out here; .sst/log/functions.log has them" in d.text()


async def test_a_url_that_wraps_is_one_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In each of its rows: to the terminal, and for a click."""
    url = "http://127.0.0.1:16938/_aws/lambda-url/" + "x" * 70 + "/"
    opened: list[str] = []
    async with deck(tmp_path, size=(80, 24)) as d:
        monkeypatch.setattr(d.app, "open_url", opened.append)
        await d.see(e.Notice(START, f"see {url} now"))
        await d.press("1")
        rows = [y for y, text in enumerate(d.pane()) if "xxx" in text]
        for y in rows:
            await d.pilot.click(PaneView, offset=(3, y))
        await d.settle()

        assert len(rows) >= 2 and opened == [url] * len(rows)
        assert all(url in {s.style.link for s in d.app.view._rows[y] if s.style} for y in rows)


async def test_a_narrower_window_cuts_what_a_command_wrote_and_keeps_it(tmp_path: Path) -> None:
    """`›` says that there is more, → shows it, `/` finds it, and in the program the row is as it knows it."""
    async with deck(tmp_path, size=(140, 30)) as d:
        await web(d, "x" * 95 + " the end\r\n$ ")
        await d.pilot.resize_terminal(100, 30)
        await d.settle()
        assert d.pane()[0].endswith("x›")

        await d.press("slash", *"end", "enter")
        assert "1/1" in d.text()
        await d.press(*["right"] * 9)
        assert d.pane()[0].endswith("x the end")
        await d.press("enter")
        assert set(d.pane()[0]) == {"x"}
        await d.press("ctrl+z")
        await d.pilot.resize_terminal(140, 30)
        await d.settle()
        assert d.pane()[0] == "x" * 95 + " the end"


async def test_a_word_that_fills_its_row_is_shown_whole(tmp_path: Path) -> None:
    """The space after it, where the line wraps, has no room and needs none: in logs, errors and programs."""
    async with deck(tmp_path) as d:
        room = d.app.view.columns - GUTTER
        await d.see(started("one"), log("one", "z" * (room - 1) + "! and more"), finished("one"))
        await d.press("2")

        assert [row[-2:] for row in d.pane() if "zzz" in row] == ["z!"]
