"""The environments that commands of the app get: the developer's own, with the app's links and cloud over it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ..core.bootstrap import Bootstrap
from ..core.errors import UserError
from ..core.manifest import Manifest
from ..core.settings import Settings

FOREIGN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
"""Variables of the developer's own AWS access that would win over, or mix with, what the session gives."""


def command_environment(inherited: Mapping[str, str], session: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """The developer's own environment, with the session's variables over it and the SDK within reach of Python."""
    kept = {name: value for name, value in inherited.items() if name not in FOREIGN or not session}
    paths = [path for path in (inherited.get("PYTHONPATH"), str(sdk_folder(settings))) if path]
    return {**kept, **session, "PYTHONPATH": os.pathsep.join(paths)}


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


def environment_for(manifest: Manifest, bootstrap: Bootstrap, target: str | None) -> dict[str, str]:
    """What a command needs to reach the app: links, names, the cloud's address and credentials.

    With *target*, the name of a function, a dev command or a task, its own links and variables only. Raises `UserError`
    when there is none of that name.
    """
    links, own = _of_target(manifest, target)
    variables = {
        **manifest.link_environment(links),
        "SST_APP": manifest.app.name,
        "SST_STAGE": manifest.app.stage,
        "SST_DEV": "true",
        "AWS_REGION": bootstrap.region,
        "AWS_DEFAULT_REGION": bootstrap.region,
    }
    if bootstrap.endpoint:
        variables["AWS_ENDPOINT_URL"] = bootstrap.endpoint
        variables["AWS_ACCESS_KEY_ID"] = bootstrap.access_key_id
        variables["AWS_SECRET_ACCESS_KEY"] = bootstrap.secret_access_key
    return {**variables, **own}


def _of_target(manifest: Manifest, target: str | None) -> tuple[list[str] | None, dict[str, str]]:
    if target is None:
        return None, {}
    if function := manifest.function(target):
        return function.links, function.environment
    if command := next((d for d in manifest.dev_commands if d.name == target), None):
        return command.links, command.environment
    if task := next((t for t in manifest.tasks if t.name == target), None):
        return task.links, task.environment
    names = [function.name for function in manifest.functions] + [dev.name for dev in manifest.dev_commands]
    raise UserError(f"--target: the app has no {target!r}.", hint=f"It has: {', '.join(names) or 'nothing to target'}.")
