"""Searching a document: all that match, and which of them one is at. No widget."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from .rows import Document, Place


class Search:
    """One search in one pane."""

    def __init__(self, words: str = "") -> None:
        self.words = words
        self.hits: Sequence[Place] = ()
        """Every line that matched when it was last looked for."""
        self.at = -1
        """Which of them one is at; -1 when there is none."""

    @property
    def place(self) -> Place | None:
        """Where the match is that one is at."""
        return self.hits[self.at] if 0 <= self.at < len(self.hits) else None

    @property
    def count(self) -> str:
        """`3/17`, or that there is none."""
        if not self.words:
            return ""
        return f"{self.at + 1:,}/{len(self.hits):,}" if self.hits else "no match"

    def begin(self, document: Document, y: int) -> None:
        """Be at the last match at or above row *y*: what happened last is sought most."""
        self.hits = document.matches(self.words) if self.words else ()
        self.at = max(0, self._until(document, y) - 1) if self.hits else -1

    def step(self, document: Document, step: int) -> None:
        """Be at the next match in direction *step*, around the end; among those that came meanwhile, too."""
        before, row = self.place, document.locate(self.place) if self.place is not None else None
        self.hits = document.matches(self.words) if self.words else ()
        if not self.hits:
            self.at = -1
            return
        if before in self.hits:
            at = self.hits.index(before) + step
        else:  # it is no longer kept
            at = self._until(document, row or document.first) + min(step, 0)
        self.at = at % len(self.hits)

    def _until(self, document: Document, y: int) -> int:
        """How many matches are at or above row *y*."""
        return bisect.bisect_right(self.hits, y, key=lambda place: document.locate(place) or document.first)
