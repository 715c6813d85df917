"""`sst unlock`: who holds a stage, if anybody does."""

from __future__ import annotations

import click

from ..core.errors import ExitCode, UserError
from ..engine.embedded.state import holder
from .dev import make_settings
from .options import GlobalOptions


@click.command(name="unlock")
@click.pass_obj
def command(options: GlobalOptions) -> int:
    """Say whether somebody applies the stage right now.

    The lock ends with the process that holds it, also when that is killed, so there is never one to be removed.
    """
    settings = make_settings(options, mode="basic")
    who = holder(settings.stage_home) if settings.stage_home.is_dir() else ""
    if who:
        raise UserError(
            f"Stage {settings.stage} is being applied by {who}.", hint="It unlocks when that ends: wait, or end it."
        )
    click.echo(f"Stage {settings.stage} is not locked.", err=True)
    return ExitCode.OK
