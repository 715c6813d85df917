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


def test_a_link_to_a_websocket_api_reaches_its_connections_alone(cloud: CloudUnderTest) -> None:
    """Nobody is connected, which is told to whom may know; the connections of another API are not its business."""

    def run() -> dict[str, Any]:
        mine, other = sst.aws.ApiGatewayWebSocket("Mine"), sst.aws.ApiGatewayWebSocket("Other")
        sst.aws.Function("Api", handler="a.b", link=[mine], transform={"role": {"assume_role_policy": TRUST}})
        return {"mine": mine.management_endpoint, "other": other.management_endpoint}

    manifest, _ = cloud.apply(run, stage="grant-socket", app=KEEP)
    role, outputs = manifest["functions"][0]["role_arn"], manifest["outputs"]

    def post(which: str) -> None:
        client = cloud.as_role(role, "apigatewaymanagementapi", outputs[which])
        client.post_to_connection(ConnectionId="nobody", Data=b"x")

    with pytest.raises(ClientError, match="Gone"):
        post("mine")
    with pytest.raises(ClientError, match=r"Forbidden|Denied"):
        post("other")


def test_a_link_to_realtime_lets_publish_below_app_and_stage(cloud: CloudUnderTest) -> None:
    """IoT is shared by all apps of an account: topics of others are forbidden."""

    def run() -> None:
        server = sst.aws.Realtime("Server", authorizer="a.b")
        sst.aws.Function("Api", handler="a.b", link=[server], transform={"role": {"assume_role_policy": TRUST}})

    functions = cloud.apply(run, stage="grant-iot", app=KEEP)[0]["functions"]
    iot = cloud.as_role(next(f["role_arn"] for f in functions if f["name"] == "Api"), "iot-data")

    iot.publish(topic="notes/grant-iot/chat", payload=b"{}")
    with pytest.raises(ClientError, match=r"Forbidden|Denied"):
        iot.publish(topic="notes/other-stage/chat", payload=b"{}")


def test_a_link_to_a_table_is_no_link_to_another(cloud: CloudUnderTest) -> None:
    """`dynamodb:*` on the linked table and its indexes, and on no other."""

    def run() -> dict[str, Any]:
        fields, key = {"id": "string", "at": "number"}, {"hash_key": "id"}
        indexes = {"ByTime": {"hash_key": "at"}}
        mine, other = (
            sst.aws.Dynamo(name, fields=fields, primary_index=key, global_indexes=indexes) for name in ("Mine", "Other")
        )
        sst.aws.Function("Api", handler="a.b", link=[mine], transform={"role": {"assume_role_policy": TRUST}})
        return {"mine": mine.name, "other": other.name}

    manifest, _ = cloud.apply(run, stage="grant-tables", app=KEEP)
    dynamo, outputs = cloud.as_role(manifest["functions"][0]["role_arn"], "dynamodb"), manifest["outputs"]

    assert dynamo.scan(TableName=outputs["mine"], IndexName="ByTime")["Count"] == 0
    with pytest.raises(ClientError, match="Denied"):
        dynamo.scan(TableName=outputs["other"], IndexName="ByTime")
