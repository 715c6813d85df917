"""`sst shell`: a command, or a shell, with the app's links in the environment."""

from __future__ import annotations

import asyncio
import os

import click

from .dev import join_or_serve, make_settings
from .options import GlobalOptions


@click.command(name="shell", context_settings={"allow_interspersed_args": False})
@click.option("--target", metavar="NAME", help="Only the links and variables of this function or dev command.")
@click.argument("command_line", nargs=-1, type=click.UNPROCESSED, metavar="[-- CMD…]")
@click.pass_obj
def command(options: GlobalOptions, target: str | None, command_line: tuple[str, ...]) -> int:
    """Run CMD, or a shell, with every link of the app in the environment.

    Without a running session, one is started for it.
    """
    settings = make_settings(options, wraps=True)
    argv = list(command_line) or [os.environ.get("SHELL") or "/bin/sh"]
    return asyncio.run(join_or_serve(settings, argv, target))
