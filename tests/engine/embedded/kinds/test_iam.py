"""Linking grants what is documented and no more: MiniStack enforces IAM."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sst
from botocore.exceptions import ClientError

from tests.support.program import ACCOUNT, CloudUnderTest

KEEP = sst.App(name="notes", home="local", removal="remove")
TRUST = json.dumps(
    {
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
        ]
    }
)


def put_event(events: Any, bus: str) -> None:
    events.put_events(Entries=[{"EventBusName": bus, "Source": "a", "DetailType": "b", "Detail": "{}"}])


def linked(component: str) -> Any:
    """A program with one component and a role that the test may assume, and that has what linking grants."""

    def run() -> dict[str, Any]:
        made = {
            "bucket": lambda: sst.aws.Bucket("Res"),
            "queue": lambda: sst.aws.Queue("Res"),
            "topic": lambda: sst.aws.SnsTopic("Res"),
            "table": lambda: sst.aws.Dynamo("Res", fields={"id": "string"}, primary_index={"hash_key": "id"}),
            "bus": lambda: sst.aws.Bus("Res"),
            "stream": lambda: sst.aws.KinesisStream("Res"),
            "function": lambda: sst.aws.Function("Res", handler="a.b"),
        }[component]()
        trust = {"role": {"assume_role_policy": TRUST}}
        sst.aws.Function("Api", handler="a.b", link=[made], transform=trust)
        sst.aws.Function("Bare", handler="a.b", transform=trust)
        return {key: getattr(made, key) for key in ("name", "arn", "url") if hasattr(made, key)}

    return run


ALLOWED: dict[str, tuple[str, Any]] = {
    "bucket": ("s3", lambda c, o: c.put_object(Bucket=o["name"], Key="a", Body=b"1")),
    "queue": ("sqs", lambda c, o: c.send_message(QueueUrl=o["url"], MessageBody="1")),
    "topic": ("sns", lambda c, o: c.publish(TopicArn=o["arn"], Message="1")),
    "table": ("dynamodb", lambda c, o: c.put_item(TableName=o["name"], Item={"id": {"S": "1"}})),
    "bus": ("events", lambda c, o: put_event(c, o["name"])),
    "stream": ("kinesis", lambda c, o: c.put_record(StreamName=o["name"], Data=b"1", PartitionKey="p")),
    "function": ("lambda", lambda c, o: c.invoke(FunctionName=o["name"])),
}


@pytest.mark.parametrize("component", ALLOWED)
def test_linking_grants_access(cloud: CloudUnderTest, component: str) -> None:
    """The linked function's role may use the component; the same call with a role without the link is denied."""
    service, call = ALLOWED[component]
    manifest, _ = cloud.apply(linked(component), stage=f"grant-{component}", app=KEEP)
    api, bare = (next(f for f in manifest["functions"] if f["name"] == name) for name in ("Api", "Bare"))

    call(cloud.as_role(api["role_arn"], service), manifest["outputs"])
    with pytest.raises(ClientError) as denied:
        call(cloud.as_role(bare["role_arn"], service), manifest["outputs"])
    assert (
        "Denied" in denied.value.response["Error"]["Code"] or "Authorization" in denied.value.response["Error"]["Code"]
    )


def test_a_link_to_a_function_grants_invocation_alone(cloud: CloudUnderTest) -> None:
    """`lambda:InvokeFunction` on the linked function, and no other action on it."""
    manifest, _ = cloud.apply(linked("function"), stage="invoke-only", app=KEEP)
    api = next(f for f in manifest["functions"] if f["name"] == "Api")

    with pytest.raises(ClientError, match="Denied"):
        cloud.as_role(api["role_arn"], "lambda").delete_function(FunctionName=manifest["outputs"]["name"])
