"""What a session says of itself to other programs."""

from __future__ import annotations

from typing import Any

from ..core.settings import Settings
from ..core.state import State


def status_document(
    state: State, settings: Settings, workers: dict[str, Any], debug_port: int | None = None
) -> dict[str, Any]:
    """The document of `sst status --json`. Fields are only ever added."""
    manifest = state.manifest
    functions = manifest.functions if manifest else []
    urls = {command.name: command.url for command in manifest.dev_commands} if manifest else {}
    return {
        "state": state.state,
        "app": state.app,
        "stage": state.stage or settings.stage,
        "home": state.home,
        "pid": state.pid,
        "aws_endpoint_url": state.endpoint,
        "region": manifest.app.region if manifest else None,
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
                "paused": [
                    invocation.paused
                    for invocation in state.invocations.values()
                    if invocation.paused and invocation.started.function == function.name
                ],
            }
            for function in functions
        ],
        "processes": [
            {
                "name": process.name,
                "title": process.title,
                "kind": process.kind,
                "status": process.status,
                "pid": process.pid,
                "exit_code": process.exit_code,
                "outcome": process.outcome,
                "url": urls.get(process.name),
            }
            for process in state.processes.values()
        ],
        "outputs": manifest.outputs if manifest else {},
        "workers": workers,
        "debug_port": debug_port,
        "pycharm_port": settings.pycharm_port,
    }
