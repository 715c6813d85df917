"""Children on a pseudo-terminal, with real processes."""

from __future__ import annotations

import asyncio
import os
import sys
import textwrap
from pathlib import Path

import pytest
from sst_dev.processes import terminal as module
from sst_dev.processes.terminal import INPUT_LIMIT, Terminal, open_terminal


class Screen:
    """What came out, and a way to wait for a part of it."""

    def __init__(self) -> None:
        self.data = b""
        self._grown = asyncio.Event()

    def feed(self, data: bytes) -> None:
        self.data += data
        self._grown.set()

    async def shows(self, text: bytes) -> None:
        async with asyncio.timeout(30):
            while text not in self.data:
                self._grown.clear()
                await self._grown.wait()


async def opened(code: str, screen: Screen, tmp_path: Path) -> Terminal:
    return await open_terminal(
        [sys.executable, "-c", textwrap.dedent(code)],
        name="child",
        cwd=tmp_path,
        environment={"PATH": os.environ["PATH"]},
        columns=100,
        rows=30,
        on_output=screen.feed,
    )


async def test_the_child_has_a_controlling_terminal_of_the_given_size(tmp_path: Path) -> None:
    """All three descriptors are the terminal, `/dev/tty` opens, and the size is known from the start."""
    screen = Screen()
    code = """
        import os
        print(os.isatty(0), os.isatty(1), os.isatty(2), os.get_terminal_size().columns, os.get_terminal_size().lines)
        print("tty", os.isatty(os.open("/dev/tty", os.O_RDWR)))
    """
    terminal = await opened(code, screen, tmp_path)

    assert await terminal.wait() == 0
    assert screen.data == b"True True True 100 30\r\ntty True\r\n"


async def test_what_is_typed_reaches_the_child_and_is_echoed(tmp_path: Path) -> None:
    """A line typed into the terminal is the child's next line of input."""
    screen = Screen()
    terminal = await opened("print(input('name? ').upper())", screen, tmp_path)
    await screen.shows(b"name? ")

    assert terminal.write(b"ada\r")

    assert await terminal.wait() == 0
    assert screen.data == b"name? ada\r\nADA\r\n"


async def test_ctrl_c_typed_into_the_terminal_interrupts_the_child(tmp_path: Path) -> None:
    """The terminal turns the character into SIGINT for the foreground group."""
    screen = Screen()
    code = """
        import time
        try:
            print("up", flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            raise SystemExit(3)
    """
    terminal = await opened(code, screen, tmp_path)
    await screen.shows(b"up")

    terminal.write(b"\x03")

    assert await terminal.wait() == 3


async def test_the_child_hears_of_a_new_size(tmp_path: Path) -> None:
    """A resize reaches the child as SIGWINCH, and it reads the new size."""
    screen = Screen()
    code = """
        import os, signal, threading
        done = threading.Event()
        def on_resize(*_):
            os.write(1, str(tuple(os.get_terminal_size())).encode())  # print is not made for signal handlers
            done.set()
        signal.signal(signal.SIGWINCH, on_resize)
        print("up", flush=True)
        while not done.wait(0.05):
            pass
    """
    terminal = await opened(code, screen, tmp_path)
    await screen.shows(b"up")

    terminal.resize(132, 43)

    assert await terminal.wait() == 0
    assert b"(132, 43)" in screen.data


async def test_all_output_arrives_before_the_end(tmp_path: Path) -> None:
    """However much it writes just before it exits, nothing is cut off and the order is kept."""
    screen = Screen()
    terminal = await opened("print('\\n'.join(map(str, range(50_000))))", screen, tmp_path)

    await terminal.wait()

    assert screen.data.split() == [b"%d" % n for n in range(50_000)]


async def test_a_large_paste_arrives_and_too_much_is_refused(tmp_path: Path) -> None:
    """Input waits, in order, until the child reads it; beyond the bound it is refused, not kept."""
    screen = Screen()
    code = """
        import sys, termios, tty
        tty.setraw(0)
        print("up", flush=True)
        got = b""
        while len(got) < 200_000:
            got += sys.stdin.buffer.read1(65536)
        print(len(got), got == b"x" * len(got), flush=True)
    """
    terminal = await opened(code, screen, tmp_path)
    await screen.shows(b"up")

    assert terminal.write(b"x" * 200_000)
    assert not terminal.write(b"x" * INPUT_LIMIT)

    assert await terminal.wait() == 0
    assert b"200000 True" in screen.data


async def test_after_the_end_it_takes_no_input_and_no_size(tmp_path: Path) -> None:
    """Writing to, or resizing, a terminal whose child is gone does nothing."""
    terminal = await opened("pass", Screen(), tmp_path)
    await terminal.wait()

    assert not terminal.write(b"x")
    terminal.resize(1, 1)


async def test_a_loud_child_waits_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than the bound is handed on between two turns of the loop; the child blocks meanwhile."""
    monkeypatch.setattr(module, "READ_SIZE", 8192)
    sizes: list[int] = []
    received = 0

    def on_output(data: bytes) -> None:
        nonlocal received
        received += len(data)

    terminal = await open_terminal(
        [sys.executable, "-c", "print(('y' * 98 + '\\n') * 5000, end='')"],
        name="child",
        cwd=tmp_path,
        environment={"PATH": os.environ["PATH"]},
        columns=100,
        rows=30,
        on_output=on_output,
    )
    ended = asyncio.ensure_future(terminal.child.wait())
    while not ended.done():
        before = received
        await asyncio.sleep(0)
        sizes.append(received - before)
    await terminal.wait()

    assert received == 5000 * 100
    assert max(sizes) < 8192 + 4096
