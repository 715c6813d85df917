"""Spare processes in place of forks."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from sst_dev.functions.spare import Spares

from tests.functions.test_program import how

End = tuple[int, int | None, int | None]


async def test_a_spare_becomes_the_worker_and_the_next_takes_its_place(tmp_path: Path) -> None:
    """One process waits, preloaded; its end is the worker's end."""
    ends: asyncio.Queue[End] = asyncio.Queue(maxsize=100)
    spares = Spares(
        how(tmp_path, modules=("colorsys",)), on_exit=lambda *end: ends.put_nowait(end), on_line=lambda line: None
    )
    await spares.start()
    waiting = spares.describe()["pid"]
    child = await spares.spawn(3)
    assert spares.pid(3) == waiting
    assert spares.describe()["pid"] is None
    spares.prepare()
    while spares.describe()["pid"] is None:
        await asyncio.sleep(0.005)

    assert spares.describe()["preloaded"] == ["colorsys"]
    assert spares.live == {3}
    os.kill(waiting, signal.SIGABRT)
    assert await ends.get() == (3, None, signal.SIGABRT)
    child.close()
    await spares.close()


async def test_without_a_spare_one_is_started(tmp_path: Path) -> None:
    """Two workers at once need a second process, and wait for it."""
    spares = Spares(how(tmp_path), on_exit=lambda *end: None, on_line=lambda line: None)
    await spares.start()
    children = [await spares.spawn(number) for number in (1, 2)]

    assert spares.pid(1) != spares.pid(2)
    for child in children:
        child.close()
    await spares.close()
    assert spares.live == set()
