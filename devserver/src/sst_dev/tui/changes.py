"""What changed between two answers of a function, and JSON as people read it."""

from __future__ import annotations

import difflib
import json
import re
from typing import Any

from ..core.events import InvocationFinished

SHOWN = 200
"""Lines of a difference shown; two unrelated answers of 6 MB have nothing to compare."""
COMPARED = 5_000
"""Lines of an answer compared: difflib is quadratic at worst."""

_FRAME = re.compile(r'\s*File "(?P<file>.*?)", line (?P<line>\d+), in (?P<name>[^\n]*)\n?\s*(?P<code>.*)')
"""A frame of a stack trace, as `traceback.format_list` makes them."""


def pretty(raw: bytes, *, opened: bool = True) -> list[str]:
    """The lines of an indented JSON document, or of the text when it is none.

    With *opened*, JSON in the body of an HTTP answer is shown as JSON, since that is what one wants to read.
    """
    try:
        document: Any = json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace").splitlines()
    return json.dumps(_opened(document) if opened else document, indent=2, ensure_ascii=False).splitlines()


def _opened(document: Any) -> Any:
    body = document.get("body") if isinstance(document, dict) else None
    if isinstance(body, str) and body[:1] in ("{", "["):
        try:
            return {**document, "body": json.loads(body)}
        except ValueError:
            return document
    return document


def answer_changes(before: InvocationFinished, after: InvocationFinished) -> list[tuple[str, str]]:
    """What the handler answered otherwise than *before*, as lines with their styles; one line when nothing.

    Of two errors, the id of the request is no difference, and neither is a frame that only stands further down.
    """
    if before.response == after.response:
        return [("= the same answer", "dim")]
    positions: dict[str, str] = {}
    new = _compared(after, positions)  # first: a frame is called by where it is now
    old = _compared(before, positions)
    if old == new:
        what = "error" if after.status != "ok" else "answer, written differently"
        return [(f"= the same {what}", "dim")]
    difference = list(difflib.unified_diff(old, new, lineterm="", n=1))[2:]
    styles = {"+": "good", "-": "error"}
    out = [(text, styles.get(text[0], "dim")) for text in difference if not text.startswith("@@")]
    if len(out) > SHOWN:
        out = [*out[:SHOWN], (f"… {len(out) - SHOWN} more lines differ", "dim")]
    return out


def _compared(finished: InvocationFinished, positions: dict[str, str]) -> list[str]:
    """The lines of an answer that are compared; *positions* has where each piece of code was first seen."""
    raw = finished.response
    if finished.status == "ok":
        return pretty(raw)[:COMPARED]
    try:
        error = json.loads(raw.replace(finished.request_id.encode() or b"\0", b""))
    except ValueError:
        return pretty(raw)[:COMPARED]
    if isinstance(error, dict):
        error.pop("requestId", None)
        if isinstance(error.get("stackTrace"), list):
            error["stackTrace"] = [_position(str(frame), positions) for frame in error["stackTrace"]]
    return pretty(json.dumps(error).encode())[:COMPARED]


def _position(frame: str, positions: dict[str, str]) -> str:
    match = _FRAME.match(frame)
    if match is None:
        return frame
    code = "{file} {name} {code}".format(**match.groupdict())
    return positions.setdefault(code, "{file}:{line} in {name}: {code}".format(**match.groupdict()).rstrip())
