"""A terminal whose program is somewhere else."""

from __future__ import annotations

import asyncio
import io
import os
import threading

from sst_dev.processes.tty import Tty


class Screen:
    """What came out of a terminal."""

    def __init__(self) -> None:
        self.text = b""
        self._grown = asyncio.Event()

    def take(self, data: bytes) -> None:
        self.text += data
        self._grown.set()

    async def until(self, text: bytes) -> None:
        async with asyncio.timeout(30):
            while text not in self.text:
                self._grown.clear()
                await self._grown.wait()


async def test_what_is_written_comes_out_and_what_is_typed_goes_in() -> None:
    """A line at a time, as at any terminal; what is typed shows."""
    screen = Screen()
    tty = Tty(screen.take)
    try:
        read: list[str] = []
        program = threading.Thread(target=lambda: read.append(_ask(tty.path, "name? ")))
        program.start()
        await screen.until(b"name? ")
        tty.type(b"alice\n")
        await asyncio.to_thread(program.join, 30)
        await screen.until(b"done")
    finally:
        tty.close()

    assert read == ["alice\n"]
    assert b"alice" in screen.text


async def test_writers_come_and_go() -> None:
    """The terminal stays when a program that had it ends."""
    screen = Screen()
    tty = Tty(screen.take)
    try:
        for text in (b"first", b"second"):
            with _open(tty.path) as terminal:
                terminal.write(text)
            await screen.until(text)
    finally:
        tty.close()


async def test_nobody_reads_and_nothing_waits() -> None:
    """Typing into a terminal without a program never blocks, however much it is."""
    screen = Screen()
    tty = Tty(screen.take)
    for _ in range(100):
        tty.type(b"x" * 1000 + b"\n")
    tty.close()


def _open(path: str) -> io.FileIO:
    return io.FileIO(os.open(path, os.O_RDWR | os.O_NOCTTY), "r+")


def _ask(path: str, prompt: str) -> str:
    with _open(path) as terminal:
        terminal.write(prompt.encode())
        line = terminal.readline().decode()
        terminal.write(b"done")
        return line
