"""Lambda functions: their settings change in place, their URL is one that every client reaches."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

import pytest
import sst

from tests.support.program import CloudUnderTest

KEEP = sst.App(name="notes", home="local", removal="remove")


def function(**args: Any) -> Any:
    def run() -> dict[str, Any]:
        api = sst.aws.Function("Api", **{"handler": "a.b", **args})
        return {"url": api.url, "name": api.name}

    return run


def test_a_function_answers_at_its_url(cloud: CloudUnderTest) -> None:
    """The URL has the path form on loopback, and a request to it reaches the function."""
    run = function(url=True, environment={"ANSWER": '{"statusCode": 202, "body": "hi"}'})
    manifest, _ = cloud.apply(run, stage="url", app=KEEP)
    with urllib.request.urlopen(manifest["outputs"]["url"] + "some/path?a=1") as answer:
        got = (answer.status, answer.read())

    assert got == (202, b"hi")
    [event] = cloud.events("url", "Api")
    assert (event["rawPath"], event["queryStringParameters"]) == ("/some/path", {"a": "1"})


def test_settings_change_in_place(cloud: CloudUnderTest) -> None:
    """Memory, variables, logging, tags, retries and concurrency change without a new function."""
    cloud.apply(function(tags={"a": "1", "b": "1"}, retries=1), stage="settings", app=KEEP)
    manifest, _ = cloud.apply(
        function(
            memory="512 MB",
            environment={"AA": "1"},
            tags={"b": "2"},
            logging={"format": "json"},
            retries=0,
            concurrency={"reserved": 5},
        ),
        stage="settings",
        app=KEEP,
    )
    client, name = cloud.client("lambda"), manifest["outputs"]["name"]
    found = client.get_function(FunctionName=name)

    assert found["Configuration"]["MemorySize"] == 512
    assert found["Configuration"]["Environment"]["Variables"]["AA"] == "1"
    assert found["Configuration"]["LoggingConfig"]["LogFormat"] == "JSON"
    assert found["Tags"] == {"b": "2"}
    assert found["Concurrency"]["ReservedConcurrentExecutions"] == 5
    assert client.get_function_event_invoke_config(FunctionName=name)["MaximumRetryAttempts"] == 0


def test_a_url_comes_and_goes(cloud: CloudUnderTest) -> None:
    """`url=False` takes the URL away and leaves the function."""
    cloud.apply(function(url=True), stage="urls", app=KEEP)
    manifest, _ = cloud.apply(function(), stage="urls", app=KEEP)
    client, name = cloud.client("lambda"), manifest["outputs"]["name"]

    assert client.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"] == []
    assert client.get_function(FunctionName=name)


def test_provisioned_concurrency_follows_the_version(cloud: CloudUnderTest) -> None:
    """Each change publishes a version, and what is kept ready is the newest."""

    def run(memory: str) -> Any:
        def declared() -> dict[str, Any]:
            args = {"versioning": True, "concurrency": {"provisioned": 2, "reserved": 4}, "memory": memory}
            return {"name": sst.aws.Function("Ready", handler="a.b", **args).name}

        return declared

    client = cloud.client("lambda")
    for memory, version in (("256 MB", "1"), ("512 MB", "2")):
        manifest, _ = cloud.apply(run(memory), stage="provisioned")
        name = manifest["outputs"]["name"]
        found = client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=version)
        assert found["RequestedProvisionedConcurrentExecutions"] == 2

    with pytest.raises(client.exceptions.ProvisionedConcurrencyConfigNotFoundException):
        client.get_provisioned_concurrency_config(FunctionName=name, Qualifier="1")
    assert client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 4


FAILING = {"handler": "a.b", "environment": {"FAIL": '{"errorType": "E", "errorMessage": "m"}'}}


def received(cloud: CloudUnderTest, url: str) -> Any:
    """The body of the message that comes to a queue."""
    client, deadline = cloud.client("sqs"), time.monotonic() + 60
    while time.monotonic() < deadline:
        if messages := client.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages"):
            return json.loads(messages[0]["Body"])
    raise AssertionError(f"nothing came to {url}")


@pytest.mark.parametrize("setting", ["destination", "dead letters"])
def test_what_fails_for_good_goes_where_the_function_says(cloud: CloudUnderTest, setting: str) -> None:
    """An asynchronous call that failed as often as it may ends in `destination_config` or `dead_letter_config`."""
    stage = "to-" + setting.replace(" ", "-")

    def run() -> dict[str, Any]:
        dead = sst.aws.Queue("Dead")
        transform = {
            "destination": {"event_invoke_config": {"destination_config": {"on_failure": {"destination": dead.arn}}}},
            "dead letters": {"function": {"dead_letter_config": {"target_arn": dead.arn}}},
        }[setting]
        function = sst.aws.Function("F", **FAILING, link=[dead], retries=1, transform=transform)
        return {"name": function.name, "url": dead.url}

    made = cloud.apply(run, stage=stage, app=KEEP)[0]["outputs"]
    cloud.client("lambda").invoke(FunctionName=made["name"], InvocationType="Event", Payload=b'{"n": 1}')

    sent = received(cloud, made["url"])
    assert sent.get("requestPayload", sent) == {"n": 1}
    assert len(cloud.events(stage, "F")) == 2


def test_settings_of_failure_go_with_their_inputs(cloud: CloudUnderTest) -> None:
    """A destination and a dead-letter queue that are declared no more are forgotten."""
    stage = "failure-goes"

    def run(transform: Any) -> Any:
        def declared() -> dict[str, Any]:
            dead = sst.aws.Queue("Dead")
            return {"name": sst.aws.Function("F", handler="a.b", retries=1, transform=transform(dead)).name}

        return declared

    client = cloud.client("lambda")
    for transform, kept in (
        (
            lambda dead: {
                "function": {"dead_letter_config": {"target_arn": dead.arn}, "tracing_config": {"mode": "Active"}},
                "event_invoke_config": {"destination_config": {"on_failure": {"destination": dead.arn}}},
            },
            True,
        ),
        (lambda dead: {}, False),
    ):
        name = cloud.apply(run(transform), stage=stage, app=KEEP)[0]["outputs"]["name"]
        settings = client.get_function_configuration(FunctionName=name)
        assert bool(settings.get("DeadLetterConfig", {}).get("TargetArn")) == kept
        assert settings["TracingConfig"]["Mode"] == ("Active" if kept else "PassThrough")
        invoking = client.get_function_event_invoke_config(FunctionName=name)
        assert bool(invoking["DestinationConfig"]["OnFailure"].get("Destination")) == kept


def test_all_settings_of_a_stream_reach_its_mapping(cloud: CloudUnderTest) -> None:
    """What the transform adds is what Lambda knows of the mapping, and goes with it."""
    stage = "stream-settings"
    settings = {
        "batch_size": 7,
        "maximum_retry_attempts": 2,
        "maximum_record_age_in_seconds": 60,
        "bisect_batch_on_function_error": True,
        "parallelization_factor": 2,
        "maximum_batching_window_in_seconds": 1,
        "function_response_types": ["ReportBatchItemFailures"],
    }

    def run(transform: Any) -> Any:
        def declared() -> dict[str, Any]:
            dead, clicks = sst.aws.Queue("Dead"), sst.aws.KinesisStream("Clicks")
            subscriber = clicks.subscribe("On", "a.b", transform={"event_source_mapping": transform(dead)})
            return {"id": subscriber.nodes["event_source_mapping"].uuid, "dead": dead.arn}

        return declared

    client = cloud.client("lambda")

    def found(transform: Any) -> tuple[dict[str, Any], str]:
        made = cloud.apply(run(transform), stage=stage, app=KEEP)[0]["outputs"]
        return client.get_event_source_mapping(UUID=made["id"]), made["dead"]

    full, dead = found(lambda dead: {**settings, "destination_config": {"on_failure": {"destination_arn": dead.arn}}})
    assert full["DestinationConfig"]["OnFailure"]["Destination"] == dead
    wanted = {"".join(part.capitalize() for part in key.split("_")): value for key, value in settings.items()}
    assert {key: full[key] for key in wanted} == wanted

    bare, _ = found(lambda dead: {})
    assert bare["UUID"] == full["UUID"]
    assert bare["DestinationConfig"]["OnFailure"] == {}
    assert {key: bare[key] for key in wanted} == {
        "BatchSize": 100,
        "MaximumRetryAttempts": -1,
        "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": False,
        "ParallelizationFactor": 1,
        "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
    }


def test_a_table_gives_up_records_that_are_too_old(cloud: CloudUnderTest) -> None:
    """A batch that fails until its `maximum_record_age_in_seconds` goes to the destination, and the stream goes on."""

    def run() -> dict[str, Any]:
        dead, key = sst.aws.Queue("Dead"), {"hash_key": "id"}
        table = sst.aws.Dynamo("Notes", fields={"id": "string"}, primary_index=key, stream="new-and-old-images")
        settings = {
            "maximum_record_age_in_seconds": 1,
            "destination_config": {"on_failure": {"destination_arn": dead.arn}},
        }
        table.subscribe("On", {**FAILING, "link": [dead]}, transform={"event_source_mapping": settings})
        return {"table": table.name, "url": dead.url}

    made = cloud.apply(run, stage="too-old", app=KEEP)[0]["outputs"]
    cloud.client("dynamodb").put_item(TableName=made["table"], Item={"id": {"S": "1"}})

    record = received(cloud, made["url"])
    assert record["requestContext"]["condition"] == "MaxRecordAgeExceeded"
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1
