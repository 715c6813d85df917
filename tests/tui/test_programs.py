"""Programs in panes: what they are told, what they ask for, and real ones from `less` to `tmux`, on real terminals."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sst_dev.core import commands as c
from sst_dev.tui.view import PADDING

from tests.support.history import output, process

from .drivers import Pty, until
from .support import deck

PROBE = r"""
import os, signal, sys, tty
tty.setraw(0)
def out(text): os.write(1, text.encode())
def resized(*_):
    size = os.get_terminal_size()
    out(f"size {size.columns}x{size.lines}\r\n")
signal.signal(signal.SIGWINCH, resized)
out(sys.argv[1].encode().decode("unicode_escape") + "ready\r\n")
while True:
    out("got " + repr(os.read(0, 4096))[2:-1] + "\r\n")
"""
CURSES = r"""
import curses
def main(screen):
    curses.start_color()
    curses.use_default_colors()
    curses.init_pair(1, 196, 17)
    key = "none"
    while key != "q":
        screen.erase()
        screen.border("|", "|", "-", "-", "+", "+", "+", "+")
        rows, columns = screen.getmaxyx()
        screen.addstr(2, 2, f"{columns}x{rows} key {key} 日本 wide", curses.color_pair(1) | curses.A_BOLD)
        screen.addstr(3, 2, "=" * 40 + "|")
        screen.refresh()
        key = curses.keyname(screen.getch()).decode()
