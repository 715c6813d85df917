"""DynamoDB tables: streams, indexes that come and go."""

from __future__ import annotations

from typing import Any

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import CloudUnderTest

KEEP = sst.App(name="notes", home="local", removal="remove")


def test_table_stream(cloud: CloudUnderTest) -> None:
    """A change that matches the filter reaches the subscriber with its images."""

    def run() -> dict[str, Any]:
        table = sst.aws.Dynamo(
            "Notes",
            fields={"id": "string", "at": "number"},
            primary_index={"hash_key": "id"},
            global_indexes={"ByTime": {"hash_key": "at"}},
            stream="new-and-old-images",
            ttl="expires",
        )
        table.subscribe("Audit", "a.b", filters=[{"eventName": ["REMOVE"]}])
        return {"name": table.name}

    manifest, _ = cloud.apply(run, stage="table", app=KEEP)
    dynamo, name = cloud.client("dynamodb"), manifest["outputs"]["name"]
    dynamo.put_item(TableName=name, Item={"id": {"S": "1"}, "at": {"N": "5"}})
    assert dynamo.query(
        TableName=name,
        IndexName="ByTime",
        KeyConditionExpression="#a = :a",
        ExpressionAttributeNames={"#a": "at"},
        ExpressionAttributeValues={":a": {"N": "5"}},
    )["Items"]
    dynamo.delete_item(TableName=name, Key={"id": {"S": "1"}})

    [event] = cloud.events("table", "NotesSubscriberAudit")
    assert [(r["eventName"], r["dynamodb"]["OldImage"]["id"]["S"]) for r in event["Records"]] == [("REMOVE", "1")]
    assert dynamo.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"] == "expires"


def test_a_table_gains_and_loses_an_index_and_a_stream(cloud: CloudUnderTest) -> None:
    """Indexes and streams change in place; the data stays."""

    def table(**more: Any) -> Any:
        fields = {"id": "string", **({"at": "number"} if "global_indexes" in more else {})}
        return lambda: {"name": sst.aws.Dynamo("T", fields=fields, primary_index={"hash_key": "id"}, **more).name}

    first, _ = cloud.apply(table(), stage="index", app=KEEP)
    dynamo, name = cloud.client("dynamodb"), first["outputs"]["name"]
    dynamo.put_item(TableName=name, Item={"id": {"S": "1"}})
    cloud.apply(table(global_indexes={"ByTime": {"hash_key": "at"}}, stream="keys-only"), stage="index", app=KEEP)
    grown = dynamo.describe_table(TableName=name)["Table"]
    cloud.apply(table(), stage="index", app=KEEP)
    shrunk = dynamo.describe_table(TableName=name)["Table"]

    assert [i["IndexName"] for i in grown["GlobalSecondaryIndexes"]] == ["ByTime"]
    assert grown["StreamSpecification"]["StreamViewType"] == "KEYS_ONLY"
    assert not shrunk.get("GlobalSecondaryIndexes")
    assert not shrunk.get("StreamSpecification", {}).get("StreamEnabled")
    assert dynamo.get_item(TableName=name, Key={"id": {"S": "1"}})["Item"]


def test_a_table_of_another_app(cloud: CloudUnderTest) -> None:
    """It is linked and followed by its name; one without a stream is refused by name."""

    def own() -> dict[str, Any]:
        fields, primary = {"id": "string"}, {"hash_key": "id"}
        plain = sst.aws.Dynamo("Plain", fields=fields, primary_index=primary)
        followed = sst.aws.Dynamo("Followed", fields=fields, primary_index=primary, stream="new-image")
        return {"plain": plain.name, "followed": followed.name}

    names = cloud.apply(own, stage="owner", app=KEEP)[0]["outputs"]

    def follow(which: str) -> Any:
        return lambda: sst.aws.Dynamo.get("Theirs", names[which]).subscribe("Audit", "a.b") and None

    cloud.apply(follow("followed"), stage="guest", record="guest", app=KEEP)
    cloud.client("dynamodb").put_item(TableName=names["followed"], Item={"id": {"S": "1"}})
    [event] = cloud.events("guest", "TheirsSubscriberAudit")
    assert event["Records"][0]["dynamodb"]["NewImage"] == {"id": {"S": "1"}}
    with pytest.raises(ConfigError, match='Dynamo "Theirs": the table has no stream'):
        cloud.apply(follow("plain"), stage="guest2", record="guest2", app=KEEP)
