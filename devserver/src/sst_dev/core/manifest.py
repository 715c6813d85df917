"""The manifest: the one document the config program exports, and all the dev server knows of the app."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class App(_Document):
    """What `app(input)` in `sst_config.py` returned, with its defaults filled in."""

    name: str
    stage: str
    home: Literal["aws", "local"]
    removal: Literal["remove", "retain", "retain-all"] = "remove"
    protect: bool = False
    region: str = "us-east-1"
    watch: list[str] = Field(default_factory=list)
    """Extra paths to watch, relative to the root; empty means the whole project."""


class Link(_Document):
    """One linkable resource of the app: what `Resource.<name>` holds."""

    name: str
    type: str
    """For example `sst.aws.Bucket`."""
    properties: dict[str, Any]
    secret_properties: list[str] = Field(default_factory=list)
    """Properties whose values are never logged or shown."""


class Function(_Document):
    """One Lambda function of the app."""

    name: str
    """The component's name, unique in the app: what `sst invoke NAME` takes."""
    lambda_name: str
    """The physical name in AWS or MiniStack (at most 64 characters, Lambda quota)."""
    arn: str
    handler: str
    """As written in the config, for example `functions/api.handler`."""
    runtime: str
    """For example `python3.12`."""
    live: bool = True
    """False for `dev=False`: the deployed code answers, not this machine."""
    timeout: float = 20.0
    """Seconds; the function's own timeout, enforced by the dev server."""
    memory: int = 1024
    """MB."""
    environment: dict[str, str] = Field(default_factory=dict)
    """The function's own variables, resolved."""
    links: list[str] = Field(default_factory=list)
    """Names of `Manifest.links` this function is linked to."""
    url: str | None = None
    role_arn: str = ""
    streaming: bool = False
    log_format: Literal["text", "json"] = "text"
    triggers: list[str] = Field(default_factory=list)
    """What invokes it, for people: `queue Jobs`, `schedule rate(1 minute)`."""
    queues: list[tuple[str, float]] = Field(default_factory=list)
    """The app's queues that feed it: ARN, and seconds until a message that was delivered is delivered again."""


class DevCommand(_Document):
    """A command that runs beside the functions: a frontend, a service, `sst.x.DevCommand`."""

    name: str
    command: str
    directory: str = "."
    """Relative to the app's root."""
    title: str = ""
    url: str | None = None
    autostart: bool = True
    links: list[str] = Field(default_factory=list)
    environment: dict[str, str] = Field(default_factory=dict)
    role_arn: str | None = None
    """The role it runs with; without one it has the credentials of the session."""


class Tunnel(_Document):
    """A VPC to reach through a bastion."""

    name: str
    host: str
    subnets: list[str]
    username: str = "ec2-user"
    private_key: str = Field(default="", repr=False)


class Task(_Document):
    """A container task with a local command for dev."""

    name: str
    command: str
    directory: str = "."
    links: list[str] = Field(default_factory=list)
    environment: dict[str, str] = Field(default_factory=dict)
    role_arn: str | None = None
    cluster: str = ""
    """ARN of the ECS cluster that runs this task alone, on the embedded cloud."""


class Manifest(_Document):
    """Everything the dev server needs to know of one applied app."""

    app: App
    functions: list[Function] = Field(default_factory=list)
    links: list[Link] = Field(default_factory=list)
    dev_commands: list[DevCommand] = Field(default_factory=list)
    tunnels: list[Tunnel] = Field(default_factory=list)
    tasks: list[Task] = Field(default_factory=list)
    outputs: dict[str, Any] = Field(default_factory=dict)

    def function(self, name: str) -> Function | None:
        """The function called *name* (component name or physical name), or None."""
        return next((f for f in self.functions if name in (f.name, f.lambda_name)), None)

    def link_environment(self, names: list[str] | None = None) -> dict[str, str]:
        """`SST_RESOURCE_*` variables for the links called *names*, or for all of them.

        Values are JSON objects with the link's properties and its `type`, as SST writes them.
        """
        import json

        wanted = self.links if names is None else [link for link in self.links if link.name in names]
        app = {"name": self.app.name, "stage": self.app.stage}
        return {
            "SST_RESOURCE_App": json.dumps(app),
            **{f"SST_RESOURCE_{link.name}": json.dumps({**link.properties, "type": link.type}) for link in wanted},
        }
