"""What simplejson would say about a text that is not JSON. Only ever read once the text is known to be bad."""

from __future__ import annotations

import re

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_PLAIN_TEXT = re.compile(r'[^"\\\x00-\x1f]*')
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_WORDS = ("null", "true", "false")


class JSONError(ValueError):
    """A text is not JSON; the message names line, column and character."""


def explain(text: str, start: int) -> JSONError:
    """The error simplejson raises for *text*, whose document begins at index *start* (after a byte order mark)."""
    checker = _Checker(text)
    try:
        end = checker.skip(checker.value(checker.skip(start)))
    except JSONError as error:
        return error
    return checker.error("Extra data", end, len(text))


class _Checker:
    """Walks the text as simplejson does; each method takes an index and returns the one after what it read."""

    def __init__(self, text: str) -> None:
        self.text = text

    def error(self, what: str, at: int, to: int | None = None) -> JSONError:
        line, column = self._place(at)
        if to is None:
            return JSONError(f"{what}: line {line} column {column} (char {at})")
        end_line, end_column = self._place(to)
        return JSONError(
            f"{what}: line {line} column {column} - line {end_line} column {end_column} (char {at} - {to})"
        )

    def _place(self, at: int) -> tuple[int, int]:
        return self.text.count("\n", 0, at) + 1, at - self.text.rfind("\n", 0, at)

    def skip(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        assert match is not None
        return match.end()

    def value(self, at: int) -> int:
        first = self.text[at : at + 1]
        if first == '"':
            return self.string(at + 1)
        if first == "{":
            return self.members(at + 1)
        if first == "[":
            return self.items(at + 1)
        for word in _WORDS:
            if self.text.startswith(word, at):
                return at + len(word)
        number = _NUMBER.match(self.text, at)
        if number is None:
            raise self.error("Expecting value", at)
        return number.end()

    def items(self, at: int) -> int:
        at = self.skip(at)
        if self.text.startswith("]", at):
            return at + 1
        if at >= len(self.text):
            raise self.error("Expecting value or ']'", at)
        while True:
            at = self.skip(self.value(at))
            if self.text.startswith("]", at):
                return at + 1
            if not self.text.startswith(",", at):
                raise self.error("Expecting ',' delimiter or ']'", at)
            comma, at = at, self.skip(at + 1)
            if self.text.startswith("]", at):
                raise self.error("Illegal trailing comma before end of array", comma)

    def members(self, at: int) -> int:
        at = self.skip(at)
        if self.text.startswith("}", at):
            return at + 1
        if not self.text.startswith('"', at):
            raise self.error("Expecting property name enclosed in double quotes or '}'", at)
        while True:
            at = self.skip(self.string(at + 1))
            if not self.text.startswith(":", at):
                raise self.error("Expecting ':' delimiter", at)
            at = self.skip(self.value(self.skip(at + 1)))
            if self.text.startswith("}", at):
                return at + 1
            if not self.text.startswith(",", at):
                raise self.error("Expecting ',' delimiter or '}'", at)
            comma, at = at, self.skip(at + 1)
            if self.text.startswith("}", at):
                raise self.error("Illegal trailing comma before end of object", comma)
            if not self.text.startswith('"', at):
                raise self.error("Expecting property name enclosed in double quotes", at)

    def string(self, at: int) -> int:
        begin = at - 1
        while True:
            plain = _PLAIN_TEXT.match(self.text, at)
            assert plain is not None
            at = plain.end()
            stop = self.text[at : at + 1]
            if stop == '"':
                return at + 1
            if not stop or (stop == "\\" and at + 1 >= len(self.text)):
                raise self.error("Unterminated string starting at", begin)
            if stop != "\\":
                raise self.error(f"Invalid control character {stop!r} at", at)
            at = self._escape(at)

    def _escape(self, at: int) -> int:
        letter = self.text[at + 1]
        if letter == "u":
            if _HEX.match(self.text, at + 2) is None:
                raise self.error("Invalid \\uXXXX escape sequence", at)
            return at + 6
        if letter not in '"\\/bfnrt':
            raise self.error(f"Invalid \\X escape sequence {letter!r}", at + 1)
        return at + 2
