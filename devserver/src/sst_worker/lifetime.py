"""Nothing outlives its parent."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import socket

from . import libc


def die_with(parent: int, how: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send *how* to this process when *parent* (a process id) ends; end at once if it already has.

    Where it cannot, the end of a socket must do.
    """
    if libc.parent_death_signal(how) and os.getppid() != parent:
        os._exit(1)


def outlive() -> None:
    """Take `die_with` back, for a process that notices its parent's end and has others to kill before its own."""
    libc.parent_death_signal(0)


def kill_group(pid: int) -> None:
    """Kill a worker and what it started: every worker leads a process group."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nobody is left in it (macOS says EPERM for a group of zombies)


def watch(control: socket.socket) -> None:
    """Kill this process and its group when *control* closes: for one that has no zygote above it."""

    def wait() -> None:
        with contextlib.suppress(OSError):
            while control.recv(4096):
                pass
        kill_group(os.getpgrp())

    # Not a `threading.Thread`: user code that lists its threads finds none but its own.
    _thread.start_new_thread(wait, ())
