"""Notifications of a bucket."""

from __future__ import annotations

from typing import Any

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import Declared, declare


def notify(*notifications: Any) -> Declared:
    return declare(lambda: sst.aws.Bucket("Files").notify(notifications=list(notifications)) and None)


def test_a_function_is_notified() -> None:
    """All events by default; the bucket may call the function."""
    declared = notify({"name": "Thumbs", "function": "a.b", "filter_prefix": "img/"})
    [entry] = declared.inputs("FilesNotificationsNotification")["lambdaFunctions"]

    assert (entry["id"], entry["filterPrefix"]) == ("Thumbs", "img/")
    assert entry["lambdaFunctionArn"] == "arn:FilesSubscriberThumbsFunction"
    assert "s3:ObjectCreated:*" in entry["events"] and "s3:ObjectRemoved:*" in entry["events"]
    assert declared.inputs("FilesSubscriberThumbsPermission")["sourceArn"] == "arn:FilesBucket"


def test_a_queue_and_a_topic_are_notified() -> None:
    """Both get a policy that lets this bucket send."""

    def run() -> None:
        sst.aws.Bucket("Files").notify(
            notifications=[
                {"name": "Q", "queue": sst.aws.Queue("Log"), "filter_prefix": "a"},
                {"name": "T", "topic": sst.aws.SnsTopic("News"), "filter_prefix": "b"},
            ]
        )

    declared = declare(run)

    assert declared.inputs("FilesNotificationsNotification")["queues"][0]["queueArn"] == "arn:LogQueue"
    assert "s3.amazonaws.com" in declared.inputs("LogPolicy")["policy"]
    assert declared.inputs("NewsPolicy")["arn"] == "arn:NewsTopic"


@pytest.mark.parametrize(
    ("notification", "message"),
    [
        ({"name": "A"}, "needs exactly one of function, queue and topic"),
        ({"name": "A", "function": "a.b", "topic": "arn:x"}, "needs exactly one of"),
        ({"function": "a.b"}, "needs the field 'name'"),
        ({"name": "A", "function": "a.b", "events": ["s3:Created"]}, "events must be one of .*, got 's3:Created'"),
        ({"name": "A", "queue": "Log"}, "queue must be a Queue or the ARN of one"),
    ],
)
def test_wrong_notifications(notification: Any, message: str) -> None:
    """The message names the place in the list."""
    with pytest.raises(ConfigError, match=message) as caught:
        notify(notification)
    assert "notifications[0]" in caught.value.message


def test_names_and_lists_are_unique() -> None:
    """Two of one name are refused, and so is a second list."""

    def twice() -> None:
        bucket = sst.aws.Bucket("Files")
        for name in ("A", "B"):
            bucket.notify(notifications=[{"name": name, "function": "a.b"}])

    with pytest.raises(ConfigError, match="the name 'A' is used twice"):
        notify({"name": "A", "function": "a.b"}, {"name": "A", "function": "a.b"})
    with pytest.raises(ConfigError, match="has notifications already"):
        declare(twice)
    with pytest.raises(ConfigError, match="must be a list of dictionaries"):
        notify()


FILES = {"function": "a.b", "events": ["s3:ObjectCreated:*"]}


@pytest.mark.parametrize(
    ("one", "other", "overlaps"),
    [
        ({"filter_prefix": "x"}, {"filter_prefix": "xy"}, True),
        ({"filter_prefix": "x/"}, {}, True),
        ({"filter_prefix": "x"}, {"filter_suffix": ".jpg"}, True),
        ({"filter_prefix": "x"}, {"filter_prefix": "xy", "events": ["s3:ObjectCreated:Put"]}, True),
        ({"filter_prefix": "x/"}, {"filter_prefix": "y/"}, False),
        ({"filter_suffix": ".png"}, {"filter_suffix": ".jpg"}, False),
        ({"filter_prefix": "x"}, {"filter_prefix": "xy", "events": ["s3:ObjectRemoved:*"]}, False),
    ],
)
def test_notifications_of_one_upload(one: dict[str, Any], other: dict[str, Any], overlaps: bool) -> None:
    """AWS takes two for the same event only if no key passes both filters."""
    given = [{"name": "A", **FILES, **one}, {"name": "B", **FILES, **other}]
    if not overlaps:
        assert len(notify(*given).inputs("FilesNotificationsNotification")["lambdaFunctions"]) == 2
        return
    with pytest.raises(
        ConfigError, match=r"Bucket \"Files\".notify: notifications: 'A' and 'B' are both notified of s3:Obj"
    ):
        notify(*given)


@pytest.mark.parametrize(
    "target",
    [
        lambda: {"queue": sst.aws.Queue("Log", fifo=True)},
        lambda: {"queue": "arn:aws:sqs:us-east-1:1:log.fifo"},
        lambda: {"topic": sst.aws.SnsTopic("News", fifo=True)},
    ],
)
def test_s3_notifies_no_fifo_queue_or_topic(target: Any) -> None:
    """AWS would refuse it after everything else is made."""
    with pytest.raises(ConfigError, match="must not be a FIFO one"):
        declare(lambda: sst.aws.Bucket("Files").notify(notifications=[{"name": "N", **target()}]) and None)
