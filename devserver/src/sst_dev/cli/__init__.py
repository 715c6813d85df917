"""The `sst` command. One module per command, imported only when that command runs."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

from ..core.errors import BugError, ExitCode, SstError
from .options import GLOBAL_OPTIONS, extract_global_options

COMMANDS = {
    "init": "Write sst_config.py for the project found here",
    "dev": "Run every function of the app on this machine, live",
    "status": "Show the running session",
    "invoke": "Invoke a function through the cloud",
    "secret": "Set, remove, load and list the app's secrets",
    "shell": "Run a command, or a shell, with all links in the environment",
    "logs": "Follow the logs of the running session",
    "debug": "Have an IDE attach to the functions, or stop at uncaught exceptions",
    "stop": "End the running session",
    "diff": "Show what the next apply would change",
    "refresh": "Put right what was deleted or changed outside sst",
    "state": "List, export and forget what the engine knows to exist",
    "unlock": "Say who applies the stage right now",
    "remove": "Delete what the app has made on a stage",
    "version": "Print the version",
    "telemetry": "There is none",
}
"""Name and one-line help; the code is in the module of the name, attribute `command`."""


class Commands(click.Group):
    """Loads a command's module when it is asked for, so that `sst` starts quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands in the order of a working day."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of *cmd_name*."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f".{cmd_name}", __name__).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a hint when the name is unknown."""
        if args and args[0] not in COMMANDS:
            known = ", ".join(COMMANDS)
            raise click.UsageError(f"There is no command {args[0]!r}. Commands: {known}.", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, params=GLOBAL_OPTIONS, context_settings={"help_option_names": ["--help", "-h"]})
def cli(**_: Any) -> None:
    """sst: SST's Live for Python.

    Edit a Lambda handler, call the real endpoint, and the new code answers from this machine.
    """


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of the `sst` command: runs it and exits with a code of `ExitCode`."""
    try:
        flags, rest = extract_global_options(list(sys.argv[1:] if argv is None else argv))
        code = cli.main(args=rest, prog_name="sst", standalone_mode=False, obj=flags)
    except SstError as error:
        report(error)
        sys.exit(error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        sys.exit(ExitCode.OK)
    except click.ClickException as error:
        click.echo(f"error: {error.format_message()}", err=True)
        sys.exit(ExitCode.USAGE)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        sys.exit(ExitCode.FAILURE)
    except Exception as error:
        report_bug(error)
        sys.exit(ExitCode.BUG)
    sys.exit(code if isinstance(code, int) else ExitCode.OK)


def report(error: SstError) -> None:
    """Print one error for people: the user's own frames, the sentence, the hint."""
    if error.trace:
        click.echo(error.trace.rstrip(), err=True)
    click.echo(f"error: {error.message}", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)
    if isinstance(error, BugError):
        click.echo("This is a fault of sst-py, not of your project: please report it.", err=True)


def report_bug(error: Exception) -> None:
    """Print what only a fault of ours can be: the one case in which our own frames help, to whoever mends it."""
    traceback.print_exception(error)
    report(BugError(f"{type(error).__name__}: {error}"))
