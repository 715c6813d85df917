"""`sst.aws.Cron`."""

from __future__ import annotations

from typing import Any

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare


@pytest.mark.parametrize("schedule", ["rate(1 minute)", "rate(5 minutes)", "rate(1 day)", "cron(15 10 * * ? *)"])
def test_schedules(schedule: str) -> None:
    """Rates and cron expressions of EventBridge; the rule may call the function."""
    declared = declare(lambda: sst.aws.Cron("Job", schedule=schedule, function="a.b") and None)

    assert declared.inputs("JobRule")["scheduleExpression"] == schedule
    assert declared.inputs("JobTarget")["arn"] == "arn:JobHandlerFunction"
    assert declared.inputs("JobPermission")["sourceArn"] == "arn:JobRule"
    assert declared.function("JobHandler")["triggers"] == [f"schedule {schedule}"]


@pytest.mark.parametrize(
    "schedule",
    [
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(0 minutes)",
        "every minute",
        "cron(* * *)",
        "cron(61 * * * ? *)",
        "cron(0 9 * * * *)",
        5,
    ],
)
def test_schedules_eventbridge_would_refuse(schedule: str) -> None:
    """Also the plural must be right."""
    with pytest.raises(ConfigError, match='Cron "Job": schedule must be a rate or a cron expression'):
        declare(lambda: sst.aws.Cron("Job", schedule=schedule, function="a.b") and None)


def test_a_task_is_declared_and_not_scheduled() -> None:
    """One line says so; the rule is there for a cloud that can."""

    def run() -> None:
        task = sst.aws.Task("Resize", dev={"command": "python resize.py"})
        sst.aws.Cron("Nightly", schedule="rate(1 day)", task=task)

    declared = declare(run)

    assert declared.inputs("NightlyRule")["scheduleExpression"] == "rate(1 day)"
    assert "NightlyTarget" not in declared.types()
    assert 'Cron "Nightly": its task is not started on a schedule on the embedded cloud.' in declared.notices


@pytest.mark.parametrize(
    "args", [{}, {"function": "a.b", "task": 1}, {"task": "a.b"}, {"function": "a.b", "enabled": 1}]
)
def test_wrong_arguments(args: dict[str, Any]) -> None:
    """A function or a task, and no words for switches."""
    with pytest.raises(ConfigError, match='Cron "C"'):
        declare(lambda: sst.aws.Cron("C", schedule="rate(1 day)", **args) and None)
