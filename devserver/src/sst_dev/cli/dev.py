"""`sst dev`: the session in this process, or a command joined to one that runs already."""

from __future__ import annotations

import asyncio
import os
import sys

import click

from ..console.text import wants_color
from ..core.errors import ExitCode, NoSessionError, UserError
from ..core.settings import Mode, Settings
from .options import GlobalOptions, find_config, resolve_stage

DEBUG_PORT = 5678
"""What debugpy and its IDEs use unless told otherwise."""
PYCHARM = "pycharm"
PYCHARM_PORT = 5679
"""Where PyCharm's debug server listens; the neighbour of the port VS Code attaches to."""


@click.command(name="dev", context_settings={"allow_interspersed_args": False})
@click.option("--mode", type=click.Choice([mode.value for mode in Mode]), help="multi: panes; mono: one stream with "
              "child processes; basic: one stream without. Default: multi on a terminal, else mono.")  # fmt: skip
@click.option("--local", is_flag=True, help='Run an app with home="aws" on the embedded cloud.')
@click.option("--json", "json_events", is_flag=True, help="Print a JSON line per event.")
@click.option("--takeover", is_flag=True, help="Replace the dev server that holds this stage.")
@click.option("--debug", is_flag=False, flag_value=str(DEBUG_PORT), metavar="PORT", help="Let an IDE attach to every "
              f"worker, on one port ({DEBUG_PORT} unless --debug=PORT says another; 0 picks one), or with "
              "--debug=pycharm[:PORT] connect to PyCharm's debug server.")  # fmt: skip
@click.argument("command_line", nargs=-1, type=click.UNPROCESSED, metavar="[-- CMD…]")
@click.pass_obj
def command(
    options: GlobalOptions,
    mode: str | None,
    local: bool,
    json_events: bool,
    takeover: bool,
    debug: str | None,
    command_line: tuple[str, ...],
) -> int:
    """Run every function of the app on this machine, live.

    With CMD, run it with the app's links in its environment: in the stage's running session, or in one started for it.
    """
    settings = make_settings(options, mode=mode, local=local, json_events=json_events, takeover=takeover,
                             debug=debug, wraps=bool(command_line))  # fmt: skip
    if command_line:
        return asyncio.run(join_or_serve(settings, list(command_line)))
    return asyncio.run(serve(settings))


def make_settings(
    options: GlobalOptions,
    *,
    mode: str | None = None,
    local: bool = False,
    json_events: bool = False,
    takeover: bool = False,
    debug: str | None = None,
    wraps: bool = False,
) -> Settings:
    """The settings of a session for the app found from here."""
    config = find_config(options)
    return Settings(
        config=config,
        stage=resolve_stage(options, config.parent),
        mode=_asked_mode(mode) if mode else _default_mode(wraps=wraps, json_events=json_events),
        force_local=local,
        json_events=json_events,
        color=wants_color(sys.stdout, os.environ),
        verbose=options.verbose,
        print_logs=options.print_logs,
        takeover=takeover,
        debug_port=None if debug is None or debug.startswith(PYCHARM) else _port(debug),
        pycharm_port=_pycharm_port(debug) if debug and debug.startswith(PYCHARM) else None,
    )


def _pycharm_port(text: str) -> int:
    _, colon, port = text.partition(":")
    return _port(port) if colon else PYCHARM_PORT


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise UserError(f"--debug: {text!r} is no port.", hint="Write --debug=PORT, or --debug alone.")
    return int(text)


def _asked_mode(text: str) -> Mode:
    mode = Mode(text)
    if mode is Mode.MULTI and (stream := _redirected()):
        raise UserError(f"--mode=multi: {stream} is not a terminal.", hint="Use --mode=mono, or redirect nothing.")
    return mode


def _default_mode(*, wraps: bool, json_events: bool) -> Mode:
    if wraps:
        return Mode.BASIC
    return Mode.MULTI if not json_events and os.environ.get("TERM") != "dumb" and not _redirected() else Mode.MONO


def _redirected() -> str:
    """Which standard stream is no terminal, if one is: the screen reads from the first and is drawn on the third."""
    streams = {"standard input": sys.stdin, "standard output": sys.stdout, "standard error": sys.stderr}
    return next((name for name, stream in streams.items() if not stream.isatty()), "")


async def serve(settings: Settings) -> int:
    """Run a session with the front end its mode asks for."""
    from .serving import run_session

    await run_session(settings)
    return ExitCode.OK


async def join_or_serve(settings: Settings, argv: list[str], target: str | None = None) -> int:
    """Run *argv* with the links of the running session, or of one started in this process; its exit code."""
    from ..app.control import request
    from .wrapping import run_joined, run_wrapped

    try:
        await request(settings.socket, {"command": "status"})
    except NoSessionError:
        return await run_wrapped(settings, argv, target)
    if settings.takeover:
        raise UserError("--takeover does not go with a command.", hint="End the other session with `sst stop`.")
    return await run_joined(settings, argv, target)
