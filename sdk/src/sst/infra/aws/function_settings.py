"""What a function may be told: its limits, and the checks of its arguments. No resource is made here."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from ..component import checked, fields, one_of
from ..context import Context
from ..errors import ConfigError

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
        size = sum(len(k.encode()) + len(v.encode()) for k, v in given.items() if isinstance(v, str))
        if size > ENVIRONMENT_LIMIT:
            raise ConfigError(f"{where}: environment holds {size} bytes; Lambda takes at most {ENVIRONMENT_LIMIT}.")
        return dict(given)

    return checked({} if value is None else value, check)


def parse_logging(where: str, value: Any) -> tuple[str, int, Any]:
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


def parse_handler(where: str, context: Context, handler: Any, runtime: Any) -> Any:
    """*handler* once it is known that it exists; the resolver's sentence is put behind the component's name."""

    def check(values: tuple[Any, Any] | list[Any]) -> str:
        value, language = values
        if not isinstance(value, str) or "." not in value.rsplit("/", 1)[-1]:
            raise ConfigError(
                f"{where}: handler must be a file and a function, got {value!r}.",
                hint='For example "functions/api.handler" for def handler in functions/api.py.',
            )
        try:
            context.check_handler(value, language)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error.message}", hint=error.hint) from None
        return value

    if isinstance(handler, pulumi.Output) or isinstance(runtime, pulumi.Output):
        return pulumi.Output.all(handler, runtime).apply(check)
    return check((handler, runtime))


def check_concurrency(where: str, value: Mapping[str, int] | None, versioning: bool) -> None:
    """Raise `ConfigError` unless *value* may be the argument `concurrency`."""
    given = fields(f"{where}: concurrency", value or {}, ("provisioned", "reserved"))
    if given.get("provisioned") and not versioning:
        raise ConfigError(f"{where}: concurrency.provisioned needs versioning=True.")


def check_retries(where: str, value: object) -> None:
    """Raise `ConfigError` unless *value* may be the argument `retries`."""
    if value is not None and (isinstance(value, bool) or value not in (0, 1, 2)):
        raise ConfigError(f"{where}: retries must be 0, 1 or 2, got {value!r}.")


def check_package(where: str, python: Any, hook: Any, copy_files: Sequence[Mapping[str, str]]) -> None:
    """Raise `ConfigError` unless what only matters to a deployed function is well formed."""
    fields(f"{where}: python", python or {}, ("container",))
    fields(f"{where}: hook", hook or {}, ("postbuild",))
    for index, item in enumerate(copy_files):
        # "from" is where the file is, "to" where it goes in the package.
        fields(f"{where}: copy_files[{index}]", item, ("from", "to"), required=("from",))
