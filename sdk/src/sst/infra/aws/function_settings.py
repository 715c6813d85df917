"""What a function may be told: its limits, and the checks of its arguments. No resource is made here."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any

import pulumi

from ..component import checked, fields, flag, number, one_of, strings
from ..context import Context
from ..errors import ConfigError
from .network import Efs, Vpc

RUNTIMES = tuple(f"python3.{minor}" for minor in range(9, 15))
DEFAULT_RUNTIME = f"python3.{sys.version_info.minor}"
"""The version that evaluates the config, so that what is deployed is what is tried here."""
LAYERS_LIMIT = 5
"""Layers of a function (Lambda quota)."""
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


def parse_environment(where: str, value: Any) -> Any:
    """`environment=` as a dictionary of strings, checked as soon as it is known. Raises `ConfigError`."""

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
        check_size(f"{where}: environment", given)
        return dict(given)

    return checked({} if value is None else value, check)


def check_size(what: str, variables: Mapping[str, Any]) -> None:
    """Raise `ConfigError` when *variables* are more than Lambda takes; values not known yet do not count."""
    size = sum(len(k.encode()) + len(v.encode()) for k, v in variables.items() if isinstance(v, str))
    if size > ENVIRONMENT_LIMIT:
        raise ConfigError(f"{what} holds {size} bytes; Lambda takes at most {ENVIRONMENT_LIMIT}.")


def parse_logging(where: str, value: Any) -> tuple[str, int, Any]:
    """Format, days of retention, and the name of an existing log group, if one is given."""
    if isinstance(value, bool):
        return "text", RETENTION["1 month"], None
    given = fields(f"{where}: logging", value, ("format", "retention", "log_group"))
    group = given.get("log_group")
    if group is not None and not isinstance(group, (str, pulumi.Output)):
        raise ConfigError(f"{where}: logging.log_group must be the name of a log group, got {group!r}.")
    if "retention" in given and "log_group" in given:
        raise ConfigError(f"{where}: logging.retention does not apply to an existing log group.")
    retention = one_of(f"{where}: logging.retention", given.get("retention", "1 month"), tuple(RETENTION))
    return (
        one_of(f"{where}: logging.format", given.get("format", "text"), ("text", "json")),
        RETENTION[retention],
        given.get("log_group"),
    )


def parse_handler(where: str, context: Context, handler: Any, runtime: Any, bundle: str | None) -> Any:
    """*handler* once it is known that it exists; the resolver's sentence is put behind the component's name.

    In a *bundle* it is relative to that folder; the result is relative to the app's root.
    """
    if bundle is not None and not (isinstance(bundle, str) and (context.root / bundle).is_dir()):
        raise ConfigError(f"{where}: bundle must be a folder below {context.root}, got {bundle!r}.")

    def check(values: tuple[Any, Any] | list[Any]) -> str:
        value, language = values
        if not isinstance(value, str) or "." not in value.rsplit("/", 1)[-1]:
            raise ConfigError(
                f"{where}: handler must be a file and a function, got {value!r}.",
                hint='For example "functions/api.handler" for def handler in functions/api.py.',
            )
        value = f"{bundle.strip('/')}/{value}" if bundle else value
        try:
            context.check_handler(value, language)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error.message}", hint=error.hint) from None
        return value

    if isinstance(handler, pulumi.Output) or isinstance(runtime, pulumi.Output):
        return pulumi.Output.all(handler, runtime).apply(check)
    return check((handler, runtime))


def parse_concurrency(where: str, value: Mapping[str, int] | None, versioning: bool) -> dict[str, int]:
    """`concurrency=` as a dictionary. Raises `ConfigError`."""
    given = fields(f"{where}: concurrency", {} if value is None else value, ("provisioned", "reserved"))
    for key, least in (("provisioned", 1), ("reserved", 0)):
        if given.get(key) is not None:
            number(f"{where}: concurrency.{key}", given[key], least=least)
    if given.get("provisioned") and not versioning:
        raise ConfigError(f"{where}: concurrency.provisioned needs versioning=True.")
    return given


def check_retries(where: str, value: object) -> None:
    """Raise `ConfigError` unless *value* may be the argument `retries`."""
    if value is not None and (isinstance(value, bool) or value not in (0, 1, 2)):
        raise ConfigError(f"{where}: retries must be 0, 1 or 2, got {value!r}.")


def check_package(where: str, context: Context, python: Any, hook: Any, copy_files: Any) -> None:
    """Raise `ConfigError` unless what only matters to a deployed function is well formed."""
    container = fields(f"{where}: python", {} if python is None else python, ("container",)).get("container")
    if container is not None:
        flag(f"{where}: python.container", container)
    postbuild = fields(f"{where}: hook", {} if hook is None else hook, ("postbuild",)).get("postbuild")
    if postbuild is not None and not callable(postbuild):
        raise ConfigError(f"{where}: hook.postbuild must be a function of the package's folder, got {postbuild!r}.")
    if not isinstance(copy_files, (list, tuple)):
        raise ConfigError(f"{where}: copy_files must be a list of dictionaries, got {copy_files!r}.")
    for index, item in enumerate(copy_files):
        # "from" is where the file is, "to" where it goes in the package.
        for key, path in fields(f"{where}: copy_files[{index}]", item, ("from", "to"), required=("from",)).items():
            if not isinstance(path, str) or path.startswith("/") or ".." in path.split("/"):
                raise ConfigError(f"{where}: copy_files[{index}]: {key} must be a relative path, got {path!r}.")
        if not (context.root / item["from"]).exists():
            raise ConfigError(f"{where}: copy_files[{index}]: there is no {item['from']!r} in {context.root}.")


def check_rest(where: str, **given: Any) -> None:
    """Raise `ConfigError` for arguments that go to AWS as they are and cannot be what it takes."""
    for key in ("streaming", "versioning", "dev"):
        flag(f"{where}: {key}", given[key])
    for key in ("policies", "layers"):
        strings(f"{where}: {key}", given[key])
    if isinstance(given["layers"], (list, tuple)) and len(given["layers"]) > LAYERS_LIMIT:
        raise ConfigError(f"{where}: layers holds {len(given['layers'])} layers; Lambda takes {LAYERS_LIMIT}.")
    for key in ("description", "role", "function_name"):
        if given[key] is not None and not isinstance(given[key], (str, pulumi.Output)):
            raise ConfigError(f"{where}: {key} must be a string, got {given[key]!r}.")
    if isinstance(given["description"], str) and len(given["description"]) > 256:
        raise ConfigError(f"{where}: description holds {len(given['description'])} characters; Lambda takes 256.")
    if isinstance(given["role"], str) and not given["role"].startswith("arn:"):
        raise ConfigError(f"{where}: role must be the ARN of a role, got {given['role']!r}.")
    name = given["function_name"]
    if isinstance(name, str) and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise ConfigError(
            f"{where}: function_name must hold 1 to 64 letters, digits, hyphens and underscores, got {name!r}."
        )
    tags = given["tags"]
    if tags is None or isinstance(tags, pulumi.Output):
        return
    if not isinstance(tags, Mapping) or not all(isinstance(value, (str, pulumi.Output)) for value in tags.values()):
        raise ConfigError(f"{where}: tags must be a dictionary of strings, got {tags!r}.")


def parse_vpc(where: str, value: Any) -> dict[str, Any] | None:
    """`vpc=`, a `Vpc` or its `private_subnets` and `security_groups`, as Lambda's `vpc_config`."""
    if value is None:
        return None
    if isinstance(value, Vpc):
        return {"subnet_ids": value.private_subnets, "security_group_ids": value.security_groups}
    needed = ("private_subnets", "security_groups")
    given = fields(f"{where}: vpc", value, needed, required=needed)
    return {
        "subnet_ids": strings(f"{where}: vpc.private_subnets", given["private_subnets"]),
        "security_group_ids": strings(f"{where}: vpc.security_groups", given["security_groups"]),
    }


def parse_volume(where: str, value: Any) -> dict[str, Any] | None:
    """`volume=`, an `Efs` or the ARN of an access point with a `path`, as Lambda's `file_system_config`."""
    if value is None:
        return None
    given = fields(f"{where}: volume", value, ("efs", "path"), required=("efs",))
    efs, path = given["efs"], given.get("path", "/mnt/efs")
    if not isinstance(path, (str, pulumi.Output)) or (isinstance(path, str) and not path.startswith("/mnt/")):
        raise ConfigError(f"{where}: volume.path must start with /mnt/, got {path!r}.")
    if isinstance(efs, Efs):
        return {"arn": efs.access_point_arn, "local_mount_path": path}
    if not isinstance(efs, pulumi.Output) and not (isinstance(efs, str) and efs.startswith("arn:")):
        raise ConfigError(f"{where}: volume.efs must be an Efs or the ARN of an access point, got {efs!r}.")
    return {"arn": efs, "local_mount_path": path}
