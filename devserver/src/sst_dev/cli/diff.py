"""`sst diff`: what an apply would change."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import click

from ..app.refreshing import diff_stage
from ..core.errors import ExitCode
from .dev import make_settings
from .options import GlobalOptions
from .remove import narrated

SIGNS = {"create": "+", "update": "~", "replace": "±", "delete": "-", "forget": "·"}
"""What stands before a line; a resource that is forgotten stays in the cloud."""


@click.command(name="diff")
@click.option("--local", is_flag=True, help='Compare what an app with home="aws" has made on the embedded cloud.')
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@click.pass_obj
def command(options: GlobalOptions, local: bool, as_json: bool) -> int:
    """Show what the next apply would change, without changing it.

    Of a change the names of the arguments are shown, never their values. What hangs on a resource that is not made
    yet counts as changed.
    """
    settings = make_settings(options, mode="basic", local=local)
    steps = asyncio.run(narrated(settings, diff_stage))
    click.echo(json.dumps(steps, indent=2) if as_json else "\n".join(map(_line, steps)), nl=as_json or bool(steps))
    counts = Counter(step["action"] for step in steps)
    what = ", ".join(f"{count} to {action}" for action, count in counts.items()) or "nothing would change"
    click.echo(f"Stage {settings.stage}: {what}.", err=True)
    return ExitCode.OK


def _line(step: dict[str, Any]) -> str:
    """`~ update   Api: ApiFunction (aws:lambda/function:Function): memorySize`."""
    changed = f": {', '.join(step['changed'])}" if step["changed"] else ""
    return f"{SIGNS[step['action']]} {step['action']:8} {step['component']}: {step['name']} ({step['type']}){changed}"
