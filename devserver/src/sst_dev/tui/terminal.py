"""Textual's reading of a terminal made that of vim and tmux, and its writing that of a window that may be closed."""

from __future__ import annotations

import os
from collections.abc import Iterable

from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.drivers._writer_thread import WriterThread
from textual.events import Key
from textual.message import Message

ESCAPE_DELAY = 0.025
"""Seconds after which an Escape is an Escape and not the begin of a sequence: what vim and tmux users set."""


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
    """Goes on reading its queue when the terminal is gone.

    Textual's thread would end of the error, and the session's loop wait for ever for a place in a queue that nobody
    reads: a closed window would leave everything running.
    """

    def run(self) -> None:
        try:
            super().run()
        except OSError:
            while self._queue.get() is not None:
                """Nobody sees it."""


def prepare() -> None:
    """Before the app starts."""
    constants.ESCAPE_DELAY = ESCAPE_DELAY  # type: ignore[misc]
    linux_driver.XTermParser = PromptParser  # type: ignore[attr-defined]
    linux_driver.WriterThread = Output  # type: ignore[attr-defined]
    for name in ("COLUMNS", "LINES"):
        # readline and shells may export them; Textual would believe them instead of asking the terminal.
        os.environ.pop(name, None)
