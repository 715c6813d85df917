"""Bytes of child processes → lines."""

from __future__ import annotations

LINE_KEPT = 64 * 1024
"""Bytes of a line that has not ended yet: more than any log line people read, and a progress bar that never
sends a newline costs no more than this."""


class Lines:
    """Cuts what one process writes into lines, as a terminal would show them at their end."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that *data* completes. A line redrawn with carriage returns counts as last drawn."""
        *complete, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LINE_KEPT:
            complete.append(self._rest)
            self._rest = b""
        return [_text(part) for part in complete]

    def flush(self) -> list[str]:
        """The unfinished line, when the process has ended."""
        rest, self._rest = self._rest, b""
        return [_text(rest)] if rest else []


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "replace")
