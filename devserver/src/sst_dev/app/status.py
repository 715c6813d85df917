"""What a session says of itself to other programs: the status document and the environment for a command."""

from __future__ import annotations

from typing import Any

from ..core.bootstrap import Bootstrap
from ..core.errors import UserError
from ..core.manifest import Manifest
from ..core.settings import Settings
from ..core.state import State


def status_document(state: State, settings: Settings, workers: dict[str, Any]) -> dict[str, Any]:
    """The document of `sst status --json`. Fields are only ever added."""
    manifest = state.manifest
    functions = manifest.functions if manifest else []
    return {
        "state": state.state,
        "app": state.app,
        "stage": state.stage or settings.stage,
        "home": state.home,
        "pid": state.pid,
        "aws_endpoint_url": state.endpoint,
        "connected": state.connected,
        "connection": state.connection,
        "error": state.deploy_error.message if state.deploy_error else None,
        "functions": [
            {
                "name": function.name,
                "lambda_name": function.lambda_name,
                "handler": function.handler,
                "runtime": function.runtime,
                "url": function.url,
                "live": function.live,
                "triggers": function.triggers,
            }
            for function in functions
        ],
        "outputs": manifest.outputs if manifest else {},
        "workers": workers,
    }


def environment_for(manifest: Manifest, bootstrap: Bootstrap, target: str | None) -> dict[str, str]:
    """What a command needs to reach the app: links, names, the cloud's address and credentials.

    With *target*, the name of a function or a dev command, its own links and variables only. Raises `UserError`
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
    names = [function.name for function in manifest.functions] + [dev.name for dev in manifest.dev_commands]
    raise UserError(f"--target: the app has no {target!r}.", hint=f"It has: {', '.join(names) or 'nothing to target'}.")
