"""SNS: topics and their subscriptions."""

from __future__ import annotations

from typing import Any

from ..aws import Aws
from ..kind import Inputs, Kind, Made, Put


class Topic(Put):
    """`CreateTopic` answers with the topic that exists, so it can be sent again."""

    replace = frozenset({"name", "fifoTopic"})
    identity = frozenset({"name"})

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        attributes = {}
        if inputs.get("fifoTopic"):
            attributes["FifoTopic"] = "true"
            attributes["ContentBasedDeduplication"] = str(inputs.get("contentBasedDeduplication", False)).lower()
        if inputs.get("displayName"):
            attributes["DisplayName"] = inputs["displayName"]
        tags = [{"Key": k, "Value": v} for k, v in inputs.get("tags", {}).items()]
        arn = aws.client("sns").create_topic(Name=inputs["name"], Attributes=attributes, Tags=tags)["TopicArn"]
        return Made(arn, {"arn": arn})

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("sns").delete_topic(TopicArn=id)

    def read(self, aws: Aws, id: str) -> dict[str, Any]:
        aws.client("sns").get_topic_attributes(TopicArn=id)
        return self.presume(aws, id)

    def presume(self, aws: Aws, id: str) -> dict[str, Any]:
        return {"arn": id, "name": id.rpartition(":")[2]}


class TopicSubscription(Put):
    """`Subscribe` answers with the subscription that exists, so it can be sent again."""

    replace = frozenset({"topic", "protocol", "endpoint"})
    identity = frozenset({"topic", "protocol", "endpoint"})
    refers = frozenset({"topic", "endpoint"})

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        sns = aws.client("sns")
        arn = sns.subscribe(
            TopicArn=inputs["topic"],
            Protocol=inputs["protocol"],
            Endpoint=inputs["endpoint"],
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        attributes = {
            "FilterPolicyScope": inputs.get("filterPolicyScope", "MessageAttributes"),
            "FilterPolicy": inputs.get("filterPolicy", "{}"),
            "RawMessageDelivery": str(inputs.get("rawMessageDelivery", False)).lower(),
        }
        for name, value in attributes.items():
            sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)
        return Made(arn, {"arn": arn})

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("sns").unsubscribe(SubscriptionArn=id)


class TopicPolicy(Put):
    replace = frozenset({"arn"})
    identity = frozenset({"arn"})
    refers = frozenset({"arn"})

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        aws.client("sns").set_topic_attributes(
            TopicArn=inputs["arn"], AttributeName="Policy", AttributeValue=inputs["policy"]
        )
        return Made(inputs["arn"])

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        """A topic always has a policy: it goes with the topic."""


KINDS: dict[str, Kind] = {"Topic": Topic(), "TopicSubscription": TopicSubscription(), "TopicPolicy": TopicPolicy()}
