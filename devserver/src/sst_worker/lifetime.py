"""Nothing outlives its parent."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import socket
import sys
from typing import Any

_PR_SET_PDEATHSIG = 1  # Linux, prctl(2)
_libc: Any = None


def prepare() -> None:
    """Load what `die_with` needs, once, so that a fork finds it loaded. Without it sockets' EOF must do."""
    global _libc
    if not sys.platform.startswith("linux"):
        return
    try:
        import ctypes
    except ImportError:  # an interpreter built without libffi
        return
    _libc = ctypes.CDLL(None)


def die_with(parent: int) -> None:
    """Have the kernel kill this process when *parent* (a process id) ends; at once if it already has."""
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def kill_group(pid: int) -> None:
    """Kill a worker and what it started: every worker leads a process group."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nobody is left in it (macOS says EPERM for a group of zombies)


def watch(control: socket.socket) -> None:
    """End this process when *control* closes, on platforms where the kernel does not see to it."""
    if _libc is not None:
        return

    def wait() -> None:
        with contextlib.suppress(OSError):
            while control.recv(4096):
                pass
        kill_group(os.getpgrp())

    # Not a `threading.Thread`: user code that lists its threads finds none but its own.
    _thread.start_new_thread(wait, ())
