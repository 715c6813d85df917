"""The config program's process: loads `sst_config.py`, runs it twice, and tells the parent what came of it.

Started as `python -P -m sst_dev.engine.child IN OUT`, with the two pipes of the protocol in docs/internals.md. Its
standard output and error belong to the user's code.
"""

from __future__ import annotations

import gc
import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn


class Parent:
    """The two pipes. Messages of the parent arrive in a thread, so that its end is noticed at any time."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._outgoing = os.fdopen(outgoing, "w", encoding="utf-8")
        self._lock = threading.Lock()
        # At most the three messages of one run are ever under way.
        self._messages: queue.Queue[dict[str, Any]] = queue.Queue(maxsize=8)
        threading.Thread(target=self._listen, args=(incoming,), name="parent", daemon=True).start()

    def send(self, message: dict[str, Any]) -> None:
        """Send one message; from any thread."""
        line = json.dumps(message, default=str) + "\n"
        with self._lock:
            self._outgoing.write(line)
            self._outgoing.flush()

    def receive(self) -> dict[str, Any]:
        """Wait for the next message."""
        return self._messages.get()

    def _listen(self, incoming: int) -> None:
        with os.fdopen(incoming, encoding="utf-8") as lines:
            for line in lines:
                self._messages.put(json.loads(line))
        # The parent is gone or wants no more of us. The record on disk is whole after every change.
        os._exit(0)


def collect_rarely() -> None:
    """Let the garbage collector run once in many allocations.

    A program of hundreds of resources makes millions of short-lived objects and keeps most of the others to its end:
    looking through them again and again took more than half of its time.
    """
    gc.set_threshold(200_000, 20, 100)


def main() -> NoReturn:
    """Serve one run."""
    collect_rarely()
    parent = Parent(int(sys.argv[1]), int(sys.argv[2]))
    start = parent.receive()
    while start["kind"] == "warm":
        _warm(start["modules"])
        start = parent.receive()
    for name, value in start.get("environment", {}).items():
        os.environ.setdefault(name, value)  # the developer's shell wins over `.env`
    from .run import Run

    try:
        Run(start, parent.send, parent.receive).serve()
    except BaseException as error:
        from .faults import describe

        parent.send({"kind": "error", **describe(error, Path(start["config"]))})
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of the user's libraries, or of gRPC, must not keep a finished program alive.
    os._exit(0)


def _warm(modules: list[str]) -> None:
    """Import what the last run imported from installed packages, and boto3, before anybody waits for it."""
    import contextlib
    import importlib

    for name in modules:
        # A module that is gone since is reported by the run that needs it.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    from .embedded.aws import preload

    preload()


if __name__ == "__main__":
    main()
