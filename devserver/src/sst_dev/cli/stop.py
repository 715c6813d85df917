"""`sst stop`: end the running session in order."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from ..app.control import follow, request
from ..core.errors import ExitCode
from .options import GlobalOptions
from .status import session_socket


@click.command(name="stop")
@click.pass_obj
def command(options: GlobalOptions) -> int:
    """End the running session and wait until it has ended."""
    asyncio.run(_stop(session_socket(options)))
    return ExitCode.OK


async def _stop(socket: Path) -> None:
    await request(socket, {"command": "command", "name": "StopSession", "arguments": {"reason": "sst stop"}})
    async for _ in follow(socket):
        """The stream of events ends with the session."""
