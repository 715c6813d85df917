"""A program that hangs is told apart from one that works."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import sst
from sst_dev.engine.patience import Patience

from tests.support.program import declare

HERE = Path(__file__).parent


def said_during(work: Callable[[Callable[[], Any]], Any], root: Path = HERE) -> str:
    """What is said while *work* runs; it gets a function that waits until something is."""
    said: list[str] = []
    spoken = threading.Event()

    def say(text: str) -> None:
        said.append(text)
        spoken.set()

    with Patience(root, say, seconds=0.05).watching():
        work(lambda: spoken.wait(60))
    [text] = said
    return text


def test_a_line_that_runs_is_named() -> None:
    """With file and line, in the project's own code."""
    assert said_during(lambda wait: wait()).startswith("test_patience.py:")


def test_resources_that_wait_are_named(tmp_path: Path) -> None:
    """Those that wait for one another, or for an output that nobody resolves."""
    patience, program, places = Patience(tmp_path, print), threading.get_ident(), []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        sst.aws.Queue("Jobs", transform={"queue": {"name": pulumi.Output.from_input(future)}})

        def look() -> None:
            for _ in range(50):  # until everything that can go on has
                asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(60)
            places.append(patience._place(program))
            loop.call_soon_threadsafe(future.set_result, "name")

        threading.Thread(target=look).start()

    declare(run)

    text = (
        "JobsQueue (aws:sqs/queue:Queue): waiting for 10 seconds, for one another or for an output that does not come."
    )
    assert places == [text]


def test_calls_may_take_their_time() -> None:
    """While a resource is in the works nothing is said; when none is, something is."""
    said: list[str] = []
    spoken = threading.Event()
    patience = Patience(HERE, lambda text: (said.append(text), spoken.set())[0], seconds=0.02)
    resource = {"kind": "resource", "phase": "started"}
    with patience.watching():
        patience.note(resource)
        before = time.monotonic()
        while time.monotonic() < before + 0.2:
            time.sleep(0.01)
        assert said == []
        patience.note({**resource, "phase": "finished"})
        assert spoken.wait(60)
