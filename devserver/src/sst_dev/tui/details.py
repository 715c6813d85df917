"""Fixed documents: one invocation in full, and the help page."""

from __future__ import annotations

import time
from pathlib import Path

from ..core.events import Phases
from ..core.state import Invocation
from .changes import answer_changes, pretty
from .entry import error_rows
from .rows import Lines, Row, ansi_row, row
from .timeline import duration

PHASES = {"cloud_ms": "cloud", "queue_ms": "queue", "import_ms": "import", "handler_ms": "handler", "reply_ms": "reply"}
BAR = 32
"""Cells of the waterfall's whole width: with its labels it fits into a pane on a screen of 80 columns."""
LINES_SHOWN = 20_000
"""Rows of a payload shown: `EVENT_KEPT` bytes of the smallest JSON lines are about as many."""


class Fixed(Lines):
    """A `Document` of given lines."""

    def __init__(self, lines: list[Row]) -> None:
        super().__init__()
        self._lines = lines
        self.running = False

    def layout(self, width: int, now: float, *, wrap: bool) -> None:
        """Prepare rows of *width* cells."""
        self.lay_out(self._lines, width, wrap=wrap)


def invocation_details(
    invocation: Invocation, before: Invocation | None = None, *, raw: bool = False, root: Path = Path("/")
) -> list[Row]:
    """All that is known of one invocation; with *before*, what changed in the answer since that one.

    *raw* shows event and response as the bytes were, instead of indented. Paths under *root* are shown without it.
    """
    started, finished = invocation.started, invocation.finished
    rows = [_fact("Function", started.function), _fact("Trigger", started.trigger)]
    rows += [_fact("Started", time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(started.at)))]
    rows += [_fact("Request", started.request_id), _fact("Environment", started.environment)]
    if finished is not None:
        status = row((f"{'Status':12}", "dim"), (finished.status, "good" if finished.status == "ok" else "bad"))
        rows += [status, _fact("Duration", duration(finished.duration_ms / 1000))]
        if finished.memory_mb:
            rows.append(_fact("Memory", f"{finished.memory_mb:.0f} MB"))
        if finished.code_hash:
            rows.append(_fact("Code", finished.code_hash))
        rows += _section("Phases", waterfall(finished.phases))
        rows += _section("Error", error_rows(finished, root))
        if before is not None and before.finished is not None:
            changes = answer_changes(before.finished, finished)
            rows += _section(f"Changed since {before.started.id[:4]}", [row(change) for change in changes])
        rows += _section("Response", _payload(finished.response, raw=raw))
    rows += _section("Event", _payload(started.payload, raw=raw))
    rows += _section("Log", [ansi_row(line) for line in invocation.told()])
    return rows


def waterfall(phases: Phases) -> list[Row]:
    """Each measured phase as a bar, where it began and how long it was."""
    measured = [(label, getattr(phases, name)) for name, label in PHASES.items() if getattr(phases, name) is not None]
    total = sum(ms for _, ms in measured) or 1.0
    rows, at = [], 0.0
    for label, ms in measured:
        start, width = round(at / total * BAR), max(1, round(ms / total * BAR))
        bar = " " * min(start, BAR - 1) + "━" * min(width, BAR - min(start, BAR - 1))
        rows.append(row((f"{label:9}", "dim"), f"{ms:9.1f} ms ", (bar, "bar2")))
        at += ms
    return rows


def _payload(raw_bytes: bytes, *, raw: bool) -> list[Row]:
    lines = raw_bytes.decode("utf-8", "replace").splitlines() if raw else pretty(raw_bytes)
    return [_json_row(line) for line in lines[:LINES_SHOWN]]


def _json_row(line: str) -> Row:
    """One line of indented JSON, its key apart from its value."""
    head, colon, value = line.partition('": ')
    if colon and head.lstrip().startswith('"'):
        return row((head + '":', "bar2"), " ", (value, "good" if value.startswith('"') else ""))
    return row(line) if line.isprintable() else ansi_row(line)


def _fact(name: str, value: str) -> Row:
    return row((f"{name:12}", "dim"), value)


def _section(title: str, rows: list[Row]) -> list[Row]:
    return [(), row((title, "bold")), *rows] if rows else []
