"""An invocation's stream of pieces, and its one outcome."""

from __future__ import annotations

import asyncio

from sst_dev.functions import outcomes
from sst_dev.functions.jobs import Job
from sst_dev.functions.model import InvocationRequest


def job() -> Job:
    request = InvocationRequest("n", "r", 0, "arn", 0.0)
    return Job(request, "env", "Api", asyncio.get_running_loop().create_future())


async def test_pieces_come_in_order_until_the_outcome() -> None:
    """Those that wait when the invocation ends are still passed on."""
    it = job()
    it.put({"index": 0}, b"a")
    pieces = it.stream()
    first = await anext(pieces)
    it.put({"index": 1}, b"b")
    it.settle(outcomes.answered(b"", ""))

    assert [first, *[piece async for piece in pieces]] == [({"index": 0}, b"a"), ({"index": 1}, b"b")]


async def test_a_drained_stream_lets_the_worker_go_on() -> None:
    """Whoever paused is told once everything is passed on."""
    it = job()
    drained = asyncio.Event()
    it.put({}, b"a")
    it.on_drained = drained.set
    pieces = it.stream()
    await anext(pieces)
    waiting = asyncio.ensure_future(anext(pieces))
    await drained.wait()
    it.put({}, b"b")

    assert await waiting == ({}, b"b")


async def test_the_first_outcome_counts() -> None:
    """A late answer of a worker that timed out changes nothing."""
    it = job()
    it.settle(outcomes.timed_out("r", 1))
    it.settle(outcomes.answered(b"late", ""))

    assert (await it.outcome).status == "timeout"
