"""Scripts for a state machine: what is said to it, and what it must answer.

`says(effects, …)` compares effects with expected ones and shows both as lists when they differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def says(effects: Iterable[Any], *expected: Any) -> None:
    """The effects are exactly *expected*, in this order."""
    assert list(effects) == list(expected)


def kinds(effects: Iterable[Any]) -> list[str]:
    """The words of what is sent or done: kinds of messages, names of other effects."""
    words = []
    for effect in effects:
        messages = getattr(effect, "messages", None)
        words += [type(effect).__name__.lower()] if messages is None else [type(m).__name__.lower() for m in messages]
    return words
