"""`sst status`: what the running session says of itself."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import click

from ..app.control import no_session, request
from ..core.errors import ExitCode, NoSessionError, RemoteError
from .options import GlobalOptions, find_config, resolve_stage

LOOK_AGAIN = 0.05
"""Seconds between looks for a session that is not there yet: before it runs, nobody can tell us that it does."""


@click.command(name="status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--wait", type=float, metavar="S", help="Wait up to S seconds for a session that is ready.")
@click.pass_obj
def command(options: GlobalOptions, as_json: bool, wait: float | None) -> int:
    """Show the running session: its state, functions with their URLs, the AWS endpoint, the connection."""
    socket = session_socket(options)
    document = asyncio.run(_ready_status(socket, wait) if wait is not None else request(socket, {"command": "status"}))
    if as_json:
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo("\n".join(lines(document)))
    return ExitCode.OK


def session_socket(options: GlobalOptions) -> Path:
    """The control socket of the stage chosen by *options*, in the app found from here."""
    root = find_config(options).parent
    return root / ".sst" / f"{resolve_stage(options, root)}.sock"


async def _ready_status(socket: Path, seconds: float) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    document: dict[str, Any] | None = None
    while True:
        try:
            document = await request(socket, {"command": "status"})
        except NoSessionError:
            if document is not None:
                raise RemoteError("The session ended while it came up.", hint="Read what `sst dev` said.") from None
        if document and document["state"] == "ready":
            return document
        if time.monotonic() >= deadline:
            if document is None:
                raise no_session(socket)
            raise RemoteError(f"The session is {document['state']} after {seconds:g} s.", hint="Wait longer.")
        await asyncio.sleep(LOOK_AGAIN)


def lines(document: dict[str, Any]) -> list[str]:
    """The status for people."""
    out = [
        f"App       {document['app']}",
        f"Stage     {document['stage']}",
        f"State     {document['state']} (process {document['pid']})",
        f"Endpoint  {document['aws_endpoint_url'] or 'AWS'}",
        f"Channel   {'connected' if document['connected'] else 'down'}: {document['connection']}",
    ]
    if document["error"]:
        out.append(f"Error     {document['error']}")
    for function in document["functions"]:
        where = function["url"] or ", ".join(function["triggers"]) or function["lambda_name"]
        out.append(f"λ {function['name']}  {function['handler']}  {where}")
        out += [f"  ⏸ paused at {place}" for place in function["paused"]]
    for process in document["processes"]:
        state = process["outcome"] or process["status"]
        out.append("  ".join(filter(None, [f"→ {process['title']}", state, process["url"]])))
    out += left_out(document["workers"])
    out += [f"{name}: {value}" for name, value in document["outputs"].items()]
    return out


def left_out(workers: dict[str, Any]) -> list[str]:
    """A line for each reason why packages of a function are not preloaded; a package is named once."""
    out = []
    for function, entry in workers.items():
        reasons: dict[str, dict[str, None]] = {}
        for module, reason in ((entry.get("zygote") or {}).get("left_out") or {}).items():
            reasons.setdefault(reason, {})[module.partition(".")[0]] = None
        out += [f"! {function}: not preloaded: {', '.join(names)} ({reason})" for reason, names in reasons.items()]
    return out
