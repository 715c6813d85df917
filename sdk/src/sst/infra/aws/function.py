"""`sst.aws.Function`: a Lambda function, live in `sst dev`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi
from pulumi_aws import cloudwatch, iam, lambda_

from ..component import Component, Transform, checked, one_of
from ..errors import ConfigError
from ..linkable import Definition, link_variables, links
from ..naming import physical_name
from ..permission import Permission, as_permission
from ..units import megabytes, seconds
from . import policy
from .function_settings import (
    DEFAULT_RUNTIME,
    MAX_TIMEOUT,
    RUNTIMES,
    check_package,
    check_rest,
    check_retries,
    check_size,
    parse_concurrency,
    parse_environment,
    parse_handler,
    parse_logging,
    parse_volume,
    parse_vpc,
)
from .url import make_url, parse_url


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

    *function_name* is the name in AWS (SST's `name`, which is the component's here); without it the name is built
    from app, stage and component. With `dev=False` the function is packaged and deployed in `sst dev` too: its
    sources and locked dependencies as they are when the app is applied. *copy_files*, *hook* and *python* matter to
    such a package only. Raises `ConfigError`, naming the argument, before anything is created.
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
        function_name: pulumi.Input[str] | None = None,
        dev: bool = True,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
        _stub_timeout: pulumi.Input[int] = MAX_TIMEOUT,
        _triggers: Sequence[str] = (),
    ) -> None:
        super().__init__(name, opts, transform)
        where, context = self._label, self._context
        self._links = links(where, link)
        if not isinstance(permissions, (list, tuple)):
            raise ConfigError(f"{where}: permissions must be a list of dictionaries, got {permissions!r}.")
        granted = [as_permission(f"{where}: permissions[{i}]", item) for i, item in enumerate(permissions)]
        granted += [item for one in self._links for item in one.include]
        self._environment = parse_environment(where, environment)
        log_format, retention, log_group = parse_logging(where, logging)
        limit = checked(timeout, lambda value: seconds(f"{where}: timeout", value, least=1, most=MAX_TIMEOUT))
        size = checked(memory, lambda value: megabytes(f"{where}: memory", value, least=128, most=10240))
        disk = checked(storage, lambda value: megabytes(f"{where}: storage", value, least=512, most=10240))
        runtime = checked(runtime, lambda value: one_of(f"{where}: runtime", value, RUNTIMES))
        architecture = checked(architecture, lambda value: one_of(f"{where}: architecture", value, ("x86_64", "arm64")))
        check_rest(
            where, streaming=streaming, versioning=versioning, dev=dev, policies=policies, layers=layers, role=role,
            description=description, function_name=function_name, tags=tags,
        )  # fmt: skip
        placed = {"vpc_config": parse_vpc(where, vpc), "file_system_config": parse_volume(where, volume)}
        real_handler = parse_handler(where, context, handler, runtime, bundle)
        wanted_concurrency = parse_concurrency(where, concurrency, versioning)
        check_package(where, context, python, hook, copy_files)
        check_retries(where, retries)
        url_settings = parse_url(where, url)
        self.live = context.dev and dev is not False
        self._say_what_cannot_be(
            layers=layers,
            vpc=vpc,
            volume=volume,
            **{"python.container": not self.live and (python or {}).get("container")},
        )

        self._stub_limits: list[pulumi.Input[int]] = [_stub_timeout]
        self._settled = False
        if self.live:
            code = self._stub_code(streaming)
            self._say_where_copies_are(copy_files)
        else:
            package = {
                "handler": handler, "runtime": runtime, "architecture": architecture, "bundle": bundle,
                "copy_files": list(copy_files), "postbuild": (hook or {}).get("postbuild"),
            }  # fmt: skip
            code = {
                **self._own_code(package, limit, log_format),
                **({} if context.local else {**placed, "layers": layers}),
            }
        physical = function_name or physical_name(f"{name}Function")
        self._log_group = self._make_log_group(physical, retention) if log_group is None and logging else None
        self._role: iam.Role | None = None
        needed: list[pulumi.Resource] = [self._log_group] if self._log_group is not None else []
        role = self._existing_role(role)
        if role is not None and self.live:
            needed.append(self._let_reach_bridge(role))
        if role is None:
            self._role = self._make_role()
            needed += self._make_policies(self._role, granted, policies, bool(logging))
        role_arn: Any = role if self._role is None else self._role.arn
        arguments: dict[str, Any] = {
            "name": physical,
            "role": role_arn,
            "description": description or f"{name} of {context.app.name} ({context.stage})",
            "memory_size": size,
            "ephemeral_storage": {"size": disk},
            "architectures": [architecture],
            "publish": versioning or None,
            "reserved_concurrent_executions": wanted_concurrency.get("reserved"),
            "logging_config": {"log_format": log_format.capitalize() if log_format == "text" else "JSON"}
            | ({"log_group": log_group} if log_group is not None else {}),
            "tags": tags,
            **code,
        }
        ready = pulumi.ResourceOptions(depends_on=needed)
        self._function = self._make(lambda_.Function, f"{name}Function", arguments, transform="function", opts=ready)
        self._invoke_config = self._make_invoke_config(retries)
        if provisioned := wanted_concurrency.get("provisioned"):
            version = {"function_name": self._function.name, "qualifier": self._function.version}
            wanted = {**version, "provisioned_concurrent_executions": provisioned}
            self._make(lambda_.ProvisionedConcurrencyConfig, f"{name}Provisioned", wanted)
        self._url = make_url(self, url_settings, streaming) if url_settings is not None else None
        self.name: pulumi.Output[str] = self._function.name
        self.arn: pulumi.Output[str] = self._function.arn
        self.url: pulumi.Output[str] = self._url.function_url if self._url is not None else pulumi.Output.from_input("")
        """The function URL, or an empty string without `url`."""
        self._record: dict[str, Any] = {
            "name": name,
            "lambda_name": self.name,
            "arn": self.arn,
            "handler": real_handler,
            "runtime": runtime,
            "live": self.live,
            "timeout": limit,
            "memory": size,
            "environment": self._environment,
            "links": [one.name for one in self._links],
            "url": self._url.function_url if self._url is not None else None,
            "role_arn": role_arn,
            "streaming": streaming,
            "log_format": log_format,
            "triggers": [*(["url"] if self._url is not None else []), *_triggers],
            "queues": [],
        }
        context.functions.append(self._record)

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
            raise ConfigError(
                f"{self._label}: add_environment needs a live function, and dev=False was given.",
                hint="Give the variables as environment=, or let the function run live.",
            )
        added = parse_environment(self._label, environment)
        self._environment = self._record["environment"] = pulumi.Output.all(self._environment, added).apply(
            lambda both: {**both[0], **both[1]}
        )

    # --- private ----------------------------------------------------------------------------------

    def _limit_stub(self, seconds: pulumi.Input[int]) -> None:
        """Have the stub end after *seconds*, or what is less: what calls it would be refused with more."""
        if self._settled:
            raise ConfigError(
                f"{self._label} is made already when a queue that limits its time is subscribed.",
                hint="Subscribe it before run() awaits an output.",
            )
        self._stub_limits.append(seconds)

    def _stub_timeout(self) -> pulumi.Input[int]:
        """The least of all limits; there are no more of them."""
        self._settled = True
        known = [limit for limit in self._stub_limits if isinstance(limit, int)]
        return min(known) if len(known) == len(self._stub_limits) else pulumi.Output.all(*self._stub_limits).apply(min)

    def _say_what_cannot_be(self, **arguments: Any) -> None:
        """Layers, a VPC and a volume do not exist where a live function runs: say it once and go on."""
        for argument, value in arguments.items():
            if value and (self.live or self._context.local):
                self._context.say_once(
                    f"{self._label}: {argument} is not used here: the function runs on this machine."
                )

    def _say_where_copies_are(self, copy_files: Sequence[Mapping[str, str]]) -> None:
        """A live function stands in the app's root, where a file that is copied to the same path is already."""
        moved = [
            item["from"] for item in copy_files if item.get("to", item["from"]).strip("/") != item["from"].strip("/")
        ]
        if moved:
            self._context.say_once(
                f"{self._label}: copy_files moves {', '.join(moved)} in the package only; a live function finds "
                "files where they are."
            )

    def _make_log_group(self, physical: Any, retention: int) -> cloudwatch.LogGroup:
        return self._make(
            cloudwatch.LogGroup,
            f"{self._name}LogGroup",
            {"name": pulumi.Output.concat("/aws/lambda/", physical), "retention_in_days": retention},
            transform="log_group",
        )

    def _make_role(self) -> iam.Role:
        name = physical_name(f"{self._name}Role")
        # A live function's role is also that of `sst shell --target`.
        account = self._context.cloud.account if self.live else ""
        trust = policy.assume_by("lambda.amazonaws.com", account=account)
        args = {"name": name, "assume_role_policy": trust}
        return self._make(iam.Role, f"{self._name}Role", args, transform="role")

    def _existing_role(self, role: pulumi.Input[str] | None) -> pulumi.Input[str] | None:
        """*role*, unless it is of an account that the embedded cloud does not have."""
        if not self._context.local or not isinstance(role, str) or f":{self._context.cloud.account}:" in role:
            return role
        self._context.say_once(
            f"{self._label}: the role {role} does not exist on the embedded cloud; one of its own takes its place."
        )
        return None

    def _let_reach_bridge(self, role: pulumi.Input[str]) -> pulumi.Resource:
        """A live function's stub needs no more of a role that is the user's own, and cannot do with less."""
        name = pulumi.Output.from_input(role).apply(lambda arn: arn.rpartition("/")[2])
        document = policy.document(self._bridge_statements())
        args = {"name": f"sst-live-{self._name}", "role": name, "policy": document}
        return self._make(iam.RolePolicy, f"{self._name}LivePolicy", args)

    def _make_policies(
        self, role: iam.Role, granted: list[Permission], policies: Sequence[Any], logs: bool
    ) -> list[pulumi.Resource]:
        """What the role may do: it must exist before a call may run with it."""
        made: list[pulumi.Resource] = []
        statements = policy.statements(granted) + (self._bridge_statements() if self.live else [])
        if statements:
            args = {"name": "inline", "role": role.name, "policy": policy.document(statements)}
            made.append(self._make(iam.RolePolicy, f"{self._name}Policy", args))
        managed = [*policies, *(["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"] if logs else [])]
        for index, arn in enumerate(managed):
            args = {"role": role.name, "policy_arn": arn}
            made.append(self._make(iam.RolePolicyAttachment, f"{self._name}Attachment{index}", args))
        return made

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

    def _stub_code(self, streaming: bool) -> dict[str, Any]:
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
            "timeout": context.when_declared(self._stub_timeout, or_awaited=True),
            "environment": {
                "variables": pulumi.Output.from_input(self._environment).apply(lambda given: {**given, **own})
            },
        }

    def _own_code(self, wanted: dict[str, Any], timeout: Any, log_format: str) -> dict[str, Any]:
        """The function itself: its package, and its links beside its own variables."""
        build, name = self._context.package, self._name

        async def package(given: Any) -> tuple[str, str]:
            return await asyncio.to_thread(build, component=name, **given)

        def variables(given: list[Any]) -> dict[str, str]:
            own, linked = given
            both = {**linked, **own, **({"AWS_LAMBDA_LOG_FORMAT": "JSON"} if local and log_format == "json" else {})}
            check_size(f"{self._label}: environment, with the links,", both)
            return both

        local = self._context.local
        hook = wanted.pop("postbuild")  # no value that an output may hold
        asked: pulumi.Output[Any] = pulumi.Output.all(**wanted)
        built: pulumi.Output[tuple[str, str]] = asked.apply(lambda given: package({**given, "postbuild": hook}))
        linked = link_variables(self._label, self._context, self._links)
        return {
            # The embedded cloud has no managed Python runtime: the package brings what runs it.
            "runtime": "provided.al2023" if local else wanted["runtime"],
            "handler": built.apply(lambda package: package[1]),
            "code": built.apply(lambda package: pulumi.FileArchive(package[0])),
            "timeout": timeout,
            "environment": {"variables": pulumi.Output.all(self._environment, linked).apply(variables)},
        }

    def _make_invoke_config(self, retries: int | None) -> lambda_.FunctionEventInvokeConfig | None:
        if retries is None:
            return None
        return self._make(
            lambda_.FunctionEventInvokeConfig,
            f"{self._name}EventInvokeConfig",
            {"function_name": self._function.name, "maximum_retry_attempts": retries},
            transform="event_invoke_config",
        )
