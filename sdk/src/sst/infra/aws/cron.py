"""`sst.aws.Cron`: a function on a schedule."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
from pulumi_aws import cloudwatch

from ..component import Component, Transform, checked, flag
from ..errors import ConfigError
from ..naming import physical_name
from .container import Task
from .subscriber import Subscriber, Target, allow_invoke, target_of

_RATE = re.compile(r"rate\((\d+) (minute|minutes|hour|hours|day|days)\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
"""Of minutes, hours, days of the month, months, days of the week and years (EventBridge, cron expressions)."""


class Cron(Component):
    """A function that runs on a schedule, in UTC.

    ```python
    sst.aws.Cron("Nightly", schedule="cron(15 2 * * ? *)", function="functions/nightly.handler")
    sst.aws.Cron("Often", schedule="rate(1 minute)", function={"handler": "functions/often.handler"}, event={"a": "b"})
    ```

    A schedule takes a `function` or a `task`. On the embedded cloud no schedule starts a task: one line says so.
    """

    token = "sst:aws:Cron"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("rule", "target")

    def __init__(
        self,
        name: str,
        *,
        schedule: pulumi.Input[str],
        function: Subscriber | None = None,
        task: Task | None = None,
        event: Mapping[str, pulumi.Input[Any]] | None = None,
        enabled: bool = True,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        expression = checked(schedule, lambda value: _schedule(f"{self._label}: schedule", value))
        if event is not None and not isinstance(event, (Mapping, pulumi.Output)):
            raise ConfigError(f"{self._label}: event must be a dictionary, got {event!r}.")
        if (function is None) == (task is None):
            raise ConfigError(f"{self._label} needs exactly one of function and task.")
        if task is not None and not isinstance(task, Task):
            raise ConfigError(f"{self._label}: task must be a Task, got {task!r}.")
        trigger = f"schedule {schedule}" if isinstance(schedule, str) else "schedule"
        args: dict[str, Any] = {
            "name": physical_name(f"{name}Rule"),
            "schedule_expression": expression,
            "state": checked(
                flag(f"{self._label}: enabled", enabled), lambda value: "ENABLED" if value else "DISABLED"
            ),
        }
        self._target: cloudwatch.EventTarget | None = None
        self._target_function: Target | None = None
        if function is not None:
            self._target_function = target_of(self, f"{name}Handler", function, trigger=trigger)
        self._rule = self._make(cloudwatch.EventRule, f"{name}Rule", args, transform="rule")
        if self._target_function is None:
            if not self._context.local:
                raise ConfigError(f"{self._label}: a schedule of a task cannot be deployed by this version.")
            self._context.say_once(f"{self._label}: its task is not started on a schedule on the embedded cloud.")
            return
        permission = allow_invoke(self, name, self._target_function, "events.amazonaws.com", self._rule.arn)
        self._target = self._make(
            cloudwatch.EventTarget,
            f"{name}Target",
            {
                "rule": self._rule.name,
                "arn": self._target_function.arn,
                "target_id": "function",
                "input": pulumi.Output.json_dumps(event) if event is not None else None,
            },
            transform="target",
            opts=pulumi.ResourceOptions(depends_on=[permission]),
        )

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `rule`, `target`, `function` (and `job`, its older name)."""
        function = self._target_function.function if self._target_function is not None else None
        return {"rule": self._rule, "target": self._target, "function": function, "job": function}


def _schedule(where: str, value: object) -> str:
    """*value* if EventBridge takes it: a rate with the right plural, or six fields of cron."""
    if isinstance(value, str):
        rate = _RATE.fullmatch(value)
        if _is_cron(value) or (rate and int(rate[1]) > 0 and (rate[1] == "1") == (not rate[2].endswith("s"))):
            return value
    raise ConfigError(
        f"{where} must be a rate or a cron expression, got {json.dumps(value, default=str)}.",
        hint='For example "rate(1 minute)", "rate(5 minutes)" or "cron(15 10 * * ? *)".',
    )


def _is_cron(value: str) -> bool:
    """Whether EventBridge takes *value*: numbers in range, and one of the two days left open by a question mark."""
    match = _CRON.fullmatch(value)
    if match is None or (match[3] == "?") == (match[5] == "?"):
        return False
    return all(
        least <= int(number) <= most
        for part, (least, most) in zip(match.groups(), _RANGES, strict=True)
        for number in re.findall(r"\d+", part.split("/")[0])
    )
