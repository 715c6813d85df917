"""`sst.x`."""

from __future__ import annotations

import pytest
import sst


def test_its_names_load_when_they_are_used() -> None:
    """The component, and an AttributeError for what is not there."""
    assert sst.x.DevCommand.__name__ == "DevCommand"
    assert "DevCommand" in dir(sst.x)
    with pytest.raises(AttributeError, match=r"module 'sst.x' has no attribute 'Nothing'"):
        _ = sst.x.Nothing  # type: ignore[attr-defined]
