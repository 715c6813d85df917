"""`sst state`: the engine's record of a stage."""

from __future__ import annotations

import difflib
import json

import click

from ..core.errors import ExitCode, UserError
from ..engine.embedded.state import Entry, State, locked, read
from .dev import make_settings
from .options import GlobalOptions


@click.group(name="state")
def command() -> None:
    """Look at what the engine knows to exist on the stage, or have it forget a resource."""


@command.command(name="list")
@click.pass_obj
def list_(options: GlobalOptions) -> int:
    """Print one line a resource: component, name, type and id."""
    for entry in _entries(options).values():
        unsure = "  (its last change was cut off)" if entry.pending else ""
        click.echo(f"{entry.component or '-'}  {entry.name}  {entry.type}  {entry.id}{unsure}")
    return ExitCode.OK


@command.command()
@click.pass_obj
def export(options: GlobalOptions) -> int:
    """Print the whole record as JSON, with the values of environment variables and secrets in it."""
    click.echo(json.dumps([vars(entry) for entry in _entries(options).values()], indent=2))
    return ExitCode.OK


@command.command()
@click.argument("name")
@click.pass_obj
def remove(options: GlobalOptions, name: str) -> int:
    """Forget the resource NAME, a name or a urn. It stays in the cloud; the next apply makes it or takes it over."""
    settings = make_settings(options, mode="basic")
    waiting = "Another sst ({}) is applying the stage; waiting for it."
    with locked(settings.stage_home, lambda who: click.echo(waiting.format(who), err=True)):
        state = State(settings.engine_state)
        state.open()
        try:
            entry = _found(state.entries, name)
            state.drop(entry.urn)
        finally:
            state.close()
    click.echo(f"Stage {settings.stage}: {entry.name} ({entry.type}, {entry.id}) is forgotten.", err=True)
    return ExitCode.OK


def _entries(options: GlobalOptions) -> dict[str, Entry]:
    return read(make_settings(options, mode="basic").engine_state)


def _found(entries: dict[str, Entry], name: str) -> Entry:
    found = [entry for entry in entries.values() if name in (entry.name, entry.urn)]
    if len(found) == 1:
        return found[0]
    if found:
        urns = "\n".join(entry.urn for entry in found)
        raise UserError(f"{len(found)} resources are called {name!r}:\n{urns}", hint="Name one by its urn.")
    near = difflib.get_close_matches(name, [entry.name for entry in entries.values()], n=1)
    hint = f"Did you mean {near[0]!r}?" if near else "`sst state list` has them all."
    raise UserError(f"The record has no resource {name!r}.", hint=hint)
