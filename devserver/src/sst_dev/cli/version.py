"""`sst version`."""

from __future__ import annotations

from importlib.metadata import version

import click

from .options import GlobalOptions


@click.command(name="version")
@click.pass_obj
def command(options: GlobalOptions) -> None:
    """Print the version; with --verbose, of the parts too."""
    click.echo(f"sst-py {version('sst-py')}")
    if options.verbose:
        from ..cloud.install import LOCK
        from ..processes.uv import find_uv

        for name in ("pulumi", "pulumi-aws", "boto3", "websockets", "textual"):
            click.echo(f"{name} {version(name)}")
        pin = next(line for line in LOCK.read_text().splitlines() if line.startswith("ministack=="))
        click.echo(pin.removesuffix(" \\").replace("==", " "))
        click.echo(f"uv {find_uv()}")
