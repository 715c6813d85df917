"""`sst.aws.Function`: a Lambda function, live in `sst dev`."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi
from pulumi_aws import cloudwatch, iam, lambda_

from ..component import Component, Transform, checked, fields, one_of
from ..errors import ConfigError
from ..linkable import Definition, links
from ..naming import physical_name
from ..permission import Permission, as_permission
from ..units import megabytes, seconds
from . import policy
from .url import make_url, parse_url

RUNTIMES = tuple(f"python3.{minor}" for minor in range(9, 15))
DEFAULT_RUNTIME = f"python3.{sys.version_info.minor}"
"""The version that evaluates the config, so that what is deployed is what is tried here."""
MAX_TIMEOUT = 900
"""Seconds a Lambda function may run (Lambda quota). A live stub gets them all: a breakpoint must not end the call."""
ENVIRONMENT_LIMIT = 4096
"""Bytes of all environment variables of a function together (Lambda quota)."""
RETENTION = {
    "1 day": 1, "3 days": 3, "5 days": 5, "1 week": 7, "2 weeks": 14, "1 month": 30, "2 months": 60, "3 months": 90,
    "4 months": 120, "5 months": 150, "6 months": 180, "1 year": 365, "13 months": 400, "18 months": 545,
    "2 years": 731, "3 years": 1096, "5 years": 1827, "6 years": 2192, "7 years": 2557, "8 years": 2922,
    "9 years": 3288, "10 years": 3653, "forever": 0,
}  # fmt: skip
"""Days that CloudWatch keeps logs, 0 for ever."""
RESERVED = frozenset({
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
})  # fmt: skip
"""Variables that Lambda sets itself and refuses to take (Lambda developer guide, environment variables)."""


class Function(Component):
    """A Lambda function written in Python.

    In `sst dev` a stub is deployed in its place and every call runs on your machine, from your sources.

    ```python
    bucket = sst.aws.Bucket("Uploads")
    api = sst.aws.Function(
        "Api", handler="functions/api.handler", url=True, link=[bucket], timeout="3 minutes", memory="512 MB"
    )
    return {"url": api.url}
    ```

    Raises `ConfigError`, naming the argument, before anything is created.
    """

    token = "sst:aws:Function"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("function", "role", "log_group", "event_invoke_config", "url")

    def __init__(
        self,
        name: str,
        *,
        handler: pulumi.Input[str],
        runtime: pulumi.Input[str] = DEFAULT_RUNTIME,
        url: bool | Mapping[str, Any] = False,
        link: Sequence[Any] = (),
        environment: Mapping[str, pulumi.Input[str]] | pulumi.Output[Any] | None = None,
        permissions: Sequence[Permission | Mapping[str, Any]] = (),
        policies: Sequence[pulumi.Input[str]] = (),
        timeout: pulumi.Input[str] = "20 seconds",
        memory: pulumi.Input[str] = "1024 MB",
        storage: pulumi.Input[str] = "512 MB",
        architecture: pulumi.Input[str] = "x86_64",
        logging: bool | Mapping[str, Any] = True,
        retries: int | None = None,
        concurrency: Mapping[str, int] | None = None,
        description: pulumi.Input[str] | None = None,
        tags: Mapping[str, pulumi.Input[str]] | None = None,
        layers: Sequence[pulumi.Input[str]] = (),
        vpc: Any = None,
        volume: Mapping[str, Any] | None = None,
        copy_files: Sequence[Mapping[str, str]] = (),
        bundle: str | None = None,
        python: Mapping[str, Any] | None = None,
        hook: Mapping[str, Any] | None = None,
        streaming: bool = False,
        versioning: bool = False,
        role: pulumi.Input[str] | None = None,
        dev: bool = True,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
        _physical_name: pulumi.Input[str] | None = None,
        _stub_timeout: pulumi.Input[int] = MAX_TIMEOUT,
        _triggers: Sequence[str] = (),
    ) -> None:
        super().__init__(name, opts, transform)
        where = self._label
        self._links = links(where, link)
        granted = [as_permission(f"{where}: permissions[{i}]", item) for i, item in enumerate(permissions)]
        granted += [item for one in self._links for item in one.include]
        self._environment = _environment(where, environment)
        self._log_format, retention, log_group = _logging(where, logging)
        limit = checked(timeout, lambda value: seconds(f"{where}: timeout", value, least=1, most=MAX_TIMEOUT))
        size = checked(memory, lambda value: megabytes(f"{where}: memory", value, least=128, most=10240))
        disk = checked(storage, lambda value: megabytes(f"{where}: storage", value, least=512, most=10240))
        runtime = checked(runtime, lambda value: one_of(f"{where}: runtime", value, RUNTIMES))
        one_of(f"{where}: architecture", architecture, ("x86_64", "arm64"))
        handler = self._checked_handler(handler, runtime)
        self._check_concurrency(concurrency, versioning)
        fields(f"{where}: python", python or {}, ("container",))
        fields(f"{where}: hook", hook or {}, ("postbuild",))
        for index, item in enumerate(copy_files):
            # "from" is where the file is, "to" where it goes in the package.
            fields(f"{where}: copy_files[{index}]", item, ("from", "to"), required=("from",))
        if retries is not None and (isinstance(retries, bool) or retries not in (0, 1, 2)):
            raise ConfigError(f"{where}: retries must be 0, 1 or 2, got {retries!r}.")
        self.live = self._context.dev and (dev is not False or self._context.local)
        if self.live and dev is False:
            self._context.say_once(f"{self._label}: dev=False takes effect on AWS; here the function runs live.")
        physical = _physical_name or physical_name(f"{name}Function")
        url_settings = parse_url(where, url)
        self._say_what_cannot_be(layers=layers, vpc=vpc, volume=volume)

        self._log_group = self._make_log_group(physical, retention) if log_group is None and logging else None
        self._role: iam.Role | None = None
        needed: list[pulumi.Resource] = []
        if role is None:
            self._role, needed = self._make_role(granted, policies, bool(logging))
        role_arn: Any = role if self._role is None else self._role.arn
        arguments: dict[str, Any] = {
            "name": physical,
            "role": role_arn,
            "description": description or f"{name} of {self._context.app.name} ({self._context.stage})",
            "memory_size": size,
            "ephemeral_storage": {"size": disk},
            "architectures": [architecture],
            "publish": versioning or None,
            "reserved_concurrent_executions": (concurrency or {}).get("reserved"),
            "logging_config": {"log_format": "JSON" if self._log_format == "json" else "Text"}
            | ({"log_group": log_group} if log_group is not None else {}),
            "tags": tags,
        }
        arguments |= (
            self._stub_code(_stub_timeout, streaming)
            if self.live
            else self._own_code(handler, runtime, limit, copy_files)
        )
        self._function = self._make(
            lambda_.Function,
            f"{name}Function",
            arguments,
            transform="function",
            opts=pulumi.ResourceOptions(depends_on=[*needed, *([self._log_group] if self._log_group else [])]),
        )
        self._invoke_config = self._make_invoke_config(retries)
        self._url = make_url(self, url_settings, streaming) if url_settings is not None else None
        self.name: pulumi.Output[str] = self._function.name
        self.arn: pulumi.Output[str] = self._function.arn
        self.url: pulumi.Output[str] = self._url.function_url if self._url is not None else pulumi.Output.from_input("")
        """The function URL, or an empty string without `url`."""
        self._record = {
            "name": name,
            "lambda_name": self.name,
            "arn": self.arn,
            "handler": handler,
            "runtime": runtime,
            "live": self.live,
            "timeout": limit,
            "memory": size,
            "environment": self._environment,
            "links": [one.name for one in self._links],
            "url": self._url.function_url if self._url is not None else None,
            "role_arn": role_arn,
            "streaming": streaming,
            "log_format": self._log_format,
            "triggers": [*(["url"] if self._url is not None else []), *_triggers],
        }
        self._context.functions.append(self._record)

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `function`, `role`, `log_group`, `event_invoke_config`."""
        return {
            "function": self._function,
            "role": self._role,
            "log_group": self._log_group,
            "event_invoke_config": self._invoke_config,
        }

    def sst_link(self) -> Definition:
        """`name` and, with a URL, `url`; the receiver may invoke the function (Function, Links)."""
        properties: dict[str, Any] = {"name": self.name}
        if self._url is not None:
            properties["url"] = self._url.function_url
        return Definition(properties, [Permission(["lambda:InvokeFunction"], [self.arn])])

    def add_environment(self, environment: Mapping[str, pulumi.Input[str]]) -> None:
        """Add variables that are only known once the function exists, such as its own URL."""
        if not self.live:
            raise ConfigError(f"{self._label}: add_environment needs a live function, and dev=False was given.")
        added = _environment(self._label, environment)
        self._environment = self._record["environment"] = pulumi.Output.all(self._environment, added).apply(
            lambda both: {**both[0], **both[1]}
        )

    # --- private ----------------------------------------------------------------------------------

    def _checked_handler(self, handler: Any, runtime: Any) -> Any:
        def check(values: tuple[Any, Any] | list[Any]) -> str:
            value, language = values
            if not isinstance(value, str) or "." not in value.rsplit("/", 1)[-1]:
                raise ConfigError(
                    f"{self._label}: handler must be a file and a function, got {value!r}.",
                    hint='For example "functions/api.handler" for def handler in functions/api.py.',
                )
            try:
                self._context.check_handler(value, language)
            except ConfigError as error:
                raise ConfigError(f"{self._label}: {error.message}", hint=error.hint) from None
            return value

        if isinstance(handler, pulumi.Output) or isinstance(runtime, pulumi.Output):
            return pulumi.Output.all(handler, runtime).apply(check)
        return check((handler, runtime))

    def _check_concurrency(self, value: Mapping[str, int] | None, versioning: bool) -> None:
        if value is None:
            return
        given = fields(f"{self._label}: concurrency", value, ("provisioned", "reserved"))
        if given.get("provisioned") and not versioning:
            raise ConfigError(f"{self._label}: concurrency.provisioned needs versioning=True.")

    def _say_what_cannot_be(self, **arguments: Any) -> None:
        """Layers, a VPC and a volume do not exist where a live function runs: say it once and go on."""
        for argument, value in arguments.items():
            if value and (self.live or self._context.local):
                self._context.say_once(
                    f"{self._label}: {argument} is not used here: the function runs on this machine."
                )

    def _make_log_group(self, physical: Any, retention: int) -> cloudwatch.LogGroup:
        return self._make(
            cloudwatch.LogGroup,
            f"{self._name}LogGroup",
            {"name": pulumi.Output.concat("/aws/lambda/", physical), "retention_in_days": retention},
            transform="log_group",
        )

    def _make_role(
        self, granted: list[Permission], policies: Sequence[Any], logs: bool
    ) -> tuple[iam.Role, list[pulumi.Resource]]:
        """The role, and what must exist before a call may run with it."""
        name = self._name
        role = self._make(
            iam.Role,
            f"{name}Role",
            {"name": physical_name(f"{name}Role"), "assume_role_policy": policy.assume_by("lambda.amazonaws.com")},
            transform="role",
        )
        statements = policy.statements(granted) + (self._bridge_statements() if self.live else [])
        needed: list[pulumi.Resource] = []
        if statements:
            args = {"name": "inline", "role": role.name, "policy": policy.document(statements)}
            needed.append(self._make(iam.RolePolicy, f"{name}Policy", args))
        managed = [*policies, *(["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"] if logs else [])]
        for index, arn in enumerate(managed):
            args = {"role": role.name, "policy_arn": arn}
            needed.append(self._make(iam.RolePolicyAttachment, f"{name}Attachment{index}", args))
        return role, needed

    def _bridge_statements(self) -> list[dict[str, Any]]:
        """What the stub needs to reach this machine (AppSync Events, IAM authorization)."""
        api = self._context.cloud.api_arn
        return [
            {"Effect": "Allow", "Action": "appsync:EventConnect", "Resource": [api]},
            {
                "Effect": "Allow",
                "Action": ["appsync:EventPublish", "appsync:EventSubscribe"],
                "Resource": [f"{api}/channelNamespace/sst"],
            },
        ]

    def _stub_code(self, timeout: Any, streaming: bool) -> dict[str, Any]:
        cloud, context = self._context.cloud, self._context
        own = {
            "SST_APP": context.app.name,
            "SST_STAGE": context.stage,
            "SST_FUNCTION_ID": self._name,
            "SST_BRIDGE_HTTP": cloud.http_host,
            "SST_BRIDGE_REALTIME": cloud.realtime_host,
            "SST_BRIDGE_KEY": cloud.bridge_key,
            # The stub's own 503 must then be streamed: a buffered one would become the body of a 200.
            **({"SST_BRIDGE_STREAMED": "1"} if streaming else {}),
        }
        return {
            "runtime": "provided.al2023",
            "handler": "bootstrap",
            "s3_bucket": cloud.asset_bucket,
            "s3_key": cloud.stub_key,
            "timeout": timeout,
            "environment": {
                "variables": pulumi.Output.from_input(self._environment).apply(lambda given: {**given, **own})
            },
        }

    def _own_code(
        self, handler: Any, runtime: Any, limit: Any, copy_files: Sequence[Mapping[str, str]]
    ) -> dict[str, Any]:
        raise ConfigError(
            f"{self._label}: dev=False and deployment need the function's package, which this version cannot build.",
            hint="Leave out dev=False to run the function live.",
        )

    def _make_invoke_config(self, retries: int | None) -> lambda_.FunctionEventInvokeConfig | None:
        if retries is None:
            return None
        return self._make(
            lambda_.FunctionEventInvokeConfig,
            f"{self._name}EventInvokeConfig",
            {"function_name": self._function.name, "maximum_retry_attempts": retries},
            transform="event_invoke_config",
        )


