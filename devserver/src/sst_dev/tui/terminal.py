"""Two ways in which Textual's reading of a terminal is made that of vim and tmux."""

from __future__ import annotations

import os
from collections.abc import Iterable

from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.message import Message

ESCAPE_DELAY = 0.025
"""Seconds after which an Escape is an Escape and not the begin of a sequence: what vim and tmux users set."""


class PromptParser(XTermParser):
    """Ends a waiting Escape before it reads on.

    Textual looks every 100 ms; whoever types `Esc : w q` into vim faster than that would lose the Escape.
    """

    def feed(self, data: str) -> Iterable[Message]:
        yield from self.tick()
        yield from super().feed(data)


def prepare() -> None:
    """Before the app starts."""
    constants.ESCAPE_DELAY = ESCAPE_DELAY  # type: ignore[misc]
    linux_driver.XTermParser = PromptParser  # type: ignore[attr-defined]
    for name in ("COLUMNS", "LINES"):
        # readline and shells may export them; Textual would believe them instead of asking the terminal.
        os.environ.pop(name, None)
