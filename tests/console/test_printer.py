"""The printer: from a stream to a file, whatever its reader does."""

from __future__ import annotations

import asyncio
import io
import json
import os
from pathlib import Path

import pytest
from sst_dev.console.printer import run_console
from sst_dev.core.settings import Mode, Settings
from sst_dev.core.stream import SUBSCRIBER_BOUND, Stream

from tests.support.history import log, starting


def settings(**more: bool) -> Settings:
    return Settings(config=Path("/app/sst_config.py"), stage="alice", mode=Mode.BASIC, **more)


async def printed(file: io.StringIO, config: Settings) -> str:
    stream = Stream()
    with stream.subscribe() as subscription:
        for event in starting():
            stream.publish(event)
        stream.close()
        await run_console(subscription, config, file)
    return file.getvalue()


async def test_prints_until_the_stream_closes() -> None:
    """Everything published before the end is printed, without colour into a file."""
    text = await printed(io.StringIO(), settings())

    assert text.startswith("App:    notes\n")
    assert text.endswith("✓ ready in 2.00 s\n\n")
    assert "\x1b" not in text


async def test_a_terminal_gets_colour_unless_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same events in colour on a terminal; NO_COLOR turns it off."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[32m✓ ready\x1b[0m" in await printed(Terminal(), settings())

    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in await printed(Terminal(), settings())


async def test_json_prints_every_event() -> None:
    """`--json`: as many lines as events, in order."""
    text = await printed(io.StringIO(), settings(json_events=True))

    assert [json.loads(line)["at"] for line in text.splitlines()] == [event.at for event in starting()]


async def test_ends_when_the_reader_is_gone() -> None:
    """`sst dev | head -1` ends the printing, not with a traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    stream = Stream()
    with stream.subscribe() as subscription, os.fdopen(writer, "w", buffering=1) as file:
        stream.publish(log("a", "x"))
        await run_console(subscription, settings(), file)
        with pytest.raises(BrokenPipeError):
            file.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())


async def test_a_reader_that_does_not_read_blocks_nobody() -> None:
    """With a full pipe the loop runs on; when the reader wakes, it learns what it missed."""
    reader, writer = os.pipe()
    stream = Stream()
    with stream.subscribe() as subscription, os.fdopen(writer, "w") as file:
        printing = asyncio.get_running_loop().create_task(run_console(subscription, settings(), file))
        while not subscription.dropped:
            stream.publish(log("a", "x" * 100))
            if len(subscription._events) % 1000 == 0:
                await asyncio.sleep(0)
        stream.close()

        reading = asyncio.get_running_loop().run_in_executor(None, Path(f"/dev/fd/{reader}").read_text)
        await printing
    text = await reading
    os.close(reader)
    assert "events were dropped: the output was not read" in text
    assert text.count("│ xxx") >= SUBSCRIBER_BOUND
