"""Lines of the log and a conversation with pdb on one terminal: the prompt, with what was typed, comes last."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

ERASE = "\r\x1b[K"
"""To the beginning of the row, and nothing after it."""
OPEN_MAX = 4096
"""Characters kept of a line without an end, to show it again: the kernel takes no longer one from the keyboard."""


class Conversation:
    """What is to be written next. Holds the line of the conversation that has no end yet."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._parts: list[str] = []
        self._open = ""
        self._shown = False
        """Whether the open line is on the terminal, and nothing below it."""

    def lines(self, lines: Sequence[str]) -> None:
        """Whole lines of the log."""
        if not lines:
            return
        if self._shown:
            self._parts.append(ERASE)
            self._shown = False
        self._parts += [line + "\n" for line in lines]

    def said(self, data: bytes) -> None:
        """A piece of the conversation, as a terminal would show it."""
        self._show()
        text = self._decode(data)
        self._parts.append(text)
        self._open = (self._open + text).rpartition("\n")[2][-OPEN_MAX:]
        self._shown = bool(self._open)

    def take(self) -> str:
        """What has come together, to be written at once."""
        self._show()
        text = "".join(self._parts)
        self._parts.clear()
        return text

    def _show(self) -> None:
        if self._open and not self._shown:
            self._parts.append(self._open)
            self._shown = True
