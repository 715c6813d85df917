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
                {"name": "Q", "queue": sst.aws.Queue("Log")},
                {"name": "T", "topic": sst.aws.SnsTopic("News")},
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
