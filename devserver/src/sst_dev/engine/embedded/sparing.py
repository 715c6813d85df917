"""Pulumi without the work that nobody here reads: half of what a program of hundreds of resources costs.

Each function stands in for one of Pulumi's and answers the same. They reach for names that Pulumi keeps to itself, so
a version that lacks one of them is left as it is, slower and just as right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from pulumi import output
from pulumi.output import Output
from pulumi.runtime import resource, rpc
from pulumi.runtime.proto import source_pb2

_SCALARS = (str, int, float, bool, type(None))


def spare() -> None:
    """Put the functions of this module in the place of Pulumi's, once."""
    if rpc.transfer_properties is _transfer_properties or not all(hasattr(home, name) for home, name in _NEEDED):
        return
    setattr(rpc, "contains_unknowns", _faster_look(rpc.contains_unknowns))  # noqa: B010 mypy: it is a function
    # A stack trace of every resource, as URIs: Pulumi's own engine shows it.
    resource._get_stack_trace = source_pb2.StackTrace
    resource.create_urn = _faster_urn(resource.create_urn)
    rpc.transfer_properties = _transfer_properties
    setattr(Output, "from_input", staticmethod(_faster_input(Output.from_input)))  # noqa: B010


def _faster_look(contains_unknowns: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Whether a value has unknowns in it: asked of every value on its way, and nearly all of them are strings."""

    def look(value: Any) -> bool:
        return not isinstance(value, _SCALARS) and contains_unknowns(value)

    return look


def _known(value: Any) -> Output[Any]:
    """An output that is known from the beginning."""
    data = asyncio.get_running_loop().create_future()
    data.set_result(_data(value))
    return Output._from_data(data)


def _data(value: Any) -> Any:
    return output._OutputData(resources=set(), value=value, is_known=True, is_secret=False)


def _faster_urn(create_urn: Callable[..., Output[str]]) -> Callable[..., Output[str]]:
    """A urn of parts that are known: every registration asks for one."""

    def create(name: Any, type_: Any, parent: Any = None, project: Any = None, stack: Any = None) -> Output[str]:
        if not (type(name) is str and type(type_) is str and type(parent) is str and parent):
            return create_urn(name, type_, parent, project, stack)
        return _known(f"{parent[: parent.rfind('::')]}${type_}::{name}")

    return create


def _faster_input(from_input: Callable[[Any], Output[Any]]) -> Callable[[Any], Output[Any]]:
    """The output of a document without outputs in it: Pulumi makes one for each key and each value."""

    def convert(value: Any) -> Output[Any]:
        if not (value and type(value) in (dict, list) and _is_plain(value)):
            return from_input(value)
        given = _snapshot(value)

        async def data() -> Any:
            if _is_plain(given):
                return _data(_copied(given))
            return await from_input(given)._data

        return Output._from_data(data())

    return convert


def _is_plain(value: Any) -> bool:
    """Whether *value* is JSON and known."""
    kind = type(value)
    if kind is dict:
        return all(type(key) is str and _is_plain(item) for key, item in value.items())
    return kind in _SCALARS or (kind is list and all(map(_is_plain, value)))


def _snapshot(value: Any) -> Any:
    """What Pulumi reads at once: all of a list, and of a dictionary the values, in which it looks later."""
    kind = type(value)
    return [_snapshot(item) for item in value] if kind is list else dict(value) if kind is dict else value


def _copied(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if kind is list else value


def _transfer_properties(res: Any, props: Mapping[str, Any], custom: bool) -> dict[str, Callable[..., None]]:
    """Give *res* an output for each of its properties; return what resolves them, by name.

    One future holds all that is known of an output. Pulumi makes four and a task that waits for them, and a resource
    has a dozen properties of which a program reads one.
    """
    loop = asyncio.get_running_loop()
    resolvers = {}
    for name in props:
        if name == "urn" or (name == "id" and custom):
            continue  # Pulumi keeps these two apart
        data = loop.create_future()
        resolvers[name] = _resolver(res, data)
        res.__dict__[name] = Output._from_data(data)
    return resolvers


def _resolver(res: Any, data: asyncio.Future[Any]) -> Callable[..., None]:
    def resolve(value: Any, is_known: bool, is_secret: bool, deps: Any, failed: Exception | None) -> None:
        if failed is not None:
            data.set_exception(failed)
            return
        resources = {res, *deps} if deps else {res}
        data.set_result(output._OutputData(resources=resources, value=value, is_known=is_known, is_secret=is_secret))

    return resolve


_NEEDED = (
    (output, "_OutputData"),
    (Output, "_from_data"),
    (resource, "_get_stack_trace"),
    (resource, "create_urn"),
    (rpc, "transfer_properties"),
    (rpc, "contains_unknowns"),
)
"""What a version of Pulumi must have for this module to know it."""
