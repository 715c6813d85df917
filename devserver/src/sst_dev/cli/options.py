"""Global flags, accepted before and after the command, and what they resolve to."""

from __future__ import annotations

import getpass
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from ..core.errors import UserError

CONFIG = "sst_config.py"
SHARED_STAGES = frozenset({"root", "admin", "prod", "dev", "production"})
"""User names that say nothing about who it is, and so are no default for a personal stage (SST docs, CLI)."""

GLOBAL_OPTIONS: list[click.Parameter] = [
    click.Option(["--stage"], help="Stage to use; else SST_STAGE, .env, .sst/stage, your user name."),
    click.Option(["--config"], metavar="PATH", help="Path of sst_config.py; else the nearest one, upwards."),
    click.Option(["--verbose"], is_flag=True, help="Say more."),
    click.Option(["--print-logs"], is_flag=True, help="Print the logs of the machinery too."),
]
"""Shown in the help; taken out of the arguments by `extract_global_options`."""

_VALUED = ("--stage", "--config")
_FLAGS = ("--verbose", "--print-logs")


@dataclass(frozen=True)
class GlobalOptions:
    """The global flags as given."""

    stage: str | None = None
    config: str | None = None
    verbose: bool = False
    print_logs: bool = False


def extract_global_options(arguments: list[str]) -> tuple[GlobalOptions, list[str]]:
    """Take the global flags out of *arguments*, wherever they stand before a `--`; return both.

    Raises `UserError` when a flag lacks its value.
    """
    values: dict[str, str] = {}
    flags: set[str] = set()
    rest: list[str] = []
    queue = iter(arguments)
    for argument in queue:
        name, equals, value = argument.partition("=")
        if argument == "--":
            rest += [argument, *queue]
        elif name in _VALUED:
            given = value if equals else next(queue, "")
            if not given or given == "--":
                raise UserError(f"{name} needs a value.", hint=f"Write {name}=VALUE.")
            values[name] = given
        elif argument in _FLAGS:
            flags.add(argument)
        else:
            rest.append(argument)
    options = GlobalOptions(
        stage=values.get("--stage"),
        config=values.get("--config"),
        verbose="--verbose" in flags,
        print_logs="--print-logs" in flags or bool(os.environ.get("SST_PRINT_LOGS")),
    )
    return options, rest


def find_config(options: GlobalOptions) -> Path:
    """Absolute path of the app's `sst_config.py`. Raises `UserError` when there is none."""
    if options.config:
        path = Path(options.config).resolve()
        path = path / CONFIG if path.is_dir() else path
        if not path.is_file():
            raise UserError(f"--config: there is no file {path}.", hint=f"Name the path of a {CONFIG}.")
        return path
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / CONFIG).is_file():
            return folder / CONFIG
    raise UserError(
        f"There is no {CONFIG} in {here} or above.", hint="Write one with `sst init`, or pass --config PATH."
    )


def resolve_stage(options: GlobalOptions, root: Path) -> str:
    """The stage: flag, `SST_STAGE`, `.env`, `.sst/stage`, else the user's name.

    A user name that is no person's (`root`, `admin` …) asks on a terminal; without one the stage is `local`.
    Raises `UserError` when the name cannot be a channel segment or part of AWS names.
    """
    remembered = root / ".sst" / "stage"
    stage = (
        options.stage
        or os.environ.get("SST_STAGE")
        or (_from_dotenv(root) if (root / ".env").is_file() else None)
        or (remembered.read_text().strip() if remembered.is_file() else None)
        or _personal_stage(remembered)
    )
    return check_stage(stage)


def _from_dotenv(root: Path) -> str | None:
    from ..core.dotenv import read_dotenv

    return read_dotenv(root, None).get("SST_STAGE")


def check_stage(stage: str) -> str:
    """*stage*, if it can be a channel segment and part of AWS names. Raises `UserError`."""
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38}[A-Za-z0-9])?", stage):
        raise UserError(
            f"Stage {stage!r} is not possible: it must be 1 to 40 letters, digits and dashes, with no dash at an end.",
            hint="Pass another with --stage NAME.",
        )
    return stage


def _personal_stage(remembered: Path) -> str:
    user = re.sub(r"[^A-Za-z0-9-]+", "-", getpass.getuser()).strip("-").lower()
    if user and user not in SHARED_STAGES:
        return user
    if not sys.stdin.isatty():
        return "local"
    stage = check_stage(click.prompt("Stage to use for your own work", default="local", err=True))
    from ..core.files import write_private

    write_private(remembered, stage + "\n")
    return stage
