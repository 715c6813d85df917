"""`sst.aws.permission`: what a linked resource lets its receiver do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .calls import check_function
from .component import fields, strings
from .errors import ConfigError


@dataclass(frozen=True)
class Permission:
    """One IAM statement. Resources may be Pulumi outputs."""

    actions: Sequence[Any]
    resources: Any
    effect: Literal["allow", "deny"] = "allow"
    conditions: Sequence[Mapping[str, Any]] = ()
    type: str = "aws.permission"

    def statement(self) -> dict[str, Any]:
        """The statement as IAM's policy documents spell it."""
        out: dict[str, Any] = {
            "Effect": self.effect.capitalize(),
            "Action": list(self.actions),
            "Resource": self.resources,
        }
        condition: dict[str, dict[str, Any]] = {}
        for item in self.conditions:
            condition.setdefault(item["test"], {})[item["variable"]] = item["values"]
        return {**out, "Condition": condition} if condition else out


def _permission(
    *,
    actions: Sequence[Any],
    resources: Any,
    effect: Literal["allow", "deny"] = "allow",
    conditions: Sequence[Mapping[str, Any]] = (),
) -> Permission:
    """A permission for `include` of a `Linkable` and for `permissions` of a function.

    *conditions* are dictionaries with `test`, `variable` and `values`.

    ```python
    sst.aws.permission(actions=["s3:GetObject"], resources=[bucket.arn, pulumi.Output.concat(bucket.arn, "/*")])
    ```
    """
    return as_permission(
        "sst.aws.permission", dict(actions=actions, resources=resources, effect=effect, conditions=conditions)
    )


permission = check_function("sst.aws.permission", _permission)


def as_permission(where: str, value: object) -> Permission:
    """*value* as a `Permission`: one already, or a dictionary with its fields. Raises `ConfigError`."""
    if isinstance(value, Permission):
        return value
    if not isinstance(value, Mapping) or not {"actions", "resources"} <= set(value):
        raise ConfigError(
            f"{where} must be a permission with actions and resources, got {value!r}.",
            hint='For example {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::my-bucket/*"]}.',
        )
    unknown = set(value) - {"actions", "resources", "effect", "conditions"}
    if unknown:
        raise ConfigError(
            f"{where} has no field {sorted(unknown)[0]!r}: a permission has actions, resources, effect and conditions."
        )
    strings(f"{where}: actions", value["actions"])
    strings(f"{where}: resources", value["resources"])
    needed = ("test", "variable", "values")
    for index, condition in enumerate(value.get("conditions", ())):
        fields(f"{where}: conditions[{index}]", condition, needed, required=needed)
    effect = value.get("effect", "allow")
    if effect not in ("allow", "deny"):
        raise ConfigError(f'{where}: effect must be "allow" or "deny", got {effect!r}.')
    return Permission(
        actions=value["actions"],
        resources=value["resources"],
        effect=effect,
        conditions=tuple(value.get("conditions", ())),
    )
