"""`sst remove`: delete what the app has made on a stage."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click

from ..app.removing import remove_stage
from ..console.printer import run_console
from ..core.errors import ExitCode
from ..core.settings import Settings
from ..core.stream import Stream
from ..core.tasks import spawn
from .dev import make_settings
from .options import GlobalOptions

T = TypeVar("T")


@click.command(name="remove")
@click.option("--local", is_flag=True, help='Remove what an app with home="aws" has made on the embedded cloud.')
@click.pass_obj
def command(options: GlobalOptions, local: bool) -> int:
    """Delete what the app has made on this stage, as its removal policy says.

    With removal="retain", buckets and tables stay, with removal="retain-all" everything does. An app with protect=True
    is not removed.
    """
    settings = make_settings(options, mode="basic", local=local)
    count = asyncio.run(narrated(settings, remove_stage))
    what = f"{count} resource{'s' * (count != 1)} removed" if count else "nothing to remove"
    click.echo(f"Stage {settings.stage}: {what}.", err=True)
    return ExitCode.OK


async def narrated(settings: Settings, work: Callable[[Settings, Stream], Awaitable[T]]) -> T:
    """Do *work* on the stage, and say on standard error what happens."""
    stream, tasks = Stream(), set[asyncio.Task[Any]]()
    with stream.subscribe() as subscription:
        narration = spawn(run_console(subscription, settings, sys.stderr), name="narration", owner=tasks)
        try:
            return await work(settings, stream)
        finally:
            stream.close()
            await narration
