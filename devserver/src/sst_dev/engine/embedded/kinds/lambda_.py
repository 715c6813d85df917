"""Lambda: functions, their URLs, permissions and event sources."""

from __future__ import annotations

import json
from typing import Any

from ..assets import contents
from ..aws import Aws
from ..kind import Inputs, Kind, Made, Put, forbid_another
from .arguments import arguments


class Function(Kind):
    replace = frozenset({"name", "packageType"})
    identity = frozenset({"name"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        client = aws.client("lambda")
        args = {**_configuration(client, inputs), "FunctionName": inputs["name"], "Code": _code(inputs)}
        args |= {"Architectures": inputs.get("architectures", ["x86_64"]), "Publish": inputs.get("publish", False)}
        if inputs.get("tags"):
            args["Tags"] = inputs["tags"]
        answer = client.create_function(**args)
        self._set_concurrency(client, {}, inputs)
        return Made(inputs["name"], _outputs(answer))

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        client = aws.client("lambda")
        answer = None
        code = [{key: i.get(key) for key in ("s3Bucket", "s3Key", "code", "architectures")} for i in (old, new)]
        if code[0] != code[1]:
            answer = client.update_function_code(
                FunctionName=id, **_code(new), Architectures=new.get("architectures", ["x86_64"])
            )
            # Lambda takes one update at a time.
            client.get_waiter("function_updated_v2").wait(FunctionName=id)
        wanted = _configuration(client, new)
        if answer is None or not old or _configuration(client, old) != wanted:
            answer = client.update_function_configuration(FunctionName=id, **wanted)
        if new.get("publish"):
            client.get_waiter("function_updated_v2").wait(FunctionName=id)
            answer = {**client.publish_version(FunctionName=id), "FunctionArn": answer["FunctionArn"]}
        self._set_concurrency(client, old, new)
        gone = sorted(set(old.get("tags", {})) - set(new.get("tags", {})))
        if gone:
            client.untag_resource(Resource=answer["FunctionArn"], TagKeys=gone)
        if new.get("tags"):
            client.tag_resource(Resource=answer["FunctionArn"], Tags=new["tags"])
        return _outputs(answer)

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("lambda").delete_function(FunctionName=id)

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        found, kind = aws.client("lambda").get_function_configuration(FunctionName=inputs["name"]), "PackageType"
        fixed = {kind: found.get(kind, "Zip")}
        forbid_another(f"The function {inputs['name']}", fixed, {kind: inputs.get("packageType", "Zip")})
        return Made(inputs["name"], self.update(aws, inputs["name"], {}, inputs))

    def read(self, aws: Aws, id: str) -> dict[str, Any]:
        answer = aws.client("lambda").get_function_configuration(FunctionName=id)
        return {"name": answer["FunctionName"], **_outputs(answer)}

    def _set_concurrency(self, client: Any, old: Inputs, new: Inputs) -> None:
        was, wanted = (i.get("reservedConcurrentExecutions", -1) for i in (old, new))
        if wanted >= 0 and was != wanted:
            client.put_function_concurrency(FunctionName=new["name"], ReservedConcurrentExecutions=wanted)
        elif wanted < 0 <= was:
            client.delete_function_concurrency(FunctionName=new["name"])


def _code(inputs: Inputs) -> dict[str, Any]:
    if "code" in inputs:
        return {"ZipFile": contents(inputs["code"])}
    if "s3Bucket" not in inputs:
        return {}
    return {"S3Bucket": inputs["s3Bucket"], "S3Key": inputs["s3Key"]}


_NOT_HERE = frozenset({"layers", "vpcConfig", "imageConfig", "snapStart"})
"""Inputs without a meaning on the embedded cloud (docs/components.md)."""


def _configuration(client: Any, inputs: Inputs) -> dict[str, Any]:
    """What `CreateFunction` and `UpdateFunctionConfiguration` both take. What *inputs* leave out has its default, so
    that a setting goes when its input does."""
    given = {key: value for key, value in inputs.items() if key not in _NOT_HERE}
    defaults = {
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "EphemeralStorage": {"Size": 512},
        "Environment": {"Variables": {}},
        "DeadLetterConfig": {},
        "TracingConfig": {"Mode": "PassThrough"},
        "KMSKeyArn": "",
    }
    wanted = {**defaults, **arguments(client, "UpdateFunctionConfiguration", given)}
    return {**wanted, "LoggingConfig": {"LogFormat": "Text", **wanted.get("LoggingConfig", {})}}


def _outputs(answer: dict[str, Any]) -> dict[str, Any]:
    arn = answer["FunctionArn"]
    region = arn.split(":")[3]
    return {
        "arn": arn,
        "version": answer.get("Version", "$LATEST"),
        "qualifiedArn": f"{arn}:{answer.get('Version', '$LATEST')}",
        "invokeArn": f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations",
        "lastModified": answer.get("LastModified", ""),
    }


def _target(inputs: Inputs) -> dict[str, str]:
    """The function, or its version or alias, that *inputs* are about."""
    names = {"FunctionName": inputs["functionName"], "Qualifier": inputs.get("qualifier")}
    return {key: value for key, value in names.items() if value}


class FunctionUrl(Kind):
    replace = frozenset({"functionName", "qualifier"})
    identity = frozenset({"functionName", "qualifier"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        answer = aws.client("lambda").create_function_url_config(**self._args(aws, inputs))
        return self._made(aws, inputs, answer)

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        answer = aws.client("lambda").update_function_url_config(**self._args(aws, new))
        return self._made(aws, new, answer).outputs

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("lambda").delete_function_url_config(**_target(inputs))

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        return Made(inputs["functionName"], self.update(aws, "", {}, inputs))

    def _args(self, aws: Aws, inputs: Inputs) -> dict[str, Any]:
        wanted = arguments(aws.client("lambda"), "UpdateFunctionUrlConfig", inputs)
        return {"InvokeMode": "BUFFERED", "Cors": {}, **wanted, "AuthType": inputs["authorizationType"]}

    def _made(self, aws: Aws, inputs: Inputs, answer: dict[str, Any]) -> Made:
        url = answer["FunctionUrl"]
        url_id = url.removeprefix("https://").partition(".")[0]
        if aws.endpoint is not None:
            # The path form of the same URL: `*.lambda-url.….on.aws` is not served here, and not every client
            # resolves `*.localhost`.
            url = f"{aws.endpoint}/_aws/lambda-url/{url_id}/"
        return Made(inputs["functionName"], {"functionUrl": url, "urlId": url_id, "functionArn": answer["FunctionArn"]})


class FunctionEventInvokeConfig(Put):
    replace = frozenset({"functionName", "qualifier"})
    identity = frozenset({"functionName", "qualifier"})

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        client = aws.client("lambda")
        client.put_function_event_invoke_config(**arguments(client, "PutFunctionEventInvokeConfig", inputs))
        return Made(inputs["functionName"])

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("lambda").delete_function_event_invoke_config(**_target(inputs))


class ProvisionedConcurrencyConfig(Put):
    replace = frozenset({"functionName", "qualifier"})
    identity = frozenset({"functionName", "qualifier"})

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        aws.client("lambda").put_provisioned_concurrency_config(
            FunctionName=inputs["functionName"],
            Qualifier=inputs["qualifier"],
            ProvisionedConcurrentExecutions=inputs["provisionedConcurrentExecutions"],
        )
        return Made(f"{inputs['functionName']},{inputs['qualifier']}")

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("lambda").delete_provisioned_concurrency_config(
            FunctionName=inputs["functionName"], Qualifier=inputs["qualifier"]
        )


class Permission(Kind):
    """A statement of a function's policy, known by its statement id."""

    replace = frozenset({"function", "statementId", "action", "principal", "sourceArn", "qualifier"})
    identity = frozenset({"function", "statementId"})
    refers = frozenset({"function"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        args = {
            "FunctionName": inputs["function"],
            "StatementId": inputs["statementId"],
            "Action": inputs["action"],
            "Principal": inputs["principal"],
        }
        if inputs.get("sourceArn"):
            args["SourceArn"] = inputs["sourceArn"]
        aws.client("lambda").add_permission(**args)
        return Made(inputs["statementId"])

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        # Nothing of it can be changed, so this is the function made anew, or a change whose end nobody saw.
        if self.find(aws, new) is None:
            self.create(aws, new)
        return {}

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("lambda").remove_permission(FunctionName=inputs["function"], StatementId=id)

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        try:
            policy = aws.client("lambda").get_policy(FunctionName=inputs["function"])["Policy"]
        except aws.client("lambda").exceptions.ResourceNotFoundException:
            return None
        found = next((s for s in json.loads(policy)["Statement"] if s.get("Sid") == inputs["statementId"]), None)
        if found is None:
            return None
        if not _says(found, inputs):
            # Nothing of a statement can be changed, and nothing is lost with it.
            self.delete(aws, inputs["statementId"], inputs)
            return self.create(aws, inputs)
        return Made(inputs["statementId"])


def _says(statement: dict[str, Any], inputs: Inputs) -> bool:
    """Whether *statement* of a policy is the one that *inputs* ask for."""
    principal, source = (json.dumps(statement.get(part, "")) for part in ("Principal", "Condition"))
    return (
        statement.get("Action") == inputs["action"]
        and inputs["principal"] in principal
        and json.dumps(inputs.get("sourceArn", ""))[1:-1] in source
    )


_UNSET: dict[str, Any] = {
    "Enabled": True,
    "FilterCriteria": {"Filters": []},
    "FunctionResponseTypes": [],
    "DestinationConfig": {"OnFailure": {}},
    "MaximumBatchingWindowInSeconds": 0,
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "BisectBatchOnFunctionError": False,
    "ParallelizationFactor": 1,
    "TumblingWindowInSeconds": 0,
    "ScalingConfig": {},
}
"""How an event source mapping is without the setting (CreateEventSourceMapping)."""


def _batch_size(inputs: Inputs) -> int:
    """Records of a call, where nobody says: 10 of a queue, 100 of anything else (CreateEventSourceMapping)."""
    return 10 if ":sqs:" in inputs["eventSourceArn"] else 100


class EventSourceMapping(Kind):
    replace = frozenset({"eventSourceArn", "startingPosition"})
    identity = frozenset({"eventSourceArn", "functionName"})
    refers = identity

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        client = aws.client("lambda")
        args = arguments(client, "CreateEventSourceMapping", inputs)
        return self._made(client.create_event_source_mapping(**{"BatchSize": _batch_size(inputs), **args}))

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        client = aws.client("lambda")
        was, wanted = (arguments(client, "UpdateEventSourceMapping", inputs) for inputs in (old, new))
        # A setting goes when its input does; one it never had may not fit its source.
        dropped = {name: value for name, value in _UNSET.items() if name in was}
        args = {"BatchSize": _batch_size(new), **dropped, **wanted}
        return self._made(client.update_event_source_mapping(UUID=id, **args)).outputs

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("lambda").delete_event_source_mapping(UUID=id)

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        found = aws.client("lambda").list_event_source_mappings(
            EventSourceArn=inputs["eventSourceArn"], FunctionName=inputs["functionName"]
        )["EventSourceMappings"]
        if not found:
            return None
        id, start = found[0]["UUID"], inputs.get("startingPosition")
        if start and found[0].get("StartingPosition", start) != start:
            # It cannot be changed, and nothing is lost with a mapping.
            self.delete(aws, id, inputs)
            return self.create(aws, inputs)
        return Made(id, self.update(aws, id, {}, inputs))

    def _made(self, answer: dict[str, Any]) -> Made:
        return Made(answer["UUID"], {"uuid": answer["UUID"], "functionArn": answer.get("FunctionArn", "")})


KINDS: dict[str, Kind] = {
    "Function": Function(),
    "FunctionUrl": FunctionUrl(),
    "FunctionEventInvokeConfig": FunctionEventInvokeConfig(),
    "ProvisionedConcurrencyConfig": ProvisionedConcurrencyConfig(),
    "Permission": Permission(),
    "EventSourceMapping": EventSourceMapping(),
}
