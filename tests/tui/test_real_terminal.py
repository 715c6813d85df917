"""The multiplexer in a real terminal: tmux, and a bare pty, with real children."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import ClassVar, Protocol

import pytest
import pytest_asyncio
from sst_dev.processes.ladder import HARD
from sst_dev.processes.spawn import group_members
from sst_dev.processes.terminal import Terminal, open_terminal
from sst_dev.tui.emulator import Emulator
from sst_dev.tui.rows import plain
from sst_dev.tui.terminal import ESCAPE_DELAY

ROOT = Path(__file__).parents[2]

NODE = """
const server = require("http").createServer((request, response) => response.end("ok"));
server.listen(0, "127.0.0.1", () => {
  process.stdout.write("\\x1b[2J\\x1b[H\\n  \\x1b[32mVITE\\x1b[0m ready");
  process.stdout.write("  http://localhost:" + server.address().port + "/\\n");
});
"""
FASTAPI = """
from fastapi import FastAPI
app = FastAPI()
"""
CHATTY = "import time\nfor n in range(10**9):\n    print('tick', n, flush=True)\n    time.sleep(0.01)\n"


class Driver(Protocol):
    """A terminal that a person sits at."""

    async def open(self, argv: list[str], columns: int, rows: int) -> None: ...
    async def press(self, *keys: str) -> None: ...
    def screen(self) -> str: ...
    async def close(self) -> None: ...


class Tmux:
    """tmux with a server of its own."""

    def __init__(self, folder: Path) -> None:
        self._socket = str(folder / "tmux")
        self._config = folder / "tmux.conf"

    def _run(self, *arguments: str) -> str:
        command = ["tmux", "-S", self._socket, "-f", str(self._config), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    async def open(self, argv: list[str], columns: int, rows: int) -> None:
        options = ["remain-on-exit on", "escape-time 0", f"default-size {columns}x{rows}"]
        self._config.write_text("".join(f"set-option -g {option}\n" for option in options))
        self._run("new-session", "-d", "-c", str(ROOT), *argv)

    async def press(self, *keys: str) -> None:
        self._run("send-keys", *keys)

    def screen(self) -> str:
        return self._run("capture-pane", "-p")

    async def close(self) -> None:
        self._run("kill-server")


class Pty:
    """Our own terminal around it: a program in a program."""

    KEYS: ClassVar = {"Enter": b"\r", "C-z": b"\x1a", "C-c": b"\x03", "Escape": b"\x1b", "Space": b" "}
    _terminal: Terminal

    def __init__(self, folder: Path) -> None:
        self._emulator = Emulator(1, 1)

    async def open(self, argv: list[str], columns: int, rows: int) -> None:
        self._emulator.resize(columns, rows)
        self._terminal = await open_terminal(
            argv,
            name="screen",
            cwd=ROOT,
            environment={**os.environ, "TERM": "xterm-256color"},
            columns=columns,
            rows=rows,
            on_output=self._feed,
        )

    def _feed(self, data: bytes) -> None:
        if replies := self._emulator.feed(data):
            self._terminal.write(replies)

    async def press(self, *keys: str) -> None:
        for key in keys:
            self._terminal.write(self.KEYS.get(key, key.encode()))
            await asyncio.sleep(ESCAPE_DELAY * 2)  # a person types; Escape and the next key at once would be Alt

    def screen(self) -> str:
        emulator = self._emulator
        return "\n".join(plain(emulator.row(y)) for y in range(emulator.top, emulator.end))

    async def close(self) -> None:
        await self._terminal.child.stop(HARD)


@pytest_asyncio.fixture(name="driver", params=["tmux", "pty"])
async def make_driver(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Driver]:
    if request.param == "tmux" and shutil.which("tmux") is None:
        pytest.skip("tmux is not installed; the same test runs in a bare pty")
    driver: Driver = Tmux(tmp_path) if request.param == "tmux" else Pty(tmp_path)
    yield driver
    await driver.close()


async def until(condition: Callable[[], object], driver: Driver) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, driver.screen()
        await asyncio.sleep(0.03)


def children(tmp_path: Path) -> list[str]:
    """The command lines of everything that runs in *tmp_path*."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cwd").readlink() == tmp_path:
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def session(tmp_path: Path) -> list[str]:
    """The command line of a fake session with a node server, a FastAPI app, a shell and a failing command."""
    (tmp_path / "server.js").write_text(NODE)
    (tmp_path / "main.py").write_text(FASTAPI)
    (tmp_path / "chatty.py").write_text(CHATTY)
    python = sys.executable
    return [
        python, "-m", "tests.support.fake_session", str(tmp_path),
        "Web=node server.js" if shutil.which("node") else f"Web=echo VITE ready; exec {python} -m http.server 0",
        f"Api={python} -m uvicorn main:app --port 0", "Shell=exec sh -i", f"Chatty={python} chatty.py",
        "Broken=echo no such thing; exit 3",
    ]  # fmt: skip


