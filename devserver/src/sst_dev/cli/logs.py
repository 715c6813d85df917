"""`sst logs`: what the running session prints, from the invocations it remembers on."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import click

from ..app.control import follow
from ..console.plain import Plain
from ..console.text import paint, wants_color
from ..core.errors import ExitCode
from ..core.events import from_json
from .options import GlobalOptions
from .status import session_socket


@click.command(name="logs")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON line per event.")
@click.pass_obj
def command(options: GlobalOptions, as_json: bool) -> int:
    """Follow the running session, from the invocations it remembers on: their logs, reloads, deploys."""
    asyncio.run(_follow(options, as_json))
    return ExitCode.OK


async def _follow(options: GlobalOptions, as_json: bool) -> None:
    socket = session_socket(options)
    plain = Plain(root=socket.parent.parent)
    color = wants_color(sys.stdout, os.environ)
    async for document in follow(socket, history=True):
        if as_json:
            click.echo(json.dumps(document))
        elif event := from_json(document):
            for spans in plain.lines(event):
                click.echo(paint(spans, color=color), color=color)
