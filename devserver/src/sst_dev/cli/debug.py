"""`sst debug`: what an IDE needs to attach to `sst dev --debug`, and post mortems in pdb."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import click

from ..core.errors import ExitCode, UserError
from .dev import DEBUG_PORT, PYCHARM_PORT
from .options import GlobalOptions, find_config

NAME = "sst dev"
"""Of the launch configuration."""

_PORT = re.compile(r'(<option name="PORT" value=")\d+(")')

_port = click.option("--port", type=click.IntRange(1, 65_535), help="The port, when it is not the usual one.")


@click.group(name="debug")
def command() -> None:
    """Have an IDE attach to the functions, or stop at uncaught exceptions."""


@command.command(name="vscode")
@_port
@click.pass_obj
def vscode(options: GlobalOptions, port: int | None) -> int:
    """Write a configuration that attaches to `sst dev --debug` into .vscode/launch.json, keeping what is there."""
    file = _project(options) / ".vscode" / "launch.json"
    _write(file, launch_json(_read(file), port or DEBUG_PORT, file))
    click.echo(f'Start `sst dev --debug{_suffix(port)}`, then "{NAME}" in VS Code\'s Run and Debug view.')
    return ExitCode.OK


@command.command(name="pycharm")
@_port
@click.pass_obj
def pycharm(options: GlobalOptions, port: int | None) -> int:
    """Write a Python Debug Server run configuration for PyCharm into .idea/runConfigurations/."""
    number = port or PYCHARM_PORT
    file = _project(options) / ".idea" / "runConfigurations" / "sst_dev.xml"
    kept, found = _PORT.subn(rf"\g<1>{number}\g<2>", _read(file))
    _write(file, kept if found else run_configuration(number))
    click.echo(f'Debug "{NAME}" in PyCharm, then start `sst dev --debug=pycharm{f":{port}" if port else ""}`.')
    return ExitCode.OK


@command.command(name="post-mortem")
@click.option("--off", is_flag=True, help="Stop at them no more.")
@click.pass_obj
def post_mortem(options: GlobalOptions, off: bool) -> int:
    """Have the running session stop at uncaught exceptions of handlers, in pdb."""
    from ..app.control import request
    from .status import session_socket

    asked = {"command": "command", "name": "StopAtExceptions", "arguments": {"wanted": not off}}
    asyncio.run(request(session_socket(options), asked))
    click.echo("Uncaught exceptions do not stop any more." if off else "Uncaught exceptions stop in pdb.")
    return ExitCode.OK


def launch_json(text: str, port: int, file: Path) -> str:
    """The text of a `launch.json` that was *text*, with our configuration. Raises `UserError` when it is broken."""
    from .jsonc import put_in_list, without_comments

    entry: dict[str, Any] = {
        "name": NAME,
        "type": "debugpy",
        "request": "attach",
        "connect": {"host": "127.0.0.1", "port": port},
        "subProcess": True,
        "justMyCode": True,
    }
    lines = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark) if mark else text
    if not without_comments(text).strip():
        text += '{\n  "version": "0.2.0"\n}\n'
    try:
        changed = _with_port(text, port) or put_in_list(text, "configurations", entry, NAME.__eq__)
    except ValueError as error:
        raise UserError(f"{file} is not what VS Code writes: {error}", hint="Mend it, or move it away.") from error
    return mark + changed.replace("\n", lines)


def _with_port(text: str, port: int) -> str | None:
    """*text* with *port* in the configuration of ours that it has; None when there is none that connects."""
    from .jsonc import parse

    found = parse(text).members.get("configurations")
    for item in found.items if found is not None else ():
        name, connect = item.members.get("name"), item.members.get("connect")
        if name is not None and name.scalar == NAME and connect is not None and "port" in connect.members:
            place = connect.members["port"]
            return f"{text[: place.start]}{port}{text[place.end :]}"
    return None


def run_configuration(port: int) -> str:
    """A run configuration of PyCharm: its debug server on *port*, to which the workers connect."""
    return f"""\
<component name="ProjectRunConfigurationManager">
  <configuration default="false" name="{NAME}" type="PyRemoteDebugConfigurationType" factoryName="Python Remote Debug">
    <option name="PORT" value="{port}" />
    <option name="HOST" value="localhost" />
    <PathMappingSettings>
      <option name="pathMappings">
        <list />
      </option>
    </PathMappingSettings>
    <option name="REDIRECT_OUTPUT" value="false" />
    <option name="SUSPEND_AFTER_CONNECT" value="false" />
    <method v="2" />
  </configuration>
</component>
"""


def _project(options: GlobalOptions) -> Path:
    """The folder an IDE has open: the nearest with its settings above the app, else the app's root."""
    root = find_config(options).parent
    marks = (".vscode", ".idea", ".git")
    return next((p for p in (root, *root.parents) if any((p / mark).is_dir() for mark in marks)), root)


def _read(file: Path) -> str:
    """Its text with its line ends; empty when it is missing."""
    try:
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read: {error}", hint="Mend it, or move it away.") from error


def _write(file: Path, text: str) -> None:
    if file.exists() and _read(file) == text:
        click.echo(f"{file} is as it should be.")
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode("utf-8"))
    except OSError as error:
        raise UserError(f"{file} cannot be written: {error.strerror}", hint="Make it writable.") from error
    click.echo(f"Wrote {file}")


def _suffix(port: int | None) -> str:
    return f"={port}" if port else ""
