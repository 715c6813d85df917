"""DynamoDB: tables."""

from __future__ import annotations

from typing import Any

from ..aws import Aws
from ..kind import Inputs, Kind, Made, forbid_another


class Table(Kind):
    replace = frozenset({"name", "hashKey", "rangeKey", "localSecondaryIndexes"})
    identity = frozenset({"name"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        client = aws.client("dynamodb")
        args: dict[str, Any] = {
            "TableName": inputs["name"],
            **_schema(inputs),
            "BillingMode": inputs.get("billingMode", "PAY_PER_REQUEST"),
            "DeletionProtectionEnabled": inputs.get("deletionProtectionEnabled", False),
            "StreamSpecification": _stream(inputs),
        }
        if inputs.get("globalSecondaryIndexes"):
            args["GlobalSecondaryIndexes"] = [_index(index) for index in inputs["globalSecondaryIndexes"]]
        client.create_table(**args)
        client.get_waiter("table_exists").wait(TableName=inputs["name"])
        self._set_ttl_and_backups(client, {}, inputs)
        return self._made(client, inputs["name"])

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        client = aws.client("dynamodb")
        actual = client.describe_table(TableName=id)["Table"]
        self._update_indexes(client, id, actual, new)
        wanted, is_on = _stream(new), actual.get("StreamSpecification", {})
        if is_on.get("StreamEnabled") and wanted != is_on:
            # The view of a stream cannot be changed: it is switched off and on.
            client.update_table(TableName=id, StreamSpecification={"StreamEnabled": False})
            is_on = {}
        if wanted["StreamEnabled"] and not is_on.get("StreamEnabled"):
            client.update_table(TableName=id, StreamSpecification=wanted)
        protect = new.get("deletionProtectionEnabled", False)
        if protect != actual.get("DeletionProtectionEnabled", False):
            client.update_table(TableName=id, DeletionProtectionEnabled=protect)
        self._set_ttl_and_backups(client, old, new)
        return self._made(client, id).outputs

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("dynamodb").delete_table(TableName=id)

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        name = inputs["name"]
        table = aws.client("dynamodb").describe_table(TableName=name)["Table"]
        forbid_another(f"The table {name}", _fixed(table), _fixed(_schema(inputs)))
        return Made(name, self.update(aws, name, {}, inputs))

    def presume(self, aws: Aws, id: str) -> dict[str, Any]:
        return {"arn": aws.arn("dynamodb", f"table/{id}"), "name": id, "streamArn": ""}

    def read(self, aws: Aws, id: str) -> dict[str, Any]:
        return {"name": id, **self._made(aws.client("dynamodb"), id).outputs}

    def _update_indexes(self, client: Any, id: str, actual: dict[str, Any], new: Inputs) -> None:
        """One index at a time, as DynamoDB asks."""
        exist = {index["IndexName"]: index["KeySchema"] for index in actual.get("GlobalSecondaryIndexes", [])}
        wanted = {index["name"]: _index(index) for index in new.get("globalSecondaryIndexes", [])}
        for name, schema in exist.items():
            if name not in wanted or wanted[name]["KeySchema"] != schema:
                client.update_table(TableName=id, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": name}}])
        for name, index in wanted.items():
            if exist.get(name) != index["KeySchema"]:
                client.update_table(
                    TableName=id,
                    AttributeDefinitions=_definitions(new),
                    GlobalSecondaryIndexUpdates=[{"Create": index}],
                )

    def _set_ttl_and_backups(self, client: Any, old: Inputs, new: Inputs) -> None:
        ttl, was = new.get("ttl") or {}, old.get("ttl") or {}
        if ttl != was:
            field = ttl.get("attributeName") or was.get("attributeName")
            enabled = bool(ttl.get("enabled", ttl != {}))
            client.update_time_to_live(
                TableName=new["name"], TimeToLiveSpecification={"Enabled": enabled, "AttributeName": field}
            )
        backups = (new.get("pointInTimeRecovery") or {}).get("enabled", False)
        if backups != (old.get("pointInTimeRecovery") or {}).get("enabled", False):
            client.update_continuous_backups(
                TableName=new["name"], PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": backups}
            )

    def _made(self, client: Any, name: str) -> Made:
        table = client.describe_table(TableName=name)["Table"]
        on = table.get("StreamSpecification", {}).get("StreamEnabled")  # a stream that is off keeps its ARN
        outputs = {
            "arn": table["TableArn"],
            "streamArn": table.get("LatestStreamArn", "") if on else "",
            "streamLabel": table.get("LatestStreamLabel", "") if on else "",
        }
        return Made(name, outputs)


def _schema(inputs: Inputs) -> dict[str, Any]:
    """Attributes, keys and local indexes, as DynamoDB takes and tells them."""
    out: dict[str, Any] = {"AttributeDefinitions": _definitions(inputs), "KeySchema": _keys(inputs)}
    if inputs.get("localSecondaryIndexes"):
        local = [{"hashKey": inputs["hashKey"], **index} for index in inputs["localSecondaryIndexes"]]
        out["LocalSecondaryIndexes"] = [_index(index) for index in local]
    return out


def _fixed(table: dict[str, Any]) -> dict[str, Any]:
    """What of a table cannot be changed: its keys with their types, and its local indexes."""
    types = {item["AttributeName"]: item["AttributeType"] for item in table["AttributeDefinitions"]}
    key = [f"{item['AttributeName']} ({types[item['AttributeName']]})" for item in table["KeySchema"]]
    local = {
        index["IndexName"]: index["KeySchema"][-1]["AttributeName"]
        for index in table.get("LocalSecondaryIndexes") or []
    }
    return {"the key": ", ".join(key), "the local indexes": local}


def _keys(index: Inputs) -> list[dict[str, str]]:
    keys = [{"AttributeName": index["hashKey"], "KeyType": "HASH"}]
    if index.get("rangeKey"):
        keys.append({"AttributeName": index["rangeKey"], "KeyType": "RANGE"})
    return keys


def _definitions(inputs: Inputs) -> list[dict[str, str]]:
    return [{"AttributeName": item["name"], "AttributeType": item["type"]} for item in inputs["attributes"]]


def _index(index: Inputs) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": index.get("projectionType", "ALL")}
    if index.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = index["nonKeyAttributes"]
    return {"IndexName": index["name"], "KeySchema": _keys(index), "Projection": projection}


def _stream(inputs: Inputs) -> dict[str, Any]:
    if not inputs.get("streamEnabled"):
        return {"StreamEnabled": False}
    return {"StreamEnabled": True, "StreamViewType": inputs["streamViewType"]}


KINDS: dict[str, Kind] = {"Table": Table()}
