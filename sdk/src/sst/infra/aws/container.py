"""Containers: in `sst dev` they are commands on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi

from ..component import Transform, fields
from ..dev_command import Command, register
from ..errors import ConfigError
from ..linkable import Definition, links
from ..permission import Permission
from .network import OnlyOnAws
from .site import NO_URL


class Cluster(OnlyOnAws):
    """A cluster of containers: the argument of `Service` and `Task`."""

    token = "sst:aws:Cluster"  # noqa: S105 a Pulumi type

    def __init__(self, name: str, *, opts: pulumi.ResourceOptions | None = None, **deployment: Any) -> None:
        super().__init__(name, opts)


class _Container(Command):
    """What services and tasks share: the role that AWS calls the task's."""

    role_name = "task_role"
    transforms: ClassVar[tuple[str, ...]] = ("task_role",)

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None, transform: Mapping[str, Transform] | None):
        # The other names that `transform` may have belong to a deployed container.
        super().__init__(name, opts, {key: value for key, value in (transform or {}).items() if key == "task_role"})

    def _given_role(self, task_role: pulumi.Input[str] | None) -> pulumi.Output[str] | None:
        """The ARN of the role called *task_role*; it is used as it is, and must let this account assume it."""
        account = self._context.cloud.account
        return pulumi.Output.concat(f"arn:aws:iam::{account}:role/", task_role) if task_role is not None else None


class Service(_Container):
    """A container that keeps running; in `sst dev` its `dev.command`, with the permissions of the task's role.

    ```python
    sst.aws.Service("Api", cluster=cluster, link=[bucket], dev={"command": "uvicorn app:app", "url": "http://…"})
    ```
    """

    token = "sst:aws:Service"  # noqa: S105 a Pulumi type

    def __init__(
        self,
        name: str,
        *,
        cluster: Any = None,
        dev: Mapping[str, Any] | bool | None = None,
        link: Sequence[Any] = (),
        environment: Mapping[str, pulumi.Input[str]] | None = None,
        permissions: Sequence[Permission | Mapping[str, Any]] = (),
        task_role: pulumi.Input[str] | None = None,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **deployment: Any,
    ) -> None:
        super().__init__(name, opts, transform)
        if not self._context.dev or dev is False:
            raise ConfigError(f"{self._label} cannot be deployed by this version; it runs in `sst dev`.")
        given = dev if isinstance(dev, Mapping) else {}
        url = register(
            self,
            given,
            link=link,
            environment=environment,
            permissions=permissions,
            directory=".",
            command=None,
            role_arn=self._given_role(task_role),
        )
        self.url: pulumi.Output[str] = pulumi.Output.from_input(url or NO_URL)

    def sst_link(self) -> Definition:
        """`url`: that of the dev command, if `dev.url` tells it."""
        return Definition({"url": self.url})


class Task(_Container):
    """A container that runs on demand; in `sst dev` its `dev.command`, with the permissions of the task's role.

    ```python
    sst.aws.Task("Resize", cluster=cluster, link=[bucket], dev={"command": "python resize.py"})
    ```
    """

    token = "sst:aws:Task"  # noqa: S105 a Pulumi type

    def __init__(
        self,
        name: str,
        *,
        cluster: Any = None,
        dev: Mapping[str, Any] | None = None,
        link: Sequence[Any] = (),
        environment: Mapping[str, pulumi.Input[str]] | None = None,
        permissions: Sequence[Permission | Mapping[str, Any]] = (),
        task_role: pulumi.Input[str] | None = None,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **deployment: Any,
    ) -> None:
        super().__init__(name, opts, transform)
        where = self._label
        if not self._context.dev:
            raise ConfigError(f"{where} cannot be deployed by this version; it runs in `sst dev`.")
        given = fields(f"{where}: dev", dev or {}, ("command", "directory"), required=("command",))
        self._context.say_once(f"{where}: tasks cannot be started from code on the embedded cloud.")
        linked = links(where, link)
        self._context.tasks.append(
            {
                "name": name,
                "command": given["command"],
                "directory": given.get("directory", "."),
                "links": [one.name for one in linked],
                "environment": dict(environment or {}),
                "role_arn": self._given_role(task_role) or self._make_role(linked, permissions),
            }
        )
