"""The processes of an app, from its manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ..core.manifest import DevCommand, Manifest, Task
from .graph import ProcessSpec

NO_TUNNEL = (
    "The embedded cloud has no VPC, so there is nothing to tunnel into: functions and commands reach "
    "databases and services where their links say, on this machine."
)


def process_specs(
    manifest: Manifest, root: Path, environment: Callable[[DevCommand | Task], Mapping[str, str]]
) -> list[ProcessSpec]:
    """One spec for each dev command and task of *manifest*. *environment* makes the whole environment of one.

    Commands are lines of shell, as in `package.json`. Tasks wait until something starts them. A tunnel without a host
    is that of a VPC that does not exist, and says so.
    """
    parts: list[DevCommand | Task] = [*manifest.dev_commands, *manifest.tasks]
    tunnels = [
        ProcessSpec(tunnel.name, ("/bin/echo", NO_TUNNEL), root, {}, title="Tunnel", kind="tunnel")
        for tunnel in manifest.tunnels
        if not tunnel.host
    ]
    return tunnels + [
        ProcessSpec(
            name=part.name,
            argv=("/bin/sh", "-c", part.command),
            directory=(root / part.directory).resolve(),
            environment=environment(part),
            title=(part.title if isinstance(part, DevCommand) else "") or part.name,
            kind="command" if isinstance(part, DevCommand) else "task",
            autostart=isinstance(part, DevCommand) and part.autostart,
        )
        for part in parts
    ]