async def test_a_day_at_the_screen(driver: Driver, tmp_path: Path) -> None:
    """Panes come up, keys go where they should, a program is typed into, and at the end nothing is left running."""
    await driver.open(session(tmp_path), 110, 32)
    await until(lambda: "Broken" in driver.screen() and "✗ 3" in driver.screen(), driver)

    await driver.press("3")
    await until(lambda: "VITE" in driver.screen(), driver)
    await driver.press("4")
    await until(lambda: "Uvicorn running on" in driver.screen(), driver)
    await driver.press("7")
    await until(lambda: "[exited with code 3]" in driver.screen(), driver)

    await driver.press("5", "Enter")
    await until(lambda: "typing into Shell" in driver.screen(), driver)
    await driver.press("stty size; echo $((40+2))q", "Enter")
    await until(lambda: "42q" in driver.screen() and "31 82" in driver.screen(), driver)
    await driver.press("C-z", "2")
    await until(lambda: "listing notes" in driver.screen(), driver)
    await driver.press("r")
    await until(lambda: "↻ url GET" in driver.screen() and '+  "body"' in driver.screen(), driver)

    await driver.press("6", "x")
    await until(lambda: "[exited with code" in driver.screen(), driver)
    await driver.press("C-c")
    await until(lambda: "session closed" in driver.screen(), driver)
    await until(lambda: children(tmp_path) == [], driver)


@pytest.mark.skipif(shutil.which("vim") is None, reason="vim is not installed")
async def test_a_full_screen_program(driver: Driver, tmp_path: Path) -> None:
    """vim in a pane: its screen, typing, saving, and the shell as it was before."""
    await driver.open(session(tmp_path), 110, 32)
    await until(lambda: "Broken" in driver.screen(), driver)
    await driver.press("5", "Enter")
    await until(lambda: "typing into Shell" in driver.screen(), driver)

    await driver.press("vim -u NONE -N note.txt", "Enter")
    await until(lambda: driver.screen().count("~") > 20, driver)
    await driver.press("i", "hello from vim", "Escape")
    await until(lambda: "hello from vim" in driver.screen(), driver)
    await driver.press(":wq", "Enter")
    await until(lambda: driver.screen().count("~") < 5 and "vim -u NONE" in driver.screen(), driver)

    assert (tmp_path / "note.txt").read_text() == "hello from vim\n"


async def test_nothing_survives_when_the_screen_is_killed(tmp_path: Path) -> None:
    """SIGKILL of the program that runs everything: its children, deaf ones too, are gone soon after."""
    driver = Pty(tmp_path)
    await driver.open(session(tmp_path), 110, 32)
    await until(lambda: "Broken" in driver.screen() and len(children(tmp_path)) >= 3, driver)

    driver._terminal.child.signal(signal.SIGKILL)
    await driver._terminal.wait()

    await until(lambda: children(tmp_path) == [], driver)
    assert not group_members(driver._terminal.child.pid)
