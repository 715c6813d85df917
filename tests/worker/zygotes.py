"""Drives a real zygote and its workers over the protocol, blocking, as the dev server does asynchronously."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sst_worker import launch, wire

SECRET = "5ec7e7"


@dataclass
class Reply:
    """What came back for one invocation, and what was written meanwhile."""

    head: wire.Head
    body: bytes
    output: bytes = b""
    before: bytes = b""
    """What was written since the invocation before it: by the import, by threads left behind."""
    pieces: list[tuple[wire.Head, bytes]] = field(default_factory=list)
    reports: list[wire.Head] = field(default_factory=list)
    """`files`, `paused` and `resumed` messages that came before the reply."""

    @property
    def value(self) -> Any:
        return json.loads(self.body)


class Gone(Exception):
    """The worker ended instead of answering."""


class Output:
    """Everything a worker wrote, split by its markers, read by a thread so that the pipe never fills."""

    def __init__(self, fd: int) -> None:
        self._buffer = b""
        self._changed = threading.Condition()
        self._ended = False
        threading.Thread(target=self._read, args=(fd,), daemon=True).start()

    def _read(self, fd: int) -> None:
        with open(fd, "rb", buffering=0) as pipe:
            while data := pipe.read(65536):
                with self._changed:
                    self._buffer += data
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def until(self, mark: bytes) -> bytes:
        """What was written before *mark*, which is taken too."""
        with self._changed:
            assert self._changed.wait_for(lambda: mark in self._buffer or self._ended, 30)
            before, _, self._buffer = self._buffer.partition(mark)
            return before

    def rest(self) -> bytes:
        """All that is left, once every writer has closed the pipe."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._ended, 30)
            data, self._buffer = self._buffer, b""
            return data


class Worker:
    """One worker: its channel and its output."""

    def __init__(self, zygote: Zygote, name: str) -> None:
        self.zygote, self.name = zygote, name
        self.ready: wire.Head = {}
        self.init_error = b""
        self.channel, theirs = socket.socketpair()
        self.channel.settimeout(40)
        read, write = os.pipe()
        wire.send(zygote.control, {"type": "fork", "worker": name}, fds=[theirs.fileno(), write])
        theirs.close()
        os.close(write)
        self.output = Output(read)

    def init(self, root: Path, handler: str, **fields: Any) -> tuple[wire.Head, bytes]:
        head = {
            "type": "init",
            "handler": handler,
            "root": str(root),
            "paths": [str(root)],
            "environment": {"PATH": os.environ["PATH"], "TZ": ":UTC"},
            "sdk": None,
            "marker": SECRET,
        }
        wire.send(self.channel, {**head, **fields})
        return self.receive()

    def receive(self) -> tuple[wire.Head, bytes]:
        try:
            return wire.receive(self.channel)
        except (EOFError, ConnectionResetError):
            self.channel.close()
            raise Gone from None

    def invoke(
        self,
        event: Any = None,
        *,
        raw: bytes | None = None,
        on_piece: Callable[[bytes], None] = lambda piece: None,
        **fields: Any,
    ) -> Reply:
        head = {"type": "invoke", "id": uuid.uuid4().hex, "request_id": str(uuid.uuid4()), **fields}
        head.setdefault("deadline_ms", 4_000_000_000_000)
        wire.send(self.channel, head, json.dumps(event).encode() if raw is None else raw)
        pieces, reports = [], []
        while True:
            answer, body = self.receive()
            if answer["type"] == "stream" and not answer.get("final"):
                pieces.append((answer, body))
                on_piece(body)
            elif answer["type"] in ("files", "paused", "resumed"):
                reports.append(answer)
            else:
                break
        before = self.output.until(wire.marker(SECRET, "begin", head["id"]))
        written = self.output.until(wire.marker(SECRET, "end", head["id"]))
        for word in ("error", "begin"):  # around the log of an unhandled error
            written = written.replace(wire.marker(SECRET, word, head["id"]), b"")
        return Reply(answer, body, written, before, pieces, reports)

    def exited(self) -> wire.Head:
        """How this worker ended: by its zygote's report, or as the process that a spare is itself."""
        if not self.zygote.spare:
            return self.zygote.expect("exited", worker=self.name)
        status = self.zygote.process.wait(30)
        code, by_signal = (status, None) if status >= 0 else (None, -status)
        return {"type": "exited", "pid": self.zygote.process.pid, "code": code, "signal": by_signal}

    def close(self) -> None:
        self.channel.close()


class Zygote:
    """A zygote (or spare) process and its control socket."""

    def __init__(
        self,
        python: str = sys.executable,
        *,
        spare: bool = False,
        environment: dict[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.spare = spare
        self.control, theirs = socket.socketpair()
        self.control.settimeout(40)
        self.process = subprocess.Popen(
            launch.command(python, theirs.fileno(), spare=spare),
            pass_fds=[theirs.fileno()],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], **(environment or {})},
            start_new_session=True,
        )
        theirs.close()
        self._workers: list[Worker] = []
        self._reports: list[wire.Head] = []

    def expect(self, kind: str, **fields: Any) -> wire.Head:
        """The next report of this kind, keeping others for later."""
        wanted = {"type": kind, **fields}
        while True:
            for head in self._reports:
                if wanted.items() <= head.items():
                    self._reports.remove(head)
                    return head
            self._reports.append(wire.receive(self.control)[0])

    def preload(self, *modules: str, **fields: Any) -> wire.Head:
        wire.send(self.control, {"type": "preload", "modules": list(modules), **fields})
        return self.expect("preloaded")

    def fork(self, name: str = "") -> Worker:
        self._workers.append(Worker(self, name or uuid.uuid4().hex[:8]))
        return self._workers[-1]

    def close(self) -> None:
        for worker in self._workers:
            worker.close()
        self.control.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


class Spares:
    """Makes every worker of a spare of its own; like a `Zygote` to whoever only forks."""

    def __init__(self, python: str = sys.executable, **how: Any) -> None:
        self._start = lambda: Zygote(python, spare=True, **how)
        self._started: list[Zygote] = []

    def fork(self) -> Worker:
        self._started.append(self._start())
        return self._started[-1].fork()

    def close(self) -> None:
        for process in self._started:
            process.close()


@contextmanager
def zygote(python: str = sys.executable, **how: Any) -> Iterator[Zygote]:
    """A `Zygote` that ends with the block."""
    started = Zygote(python, **how)
    try:
        yield started
    finally:
        started.close()


def answer(worker: Worker, event: Any, **fields: Any) -> tuple[threading.Thread, list[Reply]]:
    replies: list[Reply] = []
    call = threading.Thread(target=lambda: replies.append(worker.invoke(event, **fields)))
    call.start()
    return call, replies


def told(reply: Reply) -> list[str]:
    """What the worker said of breakpoints."""
    return [head["type"] for head in reply.reports if head["type"] != "files"]
