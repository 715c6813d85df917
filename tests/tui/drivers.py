"""Terminals to sit at: tmux, and a bare pty read by our own emulator."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Protocol

from sst_dev.processes.ladder import HARD
from sst_dev.processes.terminal import Terminal, open_terminal
from sst_dev.tui.emulator import Emulator
from sst_dev.tui.rows import plain
from sst_dev.tui.terminal import ESCAPE_DELAY

ROOT = Path(__file__).parents[2]
ENOUGH = 40
"""Seconds after which what a test waits for will not come."""


class Driver(Protocol):
    """A terminal that a person sits at."""

    async def open(self, argv: list[str], columns: int, rows: int, cwd: Path = ROOT) -> None: ...
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

    async def open(self, argv: list[str], columns: int, rows: int, cwd: Path = ROOT) -> None:
        options = ["remain-on-exit on", "escape-time 0", f"default-size {columns}x{rows}"]
        self._config.write_text("".join(f"set-option -g {option}\n" for option in options))
        self._run("new-session", "-d", "-c", str(cwd), *argv)

    async def press(self, *keys: str) -> None:
        self._run("send-keys", *keys)

    def screen(self) -> str:
        return self._run("capture-pane", "-p")

    async def close(self) -> None:
        self._run("kill-server")


class Pty:
    """Our own terminal around it: a program in a program."""

    KEYS: ClassVar = {"Enter": b"\r", "C-z": b"\x1a", "C-c": b"\x03", "C-d": b"\x04", "Escape": b"\x1b", "Space": b" "}
    _terminal: Terminal

    def __init__(self, folder: Path) -> None:
        self._emulator = Emulator(1, 1)

    async def open(self, argv: list[str], columns: int, rows: int, cwd: Path = ROOT) -> None:
        self._emulator.resize(columns, rows)
        self._terminal = await open_terminal(
            argv,
            name="screen",
            cwd=cwd,
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


async def until(condition: Callable[[], object], driver: Driver) -> None:
    deadline = time.monotonic() + ENOUGH
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
