"""`sst.aws.Dynamo`."""

from __future__ import annotations

from typing import Any

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare

FIELDS = {"id": "string", "at": "number"}


def table(**args: Any) -> Any:
    given = {"fields": {"id": "string"}, "primary_index": {"hash_key": "id"}, **args}
    return lambda: sst.aws.Dynamo("Notes", **given) and None


def test_a_table_on_demand_with_backups() -> None:
    """Keys as declared, paid by request, recoverable."""
    inputs = declare(table()).inputs("NotesTable")

    assert inputs["attributes"] == [{"name": "id", "type": "S"}]
    assert (inputs["hashKey"], inputs["billingMode"]) == ("id", "PAY_PER_REQUEST")
    assert inputs["pointInTimeRecovery"] == {"enabled": True}


def test_indexes_and_their_projections() -> None:
    """Everything by default, keys only, or named fields."""
    run = table(
        fields=FIELDS,
        primary_index={"hash_key": "id", "range_key": "at"},
        global_indexes={
            "All": {"hash_key": "at"},
            "Keys": {"hash_key": "at", "projection": "keys-only"},
            "Some": {"hash_key": "at", "range_key": "id", "projection": ["text"]},
        },
        local_indexes={"Local": {"range_key": "at"}},
    )
    inputs = declare(run).inputs("NotesTable")

    assert [(i["name"], i["projectionType"]) for i in inputs["globalSecondaryIndexes"]] == [
        ("All", "ALL"),
        ("Keys", "KEYS_ONLY"),
        ("Some", "INCLUDE"),
    ]
    assert inputs["globalSecondaryIndexes"][2]["nonKeyAttributes"] == ["text"]
    assert inputs["localSecondaryIndexes"][0]["rangeKey"] == "at"


def test_an_existing_table() -> None:
    """`Dynamo.get` by name."""
    assert declare(lambda: sst.aws.Dynamo.get("Other", "other") and None).link("Other") == {"name": "other"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"fields": {}}, "fields must map names to types"),
        ({"fields": {"id": "text"}}, r"fields\['id'\] must be one of string, number, binary"),
        ({"fields": FIELDS}, "fields declares 'at', which no index uses"),
        ({"primary_index": {"hash_key": "key"}}, "primary_index.hash_key is 'key', which fields does not declare"),
        ({"primary_index": {"range_key": "id"}}, "primary_index needs the field 'hash_key'"),
        ({"global_indexes": {"ById": {"hashkey": "id"}}}, r"global_indexes\['ById'\] has no field 'hashkey'"),
        ({"deletion_protection": "yes"}, "deletion_protection must be True or False"),
        ({"global_indexes": {"G": {"hash_key": "id"}}}, "global_indexes: an index's name has 3 to 255 letters"),
        ({"local_indexes": {"by at": {"range_key": "id"}}}, "local_indexes: an index's name has 3 to 255 letters"),
        ({"fields": {"id": "string", "k" * 256: "string"}}, "fields: a key's name has 1 to 255 bytes"),
        ({"ttl": True}, "ttl must be the name of a field"),
        ({"stream": "images"}, "stream must be one of keys-only"),
        (
            {"primary_index": {"hash_key": "id"}, "local_indexes": {"ByAt": {"range_key": "at"}}, "fields": FIELDS},
            "local_indexes need a primary_index with a range_key",
        ),
    ],
)
def test_wrong_arguments(args: dict[str, Any], message: str) -> None:
    """One sentence with the component and the argument."""
    with pytest.raises(ConfigError, match=f'Dynamo "Notes": {message}'):
        declare(table(**args))


def test_a_table_without_a_stream_has_no_subscribers() -> None:
    """The hint says how to get one."""
    with pytest.raises(ConfigError, match="has no stream to subscribe to"):
        declare(
            lambda: sst.aws.Dynamo("N", fields={"id": "string"}, primary_index={"hash_key": "id"}).subscribe("A", "a.b")
        )
