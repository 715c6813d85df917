"""The interface of a resource type, and the table of those that exist."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar

from ...core.errors import UserError
from .aws import Aws

_ACCOUNT = re.compile(r"arn:aws[^:]*:[^:]*:[^:]*:(\d{12}):|https?://[^/]+/(\d{12})/")
"""The account in an ARN, or in the URL of a queue."""

Inputs = dict[str, Any]
"""A resource's arguments as Pulumi puts them on the wire: camelCase, all values known."""


@dataclass(frozen=True)
class Made:
    """A resource that exists: its id, and the outputs that are not inputs."""

    id: str
    outputs: dict[str, Any] = field(default_factory=dict)


def forbid_another(what: str, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Raise `UserError` unless *what*, which is there already, is in what cannot be changed as it is *wanted*."""
    for key, value in wanted.items():
        if found[key] != value:
            raise UserError(
                f"{what} exists already, with {key} {found[key]!r} where the app has {value!r} for good.",
                hint='Delete it if nobody needs it (one that removal="retain" kept stays until you do), or give the '
                "app's own another name.",
            )


class Kind:
    """How one type of resource is made, changed and deleted. Every method may raise boto3's `ClientError`."""

    replace: ClassVar[frozenset[str]] = frozenset()
    """Inputs whose change needs another resource."""
    identity: ClassVar[frozenset[str]] = frozenset()
    """Inputs that name it: while they stay the same, the old resource must go before the new one can be made."""
    refers: ClassVar[frozenset[str]] = frozenset()
    """Inputs that hold the ARN or URL of something without which it cannot be made."""

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it. Where a name is taken, `find` decides whether it is ours."""
        raise NotImplementedError

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        """Change it; return its outputs."""
        raise NotImplementedError

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        """Delete it. What does not exist any more is deleted already."""
        raise NotImplementedError

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        """The resource of the name in *inputs*, made by an interrupted run or kept by an earlier one; None without one.

        Raises `UserError` for one that differs in what cannot be changed: see `forbid_another`.
        """
        return None

    def read(self, aws: Aws, id: str) -> dict[str, Any]:
        """The outputs of the existing resource *id*, for `Component.get`."""
        raise NotImplementedError

    def presume(self, aws: Aws, id: str) -> dict[str, Any]:
        """The outputs of a resource *id* that does not exist here, as far as its id tells them."""
        return {}

    def elsewhere(self, inputs: Inputs, account: str) -> str | None:
        """The first thing that *inputs* refer to and that is not of *account*, or None."""
        for key in sorted(self.refers):
            if (found := _ACCOUNT.match(str(inputs.get(key, "")))) and account not in found.groups():
                return str(inputs[key])
        return None


class Put(Kind):
    """A resource whose making and changing are the same call, so that it can be sent again at any time."""

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        """Make or overwrite it."""
        raise NotImplementedError

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        return self.put(aws, inputs)

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        return self.put(aws, new).outputs


_SERVICES = {
    "apigatewayv2": "apigatewayv2",
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "ecs": "ecs",
    "iam": "iam",
    "iot": "iot",
    "kinesis": "kinesis",
    "lambda": "lambda_",
    "s3": "s3",
    "sns": "sns",
    "sqs": "sqs",
}
"""Pulumi module → the file under `kinds/`; loaded when the first such resource is met."""


def kind_of(type_: str) -> Kind | None:
    """The kind of the Pulumi type *type_* (`aws:s3/bucket:Bucket`), or None when this engine has none."""
    package, _, rest = type_.partition(":")
    module, _, name = rest.partition("/")
    if package != "aws" or module not in _SERVICES:
        return None
    kinds: dict[str, Kind] = import_module(f".kinds.{_SERVICES[module]}", __package__).KINDS
    return kinds.get(name.rpartition(":")[2])
