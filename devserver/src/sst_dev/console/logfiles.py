"""Everything a session shows, kept as files: `.sst/log/<pane>.log` and `.sst/log/invocations.jsonl`.

Written in every mode, by an observer of the session's stream. A new session starts new files.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import time
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from sst_dev.core import events as e
from sst_dev.core.files import private_dir
from sst_dev.core.settings import Settings
from sst_dev.core.state import State
from sst_dev.core.stream import Stream

from .output import Lines
from .plain import Plain
from .text import clean, paint

FILE_LIMIT = 64 * 1024 * 1024
"""Bytes after which a log file becomes `<name>.1` (replacing an older one) and starts anew: a dev server
left open over a loud weekend must not fill the disk, and editors still open files of this size."""

RESERVED = frozenset({"sst", "functions", "tunnel", "tasks", "ministack"})
"""Names of files that no dev command may take."""


def pane_file(event: e.ProcessChanged) -> str:
    """The file name, without `.log`, of the pane that shows this process."""
    if event.kind == "task":
        return "tasks"
    if event.kind == "tunnel":
        return "tunnel"
    name = re.sub(r"[^\w.-]", "_", event.name)
    return f"command-{name}" if name.lower() in RESERVED else name


class LogFiles:
    """Observes a stream: `stream.observe(log_files.observe)` after the state's own observer."""

    def __init__(self, settings: Settings, state: State, stream: Stream | None = None) -> None:
        """On *stream* it says when a file cannot be written."""
        self._stream = stream
        self._broken = False
        self._folder = private_dir(settings.log_dir)
        self._state = state
        self._plain = Plain(verbose=True, root=settings.root, traces=True)
        self._files: dict[str, _File] = {}
        self._outputs: dict[str, Lines] = {}
        self._flush_due = False

    def observe(self, event: e.Event) -> None:
        """Write what *event* says to the file of its pane. A full disk ends the files, not the session."""
        if self._broken:
            return
        try:
            self._observe(event)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self._broken = True
        if self._stream is not None:
            text = f"{self._folder}: {error.strerror}; nothing more is logged there."
            self._stream.publish(e.Notice(time.time(), text, level="warning"))

    def _observe(self, event: e.Event) -> None:
        match event:
            case e.ProcessOutput():
                self._write_output(event, self._outputs.setdefault(event.name, Lines()).feed(event.data))
            case e.ProcessChanged():
                self._write_output(event, self._outputs.pop(event.name, Lines()).flush())
                self._write_lines(pane_file(event), event)
                if event.reason:  # the SST pane tells of it, too
                    self._write_lines("sst", event)
            case e.InvocationStarted() | e.LogLine() | e.Reloaded() | e.ReloadFailed():
                self._write_lines("functions", event)
            case e.InvocationFinished():
                self._write_lines("functions", event)
                self._append("invocations.jsonl", invocation_json(event, self._state))
            case e.InvocationPaused() | e.InvocationResumed():
                self._write_lines("functions", event)
            case _:
                self._write_lines("sst", event)

    def close(self) -> None:
        """Flush and close every file."""
        with contextlib.suppress(OSError):  # it was said when it happened
            for file in self._files.values():
                file.close()
        self._files.clear()

    def _write_lines(self, name: str, event: e.Event) -> None:
        for spans in self._plain.lines(event):
            if spans:
                self._append(f"{name}.log", f"{_clock(event.at)} {paint(spans, color=False)}")

    def _write_output(self, event: e.ProcessOutput | e.ProcessChanged, texts: list[str]) -> None:
        changed = event if isinstance(event, e.ProcessChanged) else self._state.processes.get(event.name)
        if changed is not None and texts:
            clock = _clock(event.at)
            self._append(f"{pane_file(changed)}.log", "\n".join([f"{clock} {clean(t, color=False)}" for t in texts]))

    def _append(self, name: str, text: str) -> None:
        file = self._files.get(name)
        if file is None:
            file = self._files[name] = _File(self._folder / name)
        file.write(text + "\n")
        if not self._flush_due:
            # One flush for all that is published before the loop's next turn: 10,000 lines a second cost few.
            self._flush_due = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_due = False
        try:
            for file in self._files.values():
                file.flush()
        except OSError as error:
            self._give_up(error)


class _File:
    """One log file, mode 0600, renamed away when it is full."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = self._open()
        self._size = 0
        self._dirty = False

    def write(self, text: str) -> None:
        self._size += self._file.write(text.encode("utf-8", "replace"))
        self._dirty = True
        if self._size > FILE_LIMIT:
            self._file.close()
            self._path.replace(self._path.with_name(self._path.name + ".1"))
            self._file, self._size = self._open(), 0

    def flush(self) -> None:
        if self._dirty:
            self._dirty = False
            self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _open(self) -> IO[bytes]:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        return os.fdopen(os.open(self._path, flags, 0o600), "wb")


def invocation_json(finished: e.InvocationFinished, state: State) -> str:
    """One invocation, all that is known of it, as one line of JSON."""
    known = state.invocations.get(finished.id)
    return json.dumps(
        {
            "id": finished.id,
            "request_id": finished.request_id,
            "function": finished.function,
            "environment": finished.environment,
            "trigger": known.started.trigger if known else "",
            "started_at": known.started.at if known else None,
            "finished_at": finished.at,
            "duration_ms": finished.duration_ms,
            "status": finished.status,
            "event": _document(known.started.payload) if known else None,
            "response": _document(finished.response),
            "error_type": finished.error_type,
            "error_message": finished.error_message,
            "frames": finished.frames,
            "lines": [*known.told(), *known.trace] if known else [],
            "memory_mb": finished.memory_mb,
            "code_hash": finished.code_hash,
            "phases": vars(finished.phases),
        },
        ensure_ascii=False,
    )


def _document(raw: bytes) -> Any:
    """The JSON document in *raw*, or its text when it is not (or no longer) one."""
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")


def _clock(at: float) -> str:
    return _iso(round(at * 1000))


@lru_cache(64)
def _iso(at_ms: int) -> str:
    """Many lines share a millisecond when there are many."""
    return datetime.fromtimestamp(at_ms / 1000).astimezone().isoformat(timespec="milliseconds")
