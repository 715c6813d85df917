"""Screens are the same on every machine: UTC, no colours or themes from the developer's own terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def neutral_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No NO_COLOR, COLORFGBG or time zone of the developer's."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        for name in ("NO_COLOR", "FORCE_COLOR", "COLORFGBG", "TEXTUAL_THEME", "TERM_PROGRAM"):
            patch.delenv(name, raising=False)
        time.tzset()
        yield
    time.tzset()
