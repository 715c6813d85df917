"""What changed between two answers of a function, and JSON as people read it."""

from __future__ import annotations

import difflib
import json
from typing import Any

SHOWN = 200
"""Lines of a difference shown; two unrelated answers of 6 MB have nothing to compare."""
COMPARED = 5_000
"""Lines of an answer compared: difflib is quadratic at worst."""


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


def answer_changes(before: bytes, after: bytes) -> list[tuple[str, str]]:
    """The difference as lines with their styles; one line when there is none."""
    if before == after:
        return [("= the same answer", "dim")]
    old, new = pretty(before)[:COMPARED], pretty(after)[:COMPARED]
    difference = list(difflib.unified_diff(old, new, lineterm="", n=1))[2:]
    styles = {"+": "good", "-": "error"}
    out = [(text, styles.get(text[0], "dim")) for text in difference if not text.startswith("@@")]
    if len(out) > SHOWN:
        out = [*out[:SHOWN], (f"… {len(out) - SHOWN} more lines differ", "dim")]
    return out or [("= the same answer, written differently", "dim")]
