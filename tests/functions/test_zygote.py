"""Forks of a zygote, and how their ends are reported."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from sst_dev.functions.zygote import Zygote

from tests.functions.test_program import how

End = tuple[int, int | None, int | None]


async def started(root: Path) -> tuple[Zygote, asyncio.Queue[End]]:
    ends: asyncio.Queue[End] = asyncio.Queue(maxsize=100)
    zygote = Zygote(how(root), on_exit=lambda *end: ends.put_nowait(end), on_line=lambda line: None)
    await zygote.start()
    return zygote, ends


async def pid_of(zygote: Zygote, worker: int) -> int:
    while (pid := zygote.pid(worker)) is None:
        await asyncio.sleep(0.001)
    return pid


async def test_a_worker_is_a_group_of_its_own(tmp_path: Path) -> None:
    """So that a kill takes along what it started."""
    zygote, _ = await started(tmp_path)
    child = await zygote.spawn(7)
    pid = await pid_of(zygote, 7)

    assert os.getpgid(pid) == pid
    assert zygote.live == {7}
    child.close()
    await zygote.close()


async def test_ends_are_reported_under_the_workers_number(tmp_path: Path) -> None:
    """With the signal, whoever sent it."""
    zygote, ends = await started(tmp_path)
    children = [await zygote.spawn(number) for number in (1, 2)]
    os.kill(await pid_of(zygote, 1), signal.SIGSEGV)
    assert await ends.get() == (1, None, signal.SIGSEGV)
    zygote.kill(2)
    assert await ends.get() == (2, None, signal.SIGKILL)

    for child in children:
        child.close()
    assert zygote.live == set()
    await zygote.close()


async def test_a_kill_before_the_fork_is_known_counts(tmp_path: Path) -> None:
    """The request to fork is under way: its process ends as soon as it is there."""
    zygote, ends = await started(tmp_path)
    child = await zygote.spawn(1)
    zygote.kill(1)

    assert (await ends.get())[0] == 1
    child.close()
    await zygote.close()


async def test_the_next_worker_is_forked_in_advance(tmp_path: Path) -> None:
    """`spawn` hands out the process that waits, and it counts as nobody's worker until then."""
    zygote, ends = await started(tmp_path)
    zygote.prepare()
    zygote.prepare()
    assert zygote.live == set()
    child = await zygote.spawn(5)
    pid = await pid_of(zygote, 5)

    assert pid > 0
    assert zygote.live == {5}
    child.close()
    assert await ends.get() == (5, 0, None), "a worker without a dev server ends"
    await zygote.close()


async def test_a_dead_zygote_reports_every_worker(tmp_path: Path) -> None:
    """They end with it."""
    zygote, ends = await started(tmp_path)
    children = [await zygote.spawn(number) for number in (1, 2)]
    await pid_of(zygote, 2)
    os.kill(zygote.describe()["pid"], signal.SIGKILL)

    assert {(await ends.get())[0], (await ends.get())[0]} == {1, 2}
    for child in children:
        child.close()
    await zygote.close()
