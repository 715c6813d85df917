"""Links: what a resource tells the code it is linked to, and what it lets that code do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pulumi

from .component import Component, fields
from .context import Context, current
from .errors import ConfigError
from .permission import Permission, as_permission

R = TypeVar("R", bound=pulumi.Resource)


@dataclass(frozen=True)
class Definition:
    """What a linkable resource offers: properties for `Resource.<name>`, permissions for the receiver."""

    properties: Mapping[str, Any]
    include: Sequence[Permission] = ()


@dataclass(frozen=True)
class Link:
    """One resource as a link. Property values may be outputs."""

    name: str
    type: str
    """For example `sst.aws.Bucket`."""
    properties: Mapping[str, Any]
    include: Sequence[Permission]


class Linkable(Component):
    """Link any values, with the permissions that go with them.

    ```python
    storage = sst.Linkable(
        "Storage",
        properties={"a": bucket_a.name, "b": bucket_b.name},
        include=[sst.aws.permission(actions=["s3:*"], resources=[bucket_a.arn, bucket_b.arn])],
    )
    ```
    """

    token = "sst:sst:Linkable"  # noqa: S105 a Pulumi type

    def __init__(
        self,
        name: str,
        *,
        properties: Mapping[str, Any],
        include: Sequence[Permission] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self.name = pulumi.Output.from_input(name)
        self.properties = properties
        self._definition = _definition(self._label, {"properties": properties, "include": include})

    def sst_link(self) -> Definition:
        """The values this component was made with."""
        return self._definition

    @staticmethod
    def wrap(resource_class: type[R], callback: Callable[[R], Mapping[str, Any] | Definition]) -> None:
        """Make every instance of *resource_class* linkable, or change how an SST component links.

        *callback* takes the resource and returns a dictionary with `properties` and, if wanted, `include`.

        ```python
        sst.Linkable.wrap(aws.dynamodb.Table, lambda table: {
            "properties": {"table_name": table.name},
            "include": [sst.aws.permission(actions=["dynamodb:*"], resources=[table.arn])],
        })
        ```
        """
        if not isinstance(resource_class, type) or not issubclass(resource_class, pulumi.Resource):
            raise ConfigError(f"sst.Linkable.wrap takes a Pulumi resource class, got {resource_class!r}.")
        if not callable(callback):
            raise ConfigError(f"sst.Linkable.wrap takes a function of the resource, got {callback!r}.")
        current().wraps[resource_class] = callback


def links(where: str, value: object) -> list[Link]:
    """The links that the argument `link=` names; *where* is the component that receives them.

    Raises `ConfigError` for what is not a list, and for an item that cannot be linked.
    """
    if not isinstance(value, (list, tuple)):
        raise ConfigError(f"{where}: link must be a list of components, got {value!r}.", hint="Write link=[bucket].")
    context = current()
    out: dict[str, Link] = {}
    for index, item in enumerate(value):
        link = link_of(context, item)
        if link is None:
            what = f'{type(item).__name__} "{item._name}"' if isinstance(item, pulumi.Resource) else repr(item)
            raise ConfigError(
                f"{where}: link[{index}] is {what}, which is not linkable.",
                hint="Link a component such as sst.aws.Bucket or sst.Linkable, or make the class linkable with "
                "sst.Linkable.wrap.",
            )
        out[link.name] = link
    return list(out.values())


def link_of(context: Context, item: object) -> Link | None:
    """*item* as a link, or None when it is not linkable."""
    if not isinstance(item, pulumi.Resource):
        return None
    wrap = next((context.wraps[kind] for kind in type(item).__mro__ if kind in context.wraps), None)
    if wrap is None and not hasattr(item, "sst_link"):
        return None
    name = item._name
    if name not in context.links or context.links[name].source is not item:
        definition = _definition(f'sst.Linkable.wrap for "{name}"', wrap(item)) if wrap else item.sst_link()  # type: ignore[attr-defined]
        context.links[name] = _Known(
            item, Link(name, item._type.replace(":", "."), definition.properties, definition.include)
        )
    known: _Known = context.links[name]
    return known.link


def all_links(context: Context) -> list[Link]:
    """Every link of the app: all linkable resources, in the order of their making."""
    found = (link_of(context, item) for item in context.linkables)
    return [link for link in found if link is not None]


def link_variables(where: str, context: Context, links: Sequence[Link]) -> pulumi.Output[dict[str, str]]:
    """The `SST_RESOURCE_*` variables of a function that is deployed with them; *where* is its component."""
    for link in links:
        if "-" in link.name:
            raise ConfigError(
                f'{where}: Lambda takes no variable for a link called "{link.name}".',
                hint="Call the component by letters, digits and underscores.",
            )
    app: dict[str, Any] = {"name": context.app.name, "stage": context.stage}
    values = {"App": app, **{link.name: {**link.properties, "type": link.type} for link in links}}
    texts = {f"SST_RESOURCE_{name}": pulumi.Output.json_dumps(value) for name, value in values.items()}
    return pulumi.Output.all(**texts)


@dataclass(frozen=True)
class _Known:
    source: pulumi.Resource
    link: Link


def _definition(where: str, value: object) -> Definition:
    if isinstance(value, Definition):
        return value
    given = fields(where, value, ("properties", "include"), required=("properties",))
    if not isinstance(given["properties"], Mapping):
        raise ConfigError(f"{where}: properties must be a dictionary, got {given['properties']!r}.")
    for key, item in given["properties"].items():
        _check_value(f"{where}: properties[{key!r}]", item)
    listed = given.get("include") or ()
    if not isinstance(listed, (list, tuple)):
        raise ConfigError(f"{where}: include must be a list of permissions, got {listed!r}.")
    include = [as_permission(f"{where}: include[{index}]", item) for index, item in enumerate(listed)]
    return Definition(dict(given["properties"]), include)


def _check_value(where: str, value: object) -> None:
    """Raise `ConfigError` for what cannot reach a handler: links travel as JSON."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check_value(f"{where}[{key!r}]", item)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _check_value(f"{where}[{index}]", item)
    elif not isinstance(value, (str, int, float, pulumi.Output, Awaitable, type(None))):
        raise ConfigError(f"{where} must be a string, a number, a list, a dictionary or an output, got {value!r}.")
