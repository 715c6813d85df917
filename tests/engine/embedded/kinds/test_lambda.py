"""Lambda functions: their settings change in place, their URL is one that every client reaches."""

from __future__ import annotations

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
