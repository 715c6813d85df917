"""Who may send to a queue or a topic, however it is named to the sender."""

from __future__ import annotations

import json
from typing import Any

import sst

from tests.support.program import declare

FOREIGN = "arn:aws:sqs:eu-central-1:123456789012:theirs"


def senders(document: str) -> list[str]:
    return sorted(s["Condition"]["ArnEquals"]["aws:SourceArn"] for s in json.loads(document)["Statement"])


def test_the_arn_of_an_own_queue_is_as_good_as_the_queue() -> None:
    """One policy names a topic, a bucket and a bus that were given the one or the other."""

    def run() -> None:
        queue = sst.aws.Queue("Jobs")
        sst.aws.SnsTopic("News").subscribe_queue("A", queue.arn)
        sst.aws.Bucket("Files").notify(notifications=[{"name": "B", "queue": queue}])
        sst.aws.Bus("Bus").subscribe_queue("C", queue.arn)

    declared = declare(run)

    assert [name for name, kind in declared.types().items() if "queuePolicy" in kind] == ["JobsPolicy"]
    assert senders(declared.inputs("JobsPolicy")["policy"]) == [
        "arn:BusSubscriberCRule",
        "arn:FilesBucket",
        "arn:NewsTopic",
    ]


def test_a_queue_of_another_app_gets_a_policy_too() -> None:
    """By its URL, which its ARN tells; two senders share it."""
    nodes: list[Any] = []

    def run() -> None:
        for name in ("News", "More"):
            nodes.append(sst.aws.SnsTopic(name).subscribe_queue("A", FOREIGN).nodes)

    declared = declare(run)
    [policy] = [entry for entry in declared.entries if "queuePolicy" in entry.type]

    assert policy.inputs["queueUrl"] == "https://sqs.eu-central-1.amazonaws.com/123456789012/theirs"
    assert senders(policy.inputs["policy"]) == ["arn:MoreTopic", "arn:NewsTopic"]
    assert nodes[0]["policy"] is nodes[1]["policy"] and set(nodes[0]) == {"policy", "subscription"}


def test_a_topic_has_one_policy_too() -> None:
    """Two buckets that notify it, by component and by ARN: a second policy would take the place of the first."""

    def run() -> None:
        topic = sst.aws.SnsTopic("News")
        for name, target in (("One", topic), ("Two", topic.arn)):
            sst.aws.Bucket(name).notify(notifications=[{"name": "N", "topic": target}])

    declared = declare(run)

    assert [name for name, kind in declared.types().items() if "topicPolicy" in kind] == ["NewsPolicy"]
    assert senders(declared.inputs("NewsPolicy")["policy"]) == ["arn:OneBucket", "arn:TwoBucket"]


def test_queues_and_topics_of_another_app_have_policies_of_their_own() -> None:
    """One bucket may notify two of each."""

    def run() -> None:
        topic = "arn:aws:sns:eu-central-1:123456789012:theirs"
        targets = [("queue", FOREIGN), ("queue", FOREIGN + "2"), ("topic", topic), ("topic", topic + "2")]
        sst.aws.Bucket("Files").notify(
            notifications=[
                {"name": f"N{i}", kind: arn, "filter_prefix": str(i)} for i, (kind, arn) in enumerate(targets)
            ]
        )

    policies = [entry for entry in declare(run).entries if entry.type.endswith(("QueuePolicy", "TopicPolicy"))]

    assert len({policy.inputs.get("arn") or policy.inputs["queueUrl"] for policy in policies}) == 4
