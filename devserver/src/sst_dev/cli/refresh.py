"""`sst refresh`: put right what was deleted or changed outside sst."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from ..app.control import follow, request
from ..app.refreshing import refresh_stage
from ..core.errors import ExitCode, NoSessionError, UserError
from ..engine.program import REFRESH
from .dev import make_settings
from .options import GlobalOptions
from .remove import narrated


@click.command(name="refresh")
@click.option("--local", is_flag=True, help='Refresh what an app with home="aws" has made on the embedded cloud.')
@click.pass_obj
def command(options: GlobalOptions, local: bool) -> int:
    """Apply every resource again, so that what was deleted or changed outside sst is as sst_config.py says.

    A running session does it itself.
    """
    settings = make_settings(options, mode="basic", local=local)
    try:
        asyncio.run(_have_refreshed(settings.socket))
    except NoSessionError:
        done = asyncio.run(narrated(settings, refresh_stage))
        text = "every resource is as the app says" if done else "nothing to refresh"
        click.echo(f"Stage {settings.stage}: {text}.", err=True)
    else:
        click.echo(f"Stage {settings.stage}: the running session has applied every resource again.", err=True)
    return ExitCode.OK


async def _have_refreshed(socket: Path) -> None:
    """Have the session at *socket* apply every resource again, and wait for the end of that.

    Raises `NoSessionError` without one, `UserError` for an apply that failed or a session that ended meanwhile.
    """
    redeploy = {"command": "command", "name": "Redeploy", "arguments": {"trigger": REFRESH}}
    begun = False
    async for event in follow(socket):
        match event["event"]:
            case "Subscribed":
                await request(socket, redeploy)
            case "DeployStarted":
                begun = True  # what ends before was under way already
            case "DeployFinished" if begun:
                return
            case "DeployFailed" if begun:
                raise UserError(event["message"], hint=event["hint"], trace=event["trace"])
    raise UserError("The session ended before every resource was applied again.", hint="Run `sst refresh` again.")
