"""The function that a queue, topic, stream, schedule or API calls: one that exists, or one made for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import iam, lambda_

from ..component import Component, component_of
from ..errors import ConfigError
from ..naming import short_hash
from ..permission import Permission
from . import policy
from .function import Function
from .function_settings import MAX_TIMEOUT
from .patterns import Dialect, check, text

Subscriber = str | Mapping[str, Any] | Function | pulumi.Output[str]
"""A handler, the arguments of a `Function`, a `Function`, or the ARN of a Lambda function."""

FILTERS_LIMIT = 5
"""Filters an event source takes (Lambda quota)."""


@dataclass(frozen=True)
class Target:
    """The function that gets called."""

    arn: pulumi.Input[str]
    function: Function | None
    """None for the ARN of a function that is none of this app's components."""
    ready: Sequence[pulumi.Resource]
    """What must exist before it may be called."""


def target_of(
    owner: Component,
    name: str,
    subscriber: Subscriber,
    *,
    trigger: str,
    permissions: Sequence[Permission] = (),
    stub_timeout: pulumi.Input[int] = MAX_TIMEOUT,
) -> Target:
    """The function that *subscriber* stands for; a new one is called *name* and is a child of *owner*.

    *permissions* are what its role needs to be called at all. *trigger* says for people what calls it. Raises
    `ConfigError` for what stands for no function.
    """
    subscriber = component_of(subscriber)
    if isinstance(subscriber, Function):
        subscriber._limit_stub(stub_timeout)
        subscriber._record["triggers"] = [*subscriber._record["triggers"], trigger]
        ready: list[pulumi.Resource] = [subscriber._function]
        if permissions and subscriber._role is not None:
            document = policy.document(policy.statements(permissions))
            args = {"name": name, "role": subscriber._role.name, "policy": document}
            ready.append(owner._make(iam.RolePolicy, f"{name}Policy", args))
        return Target(subscriber.arn, subscriber, ready)
    if isinstance(subscriber, pulumi.Output) or (isinstance(subscriber, str) and subscriber.startswith("arn:")):
        return Target(subscriber, None, ())
    if isinstance(subscriber, str):
        subscriber = {"handler": subscriber}
    if not isinstance(subscriber, Mapping):
        raise ConfigError(
            f"{owner._label}: the subscriber must be a handler, the arguments of a function, a Function or an ARN, "
            f"got {subscriber!r}."
        )
    given = dict(subscriber)
    given["permissions"] = [*given.get("permissions", ()), *permissions]
    opts = pulumi.ResourceOptions(parent=owner)
    function = Function(name, opts=opts, _stub_timeout=stub_timeout, _triggers=[trigger], **given)
    return Target(function.arn, function, [function._function])


def allow_invoke(
    owner: Component, name: str, target: Target, service: str, source: pulumi.Input[str]
) -> lambda_.Permission:
    """Let *service* call the function on behalf of *source*."""
    return owner._make(
        lambda_.Permission,
        f"{name}Permission",
        {
            "action": "lambda:InvokeFunction",
            "function": target.arn,
            "principal": service,
            "source_arn": source,
            "statement_id": f"{name}Permission",
        },
    )


def filter_criteria(where: str, value: Any, dialect: Dialect) -> dict[str, Any] | None:
    """`filters=` as Lambda takes it: each pattern as JSON."""
    if not value:
        return None
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, Mapping) for item in value):
        raise ConfigError(f"{where}: filters must be a list of dictionaries, got {value!r}.")
    if len(value) > FILTERS_LIMIT:
        raise ConfigError(f"{where}: filters holds {len(value)} filters; Lambda takes at most {FILTERS_LIMIT}.")
    written = []
    for index, item in enumerate(value):
        check(f"{where}: filters[{index}]", item, dialect)
        written.append({"pattern": text(f"{where}: filters[{index}]", item, dialect)})
    return {"filters": written}


def child_name(owner: str, *words: str) -> str:
    """A component name for a part of *owner*: its words in Pascal case, at most 64 characters."""
    for word in words:
        if not isinstance(word, str):
            raise ConfigError(f"{owner or 'A subscriber'}: the name of a subscriber must be a string, got {word!r}.")
    parts = (part for word in words for part in re.split(r"[^A-Za-z0-9]+", word) if part)
    name = owner + "".join(part[0].upper() + part[1:] for part in parts)
    return name if len(name) <= 64 else name[:55] + "_" + short_hash(name)


def arn_of(value: Any) -> Any:
    """The ARN of a component, or *value* itself. An output is never asked: it would answer with an output."""
    return getattr(value, "arn", value) if isinstance(value, Component) else value


def is_fifo(target: Any) -> bool:
    """Whether *target*, a queue, a topic or an ARN, is known to be a FIFO one."""
    target = component_of(target)
    if isinstance(target, Component):
        return bool(getattr(target, "_fifo", False))
    return isinstance(target, str) and target.endswith(".fifo")


def check_existing_queue(where: str, queue: Any) -> Any:
    """The ARN of *queue*: a `Queue` component, or an ARN."""
    if isinstance(queue, Component) and type(queue).__name__ != "Queue":
        raise ConfigError(f"{where} must be a Queue or the ARN of one, got {queue._label}.")
    arn = arn_of(queue)
    if not isinstance(arn, pulumi.Output) and not (isinstance(arn, str) and arn.startswith("arn:")):
        raise ConfigError(f"{where} must be a Queue or the ARN of one, got {queue!r}.")
    return arn
