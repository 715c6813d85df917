"""A worker as the dev server sees it, with the other end played by hand."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any

from sst_dev.functions.jobs import Job
from sst_dev.functions.model import InvocationRequest
from sst_dev.functions.output import Line
from sst_dev.functions.program import Child
from sst_dev.functions.worker import Worker
from sst_worker import wire


class Played:
    """The process of a worker: its end of the channel and of the output pipe."""

    def __init__(self) -> None:
        ours, self.channel = socket.socketpair()
        reading, self.output = os.pipe()
        self.messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=1_000)
        self.lines: list[Line] = []
        self.worker = Worker(
            1,
            "env",
            "Api",
            Child(ours, reading),
            secret="s" * 32,
            ignore=lambda path: path.endswith(".log"),
            on_message=lambda worker, head, body: self.messages.put_nowait(head),
            on_line=lambda worker, line: self.lines.append(line),
        )

    def close(self) -> None:
        self.worker.close()
        self.channel.close()
        os.close(self.output)


def job(id: str = "nonce") -> Job:
    request = InvocationRequest(id, "request", 0, "arn:1", 0.0, body=b'{"a":1}', trace_id="Root=1")
    return Job(request, "env", "Api", asyncio.get_running_loop().create_future(), timeout=3.0)


async def test_what_an_invocation_says_to_its_worker() -> None:
    """The event as raw bytes, the deadline by the function's own timeout."""
    played = Played()
    played.worker.invoke(job())
    head, body = wire.receive(played.channel)

    assert body == b'{"a":1}'
    assert (head["type"], head["id"], head["request_id"]) == ("invoke", "nonce", "request")
    assert (head["arn"], head["trace_id"]) == ("arn:1", "Root=1")
    played.close()


async def test_the_output_is_complete_when_the_invocation_is() -> None:
    """`finish` files what was written before the answer was sent."""
    played = Played()
    it = job()
    played.worker.invoke(it)
    os.write(played.output, wire.marker("s" * 32, "begin", "nonce") + b"line\n" + wire.marker("s" * 32, "end", "nonce"))

    assert played.worker.finish() is it
    assert played.lines == [Line("nonce", "line")]
    assert played.worker.finish() is None
    played.close()


async def test_reports_add_up() -> None:
    """Files and modules of later imports join those of the first; ignored data files do not count."""
    played = Played()
    played.worker.report({"files": {"/a.py": [1, 2, 3], "/x.log": [1, 2, 3]}, "modules": ["m"], "code_hash": "one"})
    played.worker.report({"files": {"/b.py": [1, 2, 3]}, "modules": ["n"], "code_hash": "two", "rss_mb": 9.0})

    assert set(played.worker.sources.files) == {"/a.py", "/b.py"}
    assert played.worker.modules == ["m", "n"]
    assert (played.worker.code_hash, played.worker.memory_mb) == ("two", 9.0)
    played.close()


async def test_a_stream_nobody_takes_stops_the_worker_until_someone_does() -> None:
    """The handler waits in `send`; nothing piles up here."""
    played = Played()
    it = job()
    played.worker.invoke(it)
    wire.receive(played.channel)
    for index in range(100):
        played.worker.take_piece({"index": index}, b"x")
    wire.send(played.channel, {"type": "stream"})
    for _ in range(3):
        await asyncio.sleep(0)
    assert played.messages.empty(), "the channel is paused"
    pieces = it.stream()
    for _ in range(100):
        await anext(pieces)
    waiting = asyncio.ensure_future(anext(pieces))

    assert (await played.messages.get())["type"] == "stream"
    waiting.cancel()
    played.close()
