"""Functions that follow a table or a data stream."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sst

from tests.support.program import declare


def test_a_subscriber_may_read_the_stream() -> None:
    """The mapping starts at the stream's end; the role reads this stream."""

    def run() -> None:
        sst.aws.Dynamo(
            "Notes", fields={"id": "string"}, primary_index={"hash_key": "id"}, stream="new-image"
        ).subscribe("Audit", "a.b", filters=[{"eventName": ["INSERT"]}])

    declared = declare(run)

    assert declared.inputs("NotesTable")["streamViewType"] == "NEW_IMAGE"
    mapping = declared.inputs("NotesSubscriberAuditMapping")
    assert (mapping["startingPosition"], len(mapping["filterCriteria"]["filters"])) == ("LATEST", 1)
    statement = json.loads(declared.inputs("NotesSubscriberAuditPolicy")["policy"])["Statement"][0]
    assert "dynamodb:GetRecords" in statement["Action"]


@pytest.mark.parametrize(
    ("component", "arn", "action"),
    [
        (sst.aws.Dynamo, "arn:aws:dynamodb:us-east-1:1:table/other/stream/2026", "dynamodb:GetRecords"),
        (sst.aws.KinesisStream, "arn:aws:kinesis:us-east-1:1:stream/other", "kinesis:GetRecords"),
    ],
)
def test_a_stream_of_another_app(component: Any, arn: str, action: str) -> None:
    """`subscribe` of the class makes the function and its mapping, and nothing of the stream."""

    def run() -> None:
        component.subscribe("Audit", arn, {"handler": "a.b", "timeout": "5 seconds"}, filters=[{"eventName": ["X"]}])

    declared = declare(run)

    assert declared.inputs("AuditMapping")["eventSourceArn"] == arn
    statement = json.loads(declared.inputs("AuditPolicy")["policy"])["Statement"][0]
    assert action in statement["Action"] and statement["Resource"] == [arn]
    assert not {"aws:dynamodb/table:Table", "aws:kinesis/stream:Stream"} & set(declared.types().values())


def test_nodes_and_transform() -> None:
    """The mapping takes what SST has no argument for, and both resources are handed out."""
    nodes: list[dict[str, Any]] = []

    def run() -> None:
        stream = sst.aws.KinesisStream("Clicks")
        change = {"event_source_mapping": {"batch_size": 5, "bisect_batch_on_function_error": True}}
        nodes.append(stream.subscribe("Count", "a.b", transform=change).nodes)

    declared = declare(run)

    mapping = declared.inputs("ClicksSubscriberCountMapping")
    assert (mapping["batchSize"], mapping["bisectBatchOnFunctionError"]) == (5, True)
    assert nodes[0].keys() == {"function", "event_source_mapping"}
