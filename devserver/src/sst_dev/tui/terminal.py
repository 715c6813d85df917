"""Textual's reading of a terminal made that of vim and tmux, and its writing that of a window that may be closed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from queue import Empty, Full

from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.drivers._writer_thread import WriterThread
from textual.events import Key
from textual.message import Message

ESCAPE_DELAY = 0.025
"""Seconds after which an Escape is an Escape and not the begin of a sequence: what vim and tmux users set."""


PATIENCE = 0.5
"""Seconds for a terminal to take the last of the output before the session ends without it."""


class PromptParser(XTermParser):
    """Ends a waiting Escape before it reads on, and leaves Alt alone.

    Textual looks every 100 ms; whoever types `Esc : w q` into vim faster than that would lose the Escape.
    """

    def feed(self, data: str) -> Iterable[Message]:
        yield from self.tick()
        yield from super().feed(data)

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[Key]:
        """Alt and a key is that key with Alt, for shells and editors in a pane; Textual has it be what macOS means."""
        keys = list(super()._sequence_to_key_events(sequence, alt))
        if keys and len(sequence) == 2 and sequence[0] == "\x1b" != sequence[1]:
            alt, keys = True, list(super()._sequence_to_key_events(sequence[1], True))
        for key in keys:
            yield Key(f"alt+{key.key}", key.character) if alt and not key.key.startswith("alt+") else key


class Output(WriterThread):
    """Never lets the session wait for its terminal: one that is gone, or that does not read (a stalled SSH).

    Textual's thread would end of the first, and for both its `write` would stop the event loop, and with it every
    function, once its queue is full. Here the oldest frames go, and the whole screen is painted again afterwards.
    """

    _missed = False

    def write(self, text: str) -> None:
        self._put(text)

    def stop(self) -> None:
        self._put(None)
        self.join(PATIENCE)

    def take_missed(self) -> bool:
        """Whether frames were lost before the terminal read again, once."""
        missed = self._missed and self._queue.empty()
        self._missed = self._missed and not missed
        return missed

    def run(self) -> None:
        try:
            super().run()
        except OSError:
            while self._queue.get() is not None:
                """Nobody sees it."""

    def _put(self, text: str | None) -> None:
        while True:
            try:
                return self._queue.put_nowait(text)
            except Full:
                self._missed = True
                with suppress(Empty):
                    self._queue.get_nowait()


def prepare() -> None:
    """Before the app starts."""
    constants.ESCAPE_DELAY = ESCAPE_DELAY  # type: ignore[misc]
    linux_driver.XTermParser = PromptParser  # type: ignore[attr-defined]
    linux_driver.WriterThread = Output  # type: ignore[attr-defined]
    for name in ("COLUMNS", "LINES"):
        # readline and shells may export them; Textual would believe them instead of asking the terminal.
        os.environ.pop(name, None)
