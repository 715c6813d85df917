"""Searching the pane on the screen."""

from __future__ import annotations

from pathlib import Path

from tests.support.history import output, process

from .support import deck


async def test_search_covers_the_scrollback(tmp_path: Path) -> None:
    """Typed characters search, they do not fire keys; n and N go on, around the end; Escape clears."""
    async with deck(tmp_path) as d:
        await d.see(process("Web", "running"), output("Web", "".join(f"line {n}\r\n" for n in range(500))))
        await d.press("4", "slash", *"line 7")
        assert "/line 7" in d.lines()[-1] and "11/11" in d.lines()[-1]
        await d.press("enter")
        assert d.app.view._hit == 79
        assert "line 79" in d.pane()

        await d.press("N")
        assert d.app.view._hit == 78
        await d.press("n", "n")
        assert d.app.view._hit == 7
        assert "/line 7 1/11" in d.lines()[-1]
        await d.press("escape")
        assert d.app.panes.current.search.words == ""


async def test_a_search_without_a_hit_says_so_and_changes_nothing(tmp_path: Path) -> None:
    """The pane stays where it is, and follows as before."""
    async with deck(tmp_path, size=(100, 11)) as d:
        await d.see(process("Web", "running"), output("Web", "line\r\n" * 50))
        await d.press("4", "slash", *"lin")
        assert "not following" in d.app._note()
        await d.press(*"gers")
        assert "no match" in d.lines()[-1]
        await d.press("enter", "n")

        assert [str(n.message) for n in d.app._notifications] == ["Nothing here contains “lingers”"]
        assert d.app.panes.current.follow
        assert "/lingers no match" in d.lines()[-1]


async def test_escape_in_the_search_line_undoes_the_search(tmp_path: Path) -> None:
    """Place, following and the search before are back, and the keys."""
    async with deck(tmp_path, size=(100, 11)) as d:
        await d.see(process("Web", "running"), output("Web", "".join(f"line {n}\r\n" for n in range(50))))
        await d.press("4", "slash", *"line 3", "enter", "ctrl+u")
        before = d.pane()
        await d.press("slash", *"line 40", "escape")
        assert (d.pane(), d.app.panes.current.search.words) == (before, "line 3")
        await d.press("G", "slash", *"line 1")
        assert "line 49" not in d.pane()
        await d.press("escape", "k")

        assert "line 49" in d.app.panes.terminals[0].document.row(49)[0][0]
        assert d.app.panes.terminals[0].follow
        assert d.app.panes.current.title == "Tasks"


async def test_up_recalls_the_last_search_and_nothing_typed_ends_it(tmp_path: Path) -> None:
    """In whatever pane it was made."""
    async with deck(tmp_path) as d:
        await d.press("slash", *"deployed", "enter", "2", "slash", "up")
        assert "/deployed" in d.lines()[-1]
        await d.press("ctrl+u", "enter")

        assert d.app.panes.current.search.words == ""
