"""Tasks have a name, an owner and an end."""

from __future__ import annotations

import asyncio
from typing import Any

from sst_bridge.tasks import cancel_all, spawn


async def test_a_task_belongs_to_its_owner_until_it_ends() -> None:
    """Under its name."""
    owner: set[asyncio.Task[Any]] = set()
    task = spawn(asyncio.sleep(0), name="nap", owner=owner)
    assert owner == {task} and task.get_name() == "nap"
    await task
    await asyncio.sleep(0)
    assert owner == set()


async def test_cancel_all_waits_for_the_end_of_each() -> None:
    """But not for the one that calls it."""
    owner: set[asyncio.Task[Any]] = set()
    ended = []

    async def last_words(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    async def end() -> None:
        spawn(last_words("one"), name="one", owner=owner)
        spawn(last_words("two"), name="two", owner=owner)
        await asyncio.sleep(0)
        await cancel_all(owner)
        ended.append("all")

    await spawn(end(), name="end", owner=owner)
    assert sorted(ended[:2]) == ["one", "two"] and ended[2] == "all"
