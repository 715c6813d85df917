"""`sst telemetry`: SST has it, this program does not."""

from __future__ import annotations

import click


@click.command(name="telemetry")
@click.argument("choice", required=False, type=click.Choice(["enable", "disable"]))
def command(choice: str | None) -> None:
    """Say what is collected: nothing."""
    click.echo("sst-py collects nothing and sends nothing: there is no telemetry to enable or disable.")
