"""The process around the handler: variables, folder, module path, standard streams, time zone."""

from __future__ import annotations

import io
import os
import resource
import sys
import time
from typing import TextIO

from . import libc, places


def replace(variables: dict[str, str]) -> None:
    """Make *variables* the whole environment, and take over its time zone.

    Only what differs is touched: a zygote already has nearly all of it, and each change copies memory.
    """
    zone = os.environ.get("TZ")
    for name in [name for name in os.environ if name not in variables]:
        del os.environ[name]
    for name, value in variables.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
    if variables.get("TZ") != zone and hasattr(time, "tzset"):
        time.tzset()


def enter(root: str, paths: list[str], sdk: str | None, handler: str) -> None:
    """Stand in *root* with *paths* first on the module path, then `PYTHONPATH`, as a fresh interpreter would."""
    os.chdir(root)
    own = [*paths, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    rest = [entry for entry in sys.path if entry and entry not in own]
    sys.path[:] = [*dict.fromkeys(own), *rest]
    sys.argv[:] = [sys.argv[0], handler]
    if sdk:
        places.offer_sdk(sdk)


def redirect_output(output: int) -> None:
    """Make *output* the standard output and error of this process, for C code and children too."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(output, 1)
    os.dup2(output, 2)
    # As on Lambda, where LC_CTYPE=C.UTF-8 makes Python choose these error handlers.
    sys.stdout = Unbuffered(_text(1, "surrogateescape"))
    sys.stderr = Unbuffered(_text(2, "backslashreplace"))


def _text(fd: int, errors: str) -> TextIO:
    raw = open(fd, "wb", closefd=False)  # noqa: SIM115 - it lives as long as the process
    return io.TextIOWrapper(raw, encoding="utf-8", errors=errors, write_through=False)


class Unbuffered:
    """A text stream that flushes after each write: output survives whatever ends the process."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __enter__(self) -> Unbuffered:
        return self

    def __exit__(self, *exc_info: object) -> None:
        return None

    def __getattr__(self, name: str) -> object:
        return getattr(self.stream, name)

    def write(self, text: str) -> None:
        """Write *text* through to the descriptor."""
        self.stream.write(text)
        self.stream.flush()

    def writelines(self, lines: list[str]) -> None:
        """Write *lines* through to the descriptor."""
        self.stream.writelines(lines)
        self.stream.flush()


def flush() -> None:
    """Write out what Python and C code have buffered, so that it stands before whatever comes next."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            stream.flush()  # type: ignore[union-attr]
        except (ValueError, OSError, AttributeError):
            pass  # the handler closed or replaced it: nothing of ours is in it
    libc.flush_stdout()


def reseed() -> None:
    """Give this process random numbers of its own; `random` sees to itself after a fork."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def rss_mb() -> float:
    """The memory this process has resident now, in MB; at its peak where the system does not tell."""
    try:
        with open("/proc/self/statm") as file:
            pages = int(file.read().split()[1])
    except OSError:
        return peak_rss_mb()
    return round(pages * resource.getpagesize() / (1 << 20), 1)


def peak_rss_mb() -> float:
    """The most memory this process has had resident so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)
