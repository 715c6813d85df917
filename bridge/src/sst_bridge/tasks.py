"""Every asyncio task of the bridge has a name, an owner and an end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


def spawn(coroutine: Coroutine[Any, Any, Any], *, name: str, owner: set[asyncio.Task[Any]]) -> asyncio.Task[Any]:
    """Start *coroutine* as a task called *name*; *owner* holds it until it ends."""
    task = asyncio.get_running_loop().create_task(coroutine, name=name)
    owner.add(task)
    task.add_done_callback(owner.discard)
    return task


async def cancel_all(owner: set[asyncio.Task[Any]]) -> None:
    """Cancel every task in *owner* but the current one, and wait until they have ended."""
    tasks = [task for task in owner if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
