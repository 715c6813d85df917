"""SQS: queues and their policies."""

from __future__ import annotations

from typing import Any

from ..aws import Aws
from ..kind import Inputs, Kind, Made, Put

_ATTRIBUTES = {
    "visibilityTimeoutSeconds": "VisibilityTimeout",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "delaySeconds": "DelaySeconds",
    "maxMessageSize": "MaximumMessageSize",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redrivePolicy": "RedrivePolicy",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "fifoThroughputLimit": "FifoThroughputLimit",
}
_DEFAULTS = {"VisibilityTimeout": "30", "DelaySeconds": "0", "RedrivePolicy": "", "ContentBasedDeduplication": "false"}


class Queue(Kind):
    replace = frozenset({"name", "fifoQueue"})
    identity = frozenset({"name"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        attributes = _attributes(inputs)
        if inputs.get("fifoQueue"):
            attributes["FifoQueue"] = "true"
        answer = aws.client("sqs").create_queue(
            QueueName=inputs["name"], Attributes=attributes, tags=inputs.get("tags", {})
        )
        return self._made(aws, answer["QueueUrl"], inputs["name"])

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        attributes = _attributes(new)
        for name in _attributes(old).keys() - attributes.keys():
            attributes[name] = _DEFAULTS.get(name, "")
        aws.client("sqs").set_queue_attributes(QueueUrl=id, Attributes=attributes)
        return self._made(aws, id, new["name"]).outputs

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("sqs").delete_queue(QueueUrl=id)

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        url = aws.client("sqs").get_queue_url(QueueName=inputs["name"])["QueueUrl"]
        return Made(url, self.update(aws, url, {}, inputs))

    def read(self, aws: Aws, id: str) -> dict[str, Any]:
        name = id.rpartition("/")[2]
        aws.client("sqs").get_queue_attributes(QueueUrl=id, AttributeNames=["QueueArn"])
        return {"name": name, **self._made(aws, id, name).outputs}

    def presume(self, aws: Aws, id: str) -> dict[str, Any]:
        account, name = id.split("/")[-2:]
        return {"name": name, "url": id, "arn": f"arn:aws:sqs:{aws.region}:{account}:{name}"}

    def _made(self, aws: Aws, url: str, name: str) -> Made:
        return Made(url, {"url": url, "arn": aws.arn("sqs", name)})


def _attributes(inputs: Inputs) -> dict[str, str]:
    """What SQS calls these inputs, as the strings it takes."""
    out = {}
    for key, name in _ATTRIBUTES.items():
        if key in inputs:
            value = inputs[key]
            out[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return out


class QueuePolicy(Put):
    replace = frozenset({"queueUrl"})
    identity = frozenset({"queueUrl"})
    refers = identity

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        aws.client("sqs").set_queue_attributes(QueueUrl=inputs["queueUrl"], Attributes={"Policy": inputs["policy"]})
        return Made(inputs["queueUrl"])

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("sqs").set_queue_attributes(QueueUrl=id, Attributes={"Policy": ""})


KINDS: dict[str, Kind] = {"Queue": Queue(), "QueuePolicy": QueuePolicy()}