curses.wrapper(main)
"""
TYPED = [
    b"a", "é".encode(), "日".encode(), b"\r", b"\t", b"\x1b[Z", b"\x7f", b"\x03", b"\x04", b"\x00", b"\x1c", b"\x1d",
    b"\x1e", b"\x1f", b"\x12", b"\x1b", b"\x1bb", b"\x1b\x7f", b"\x1b\r", b"\x1bB", b"\x1b.", b"\x1b1", b"\x1b[A",
    b"\x1b[1;5C", b"\x1b[1;3C", b"\x1b[1;2D", b"\x1b[1;6A", b"\x1b[H", b"\x1b[F", b"\x1b[2~", b"\x1b[3~", b"\x1b[3;5~",
    b"\x1b[5~", b"\x1bOP", b"\x1bOS", b"\x1b[15~", b"\x1b[24~", b"\x1b[15;2~", b"\x1b[1;2P", b"\x1b[1;5H", b"\\", b"~",
]  # fmt: skip


class Desk(Pty):
    """A terminal whose first command pane is typed into."""

    async def sit(self, tmp_path: Path, command: str, *, size: tuple[int, int] = (110, 32)) -> None:
        (tmp_path / "probe.py").write_text(PROBE)
        (tmp_path / "cursed.py").write_text(CURSES)
        argv = [sys.executable, "-m", "tests.support.fake_session", str(tmp_path), f"Program=exec {command}"]
        await self.open(argv, *size)
        await until(lambda: "Program" in self.screen(), self)
        await self.press("3", "Enter")
        await until(lambda: "typing into Program" in self.screen(), self)

    def write(self, data: bytes) -> None:
        self._terminal.write(data)

    def resize(self, columns: int, rows: int) -> None:
        self._emulator.resize(columns, rows)
        self._terminal.resize(columns, rows)

    async def shows(self, text: str) -> None:
        await until(lambda: text in self.screen(), self)

    def got(self) -> str:
        """What the probe read last."""
        return self.screen().rpartition("got ")[2].partition("\n")[0].rstrip(" ▐▕")


@asynccontextmanager
async def desk(tmp_path: Path, command: str, size: tuple[int, int] = (110, 32)) -> AsyncIterator[Desk]:
    driver = Desk(tmp_path)
    try:
        await driver.sit(tmp_path, command, size=size)
        yield driver
    finally:
        await driver.close()


def probe(modes: str = "") -> str:
    return f"{sys.executable} probe.py '{modes}'"


# --- what programs are told


async def test_keys_reach_a_program_as_they_were_typed(tmp_path: Path) -> None:
    """Control, Alt, function and cursor keys with their modifiers, byte by byte."""
    async with desk(tmp_path, probe()) as d:
        await d.shows("ready")
        for data in TYPED:
            d.write(data)
            await until(lambda data=data: d.got() == repr(data)[2:-1], d)


async def test_a_program_gets_what_its_modes_ask_for(tmp_path: Path) -> None:
    """Application cursor keys, a marked paste, the mouse in its own columns, focus, and its new size."""
    async with desk(tmp_path, probe(r"\x1b[?1;1002;1004;1006;2004h")) as d:
        await d.shows("ready")
        row = next(y for y, text in enumerate(d.screen().split("\n")) if "ready" in text)
        column = d.screen().split("\n")[row].index("ready")
        for typed, expected in [
            (b"\x1b[A", r"\x1bOA"),
            (b"\x1b[200~two\nlines\x1b[201~", r"\x1b[200~two\rlines\x1b[201~"),
            (b"\x1b[<0;%d;%dM" % (column + 1, row + 1), rf"\x1b[<0;1;{row + 1}M"),
            (b"\x1b[<32;%d;%dM" % (column + 6, row + 3), rf"\x1b[<32;6;{row + 3}M"),
            (b"\x1b[<0;%d;%dm" % (column + 6, row + 3), rf"\x1b[<0;6;{row + 3}m"),
            (b"\x1b[<80;%d;%dM" % (column + 1, row + 2), rf"\x1b[<80;1;{row + 2}M"),
            (b"\x1b[O", r"\x1b[O"),
            (b"\x1b[I", r"\x1b[I"),
        ]:
            d.write(typed)
            await until(lambda expected=expected: d.got() == expected, d)
        d.resize(90, 26)
        await d.shows("size 62x25")


async def test_a_program_is_told_when_its_pane_gets_and_loses_the_keys(tmp_path: Path) -> None:
    """Ctrl-Z and Enter, for programs that asked for focus."""
    async with desk(tmp_path, probe(r"\x1b[?1004h")) as d:
        await d.shows("ready")
        await d.press("C-z")
        await d.shows(r"got \x1b[O")
        await d.press("Enter")
        await d.shows(r"got \x1b[I")


async def test_questions_are_answered(tmp_path: Path) -> None:
    """Programs wait for where the cursor is, what colours there are, and what the terminal is."""
    async with desk(tmp_path, probe(r"\x1b[6n\x1b]11;?\x07\x1b[c")) as d:
        await d.shows(r"got \x1b[1;1R\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?62;22c")


# --- what programs ask for


async def test_a_program_copies_only_while_its_user_is_in_it(tmp_path: Path) -> None:
    """OSC 52 passes from the pane that is typed into, and from no other."""
    async with deck(tmp_path) as d:
        await d.see(process("Web", "running"), output("Web", "\x1b]52;c;aGlkZGVu\x07"))
        assert d.app.clipboard == ""

        d.app.panes.current = d.app.panes.terminals[0]
        await d.press("enter")
        await d.see(output("Web", "\x1b]52;c;c2Vlbg==\x07"))
        assert d.app.clipboard == "seen"


async def test_a_click_opens_the_links_of_a_program_and_urls_that_wrap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OSC 8 leads where it says; a URL over two rows is one."""
    opened: list[str] = []
    long = "http://localhost:5173/" + "path/" * 20 + "end"
    async with deck(tmp_path, (80, 24)) as d:
        monkeypatch.setattr(d.app, "open_url", lambda url, **_: opened.append(url))
        await d.see(
            process("Web", "running"), output("Web", f"\x1b]8;;https://a.b/c\x1b\\here\x1b]8;;\x1b\\ no\r\n{long}\r\n")
        )
        d.app.panes.current = d.app.panes.terminals[0]
        await d.settle()
        for x, y in [(1, 0), (6, 0), (3, 1), (3, 2)]:
            await d.pilot.click(d.app.view, offset=(x + PADDING, y))
            await d.settle()

        assert opened == ["https://a.b/c", long, long]


async def test_a_title_is_shown_while_typing(tmp_path: Path) -> None:
    """What a program calls its window is beside the name of its pane."""
    async with deck(tmp_path, (140, 30)) as d:
        await d.see(process("Web", "running"), output("Web", "\x1b]2;note.txt - VIM\x07"))
        d.app.panes.current = d.app.panes.terminals[0]
        await d.press("enter")

        assert "note.txt - VIM" in d.lines()[-1]


async def test_the_wheel_scrolls_a_full_screen_program(tmp_path: Path) -> None:
    """One that did not ask for the mouse gets arrows."""
    async with deck(tmp_path) as d:
        await d.see(process("Web", "running"), output("Web", "\x1b[?1049h\x1b[?1hfull"))
        d.app.panes.current = d.app.panes.terminals[0]
        await d.press("enter")
        d.sent.clear()
        await d.pilot._post_mouse_events([_wheel()], d.app.view, offset=(1 + PADDING, 1), button=0)
        await d.settle()

        assert d.asked(c.WriteProcess) == [c.WriteProcess("Web", b"\x1bOB" * 3)]


