"""Durations and sizes."""

from __future__ import annotations

import pytest
from sst.infra.errors import ConfigError
from sst.infra.units import megabytes, seconds


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20 seconds", 20),
        ("1 second", 1),
        ("3 minutes", 180),
        ("1 hour", 3600),
        ("4 days", 345600),
        ("0.5 minutes", 30),
    ],
)
def test_durations(text: str, value: int) -> None:
    """A number, a blank, a unit in singular or plural."""
    assert seconds("x", text) == value


@pytest.mark.parametrize(("text", "value"), [("512 MB", 512), ("2 GB", 2048), ("0.5 GB", 512)])
def test_sizes(text: str, value: int) -> None:
    """Megabytes, of which a gigabyte has 1024."""
    assert megabytes("x", text) == value


@pytest.mark.parametrize("text", ["20s", "20", 20, "20  seconds", "-1 seconds", "1 fortnight", "", None])
def test_what_is_no_duration(text: object) -> None:
    """The message names the argument, the hint shows the form."""
    with pytest.raises(ConfigError, match="Api: timeout must be a duration") as caught:
        seconds("Api: timeout", text)
    assert '"20 seconds"' in caught.value.hint


def test_bounds_are_told() -> None:
    """Out of range says the range and what was found."""
    with pytest.raises(ConfigError, match=r"timeout must be between 1 and 900 seconds, got '1 hour'"):
        seconds("timeout", "1 hour", least=1, most=900)
    with pytest.raises(ConfigError, match=r"memory must be between 128 MB and 10240 MB, got '64 MB'"):
        megabytes("memory", "64 MB", least=128, most=10240)
    with pytest.raises(ConfigError, match="at least 5 seconds"):
        seconds("x", "1 second", least=5)
    with pytest.raises(ConfigError, match="at least 5 MB"):
        megabytes("x", "1 MB", least=5)
