"""Lines of styled spans, and how they become characters: with colour on a terminal, without anywhere else.

Rich would cost 55 ms of the start of `sst dev --mode=basic` (measured, beside asyncio); eleven styles need a table.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from typing import IO, NamedTuple

SGR = {
    "": "",
    "bold": "1",
    "dim": "2",
    "accent": "1;35",
    "good": "32",
    "bad": "1;31",
    "warn": "33",
    "link": "4;36",
    "bar0": "34",
    "bar1": "35",
    "bar2": "36",
    "bar3": "33",
    "bar4": "32",
}
"""Style → ECMA-48 SGR parameters, from the sixteen colours that every theme defines."""

ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI, ECMA-48 §5.4
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # OSC, DCS, SOS, PM, APC and their strings
    r"|\x1b[ -/]*[0-~]?"  # the other escapes
    r"|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]",  # control characters, all but tab and newline
    re.DOTALL,
)
_SGR_ONLY = re.compile(r"\x1b\[[0-9;:]*m")


class Span(NamedTuple):
    """Text in one style of `SGR`."""

    text: str
    style: str = ""


Line = tuple[Span, ...]


def line(*parts: str | tuple[str, str]) -> Line:
    """A line from plain strings and (text, style) pairs."""
    return tuple(Span(part) if isinstance(part, str) else Span(*part) for part in parts)


def paint(spans: Line, *, color: bool) -> str:
    """The characters of one line, without a newline."""
    if not color:
        text = "".join([span.text for span in spans])
        return text if text.isprintable() else "".join([clean(span.text, color=False) for span in spans])
    out = []
    for span in spans:
        text = clean(span.text, color=True)
        out.append(f"\x1b[{SGR[span.style]}m{text}\x1b[0m" if span.style else text)
    return "".join(out)


def clean(text: str, *, color: bool) -> str:
    """*text* without what moves a cursor or rings a bell; with *color* its own colours stay and end with it."""
    if text.isprintable():
        return text
    if not color or "\x1b" not in text:
        return ESCAPES.sub("", text)
    kept = ESCAPES.sub(lambda match: match[0] if _SGR_ONLY.fullmatch(match[0]) else "", text)
    return kept + "\x1b[0m" if "\x1b" in kept else kept


def wants_color(file: IO[str], environ: Mapping[str, str]) -> bool:
    """NO_COLOR and FORCE_COLOR (no-color.org, force-color.org) decide, then whether *file* is a terminal."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return file.isatty() and environ.get("TERM") != "dumb"


def duration(seconds: float) -> str:
    """A duration for people: `12 ms`, `1.23 s`, `2 min 5 s`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def bar_style(key: str) -> str:
    """The same colour for the same *key*, so that the lines of one invocation or process can be told apart."""
    return f"bar{zlib.crc32(key.encode()) % 5}"
