"""Prints a session's events as they come: words for `basic` and `mono`, JSON with `--json`."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import queue
import threading
from collections.abc import Callable
from typing import IO

from sst_dev.core.commands import DEBUG_PANE
from sst_dev.core.events import Event, ProcessOutput
from sst_dev.core.settings import Mode, Settings
from sst_dev.core.stream import Subscription

from .conversation import Conversation
from .json_lines import json_lines
from .plain import Plain
from .text import paint, wants_color

BATCH = 2_000
"""Events rendered at a time: a few milliseconds, so that the loop stays free under 10,000 lines a second."""


async def run_console(subscription: Subscription, settings: Settings, file: IO[str]) -> None:
    """Print every event of *subscription* to *file* until the stream closes or *file*'s reader is gone.

    The stream of events is what `sst dev` is for, so the caller passes stdout; it passes stderr when stdout
    belongs to a command (`sst dev -- CMD`). A reader that does not read (`| less`) delays nobody: the
    subscription is bounded, and what was dropped is said.
    """
    render = _renderer(settings, file)
    writer = Writer(file)
    told = 0
    page = Conversation()
    # Elsewhere pdb has a pane, or its words are an event like any other.
    shares = settings.mode is not Mode.MULTI and not settings.json_events
    try:
        while await subscription.ready():
            events = subscription.drain(BATCH)
            if subscription.dropped > told and not settings.json_events:
                page.lines([f"! {subscription.dropped - told} events were dropped: the output was not read"])
                told = subscription.dropped
            for event in events:
                if shares and isinstance(event, ProcessOutput) and event.name == DEBUG_PANE:
                    page.said(event.data)
                else:
                    page.lines(render(event))
            if (text := page.take()) and not await writer.write(text):
                return
    finally:
        writer.close()


def _renderer(settings: Settings, file: IO[str]) -> Callable[[Event], list[str]]:
    if settings.json_events:
        return json_lines
    plain = Plain(verbose=settings.verbose, root=settings.root)
    color = wants_color(file, os.environ)
    return lambda event: [paint(spans, color=color) for spans in plain.lines(event)]


class Writer:
    """Writes in a daemon thread, one text at a time: a pipe that nobody reads blocks neither loop nor exit."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        if isinstance(file, io.TextIOWrapper):
            file.reconfigure(errors="replace")  # a terminal without UTF-8 shows `?`, it does not end the session
        self._texts: queue.SimpleQueue[tuple[str, asyncio.Future[bool]] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._run, name="console writer", daemon=True).start()

    async def write(self, text: str) -> bool:
        """True once *text* is written and flushed, False when the reader is gone."""
        done: asyncio.Future[bool] = self._loop.create_future()
        self._texts.put((text, done))
        return await done

    def close(self) -> None:
        """End the thread when it is done with what it was given."""
        self._texts.put(None)

    def _run(self) -> None:
        while (item := self._texts.get()) is not None:
            text, done = item
            try:
                self._file.write(text)
                self._file.flush()
                written = True
            except (OSError, ValueError):  # a closed pipe, a terminal that hung up, a closed file
                written = False
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits for the answer
                self._loop.call_soon_threadsafe(_resolve, done, written)


def _resolve(done: asyncio.Future[bool], written: bool) -> None:
    if not done.done():
        done.set_result(written)
