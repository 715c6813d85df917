"""`sst refresh`: put right what was deleted or changed outside sst."""

from __future__ import annotations

import asyncio

import click

from ..app.control import request
from ..app.refreshing import refresh_stage
from ..core.errors import ExitCode, NoSessionError
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
    redeploy = {"command": "command", "name": "Redeploy", "arguments": {"trigger": REFRESH}}
    try:
        asyncio.run(request(settings.socket, redeploy))
    except NoSessionError:
        done = asyncio.run(narrated(settings, refresh_stage))
        text = "every resource is as the app says" if done else "nothing to refresh"
        click.echo(f"Stage {settings.stage}: {text}.", err=True)
    else:
        click.echo(f"Stage {settings.stage}: the running session applies every resource again.", err=True)
    return ExitCode.OK
