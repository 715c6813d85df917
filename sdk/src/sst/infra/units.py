"""Durations and sizes as people write them: `"20 seconds"`, `"1024 MB"`."""

from __future__ import annotations

import re

from .errors import ConfigError

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_MEGABYTES = {"MB": 1, "GB": 1024}


def seconds(where: str, value: object, *, least: int = 0, most: int | None = None) -> int:
    """The duration *value* in seconds, between *least* and *most*; *where* names component and argument."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) (second|minute|hour|day|week)s?", value) if isinstance(value, str) else None
    if match is None:
        raise ConfigError(
            f"{where} must be a duration, got {value!r}.",
            hint='Write a number and a unit, for example "20 seconds", "3 minutes", "1 hour" or "4 days".',
        )
    result = round(float(match[1]) * _SECONDS[match[2]])
    if result < least or (most is not None and result > most):
        bounds = f"between {least} and {most} seconds" if most is not None else f"at least {least} seconds"
        raise ConfigError(f"{where} must be {bounds}, got {value!r}.")
    return result


def megabytes(where: str, value: object, *, least: int = 0, most: int | None = None) -> int:
    """The size *value* in MB, between *least* and *most*; *where* names component and argument."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) (MB|GB)", value) if isinstance(value, str) else None
    if match is None:
        raise ConfigError(
            f"{where} must be a size, got {value!r}.",
            hint='Write a number and a unit, for example "512 MB" or "2 GB".',
        )
    result = round(float(match[1]) * _MEGABYTES[match[2]])
    if result < least or (most is not None and result > most):
        bounds = f"between {least} MB and {most} MB" if most is not None else f"at least {least} MB"
        raise ConfigError(f"{where} must be {bounds}, got {value!r}.")
    return result
