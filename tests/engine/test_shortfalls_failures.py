"""What becomes of failed calls with MiniStack 1.5.33 and not with AWS, as the table in docs/components.md says.

Each test states what AWS does and is expected to fail; when one passes, MiniStack has been mended and its row can go.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import sst

from tests.support.program import CloudUnderTest

KEEP = sst.App(name="notes", home="local", removal="remove")
FAIL = {"FAIL": '{"errorType": "E", "errorMessage": "m"}'}

both = pytest.mark.parametrize("source", ["table", "stream"])


def differs(reason: str, *raises: type[Exception]) -> Any:
    """What AWS does and MiniStack does not."""
    return pytest.mark.xfail(strict=True, raises=raises or AssertionError, reason=f"MiniStack 1.5.33 {reason}")


def follow(cloud: CloudUnderTest, source: str, stage: str, environment: dict[str, str], **settings: Any) -> None:
    """Follow a table or a data stream, and write to it until a first call came, and once more."""
    transform = {"event_source_mapping": settings}

    def run() -> dict[str, Any]:
        subscriber = {"handler": "a.b", "environment": environment}
        if source == "table":
            key = {"hash_key": "id"}
            table = sst.aws.Dynamo("Source", fields={"id": "string"}, primary_index=key, stream="new-and-old-images")
            table.subscribe("On", subscriber, transform=transform)
            return {"name": table.name}
        stream = sst.aws.KinesisStream("Source")
        stream.subscribe("On", subscriber, transform=transform)
        return {"name": stream.name}

    name = cloud.apply(run, stage=stage, app=KEEP)[0]["outputs"]["name"]
    numbers = itertools.count()

    def write() -> None:
        ids = [str(next(numbers)) for _ in range(3)]
        if source == "table":
            puts = [{"PutRequest": {"Item": {"id": {"S": id}}}} for id in ids]
            cloud.client("dynamodb").batch_write_item(RequestItems={name: puts})
        else:
            records = [{"Data": id.encode(), "PartitionKey": "p"} for id in ids]
            cloud.client("kinesis").put_records(StreamName=name, Records=records)

    while True:  # it is followed from its end, wherever that is when the poller comes up
        write()
        with contextlib.suppress(AssertionError):
            calls(cloud, stage, 1, timeout=1)
            break
    write()


def calls(cloud: CloudUnderTest, stage: str, count: int, timeout: float = 30.0) -> list[list[str]]:
    """What was written, as it came call by call, once *count* calls came."""

    def read(record: dict[str, Any]) -> str:
        if "kinesis" in record:
            return base64.b64decode(record["kinesis"]["data"]).decode()
        return str(record["dynamodb"]["Keys"]["id"]["S"])

    events = cloud.events(stage, "SourceSubscriberOn", count, timeout)
    return [[read(record) for record in event["Records"]] for event in events]


@both
@differs("repeats a failing batch for ever")
def test_a_stream_gives_up_after_its_attempts(cloud: CloudUnderTest, source: str) -> None:
    """After `maximum_retry_attempts` the stream goes on with what follows."""
    stage = f"attempts-{source}"
    follow(cloud, source, stage, FAIL, batch_size=1, maximum_retry_attempts=0)
    first, second, *_ = calls(cloud, stage, 2)
    assert second != first


@differs("knows the age of a table's changes alone")
def test_a_data_stream_gives_up_records_that_are_too_old(cloud: CloudUnderTest) -> None:
    """After `maximum_record_age_in_seconds` the stream goes on; each of these calls comes a second after the last."""
    follow(cloud, "stream", "age", FAIL, batch_size=1, maximum_record_age_in_seconds=1)
    got = calls(cloud, "age", 4)
    assert got[3] != got[0]


@both
@differs("repeats a failing batch whole")
def test_a_failing_batch_is_halved(cloud: CloudUnderTest, source: str) -> None:
    """`bisect_batch_on_function_error` calls again with fewer records, to find the one that fails."""
    stage = f"bisect-{source}"
    follow(cloud, source, stage, FAIL, bisect_batch_on_function_error=True)
    first, second, *_ = calls(cloud, stage, 2)
    assert len(second) < len(first)


@both
@differs("takes any answer for success")
def test_a_stream_goes_on_at_the_record_that_failed(cloud: CloudUnderTest, source: str) -> None:
    """`ReportBatchItemFailures` says from which sequence number on to call again."""
    stage = f"partial-{source}"
    follow(cloud, source, stage, {"FAIL_LAST": "1"}, function_response_types=["ReportBatchItemFailures"])
    first, second, *_ = calls(cloud, stage, 2)
    assert second[0] == first[-1]


@both
@differs("knows no windows", KeyError)
def test_calls_in_a_window_hand_on_a_state(cloud: CloudUnderTest, source: str) -> None:
    """With `tumbling_window_in_seconds` the event has `window` and `state`."""
    stage = f"window-{source}"
    follow(cloud, source, stage, {}, tumbling_window_in_seconds=10)
    [event, *_] = cloud.events(stage, "SourceSubscriberOn")
    assert event["state"] == {}


def sent(cloud: CloudUnderTest, stage: str, transform: Callable[[Any], Any], **environment: str) -> dict[str, Any]:
    """The first message that a function sends after it was called asynchronously, and once more so that it fails."""

    def run() -> dict[str, Any]:
        out = sst.aws.Queue("Out")
        failing = {"event_invoke_config": {"destination_config": {"on_failure": {"destination": out.arn}}}}
        called = sst.aws.Function("F", handler="a.b", environment=environment, retries=0, transform=transform(out))
        last = sst.aws.Function("Last", handler="a.b", environment=FAIL, retries=0, transform=failing)
        return {"url": out.url, "called": called.name, "last": last.name}

    made = cloud.apply(run, stage=stage, app=KEEP)[0]["outputs"]
    cloud.client("lambda").invoke(FunctionName=made["called"], InvocationType="Event", Payload=b'{"n": 1}')
    cloud.events(stage, "F")
    if "FAIL" not in environment:
        cloud.client("lambda").invoke(FunctionName=made["last"], InvocationType="Event", Payload=b'{"n": 2}')
    client, deadline = cloud.client("sqs"), time.monotonic() + 60
    while time.monotonic() < deadline:
        if messages := client.receive_message(QueueUrl=made["url"], WaitTimeSeconds=5).get("Messages"):
            return dict(json.loads(messages[0]["Body"]))
    pytest.fail("nothing was sent")


@differs("sends what failed alone")
def test_a_call_that_succeeds_goes_to_its_destination(cloud: CloudUnderTest) -> None:
    """`on_success` gets the event and the answer."""

    def transform(out: Any) -> Any:
        return {"event_invoke_config": {"destination_config": {"on_success": {"destination": out.arn}}}}

    assert sent(cloud, "success", transform)["requestPayload"] == {"n": 1}


@differs("counts three calls whatever happened, and gives no version")
def test_the_record_of_a_failure_counts_its_calls(cloud: CloudUnderTest) -> None:
    """`approximateInvokeCount` is 1 without retries; the record has a version and a time."""

    def transform(out: Any) -> Any:
        return {"event_invoke_config": {"destination_config": {"on_failure": {"destination": out.arn}}}}

    record = sent(cloud, "record", transform, **FAIL)
    assert (record.get("version"), record["requestContext"]["approximateInvokeCount"]) == ("1.0", 1)


@differs("sends the record of a destination")
def test_a_dead_letter_is_the_event_itself(cloud: CloudUnderTest) -> None:
    """`dead_letter_config` gets the event as it was, with the error in attributes of the message."""

    def transform(out: Any) -> Any:
        return {"function": {"dead_letter_config": {"target_arn": out.arn}}}

    assert sent(cloud, "letter", transform, **FAIL) == {"n": 1}
