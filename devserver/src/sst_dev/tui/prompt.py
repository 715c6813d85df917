"""A line that is typed at the bottom of the screen: what to search for, a name. No widget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

LIMIT = 1000
"""Characters of a line: a paste of more was meant for something else."""


@dataclass
class Line:
    """One line of text and the place in it, edited as readline does."""

    text: str = ""
    at: int = 0
    proposed: bool = False
    """Whether the text is not the user's own: typing replaces it, as where text is selected; keys that edit keep it."""

    def press(self, key: str, character: str | None) -> bool:
        """Take one key by its Textual name; whether it is one that edits."""
        match key:
            case "backspace" | "ctrl+h":
                self._cut(max(0, self.at - 1), self.at)
            case "delete" | "ctrl+d":
                self._cut(self.at, self.at + 1)
            case "ctrl+u":
                self._cut(0, self.at)
            case "ctrl+k":
                self._cut(self.at, len(self.text))
            case "ctrl+w":
                self._cut(self.text.rstrip(" ").rfind(" ", 0, self.at) + 1, self.at)
            case "left" | "ctrl+b":
                self.at = max(0, self.at - 1)
            case "right" | "ctrl+f":
                self.at = min(len(self.text), self.at + 1)
            case "home" | "ctrl+a":
                self.at = 0
            case "end" | "ctrl+e":
                self.at = len(self.text)
            case _ if character and character.isprintable():
                self.insert(character)
            case _:
                return False
        self.proposed = False
        return True

    def insert(self, text: str) -> None:
        """Put the first line of *text* where the cursor is."""
        if self.proposed:
            self.text, self.at, self.proposed = "", 0, False
        first = next(iter(text.strip("\r\n").splitlines()), "")
        part = "".join(c for c in first if c.isprintable())[: LIMIT - len(self.text)]
        self.text, self.at = self.text[: self.at] + part + self.text[self.at :], self.at + len(part)

    def _cut(self, start: int, end: int) -> None:
        self.text, self.at = self.text[:start] + self.text[end:], start


@dataclass
class Prompt:
    """A question in the footer that is answered by a line; it has the keys until Enter or Escape."""

    label: str
    done: Callable[[str | None], None]
    """Gets what was typed on Enter, None on Escape."""
    changed: Callable[[str], None] = lambda text: None
    before: str = ""
    """What Up recalls."""
    line: Line = field(default_factory=Line)
    note: str = ""
    """What is to be said about what was typed so far."""

    def press(self, key: str, character: str | None) -> bool:
        """Take one key; whether it goes on."""
        if key in ("enter", "escape", "ctrl+c", "ctrl+z"):
            self.done(self.line.text if key == "enter" else None)
            return False
        before = self.line.text
        if key == "up" and self.before:
            self.line = Line(self.before, len(self.before))
        else:
            self.line.press(key, character)
        if self.line.text != before:
            self.changed(self.line.text)
        return True

    def paste(self, text: str) -> None:
        """Take pasted text."""
        self.line.insert(text)
        self.changed(self.line.text)
