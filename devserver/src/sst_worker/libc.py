"""The few calls of the C library this package makes. Without `ctypes` they do nothing."""

from __future__ import annotations

import sys
from typing import Any

_PR_SET_PDEATHSIG = 1  # Linux, prctl(2)

_library: Any = None
_stdout: Any = None


def load() -> None:
    """Load the library, once and before any fork."""
    global _library, _stdout
    try:
        import ctypes
    except ImportError:  # an interpreter built without libffi
        return
    _library = ctypes.CDLL(None)
    name = "__stdoutp" if sys.platform == "darwin" else "stdout"
    try:
        _stdout = ctypes.c_void_p.in_dll(_library, name)
    except ValueError:  # a C library that keeps it under another name
        return


def parent_death_signal(number: int) -> bool:
    """Have the kernel send signal *number* when the parent ends; 0 for none. False where it cannot."""
    if _library is None or not sys.platform.startswith("linux"):
        return False
    return bool(_library.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0) == 0)


def flush_stdout() -> None:
    """Write out what C code has printed and the library still buffers.

    Not every stream: flushing one that some thread reads from would wait for that thread.
    """
    if _stdout is not None:
        _library.fflush(_stdout)
