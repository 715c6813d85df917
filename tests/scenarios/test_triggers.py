"""What happens to events that fail: the triggers' own retries, through a live session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.scenarios.test_examples import until
from tests.support.session import Session, config, session

pytestmark = pytest.mark.scenario

FILES = {
    "sst_config.py": config("""
        dead = sst.aws.Queue("Dead")
        jobs = sst.aws.Queue("Jobs", dlq={"queue": dead.arn, "retry": 2}, visibility_timeout="2 seconds")
        jobs.subscribe({"handler": "triggers.job", "timeout": "2 seconds"})
        parts = sst.aws.Queue("Parts", dlq={"queue": dead.arn, "retry": 1}, visibility_timeout="2 seconds")
        parts.subscribe(
            {"handler": "triggers.part", "timeout": "2 seconds"},
            batch={"partial_responses": True},
            filters=[{"body": {"kind": ["part"]}}],
        )
        files = sst.aws.Bucket("Files")
        big = {"handler": "triggers.files", "retries": 1}
        files.notify(
            notifications=[
                {"name": "Big", "function": big, "filter_prefix": "big/", "events": ["s3:ObjectCreated:*"]}
            ]
        )
        late = sst.aws.Function("Late", handler="triggers.late", retries=1)
        return {"dead": dead.url, "jobs": jobs.url, "parts": parts.url, "files": files.name, "late": late.name}
    """),
    "triggers.py": """
        import json
        from pathlib import Path

        HERE = Path(__file__).parent

        def record(name, value):
            with (HERE / (name + ".jsonl")).open("a") as file:
                file.write(json.dumps(value) + "\\n")

        def job(event, context):
            for message in event["Records"]:
                record("job", [message["body"], int(message["attributes"]["ApproximateReceiveCount"])])
            raise ValueError("this job cannot be done")

        def part(event, context):
            record("part", sorted(json.loads(message["body"])["text"] for message in event["Records"]))
            bad = [m["messageId"] for m in event["Records"] if json.loads(m["body"])["text"] == "bad"]
            return {"batchItemFailures": [{"itemIdentifier": one} for one in bad]}

        def files(event, context):
            record("files", [one["s3"]["object"]["key"] for one in event["Records"]])
            raise ValueError("no room")

        def late(event, context):
            record("late", [event["n"], context.aws_request_id])
            raise ValueError("too late")
    """,
}


@pytest.fixture(name="live", scope="module")
def fixture_live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with session(tmp_path_factory.mktemp("triggers"), FILES) as one:
        yield one
        print(one.output)  # pytest shows it when a test fails


def recorded(live: Session, name: str) -> list[Any]:
    """What the handler *name* has seen so far."""
    file = live.folder / f"{name}.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def dead_letter(live: Session) -> str:
    """The next message of the dead-letter queue, which is deleted from it."""
    sqs, url = live.client("sqs"), live.status["outputs"]["dead"]
    found: list[dict[str, Any]] = []

    def arrived() -> bool:
        found.extend(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10).get("Messages", ()))
        return bool(found)

    until(arrived, True)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=found[0]["ReceiptHandle"])
    return str(found[0]["Body"])


def test_a_failing_message_comes_back_and_ends_among_the_dead(live: Session) -> None:
    """After its visibility timeout it is delivered again, `retry` times in all, and then never more."""
    live.client("sqs").send_message(QueueUrl=live.status["outputs"]["jobs"], MessageBody="job")

    assert dead_letter(live) == "job"
    assert recorded(live, "job") == [["job", 1], ["job", 2]]


def test_only_the_failures_of_a_batch_come_back(live: Session) -> None:
    """What `batchItemFailures` names ends among the dead; the rest is done, and what no filter matches is dropped."""
    sqs, url = live.client("sqs"), live.status["outputs"]["parts"]
    bodies = [{"kind": "part", "text": "good"}, {"kind": "part", "text": "bad"}, {"kind": "other", "text": "unseen"}]
    entries = [{"Id": str(n), "MessageBody": json.dumps(body)} for n, body in enumerate(bodies)]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)

    assert json.loads(dead_letter(live))["text"] == "bad"
    assert sorted(text for batch in recorded(live, "part") for text in batch) == ["bad", "good"]
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    left = lambda: set(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"].values())  # noqa: E731
    until(left, {"0"})


def test_an_upload_is_told_again_to_what_failed(live: Session) -> None:
    """A bucket calls asynchronously: once and `retries` times more, and only for what its filter lets through."""
    for key in ("small/a", "big/b"):
        live.client("s3").put_object(Bucket=live.status["outputs"]["files"], Key=key, Body=b"1")

    until(lambda: recorded(live, "files"), [["big/b"]] * 2)


def test_an_asynchronous_call_is_repeated(live: Session) -> None:
    """`InvocationType="Event"` answers at once; the function is called once and `retries` times more."""
    answer = live.client("lambda").invoke(
        FunctionName=live.status["outputs"]["late"], InvocationType="Event", Payload=b'{"n": 7}'
    )

    assert answer["StatusCode"] == 202
    until(lambda: [n for n, _ in recorded(live, "late")], [7, 7])
