"""One worker as the dev server sees it: its channel, its output, and what it said about itself."""

from __future__ import annotations

import time
from collections.abc import Callable

from sst_worker.wire import Head

from .channel import Channel
from .jobs import Job
from .output import Line, Output
from .program import Child
from .sources import Sources

_PAUSE_AT = 32
"""Pieces of a stream that may wait for the network before the handler is made to wait; a worker sends at most
1 MB in one, and handlers usually write some kB."""


class Worker:
    """A process that serves one execution environment of one function."""

    def __init__(
        self,
        number: int,
        environment: str,
        function: str,
        child: Child,
        *,
        secret: str,
        ignore: Callable[[str], bool],
        on_message: Callable[[Worker, Head, bytes], None],
        on_line: Callable[[Worker, Line], None],
    ) -> None:
        self.number = number
        self.environment = environment
        self.function = function
        self.sources = Sources()
        self.modules: list[str] = []
        """Third-party modules it has imported, in order."""
        self.code_hash = ""
        self.init_ms = 0.0
        self.memory_mb: float | None = None
        self.job: Job | None = None
        self.served = 0
        self.used = 0.0
        """When it was last called (monotonic seconds)."""
        self._ignore = ignore
        self._channel = Channel(child.channel, lambda head, body: on_message(self, head, body), on_close=lambda: None)
        self._output = Output(child.output, secret, lambda line: on_line(self, line))

    def initialize(self, head: Head) -> None:
        """Have it import the handler; it answers `ready` or `init_error`."""
        self._channel.send({"type": "init", **head})

    def invoke(self, job: Job, *, post_mortem: bool = False) -> None:
        """Hand it *job*, with the function's timeout from now. With *post_mortem* it stops at an uncaught exception."""
        self.job = job
        job.dispatched = self.used = time.monotonic()
        job.memory_mb, job.code_hash = self.memory_mb, self.code_hash
        request = job.request
        self._channel.send(
            {
                "type": "invoke",
                "id": request.id,
                "request_id": request.request_id,
                "deadline_ms": int((time.time() + job.timeout) * 1000),
                "arn": request.arn,
                "trace_id": request.trace_id,
                "client_context": request.client_context,
                "identity": request.identity,
                "tenant_id": request.tenant_id,
                "content_type": request.content_type,
                "post_mortem": post_mortem,
            },
            request.body,
        )

    def finish(self) -> Job | None:
        """Its answer is complete: file what the invocation wrote, and let go of the job."""
        job, self.job = self.job, None
        if job is not None:
            self._output.read_until(job.request.id)
            self.served += 1
        return job

    def report(self, head: Head) -> None:
        """Take in what `ready`, `init_error` and `files` say."""
        files = {path: seen for path, seen in head.get("files", {}).items() if not self._ignore(path)}
        self.sources.add(files, head.get("sought", ()))
        self.modules += head.get("modules", ())
        self.code_hash = head.get("code_hash", self.code_hash)
        self.memory_mb = head.get("rss_mb", self.memory_mb)
        self.init_ms = head.get("init_ms", self.init_ms)

    def take_piece(self, piece: Head, body: bytes) -> None:
        """Pass on one piece of a stream; a full queue makes the handler wait."""
        if self.job is None:
            return
        self.job.put(piece, body)
        if len(self.job.pieces) >= _PAUSE_AT:
            self._channel.pause()
            self.job.on_drained = self._channel.resume

    def alive(self) -> bool:
        """Whether its end of the channel is still open."""
        self._channel.read_now()
        return not self._channel.closed

    def read_now(self) -> None:
        """Take in everything it has sent."""
        self._channel.read_now()

    def close(self) -> None:
        """Take in the rest of its output and close both ends; the process ends with its channel."""
        self._channel.close()
        self._output.close()
