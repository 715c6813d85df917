"""Where uv is."""

from __future__ import annotations

import shutil
import threading

from ..core.errors import UserError

_one_at_a_time = threading.Lock()
"""uv asks `sysconfig`, which answers a second thread from tables that the first one is still filling."""


def find_uv() -> str:
    """Path of the uv that came with this program, or of the one on PATH. Raises `UserError` when there is none."""
    try:
        from uv import find_uv_bin

        with _one_at_a_time:
            return find_uv_bin()
    except (ImportError, FileNotFoundError):
        if found := shutil.which("uv"):
            return found
    raise UserError(
        "uv is not installed, and sst needs it to install MiniStack and to make the environments of functions.",
        hint="Run `pip install uv`.",
    )
