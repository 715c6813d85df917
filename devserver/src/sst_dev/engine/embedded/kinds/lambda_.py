"""Lambda: functions, their URLs, permissions and event sources."""

from __future__ import annotations

import json
from typing import Any

from ..assets import contents
from ..aws import Aws
from ..kind import Inputs, Kind, Made, Put, forbid_another


class Function(Kind):
    replace = frozenset({"name", "packageType"})
    identity = frozenset({"name"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        client = aws.client("lambda")
        args = {**_configuration(inputs), "FunctionName": inputs["name"], "Code": _code(inputs)}
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
        if answer is None or _configuration(old) != _configuration(new):
            answer = client.update_function_configuration(FunctionName=id, **_configuration(new))
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


def _configuration(inputs: Inputs) -> dict[str, Any]:
    """What `CreateFunction` and `UpdateFunctionConfiguration` both take."""
    if not inputs:
        return {}
    log = inputs.get("loggingConfig", {})
    logging = {"LogFormat": log.get("logFormat", "Text")}
    if log.get("logGroup"):
        logging["LogGroup"] = log["logGroup"]
    return {
        "Role": inputs["role"],
        "Runtime": inputs["runtime"],
        "Handler": inputs["handler"],
        "Description": inputs.get("description", ""),
        "Timeout": inputs.get("timeout", 3),
        "MemorySize": inputs.get("memorySize", 128),
        "EphemeralStorage": {"Size": inputs.get("ephemeralStorage", {}).get("size", 512)},
        "Environment": {"Variables": inputs.get("environment", {}).get("variables", {})},
        "LoggingConfig": logging,
    }


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


class FunctionUrl(Kind):
    replace = frozenset({"functionName", "qualifier"})
    identity = frozenset({"functionName", "qualifier"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        answer = aws.client("lambda").create_function_url_config(**self._args(inputs))
        return self._made(aws, inputs, answer)

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        return self._made(aws, new, aws.client("lambda").update_function_url_config(**self._args(new))).outputs

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("lambda").delete_function_url_config(FunctionName=inputs["functionName"])

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        return Made(inputs["functionName"], self.update(aws, "", {}, inputs))

    def _args(self, inputs: Inputs) -> dict[str, Any]:
        cors = inputs.get("cors") or {}
        return {
            "FunctionName": inputs["functionName"],
            "AuthType": inputs["authorizationType"],
            "InvokeMode": inputs.get("invokeMode", "BUFFERED"),
            "Cors": {key[0].upper() + key[1:]: value for key, value in cors.items()},
        }

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
        args: dict[str, Any] = {"FunctionName": inputs["functionName"]}
        if "maximumRetryAttempts" in inputs:
            args["MaximumRetryAttempts"] = inputs["maximumRetryAttempts"]
        if "maximumEventAgeInSeconds" in inputs:
            args["MaximumEventAgeInSeconds"] = inputs["maximumEventAgeInSeconds"]
        aws.client("lambda").put_function_event_invoke_config(**args)
        return Made(inputs["functionName"])

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("lambda").delete_function_event_invoke_config(FunctionName=id)


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


class EventSourceMapping(Kind):
    replace = frozenset({"eventSourceArn", "startingPosition"})
    identity = frozenset({"eventSourceArn", "functionName"})
    refers = identity

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        args = {"EventSourceArn": inputs["eventSourceArn"], **self._args(inputs)}
        if inputs.get("startingPosition"):
            args["StartingPosition"] = inputs["startingPosition"]
        return self._made(aws.client("lambda").create_event_source_mapping(**args))

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        return self._made(aws.client("lambda").update_event_source_mapping(UUID=id, **self._args(new))).outputs

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

    def _args(self, inputs: Inputs) -> dict[str, Any]:
        filters = (inputs.get("filterCriteria") or {}).get("filters", [])
        args: dict[str, Any] = {
            "FunctionName": inputs["functionName"],
            "Enabled": inputs.get("enabled", True),
            "FilterCriteria": {"Filters": [{"Pattern": item["pattern"]} for item in filters]},
            "FunctionResponseTypes": inputs.get("functionResponseTypes", []),
        }
        names = {
            "batchSize": "BatchSize",
            "maximumBatchingWindowInSeconds": "MaximumBatchingWindowInSeconds",
            "maximumRetryAttempts": "MaximumRetryAttempts",
            "parallelizationFactor": "ParallelizationFactor",
            "bisectBatchOnFunctionError": "BisectBatchOnFunctionError",
        }
        return args | {name: inputs[key] for key, name in names.items() if key in inputs}

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
