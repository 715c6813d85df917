"""What components grant, protect and deploy, tried from handlers and from outside in one live session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.scenarios.test_examples import until
from tests.support.session import Session, config, http, session

pytestmark = pytest.mark.scenario

FILES = {
    "sst_config.py": config("""
        def pair(make):
            linked.append(make("Own"))
            return {"own": linked[-1], "other": make("Other")}

        linked = []
        made = {
            "bucket": pair(lambda side: sst.aws.Bucket(f"{side}Bucket")),
            "queue": pair(lambda side: sst.aws.Queue(f"{side}Queue")),
            "topic": pair(lambda side: sst.aws.SnsTopic(f"{side}Topic")),
            "bus": pair(lambda side: sst.aws.Bus(f"{side}Bus")),
            "stream": pair(lambda side: sst.aws.KinesisStream(f"{side}Stream")),
            "table": pair(
                lambda side: sst.aws.Dynamo(
                    f"{side}Table", fields={"id": "string"}, primary_index={"hash_key": "id"}
                )
            ),
            "function": pair(lambda side: sst.aws.Function(f"{side}Function", handler="parts.echo")),
        }
        kept = sst.aws.Queue("Kept")
        scoped = sst.Linkable(
            "Scoped",
            properties={"url": kept.url},
            include=[sst.aws.permission(actions=["sqs:SendMessage"], resources=[kept.arn])],
        )
        sst.aws.Function("Api", handler="parts.call", link=[*linked, scoped])
        sst.aws.Function("Signed", handler="parts.echo", url={"authorization": "iam"})
        sst.aws.Function(
            "Packed",
            handler="parts.packed",
            dev=False,
            url=True,
            timeout="5 seconds",
            link=[scoped],
            environment={"WORD": "one"},
            copy_files=[{"from": "words.txt", "to": "deep/copied.txt"}],
        )
        made["topic"]["own"].subscribe_queue("Kept", kept.arn, filter={"kind": ["big"]})
        out = {}
        for kind, sides in made.items():
            for side, one in sides.items():
                out[f"{kind}-{side}"] = one.url if kind == "queue" else one.arn if kind == "topic" else one.name
        return {**out, "kept": kept.url}
    """),
    "words.txt": "copied words",
    "parts.py": """
        import os
        from sst import Resource

        def echo(event, context):
            return {"called": True}

        def call(event, context):
            import boto3
            client = boto3.client(event["service"], endpoint_url=os.environ["AWS_ENDPOINT_URL"])
            try:
                getattr(client, event["method"])(**event["arguments"])
            except client.exceptions.ClientError as error:
                return error.response["Error"]["Code"]
            return "done"

        calls = 0

        def packed(event, context):
            global calls
            calls += 1
            with open("deep/copied.txt") as file:
                copied = file.read()
            facts = {"live": "SST_LIVE" in os.environ, "word": os.environ["WORD"]}
            return {"copied": copied, "url": Resource.Scoped.url, "calls": calls, **facts}
    """,
}
CALLS: dict[str, tuple[str, str, Any]] = {
    "bucket": ("s3", "put_object", lambda name: {"Bucket": name, "Key": "a", "Body": "1"}),
    "queue": ("sqs", "send_message", lambda url: {"QueueUrl": url, "MessageBody": "1"}),
    "topic": ("sns", "publish", lambda arn: {"TopicArn": arn, "Message": "1"}),
    "bus": (
        "events",
        "put_events",
        lambda name: {"Entries": [{"EventBusName": name, "Source": "a", "DetailType": "b", "Detail": "{}"}]},
    ),
    "stream": ("kinesis", "put_record", lambda name: {"StreamName": name, "Data": "1", "PartitionKey": "p"}),
    "table": ("dynamodb", "put_item", lambda name: {"TableName": name, "Item": {"id": {"S": "1"}}}),
    "function": ("lambda", "invoke", lambda name: {"FunctionName": name}),
}


@pytest.fixture(name="live", scope="module")
def fixture_live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with session(tmp_path_factory.mktemp("components"), FILES) as one:
        yield one
        print(one.output)  # pytest shows it when a test fails


def called(live: Session, service: str, method: str, arguments: Any) -> str:
    """What a handler got for a call of AWS: `done`, or the code of the error."""
    return str(live.invoke("Api", {"service": service, "method": method, "arguments": arguments})[0])


@pytest.mark.parametrize("kind", CALLS)
def test_a_link_grants_its_component_and_no_other(live: Session, kind: str) -> None:
    """The same call from the same handler: what is linked may be used, its neighbour may not."""
    service, method, arguments = CALLS[kind]
    own, other = (live.status["outputs"][f"{kind}-{side}"] for side in ("own", "other"))

    assert called(live, service, method, arguments(own)) == "done"
    refused = called(live, service, method, arguments(other))
    assert "Denied" in refused or "Authorization" in refused


@pytest.mark.parametrize(
    ("service", "method", "arguments"),
    [
        ("lambda", "delete_function", {"FunctionName": "function-own"}),
        ("sqs", "receive_message", {"QueueUrl": "kept"}),
        ("s3", "list_buckets", {}),
        ("iam", "list_roles", {}),
    ],
)
def test_a_link_grants_what_is_documented(live: Session, service: str, method: str, arguments: Any) -> None:
    """A function may be invoked, a `Linkable` used as its `include` says, and nothing beside."""
    outputs = live.status["outputs"]
    refused = called(live, service, method, {key: outputs[name] for key, name in arguments.items()})

    assert "Denied" in refused or "Authorization" in refused


def test_a_linkable_grants_what_it_includes(live: Session) -> None:
    """The one action on the one queue."""
    assert (
        called(live, "sqs", "send_message", {"QueueUrl": live.status["outputs"]["kept"], "MessageBody": "1"}) == "done"
    )


def test_a_url_with_iam_refuses_who_has_not_signed(live: Session) -> None:
    """Without a signature, and with one of a key that nobody has; one of the account is let through."""
    url = live.url("Signed")

    def signed(key: str) -> int:
        request = AWSRequest("GET", url)
        SigV4Auth(Credentials(key, "test"), "lambda", "us-east-1").add_auth(request)
        return http(url, **dict(request.headers)).status

    assert http(url).status == 403
    assert signed("AKIAIOSFODNN7EXAMPLE") == 403
    assert signed("test") == 200


def test_a_queue_given_by_its_arn_is_let_send_to(live: Session) -> None:
    """The topic's messages arrive, those that its filter lets through."""
    sns, sqs, outputs = live.client("sns"), live.client("sqs"), live.status["outputs"]
    for kind in ("small", "big"):
        attributes = {"kind": {"DataType": "String", "StringValue": kind}}
        sns.publish(TopicArn=outputs["topic-own"], Message=f"a {kind} one", MessageAttributes=attributes)
    found: list[str] = []

    def arrived() -> bool:
        for message in sqs.receive_message(QueueUrl=outputs["kept"], WaitTimeSeconds=5).get("Messages", ()):
            sqs.delete_message(QueueUrl=outputs["kept"], ReceiptHandle=message["ReceiptHandle"])
            if message["Body"].startswith("{"):
                found.append(json.loads(message["Body"])["Message"])
        return bool(found)

    until(arrived, True)
    assert found == ["a big one"]


def test_a_function_that_is_not_live_runs_its_package(live: Session) -> None:
    """With its links and copied files; an edit changes nothing until the app is applied again."""

    def answer() -> dict[str, Any]:
        return dict(http(live.url("Packed")).json())

    first = answer()
    assert {k: first[k] for k in ("copied", "url", "live", "word")} == {
        "copied": "copied words",
        "url": live.status["outputs"]["kept"],
        "live": False,
        "word": "one",
    }
    live.edit("words.txt", "other words")
    assert answer()["copied"] == "copied words"
    assert live.function("Packed")["live"] is False

    live.edit("sst_config.py", FILES["sst_config.py"].replace('"WORD": "one"', '"WORD": "two"'))
    until(lambda: (answer()["word"], answer()["copied"]), ("two", "other words"))
