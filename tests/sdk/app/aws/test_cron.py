"""`sst.aws.Cron`."""

from __future__ import annotations

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
    "schedule", ["rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "every minute", "cron(* * *)", 5]
)
def test_schedules_eventbridge_would_refuse(schedule: str) -> None:
    """Also the plural must be right."""
    with pytest.raises(ConfigError, match='Cron "Job": schedule must be a rate or a cron expression'):
        declare(lambda: sst.aws.Cron("Job", schedule=schedule, function="a.b") and None)
