"""`sst debug`: what an IDE needs to attach to `sst dev --debug`, and post mortems in pdb."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..core.errors import ExitCode, NoSessionError, UserError
from .dev import DEBUG_PORT, PYCHARM_PORT
from .options import GlobalOptions, find_config

if TYPE_CHECKING:
    from .jsonc import Node

NAME = "sst dev"
"""Of the launch configuration."""

_PORT = re.compile(r'(<option name="PORT" value=")(\d+)(")')

_port = click.option("--port", type=click.IntRange(1, 65_535), help="The port; else the running session's, what "
                     "is there already, or the usual one.")  # fmt: skip


@click.group(name="debug")
def command() -> None:
    """Have an IDE attach to the functions, or stop at uncaught exceptions."""


@command.command(name="vscode")
@_port
@click.pass_obj
def vscode(options: GlobalOptions, port: int | None) -> int:
    """Write a configuration that attaches to `sst dev --debug` into .vscode/launch.json, keeping what is there."""
    file = _project(options) / ".vscode" / "launch.json"
    running = _of_session(options, "debug_port")
    text = launch_json(_read(file), port or running, file)
    _write(file, text)
    used = port_in(text)
    first = f"Start `sst dev --debug{_suffix(used, DEBUG_PORT)}`, then" if used != running else "Start"
    click.echo(f'{first} "{NAME}" in VS Code\'s Run and Debug view.')
    return ExitCode.OK


@command.command(name="pycharm")
@_port
@click.pass_obj
def pycharm(options: GlobalOptions, port: int | None) -> int:
    """Write a Python Debug Server run configuration for PyCharm into .idea/runConfigurations/."""
    file = _project(options) / ".idea" / "runConfigurations" / "sst_dev.xml"
    running = _of_session(options, "pycharm_port")
    text = _read(file)
    found = _PORT.search(text)
    number = port or running or (int(found[2]) if found else PYCHARM_PORT)
    _write(file, _PORT.sub(rf"\g<1>{number}\g<3>", text) if found else run_configuration(number))
    then = "" if number == running else f", then start `sst dev --debug=pycharm{_suffix(number, PYCHARM_PORT, ':')}`"
    click.echo(f'Debug "{NAME}" in PyCharm{then}.')
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


def launch_json(text: str, port: int | None, file: Path) -> str:
    """The text of a `launch.json` that was *text*, with our configuration; without *port* it keeps the one it has, or
    gets the usual one. Raises `UserError` when it is broken."""
    from .jsonc import put_in_list, without_comments

    entry: dict[str, Any] = {
        "name": NAME,
        "type": "debugpy",
        "request": "attach",
        "connect": {"host": "127.0.0.1", "port": port or DEBUG_PORT},
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


def port_in(text: str) -> int:
    """The port of our configuration in a `launch.json`; the usual one when it has none of its own."""
    found = _port_of_ours(text.lstrip("\ufeff"))
    return found.scalar if found is not None and isinstance(found.scalar, int) else DEBUG_PORT


def _with_port(text: str, port: int | None) -> str | None:
    """*text* with *port* in the configuration of ours that it has; None when there is none that connects."""
    place = _port_of_ours(text)
    if place is None or port is None:
        return text if place is not None else None
    return f"{text[: place.start]}{port}{text[place.end :]}"


def _port_of_ours(text: str) -> Node | None:
    from .jsonc import parse

    found = parse(text).members.get("configurations")
    for item in found.items if found is not None else ():
        name, connect = item.members.get("name"), item.members.get("connect")
        if name is not None and name.scalar == NAME and connect is not None and "port" in connect.members:
            return connect.members["port"]
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


def _of_session(options: GlobalOptions, field: str) -> int | None:
    """A port that the running session says; None without one."""
    from ..app.control import request
    from .status import session_socket

    if not list((find_config(options).parent / ".sst").glob("*.sock")):
        return None
    try:
        port = asyncio.run(request(session_socket(options), {"command": "status"})).get(field)
    except NoSessionError:
        return None
    return port if isinstance(port, int) else None


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


def _suffix(port: int, usual: int, before: str = "=") -> str:
    return "" if port == usual else f"{before}{port}"
