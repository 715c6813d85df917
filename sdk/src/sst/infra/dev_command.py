"""`sst.x.DevCommand`, and what every component that runs as a command in `sst dev` shares with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import pulumi

from .component import Component, fields
from .errors import ConfigError
from .linkable import links

FIELDS = ("autostart", "command", "directory", "title", "url")


class DevCommand(Component):
    """A command that `sst dev` runs in a tab of its own, with links in its environment.

    ```python
    sst.x.DevCommand("Studio", link=[database], dev={"command": "npx drizzle-kit studio"})
    ```
    """

    token = "sst:x:DevCommand"  # noqa: S105 a Pulumi type

    def __init__(
        self,
        name: str,
        *,
        dev: Mapping[str, Any],
        link: Sequence[Any] = (),
        environment: Mapping[str, pulumi.Input[str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        register(self, dev, link=link, environment=environment, directory=".", command=None)


def register(
    component: Component,
    dev: Any,
    *,
    link: Sequence[Any],
    environment: Mapping[str, Any] | None,
    directory: str,
    command: str | None,
) -> str | None:
    """Have `sst dev` run *component* as a command; return its `dev.url`.

    *directory* and *command* are its defaults; without a command of its own it is left out. Raises `ConfigError`.
    """
    where = component._label
    given = fields(f"{where}: dev", dev or {}, FIELDS)
    line = given.get("command", command)
    if line is not None and (not isinstance(line, str) or not line.strip()):
        raise ConfigError(f"{where}: dev.command must be a command, got {line!r}.")
    if line is None and command is None and "command" not in given:
        raise ConfigError(f"{where}: dev needs a command.", hint='For example dev={"command": "npm run dev"}.')
    folder = given.get("directory", directory)
    path = PurePosixPath(folder)
    if path.is_absolute() or ".." in path.parts or not (component._context.root / path).is_dir():
        raise ConfigError(f"{where}: dev.directory {folder!r} is no folder below {component._context.root}.")
    for key, value in (environment or {}).items():
        if not isinstance(value, (str, pulumi.Output)):
            raise ConfigError(f"{where}: environment[{key!r}] must be a string, got {value!r}.")
    component._context.dev_commands.append(
        {
            "name": component._name,
            "command": line,
            "directory": str(path),
            "title": given.get("title", component._name),
            "url": given.get("url"),
            "autostart": bool(given.get("autostart", True)),
            "links": [one.name for one in links(where, link)],
            "environment": dict(environment or {}),
        }
    )
    return given.get("url")
