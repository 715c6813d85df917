"""`sst.x.DevCommand`, and what every component that runs as a command in `sst dev` shares with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, ClassVar

import pulumi
from pulumi_aws import iam

from .aws import policy
from .component import Component, Transform, fields
from .errors import ConfigError
from .linkable import Link, links
from .naming import physical_name
from .permission import Permission, as_permission

FIELDS = ("autostart", "command", "directory", "title", "url")


class Command(Component):
    """A component that is a command on this machine in `sst dev`, with a role of its own."""

    role_name: ClassVar[str] = "role"
    """What `nodes` and `transform` call its role."""
    _role: iam.Role | None = None

    @property
    def nodes(self) -> dict[str, Any]:
        """The role of the command; nothing else is created in dev."""
        return {self.role_name: self._role}

    def _make_role(self, linked: Sequence[Link], permissions: Sequence[Permission | Mapping[str, Any]]) -> Any:
        """Create the role that the command runs with, for what its links and *permissions* allow; return its ARN."""
        if not isinstance(permissions, (list, tuple)):
            raise ConfigError(f"{self._label}: permissions must be a list, got {permissions!r}.")
        granted = [as_permission(f"{self._label}: permissions[{i}]", item) for i, item in enumerate(permissions)]
        granted += [item for one in linked for item in one.include]
        name = physical_name(f"{self._name}Role")
        args = {"name": name, "assume_role_policy": policy.assume_by(account=self._context.cloud.account)}
        self._role = self._make(iam.Role, f"{self._name}Role", args, transform=self.role_name)
        if statements := policy.statements(granted):
            args = {"name": "inline", "role": self._role.name, "policy": policy.document(statements)}
            self._make(iam.RolePolicy, f"{self._name}Policy", args)
        return self._role.arn


class DevCommand(Command):
    """A command that `sst dev` runs in a tab of its own, with its links and a role that may use them.

    ```python
    sst.x.DevCommand("Studio", link=[database], dev={"command": "npx drizzle-kit studio"})
    ```

    *permissions* are added to what the links allow.
    """

    token = "sst:x:DevCommand"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("role",)

    def __init__(
        self,
        name: str,
        *,
        dev: Mapping[str, Any],
        link: Sequence[Any] = (),
        environment: Mapping[str, pulumi.Input[str]] | None = None,
        permissions: Sequence[Permission | Mapping[str, Any]] = (),
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        register(self, dev, link=link, environment=environment, permissions=permissions, directory=".", command=None)


def register(
    component: Command,
    dev: Any,
    *,
    link: Sequence[Any],
    environment: Mapping[str, Any] | None,
    permissions: Sequence[Permission | Mapping[str, Any]],
    directory: str,
    command: str | None,
    role_arn: Any = None,
) -> str | None:
    """Have `sst dev` run *component* as a command; return its `dev.url`.

    *directory* and *command* are its defaults. Without *role_arn* a role is made for it. Raises `ConfigError`.
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
    linked = links(where, link)
    component._context.dev_commands.append(
        {
            "name": component._name,
            "command": line,
            "directory": str(path),
            "title": given.get("title", component._name),
            "url": given.get("url"),
            "autostart": bool(given.get("autostart", True)),
            "links": [one.name for one in linked],
            "environment": dict(environment or {}),
            "role_arn": role_arn or component._make_role(linked, permissions),
        }
    )
    return given.get("url")
