"""The errors of what comes in."""

from __future__ import annotations

import pytest
from sst_bridge.errors import Malformed, Refused, Replayed, WireError


@pytest.mark.parametrize("kind", [Malformed, Refused, Replayed])
def test_each_is_a_wire_error_and_none_is_another(kind: type[WireError]) -> None:
    """A shell drops all of them by one name, and reports all but replays."""
    assert issubclass(kind, WireError)
    assert [other for other in (Malformed, Refused, Replayed) if issubclass(kind, other)] == [kind]