def _wheel() -> type:
    from textual.events import MouseScrollDown

    return MouseScrollDown


# --- real programs


async def test_a_curses_program(tmp_path: Path) -> None:
    """Palette colours, wide characters, repeated characters, keys by their names, and the new size after a resize."""
    async with desk(tmp_path, f"{sys.executable} cursed.py") as d:
        await d.shows("82x31 key")
        assert "日本 wide" in d.screen()
        assert "=" * 40 + "|" in d.screen()
        for typed, name in [
            (b"\x1b[A", "KEY_UP"),
            (b"\x1b[24~", "KEY_F(12)"),
            (b"\x1b[6~", "KEY_NPAGE"),
            (b"\x7f", "KEY_BACKSPACE"),
        ]:
            d.write(typed)
            await d.shows(f"key {name} ")
        d.resize(140, 40)
        await d.shows("112x39 key KEY_RESIZE")
        ((_, style),) = [p for y in range(40) for p in d._emulator.row(y) if "日本" in p[0]]
        assert style.bold and style.color is not None and style.bgcolor is not None
        assert (style.color.number, style.bgcolor.number) in {(196, 17)} or style.color.name == "#ff0000"


@pytest.mark.skipif(shutil.which("less") is None, reason="less is not installed")
async def test_less(tmp_path: Path) -> None:
    """Pages, searches, follows the wheel, and leaves no trace."""
    (tmp_path / "long.txt").write_text("".join(f"line {n}\n" for n in range(200)))
    async with desk(tmp_path, "sh -c 'less long.txt; echo done; sleep 60'") as d:
        await d.shows("line 29")
        await d.press("Space")
        await d.shows("line 59")
        d.write(b"\x1b[<65;60;10M")
        await d.shows("line 62")
        await d.press("/", "line 150", "Enter")
        await d.shows("line 179")
        await d.press("q")
        await until(lambda: "done" in d.screen() and "line 150" not in d.screen(), d)


@pytest.mark.skipif(shutil.which("vim") is None, reason="vim is not installed")
async def test_vim_is_resized_and_takes_the_mouse(tmp_path: Path) -> None:
    """A click moves the cursor, a drag of the window's edge redraws it, and nothing is left of the old screen."""
    (tmp_path / "note.txt").write_text("".join(f"word{n} here\n" for n in range(100)))
    async with desk(tmp_path, "vim -u NONE -N -n -c 'set mouse=a nu ruler' note.txt") as d:
        await d.shows("30 word29 here")
        d.resize(90, 20)
        await until(lambda: "18 word17 here" in d.screen() and "word20" not in d.screen(), d)
        line = next(y for y, text in enumerate(d.screen().split("\n")) if " 5 word4" in text)
        column = d.screen().split("\n")[line].index("word4")
        d.write(b"\x1b[<0;%d;%dM\x1b[<0;%d;%dm" % (column + 1, line + 1, column + 1, line + 1))
        await d.shows("5,1")
        await d.press("iX", "Escape")
        await d.shows(" 5 Xword4 here")


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
async def test_tmux_in_a_pane(tmp_path: Path) -> None:
    """A multiplexer in the multiplexer: it draws its panes and takes its own keys."""
    async with desk(tmp_path, "env -u TMUX tmux -S inner -f /dev/null new -s inner sh") as d:
        await d.shows("[inner]")
        d.write(b"\x02%")
        await until(lambda: d.screen().count("│") > 20, d)
        await d.press("echo $((6*7))in", "Enter")
        await d.shows("42in")
        await d.press("\x02", ":", "kill-server", "Enter")
        await d.shows("press enter to start")


async def test_a_python_prompt(tmp_path: Path) -> None:
    """History by the arrow, Ctrl-C interrupts, Ctrl-D ends."""
    async with desk(tmp_path, f"env PYTHON_HISTORY=/dev/null HOME={tmp_path} {sys.executable} -q -i -c ''") as d:
        await d.shows(">>>")
        await d.press("print(6 * 7, 'once')", "Enter")
        await d.shows("42 once")
        d.write(b"\x1b[A")
        await until(lambda: d.screen().count("print(") == 2, d)
        await d.press("C-c")
        await d.shows("KeyboardInterrupt")
        d.write(b"\x04")
        await d.shows("press enter to start")
