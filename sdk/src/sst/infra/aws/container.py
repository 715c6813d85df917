"""Containers: in `sst dev` they are commands on this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, ClassVar

import pulumi
from pulumi_aws import ecs

from ..component import Transform, fields
from ..dev_command import Command, register
from ..errors import ConfigError
from ..linkable import Definition, links
from ..naming import physical_name
from ..permission import Permission
from .network import OnlyOnAws
from .site import NO_URL

LIVE = ("cluster", "dev", "environment", "link", "permissions", "task_role", "transform")
DEPLOYMENT = (
    "architecture", "command", "cpu", "entrypoint", "environment_files", "execution_role", "logging", "memory", "ssm",
    "storage", "volumes",
)  # fmt: skip
"""Arguments of a service or a task that say how it is deployed."""
SERVICE = ("capacity", "containers", "health", "image", "load_balancer", "scaling", "service_registry", "wait")


class Cluster(OnlyOnAws):
    """A cluster of containers: the argument of `Service` and `Task`."""

    token = "sst:aws:Cluster"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("cluster",)

    def __init__(
        self,
        name: str,
        *,
        vpc: Any = None,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)


class _Container(Command):
    """What services and tasks share: the role that AWS calls the task's."""

    role_name = "task_role"
    transforms: ClassVar[tuple[str, ...]] = ("task_role",)

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None, transform: Mapping[str, Transform] | None):
        # The other names that `transform` may have belong to a deployed container.
        super().__init__(name, opts, {key: value for key, value in (transform or {}).items() if key in self.transforms})

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
        fields(self._label, deployment, (*LIVE, *DEPLOYMENT, *SERVICE))
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
    resize = sst.aws.Task("Resize", cluster=cluster, link=[bucket], dev={"command": "python resize.py"})
    sst.aws.Function("Api", handler="functions/api.handler", link=[resize])
    ```

    A receiver of the link starts, describes and stops it with `sst.aws.task`.
    """

    token = "sst:aws:Task"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("task_role", "task_definition")

    def __init__(
        self,
        name: str,
        *,
        cluster: Any = None,
        containers: Sequence[Mapping[str, Any]] | None = None,
        dev: Mapping[str, Any] | bool | None = None,
        image: str | Mapping[str, Any] | None = None,
        link: Sequence[Any] = (),
        environment: Mapping[str, pulumi.Input[str]] | None = None,
        permissions: Sequence[Permission | Mapping[str, Any]] = (),
        public_ip: bool = True,
        task_role: pulumi.Input[str] | None = None,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **deployment: Any,
    ) -> None:
        super().__init__(name, opts, transform)
        where = self._label
        if not self._context.dev:
            raise ConfigError(f"{where} cannot be deployed by this version; it runs in `sst dev`.")
        fields(where, deployment, (*LIVE, *DEPLOYMENT, "containers", "image", "public_ip"))
        if containers is not None and image is not None:
            raise ConfigError(f"{where}: image goes into containers, where there are some.")
        self._containers = [_container_name(f"{where}: containers[{i}]", one) for i, one in enumerate(containers or ())]
        self._containers = self._containers or [name]
        given = fields(f"{where}: dev", dev if isinstance(dev, Mapping) else {}, ("command", "directory"))
        if given.get("command") is None:
            self._context.say_once(f"{where} has no dev.command: when it is started, it does nothing.")
        linked = links(where, link)
        role = self._given_role(task_role) or self._make_role(linked, permissions)
        self._public_ip = public_ip
        self._role_arn = role
        self._make_definition(role)
        self._context.tasks.append(
            {
                "name": name,
                "command": given.get("command") or "",
                "directory": given.get("directory", _image_folder(image)),
                "links": [one.name for one in linked],
                "environment": dict(environment or {}),
                "role_arn": role,
                "cluster": self._cluster.arn,
            }
        )

    def _make_definition(self, role: pulumi.Input[str]) -> None:
        """The task as ECS knows it, in a cluster of its own: the embedded cloud looks at the cluster alone to decide
        who may start it."""
        name, containers = self._name, [{"name": one, "image": "local"} for one in self._containers]
        cluster = {"name": physical_name(f"{name}Cluster", limit=255)}
        self._cluster = self._make(ecs.Cluster, f"{name}Cluster", cluster)
        args: dict[str, Any] = {
            "family": physical_name(name, limit=255),
            "container_definitions": json.dumps(containers),
            "cpu": "256",
            "memory": "512",
            "network_mode": "awsvpc",
            "requires_compatibilities": ["FARGATE"],
            "task_role_arn": role,
        }
        self._definition = self._make(ecs.TaskDefinition, f"{name}Task", args, transform="task_definition")
        self.task_definition: pulumi.Output[str] = self._definition.arn

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `task_definition` and `task_role`."""
        return {"task_definition": self._definition, **super().nodes}

    def sst_link(self) -> Definition:
        """What `sst.aws.task` needs; the receiver may start, describe and stop this task (Task, Links)."""
        properties = {
            "cluster": self._cluster.arn,
            "taskDefinition": self.task_definition,
            "containers": self._containers,
            "subnets": [],
            "securityGroups": [],
            "assignPublicIp": self._public_ip,
        }
        tasks = self._cluster.arn.apply(lambda arn: arn.replace(":cluster/", ":task/") + "/*")
        allowed = [self.task_definition, tasks, self._cluster.arn]
        return Definition(properties, [Permission(["ecs:*"], allowed), Permission(["iam:PassRole"], [self._role_arn])])


def _container_name(where: str, value: Any) -> str:
    name = value.get("name") if isinstance(value, Mapping) else None
    if not isinstance(name, str):
        raise ConfigError(f"{where} must be a dictionary with a name, got {value!r}.")
    return name


def _image_folder(image: Any) -> str:
    """Where the Dockerfile of *image* lies: the folder in which a task's command runs unless told otherwise."""
    if not isinstance(image, Mapping):
        return "."
    return str(PurePosixPath(image.get("context", "."), image.get("dockerfile", "Dockerfile")).parent)
