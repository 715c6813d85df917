"""EventBridge buses and schedules."""

from __future__ import annotations

import json
from typing import Any

import sst

from tests.support.program import CloudUnderTest

KEEP = sst.App(name="notes", home="local", removal="remove")


def test_bus(cloud: CloudUnderTest) -> None:
    """An event that matches the pattern reaches the function and the queue, another does not."""

    def run() -> dict[str, Any]:
        bus, queue = sst.aws.Bus("Orders"), sst.aws.Queue("All")
        bus.subscribe("Mail", "a.b", pattern={"source": ["shop"], "detail_type": ["Ordered"]})
        bus.subscribe_queue("All", queue)
        return {"name": bus.name, "queue": queue.url}

    manifest, _ = cloud.apply(run, stage="bus", app=KEEP)
    entries = [
        {"EventBusName": manifest["outputs"]["name"], "Source": "shop", "DetailType": kind, "Detail": '{"a": 1}'}
        for kind in ("Viewed", "Ordered")
    ]
    cloud.client("events").put_events(Entries=entries)

    [event] = cloud.events("bus", "OrdersSubscriberMail")
    assert (event["detail-type"], event["detail"]) == ("Ordered", {"a": 1})
    sqs, kinds = cloud.client("sqs"), []
    while len(kinds) < 2:
        answer = sqs.receive_message(QueueUrl=manifest["outputs"]["queue"], WaitTimeSeconds=20, MaxNumberOfMessages=10)
        kinds += [json.loads(m["Body"])["detail-type"] for m in answer["Messages"]]
    assert sorted(kinds) == ["Ordered", "Viewed"]


def test_cron(cloud: CloudUnderTest) -> None:
    """The rule, its target and its event are there, and a disabled schedule is off."""

    def run() -> dict[str, Any]:
        on = sst.aws.Cron("On", schedule="rate(1 minute)", function="a.b", event={"foo": "bar"})
        off = sst.aws.Cron("Off", schedule="cron(15 10 * * ? *)", function="a.b", enabled=False)
        return {"on": on.nodes["rule"].name, "off": off.nodes["rule"].name}

    manifest, _ = cloud.apply(run, stage="cron", app=KEEP)
    events = cloud.client("events")
    on, off = (events.describe_rule(Name=manifest["outputs"][name]) for name in ("on", "off"))

    assert (on["ScheduleExpression"], on["State"], off["State"]) == ("rate(1 minute)", "ENABLED", "DISABLED")
    [target] = events.list_targets_by_rule(Rule=on["Name"])["Targets"]
    assert target["Arn"] == manifest["functions"][0]["arn"]
    assert json.loads(target["Input"]) == {"foo": "bar"}
