"""`sst.aws.Cron`: a function on a schedule."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
from pulumi_aws import cloudwatch

from ..component import Component, Transform, checked
from ..errors import ConfigError
from ..naming import physical_name
from .subscriber import Subscriber, allow_invoke, target_of

_RATE = re.compile(r"rate\((\d+) (minute|minutes|hour|hours|day|days)\)")
_CRON = re.compile(r"cron\((?:\S+ ){5}\S+\)")


class Cron(Component):
    """A function that runs on a schedule, in UTC.

    ```python
    sst.aws.Cron("Nightly", schedule="cron(15 2 * * ? *)", function="functions/nightly.handler")
    sst.aws.Cron("Often", schedule="rate(1 minute)", function={"handler": "functions/often.handler"}, event={"a": "b"})
    ```
    """

    token = "sst:aws:Cron"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("rule", "target")

    def __init__(
        self,
        name: str,
        *,
        schedule: pulumi.Input[str],
        function: Subscriber,
        event: Mapping[str, pulumi.Input[Any]] | None = None,
        enabled: bool = True,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        expression = checked(schedule, lambda value: _schedule(f"{self._label}: schedule", value))
        if event is not None and not isinstance(event, Mapping):
            raise ConfigError(f"{self._label}: event must be a dictionary, got {event!r}.")
        trigger = f"schedule {schedule}" if isinstance(schedule, str) else "schedule"
        self._target_function = target_of(self, f"{name}Handler", function, trigger=trigger)
        args: dict[str, Any] = {
            "name": physical_name(f"{name}Rule"),
            "schedule_expression": expression,
            "state": "ENABLED" if enabled else "DISABLED",
        }
        self._rule = self._make(cloudwatch.EventRule, f"{name}Rule", args, transform="rule")
        permission = allow_invoke(self, name, self._target_function, "events.amazonaws.com", self._rule.arn)
        self._target = self._make(
            cloudwatch.EventTarget,
            f"{name}Target",
            {
                "rule": self._rule.name,
                "arn": self._target_function.arn,
                "target_id": "function",
                "input": pulumi.Output.json_dumps(dict(event)) if event is not None else None,
            },
            transform="target",
            opts=pulumi.ResourceOptions(depends_on=[permission]),
        )

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `rule`, `target`, `function` (and `job`, its older name)."""
        function = self._target_function.function
        return {"rule": self._rule, "target": self._target, "function": function, "job": function}


def _schedule(where: str, value: object) -> str:
    """*value* if EventBridge takes it: a rate with the right plural, or six fields of cron."""
    if isinstance(value, str):
        rate = _RATE.fullmatch(value)
        if _CRON.fullmatch(value) or (rate and int(rate[1]) > 0 and (rate[1] == "1") == (not rate[2].endswith("s"))):
            return value
    raise ConfigError(
        f"{where} must be a rate or a cron expression, got {json.dumps(value, default=str)}.",
        hint='For example "rate(1 minute)", "rate(5 minutes)" or "cron(15 10 * * ? *)".',
    )
