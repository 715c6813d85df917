"""The environments that commands of the app get: the developer's own, with the app's links and cloud over it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from ..core.bootstrap import Bootstrap
from ..core.errors import UserError
from ..core.manifest import DevCommand, Function, Manifest, Task
from ..core.settings import Settings
from ..functions.interpreter import environment_home

FOREIGN = frozenset({
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
})  # fmt: skip
"""Variables of the developer's own AWS access that would win over, or mix with, what the session gives."""
FOREIGN_PREFIX = "AWS_ENDPOINT_URL_"
"""Likewise: the endpoint of one service wins over that of all."""

RoleVariables = Callable[[str], Mapping[str, str]]
"""Role ARN → the variables that lead an AWS SDK to its credentials."""


def command_environment(
    inherited: Mapping[str, str], session: Mapping[str, str], settings: Settings, directory: Path
) -> dict[str, str]:
    """What a command in *directory* gets: the developer's own environment, the programs of its project's first, with
    the session's variables over it and the SDK within reach of Python."""
    kept = {
        name: value
        for name, value in activated(inherited, settings.root, directory).items()
        if not session or (name not in FOREIGN and not name.startswith(FOREIGN_PREFIX))
    }
    paths = [path for path in (inherited.get("PYTHONPATH"), str(sdk_folder(settings))) if path]
    return {**kept, **session, "PYTHONPATH": os.pathsep.join(paths)}


def activated(inherited: Mapping[str, str], root: Path, directory: Path) -> dict[str, str]:
    """*inherited*, with the `.venv` of the project that *directory* belongs to active when there is one.

    It is the one the project's functions run in. An environment that the user has activated stays; that of the CLI
    itself, which `uv run` activates, does not count.
    """
    chosen = inherited.get("VIRTUAL_ENV")
    if chosen and Path(chosen).resolve() != Path(sys.prefix).resolve():
        return dict(inherited)
    try:
        home = environment_home(root, directory / "pyproject.toml")
    except UserError:
        home = None  # a pyproject.toml in the midst of an edit: whoever needs what is in it says so
    if home is None or not (home / ".venv" / "bin" / "python").exists():
        return dict(inherited)
    venv = home / ".venv"
    programs = str(venv / "bin")
    others = [folder for folder in inherited.get("PATH", os.defpath).split(os.pathsep) if folder != programs]
    return {**inherited, "VIRTUAL_ENV": str(venv), "PATH": os.pathsep.join([programs, *others])}


def sdk_folder(settings: Settings) -> Path:
    """`.sst/sdk`: a folder that holds the CLI's copy of `sst` and nothing else, for `PYTHONPATH`."""
    import sst

    folder = settings.home / "sdk"
    folder.mkdir(parents=True, exist_ok=True)
    link, package = folder / "sst", Path(sst.__file__).parent
    if not link.is_symlink() or link.readlink() != package:
        link.unlink(missing_ok=True)
        link.symlink_to(package)
    return folder


def environment_for(
    manifest: Manifest, bootstrap: Bootstrap, target: str | None, role_variables: RoleVariables
) -> dict[str, str]:
    """What a command needs to reach the app: links, names, the cloud's address and credentials.

    Without *target* these are all links, and the session's own credentials. With *target*, the name of a function, a
    dev command or a task: its own links, its variables and its role. Raises `UserError` when nothing is called so.
    """
    part = None if target is None else find_target(manifest, target)
    variables = {
        **manifest.link_environment(None if part is None else part.links),
        "SST_APP": manifest.app.name,
        "SST_STAGE": manifest.app.stage,
        "SST_DEV": "true",
        "AWS_REGION": bootstrap.region,
        "AWS_DEFAULT_REGION": bootstrap.region,
    }
    if bootstrap.endpoint:
        variables["AWS_ENDPOINT_URL"] = bootstrap.endpoint
    if part is not None and part.role_arn:
        variables |= role_variables(part.role_arn)
    elif bootstrap.endpoint:
        variables["AWS_ACCESS_KEY_ID"] = bootstrap.access_key_id
        variables["AWS_SECRET_ACCESS_KEY"] = bootstrap.secret_access_key
    return {**variables, **(part.environment if part is not None else {})}


def find_target(manifest: Manifest, target: str) -> Function | DevCommand | Task:
    """The part of the app called *target*. Raises `UserError` that names what there is."""
    if function := manifest.function(target):
        return function
    parts: list[DevCommand | Task] = [*manifest.dev_commands, *manifest.tasks]
    if part := next((part for part in parts if part.name == target), None):
        return part
    names = [part.name for part in (*manifest.functions, *parts)]
    raise UserError(f"--target: the app has no {target!r}.", hint=f"It has: {', '.join(names) or 'nothing to target'}.")
