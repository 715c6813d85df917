"""`sst secret`: the values of the app's `sst.Secret` components, per stage, with fallbacks."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..app.control import request
from ..cloud.secrets import SecretStore, check_name, parse_dotenv, to_dotenv
from ..core.errors import ExitCode, NoSessionError, UserError
from ..core.settings import Settings
from .dev import make_settings
from .options import GlobalOptions


@click.group(name="secret")
@click.option("--fallback", is_flag=True, help="Manage the values used by stages that have none of their own.")
@click.pass_context
def command(context: click.Context, fallback: bool) -> None:
    """Manage the secrets of the app."""
    context.obj = _Choice(context.obj, fallback)


class _Choice:
    """What the group's flags chose; each subcommand takes `--fallback` as well."""

    def __init__(self, options: GlobalOptions, fallback: bool) -> None:
        self.options = options
        self.fallback = fallback

    def settings(self) -> Settings:
        """Of the app found from here."""
        return make_settings(self.options)


def _fallback_flag(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--fallback", is_flag=True, help="Of the fallback values.")(click.pass_obj(function))


@command.command(name="set")
@click.argument("name")
@click.argument("value", required=False)
@_fallback_flag
def set_(choice: _Choice, name: str, value: str | None, fallback: bool) -> int:
    """Set the secret NAME to VALUE, or to what standard input holds."""
    check_name(name)
    if value is None:
        value = _typed(name) if sys.stdin.isatty() else _piped(name)
    return _store(choice, {name: value}, fallback)


@command.command()
@click.argument("file")
@_fallback_flag
def load(choice: _Choice, file: str, fallback: bool) -> int:
    """Set every secret of FILE, in dotenv form; - is standard input."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Cannot read {file}: {error}.", hint="Name a text file of NAME=VALUE lines.") from None
    values = parse_dotenv(text)
    if not values:
        raise UserError(f"{file} holds no NAME=VALUE line.", hint="Nothing was changed.")
    return _store(choice, values, fallback)


@command.command()
@click.argument("name")
@_fallback_flag
def remove(choice: _Choice, name: str, fallback: bool) -> int:
    """Forget the value of the secret NAME."""
    settings, fallback = choice.settings(), fallback or choice.fallback
    SecretStore(settings).remove(name, fallback=fallback)
    _tell(settings, f"Removed {name} from {_place(settings, fallback)}.")
    return ExitCode.OK


@command.command(name="list")
@_fallback_flag
def list_(choice: _Choice, fallback: bool) -> int:
    """Print the secrets in dotenv form, fallbacks first."""
    settings, store = choice.settings(), SecretStore(choice.settings())
    parts = [("fallback", store.read(fallback=True))]
    if not (fallback or choice.fallback):
        parts.append((settings.stage, store.read(fallback=False)))
    shown = [f"# {title}\n{to_dotenv(values)}" for title, values in parts if values]
    if not shown:
        click.echo("No secrets are set.", err=True)
    click.echo("\n".join(shown), nl=False)
    return ExitCode.OK


def _piped(name: str) -> str:
    """Standard input without the newline that the shell, or an editor, ends a file with."""
    try:
        text = sys.stdin.read()
    except UnicodeDecodeError:
        hint = "Encode what is binary, for example with base64."
        raise UserError(f"The value of secret {name!r} is not UTF-8 text.", hint=hint) from None
    if not text:
        hint = f'Pass the value as an argument or on standard input; `sst secret set {name} ""` sets an empty one.'
        raise UserError(f"Standard input holds no value for secret {name!r}.", hint=hint)
    return text.removesuffix("\n")


def _typed(name: str) -> str:
    value: str = click.prompt(f"Value of {name}", hide_input=True, err=True)
    return value


def _store(choice: _Choice, values: dict[str, str], fallback: bool) -> int:
    settings, fallback = choice.settings(), fallback or choice.fallback
    SecretStore(settings).set(values, fallback=fallback)
    _tell(settings, f"Set {', '.join(sorted(values))} for {_place(settings, fallback)}.")
    return ExitCode.OK


def _place(settings: Settings, fallback: bool) -> str:
    return "every stage without its own value" if fallback else f"stage {settings.stage}"


def _tell(settings: Settings, sentence: str) -> None:
    """Say what was done, and have a running session apply it."""
    redeploy = {"command": "command", "name": "Redeploy", "arguments": {"trigger": "a secret"}}
    try:
        asyncio.run(request(settings.socket, redeploy))
        click.echo(f"{sentence} The running session applies it.", err=True)
    except NoSessionError:
        click.echo(f"{sentence} The next `sst dev` uses it.", err=True)
