"""Fixtures of the functions tests."""

from __future__ import annotations

import pytest


@pytest.fixture(name="each_kind", params=["zygote", "spare"])
def fixture_each_kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test with workers forked from a zygote, and with spare processes."""
    monkeypatch.setenv("SST_WORKERS", request.param)
    return str(request.param)
