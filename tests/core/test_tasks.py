"""Tasks have a name, an owner and an end."""

import asyncio

from sst_dev.core.tasks import cancel_all, spawn


async def test_the_owner_holds_a_task_until_it_ends() -> None:
    """A running task is in its owner's set under its name, an ended one is not."""
    owner: set[asyncio.Task] = set()
    task = spawn(asyncio.sleep(0), name="nap", owner=owner)

    assert (owner, task.get_name()) == ({task}, "nap")
    await task
    await asyncio.sleep(0)
    assert owner == set()


async def test_cancel_all_waits_for_the_ends() -> None:
    """When it returns, every task has run its cleanup."""
    owner: set[asyncio.Task] = set()
    cleaned = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    spawn(work(), name="a", owner=owner)
    spawn(work(), name="b", owner=owner)
    await asyncio.sleep(0)
    await cancel_all(owner)

    assert cleaned == [True, True]
