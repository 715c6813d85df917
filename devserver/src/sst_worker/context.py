"""The context object a handler gets as its second argument."""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any

from .clock import clock
from .errors import RuntimeFault

_W3C = ("traceparent", "tracestate", "baggage")


class _Record:
    """An object with the slots of its class, all None unless *values* names them; unknown names are dropped."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, values: dict[str, Any]) -> None:
        for name in self.__slots__:
            setattr(self, name, values.get(name))

    def __repr__(self) -> str:
        fields = ",".join(f"{name}={getattr(self, name)}" for name in self.__slots__)
        return f"{type(self).__name__}([{fields}])"


class CognitoIdentity(_Record):
    """Who called, when the caller signed in through Cognito."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")


class Client(_Record):
    """The mobile app that called."""

    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")  # noqa: RUF023 - the order its repr shows


class ClientContext(_Record):
    """What the caller passed along as its client context."""

    __slots__ = ("custom", "env", "client")  # noqa: RUF023 - the order its repr shows


class LambdaContext:
    """Facts of one invocation, in the attributes Lambda documents for Python."""

    def __init__(self, head: dict[str, Any]) -> None:
        """Raises `RuntimeFault` when the client context or identity in *head* (the `invoke` message) is no JSON."""
        client_context = _parse(head.get("client_context"), "Client Context")
        identity = _parse(head.get("identity"), "Cognito Identity")
        self.aws_request_id = head["request_id"]
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = head.get("arn") or None
        self.tenant_id = head.get("tenant_id") or None
        self._w3c_fields = _take_w3c(client_context)
        self.client_context = None if client_context is None else ClientContext(client_context)
        if self.client_context is not None and self.client_context.client is not None:  # type: ignore[attr-defined]
            self.client_context.client = Client(self.client_context.client)  # type: ignore[attr-defined]
        self.identity = CognitoIdentity({})
        if identity is not None:
            self.identity.cognito_identity_id = identity.get("cognitoIdentityId")  # type: ignore[attr-defined]
            self.identity.cognito_identity_pool_id = identity.get("cognitoIdentityPoolId")  # type: ignore[attr-defined]
        self._epoch_deadline_time_in_ms = int(head.get("deadline_ms") or 0)

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends this invocation, never negative; they stand still at a breakpoint."""
        return max(0, self._epoch_deadline_time_in_ms - int(clock.time() * 1000))

    def log(self, msg: object) -> None:
        """Write *msg* to the function's log as a record of its own."""
        for handler in logging.getLogger().handlers:
            if hasattr(handler, "log_sink"):
                handler.log_sink.log(str(msg))
                return
        sys.stdout.write(str(msg))

    def w3c(self) -> dict[str, str]:
        """The W3C trace context the caller passed, if any."""
        return dict(self._w3c_fields)

    def __repr__(self) -> str:
        shown = (
            "aws_request_id log_group_name log_stream_name function_name memory_limit_in_mb function_version "
            "invoked_function_arn client_context identity tenant_id"
        )
        fields = ",".join(f"{name}={getattr(self, name)}" for name in shown.split())
        return f"{type(self).__name__}([{fields}])"


def _parse(text: str | None, title: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise RuntimeFault("Runtime.LambdaContextUnmarshalError", f"Unable to parse {title} JSON: {error}") from None


def _take_w3c(client_context: Any) -> dict[str, str]:
    if not isinstance(client_context, dict):
        return {}
    fields = client_context.pop("w3c", None)
    if not isinstance(fields, dict):
        return {}
    return {name: fields[name] for name in _W3C if isinstance(fields.get(name), str)}
