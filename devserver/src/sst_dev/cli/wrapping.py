"""A command run with the app's links: it keeps the terminal, and starts again when its environment changes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..app.control import follow, request
from ..app.environment import command_environment
from ..core.events import DeployFinished
from ..core.settings import Settings
from ..core.tasks import cancel_all, spawn
from ..processes.spawn import Child, reclaim_terminal, start

if TYPE_CHECKING:
    from ..app.session import Session

Changes = AsyncIterator[None]
Fetch = Callable[[], Awaitable[dict[str, str]]]


async def run_joined(settings: Settings, argv: list[str], target: str | None) -> int:
    """Run *argv* in the environment of the session that runs already; its exit code."""

    async def fetch() -> dict[str, str]:
        answer = await request(settings.socket, {"command": "environment", "target": target})
        return dict(answer["environment"])

    async def changes() -> Changes:
        async for event in follow(settings.socket):
            if event["event"] == "DeployFinished":
                yield
        click.echo("sst: the session ended; the command keeps the links it has", err=True)

    return await _run(settings, argv, fetch, changes())


async def run_wrapped(settings: Settings, argv: list[str], target: str | None) -> int:
    """Start a session in this process, run *argv* in its environment, end both when it ends; its exit code."""
    from .serving import run_session

    code = 0

    async def beside(session: Session) -> None:
        nonlocal code

        async def fetch() -> dict[str, str]:
            return await session.checked_environment(target)

        async def changes() -> Changes:
            with session.stream.subscribe() as subscription:
                async for event in subscription:
                    if isinstance(event, DeployFinished):
                        yield

        code = await _run(settings, argv, fetch, changes())

    await run_session(settings, beside=beside)
    return code


async def _run(settings: Settings, argv: list[str], fetch: Fetch, changes: Changes) -> int:
    """Run until the command ends by itself; on a change that matters to it, stop it and start it again."""
    current = await fetch()
    changed = asyncio.Event()
    tasks: set[asyncio.Task[Any]] = set()

    async def watch() -> None:
        nonlocal current
        async for _ in changes:
            fresh = await fetch()
            if fresh != current:
                current = fresh
                changed.set()

    spawn(watch(), name="links are followed", owner=tasks)
    child: Child | None = None
    try:
        while True:
            changed.clear()
            child = await start(
                argv,
                name=argv[0],
                cwd=Path.cwd(),
                environment=command_environment(dict(os.environ), current, settings),
                stdin=None,
                foreground=True,
            )
            if not await _ended(child, changed):
                click.echo("sst: links changed, starting the command again", err=True)
                await child.stop()
                continue
            code = child.exit_code or 0
            return 128 - code if code < 0 else code
    finally:
        if child is not None and child.exit_code is None:
            await child.stop()
        reclaim_terminal()
        await cancel_all(tasks)


async def _ended(child: Child, changed: asyncio.Event) -> bool:
    """Wait for the first: the command ends (True), or its environment changes (False)."""
    tasks: set[asyncio.Task[Any]] = set()
    end = spawn(child.wait(), name=f"{child.name} ends", owner=tasks)
    change = spawn(changed.wait(), name="links change", owner=tasks)
    try:
        await asyncio.wait({end, change}, return_when=asyncio.FIRST_COMPLETED)
        return end.done()
    finally:
        await cancel_all(tasks)
