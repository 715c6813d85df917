"""The memory limit: a handler that takes more than its function has is killed, as Lambda kills it."""

from __future__ import annotations

import os
from pathlib import Path

LOOK_EVERY = 0.1
"""Seconds between looks: no event tells of memory. At the 2 GB/s a page-touching Python loop reaches here, a worker is
caught 200 MB over its limit."""
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / (1024 * 1024)


def resident_mb(pid: int) -> float:
    """Megabytes of memory that process *pid* holds; 0 where it cannot be told (no `/proc`, or it has ended)."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_MB
    except (OSError, IndexError):
        return 0.0