def _environment(where: str, value: Any) -> Any:
    def check(given: Any) -> dict[str, Any]:
        if not isinstance(given, Mapping):
            raise ConfigError(f"{where}: environment must be a dictionary, got {given!r}.")
        for key, item in given.items():
            if not isinstance(key, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]+", key):
                raise ConfigError(
                    f"{where}: environment has the name {key!r}: names start with a letter and hold at least two "
                    "letters, digits and underscores."
                )
            if key in RESERVED:
                raise ConfigError(f"{where}: environment sets {key}, which Lambda sets itself and refuses to take.")
            if not isinstance(item, (str, pulumi.Output)):
                raise ConfigError(
                    f"{where}: environment[{key!r}] must be a string, got {item!r}.", hint=f'Write "{item}".'
                )
        size = sum(len(k.encode()) + len(v.encode()) for k, v in given.items() if isinstance(v, str))
        if size > ENVIRONMENT_LIMIT:
            raise ConfigError(f"{where}: environment holds {size} bytes; Lambda takes at most {ENVIRONMENT_LIMIT}.")
        return dict(given)

    return checked({} if value is None else value, check)


def _logging(where: str, value: Any) -> tuple[str, int, Any]:
    """Format, days of retention, and the name of an existing log group, if one is given."""
    if isinstance(value, bool):
        return "text", RETENTION["1 month"], None
    given = fields(f"{where}: logging", value, ("format", "retention", "log_group"))
    if "retention" in given and "log_group" in given:
        raise ConfigError(f"{where}: logging.retention does not apply to an existing log group.")
    retention = one_of(f"{where}: logging.retention", given.get("retention", "1 month"), tuple(RETENTION))
    return (
        one_of(f"{where}: logging.format", given.get("format", "text"), ("text", "json")),
        RETENTION[retention],
        given.get("log_group"),
    )
