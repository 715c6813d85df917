"""A command run with the app's links: it keeps the terminal, and starts again when its environment changes."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..app.control import follow, no_session, request
from ..app.environment import command_environment
from ..core.errors import NoSessionError, SstError
from ..core.events import DeployFinished
from ..core.settings import Settings
from ..core.tasks import cancel_all, spawn
from ..processes.spawn import Child, end_family, reclaim_terminal, start
from ..processes.words import changed as words_of
from ..processes.words import changes as names_of

if TYPE_CHECKING:
    from ..app.session import Session

LOOK_AGAIN = 0.5
"""Seconds between looks for a session that has ended and may come back: until it does, nobody can tell us."""

Changes = AsyncIterator[None]
Fetch = Callable[[], Awaitable[dict[str, str]]]


async def run_joined(settings: Settings, argv: list[str], target: str | None) -> int:
    """Run *argv* in the environment of the session that runs already; its exit code."""

    async def fetch() -> dict[str, str]:
        answer = await request(settings.socket, {"command": "environment", "target": target})
        return dict(answer["environment"])

    async def changes() -> Changes:
        while True:
            with contextlib.suppress(NoSessionError):
                async for event in follow(settings.socket):
                    if event["event"] == "DeployFinished":
                        yield
            _say("the session ended; the command keeps the links it has")
            _say(f"the session is back: {_session(await _back(settings))}")
            yield

    _say(f"joined the session of {_session(await _ready(settings))}")
    try:
        return await _run(settings, argv, fetch, changes())
    finally:
        await end_family()


async def _ready(settings: Settings) -> dict[str, Any]:
    """Wait until the session that runs is ready; its status. Raises `NoSessionError` when it ends before."""
    async for event in follow(settings.socket):
        if event["event"] in ("Subscribed", "SessionReady"):
            status = await request(settings.socket, {"command": "status"})
            if status["state"] == "ready":
                return status
    raise no_session(settings.socket)


async def _back(settings: Settings) -> dict[str, Any]:
    """Wait until a session runs on the stage again and is ready; its status."""
    while True:
        with contextlib.suppress(NoSessionError):
            return await _ready(settings)
        await asyncio.sleep(LOOK_AGAIN)


def _session(status: dict[str, Any]) -> str:
    where = status["aws_endpoint_url"] or "AWS"
    return f"app {status['app']}, stage {status['stage']} (process {status['pid']}, {where})"


def _say(text: str) -> None:
    click.echo(f"sst: {text}", err=True)


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
            try:
                fresh = await fetch()
            except NoSessionError:
                continue  # its end is told where it is noticed
            except SstError as error:
                _say(f"{error.message} The command keeps the links it has.")
                continue
            if names := names_of(current, fresh):
                current = fresh
                _say(f"{words_of(names)}, starting the command again")
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
                environment=command_environment(os.environ, current, settings, Path.cwd()),
                stdin=None,
                foreground=True,
            )
            if not await _ended(child, changed):
                await child.stop()
                await end_family(argv[0])
                continue
            code = child.exit_code or 0
            return 128 - code if code < 0 else code
    finally:
        if child is not None and child.exit_code is None:
            await child.stop()
        await end_family(argv[0])
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
