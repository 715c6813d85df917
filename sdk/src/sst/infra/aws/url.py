"""The URL of a function: authorization, CORS, streaming."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_aws import lambda_

from ..component import fields, flag, one_of, strings
from ..errors import ConfigError
from ..units import seconds

if TYPE_CHECKING:
    from .function import Function

METHODS = ("*", "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH")
_CORS = ("allow_credentials", "allow_headers", "allow_methods", "allow_origins", "expose_headers", "max_age")


def parse_url(where: str, value: Any) -> dict[str, Any] | None:
    """`url=` as `{"authorization", "cors"}`, or None for no URL. Raises `ConfigError`."""
    if value is False or value is None:
        return None
    given = {} if value is True else fields(f"{where}: url", value, ("authorization", "cors", "router"))
    if given.get("router") is not None:
        raise ConfigError(f"{where}: url.router needs sst.aws.Router, which this version does not have.")
    cors = parse_cors(f"{where}: url.cors", given.get("cors", True))
    if cors is not None and cors["allow_methods"] == ["OPTIONS"]:
        raise ConfigError(
            f"{where}: url.cors.allow_methods allows nothing: Lambda answers OPTIONS itself, whatever is listed.",
            hint='List the methods that browsers may send, for example ["GET", "POST"].',
        )
    return {
        "authorization": one_of(f"{where}: url.authorization", given.get("authorization", "none"), ("none", "iam")),
        "cors": cors,
    }


def parse_cors(where: str, value: Any, *, methods: tuple[str, ...] = METHODS) -> dict[str, Any] | None:
    """`cors=` with the documented defaults, as the AWS providers spell it; None when it is off."""
    if value is False:
        return None
    given: Mapping[str, Any] = {} if value is True else fields(where, value, _CORS)
    allowed = strings(f"{where}.allow_methods", given.get("allow_methods", ["*"]))
    for method in () if isinstance(allowed, pulumi.Output) else allowed:
        if not isinstance(method, pulumi.Output):
            one_of(f"{where}.allow_methods", method, methods)
    return {
        "allow_credentials": flag(f"{where}.allow_credentials", given.get("allow_credentials", False)),
        "allow_headers": strings(f"{where}.allow_headers", given.get("allow_headers", ["*"])),
        "allow_methods": allowed,
        "allow_origins": strings(f"{where}.allow_origins", given.get("allow_origins", ["*"])),
        "expose_headers": strings(f"{where}.expose_headers", given.get("expose_headers", [])),
        "max_age": seconds(f"{where}.max_age", given.get("max_age", "0 seconds"), most=86400),
    }


def make_url(function: Function, settings: Mapping[str, Any], streaming: bool) -> lambda_.FunctionUrl:
    """The function URL resource of *function*."""
    cors = settings["cors"]
    if cors is not None and isinstance(cors["allow_methods"], list) and "OPTIONS" in cors["allow_methods"]:
        # Lambda answers preflight requests itself and takes no such method (Lambda API, `Cors`).
        cors = {**cors, "allow_methods": [method for method in cors["allow_methods"] if method != "OPTIONS"]}
    return function._make(
        lambda_.FunctionUrl,
        f"{function._name}Url",
        {
            "function_name": function._function.name,
            "authorization_type": "AWS_IAM" if settings["authorization"] == "iam" else "NONE",
            "invoke_mode": "RESPONSE_STREAM" if streaming else "BUFFERED",
            "cors": cors,
        },
        transform="url",
    )
