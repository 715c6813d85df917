"""How keys are read from a real terminal."""

from __future__ import annotations

import asyncio

import pytest
from sst_dev.tui.terminal import ESCAPE_DELAY, PromptParser, prepare
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
    monkeypatch.setenv("COLUMNS", "1")

    prepare()

    assert linux_driver.XTermParser is PromptParser
    assert constants.ESCAPE_DELAY == ESCAPE_DELAY
    import os

    assert "COLUMNS" not in os.environ
