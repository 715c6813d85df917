"""How keys are read from a real terminal."""

from __future__ import annotations

import asyncio
import os

import pytest
from sst_dev.tui.terminal import ESCAPE_DELAY, Output, PromptParser, prepare
from textual import constants
from textual.drivers import linux_driver
from textual.events import Key


def keys(parser: PromptParser, data: str) -> list[str]:
    return [event.key for event in parser.feed(data) if isinstance(event, Key)]


async def test_an_escape_typed_before_a_colon_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment after Escape the next key is a key of its own; at once, the two are Alt."""
    monkeypatch.setattr(constants, "ESCAPE_DELAY", ESCAPE_DELAY)
    parser = PromptParser()

    first = keys(parser, "\x1b")
    await asyncio.sleep(ESCAPE_DELAY * 1.5)  # time passing is what is tested
    assert first + keys(parser, ":wq") == ["escape", "colon", "w", "q"]
    assert keys(parser, "\x1b[A") == ["up"]


def test_the_parser_is_in_use_and_the_terminal_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual's driver makes this parser, and no variable hides the terminal's own size."""
    monkeypatch.setattr(constants, "ESCAPE_DELAY", 1)
    monkeypatch.setattr(linux_driver, "XTermParser", linux_driver.XTermParser)
    monkeypatch.setattr(linux_driver, "WriterThread", linux_driver.WriterThread)
    monkeypatch.setenv("COLUMNS", "1")

    prepare()

    assert linux_driver.XTermParser is PromptParser
    assert constants.ESCAPE_DELAY == ESCAPE_DELAY
    assert "COLUMNS" not in os.environ


def test_a_terminal_that_does_not_read_is_not_waited_for() -> None:
    """Writing goes on, the newest is what it gets when it reads again, and once it is told that frames were lost."""
    reader, writer = os.pipe()
    with open(writer, "w") as file:
        output = Output(file)
        output.start()
        for number in range(500):
            output.write(f"{number:09}" * 1000)
        assert not output.take_missed(), "it has not read again yet"

        read = b""
        while not read.endswith(b"%09d" % 499):
            read += os.read(reader, 1 << 16)
        while not output.take_missed():
            assert output.is_alive()
        assert not output.take_missed()
        assert len(read) < 500 * 9000
        output.stop()
        assert not output.is_alive()
    os.close(reader)


def test_the_end_does_not_wait_for_a_terminal_that_does_not_read() -> None:
    """A session behind a stalled connection ends its functions and commands all the same."""
    reader, writer = os.pipe()
    file = open(writer, "w")  # noqa: SIM115 - closed below, after the reader has gone
    output = Output(file)
    output.start()
    for _ in range(500):
        output.write("x" * 9000)
    output.stop()

    os.close(reader)  # what it is stuck in fails, and it ends
    output.join()
    file.close()
