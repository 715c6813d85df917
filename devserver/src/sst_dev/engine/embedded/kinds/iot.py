"""IoT Core: the authorizer and the rules of `sst.aws.Realtime`."""

from __future__ import annotations

from typing import Any

from ..aws import Aws
from ..kind import Inputs, Kind, Made, forbid_another


class Authorizer(Kind):
    replace = frozenset({"name", "signingDisabled"})
    identity = frozenset({"name"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        answer = aws.client("iot").create_authorizer(
            authorizerName=inputs["name"],
            authorizerFunctionArn=inputs["authorizerFunctionArn"],
            signingDisabled=inputs.get("signingDisabled", False),
            status=inputs.get("status", "ACTIVE"),
        )
        return Made(inputs["name"], {"arn": answer["authorizerArn"]})

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        answer = aws.client("iot").update_authorizer(
            authorizerName=id,
            authorizerFunctionArn=new["authorizerFunctionArn"],
            status=new.get("status", "ACTIVE"),
        )
        return {"arn": answer["authorizerArn"]}

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        iot = aws.client("iot")
        iot.update_authorizer(authorizerName=id, status="INACTIVE")
        iot.delete_authorizer(authorizerName=id)

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        name, unsigned = inputs["name"], "signingDisabled"
        found = aws.client("iot").describe_authorizer(authorizerName=name)["authorizerDescription"]
        fixed = {unsigned: bool(found.get(unsigned))}
        forbid_another(f"The authorizer {name}", fixed, {unsigned: inputs.get(unsigned, False)})
        return Made(name, self.update(aws, name, {}, inputs))


class TopicRule(Kind):
    replace = frozenset({"name"})
    identity = frozenset({"name"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        aws.client("iot").create_topic_rule(ruleName=inputs["name"], topicRulePayload=self._payload(inputs))
        return Made(inputs["name"], {"arn": aws.arn("iot", f"rule/{inputs['name']}")})

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        aws.client("iot").replace_topic_rule(ruleName=id, topicRulePayload=self._payload(new))
        return {"arn": aws.arn("iot", f"rule/{id}")}

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("iot").delete_topic_rule(ruleName=id)

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        aws.client("iot").get_topic_rule(ruleName=inputs["name"])
        return Made(inputs["name"], self.update(aws, inputs["name"], {}, inputs))

    def _payload(self, inputs: Inputs) -> dict[str, Any]:
        return {
            "sql": inputs["sql"],
            "awsIotSqlVersion": inputs["sqlVersion"],
            "ruleDisabled": not inputs["enabled"],
            "actions": [{"lambda": {"functionArn": action["functionArn"]}} for action in inputs.get("lambdas", [])],
        }


KINDS: dict[str, Kind] = {"Authorizer": Authorizer(), "TopicRule": TopicRule()}
