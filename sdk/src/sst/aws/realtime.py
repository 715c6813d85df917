"""The authorizer of a `Realtime` component: decides who may connect, and to which topics.

from sst import Resource
from sst.aws import realtime

@realtime.authorizer
def handler(token):
    user = check(token)
    if user is None:
        return None
    room = f"{Resource.App.name}/{Resource.App.stage}/chat/room1"
    return {"subscribe": [room], "publish": [room]}
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Any

    Answer = Mapping[str, Any] | None

_LONGEST = 86_400  # seconds; IoT Core's own limit for a connection and for a refresh, and SST's default
_ANSWER_KEYS = frozenset(
    (
        "subscribe",
        "publish",
        "principal_id",
        "policy_documents",
        "disconnect_after_in_seconds",
        "refresh_after_in_seconds",
    )
)


def authorizer(decide: "Callable[[str], Answer | Awaitable[Answer]]") -> "Callable[[Any, Any], dict[str, Any]]":
    """Make the Lambda handler of an AWS IoT custom authorizer from *decide*, a function or coroutine function.

    *decide* gets the token the client sent as its MQTT password. It returns None to refuse, or a dict, all of whose
    keys are optional:

    - `subscribe`, `publish`: lists of topics; none when left out.
    - `principal_id`: who this is, 1 to 128 letters and digits; random when left out.
    - `disconnect_after_in_seconds`, `refresh_after_in_seconds`: 300 to 86400, the default.
    - `policy_documents`: further IAM policy documents, as dicts.

    The handler raises ValueError when the dict has another key.
    """

    def handler(event: "Any", context: "Any") -> "dict[str, Any]":
        answer = decide(_token(event))
        if hasattr(answer, "__await__"):
            answer = _run(answer)
        if answer is None:
            return {"isAuthenticated": False}
        unknown = sorted(set(answer) - _ANSWER_KEYS)
        if unknown:
            raise ValueError(
                f"realtime.authorizer: {', '.join(unknown)} is not known; use {', '.join(sorted(_ANSWER_KEYS))}"
            )
        return _allow(answer, context.invoked_function_arn)

    handler.__name__ = getattr(decide, "__name__", "handler")
    handler.__doc__ = decide.__doc__
    return handler


def _token(event: "Mapping[str, Any]") -> str:
    import base64

    password = event.get("protocolData", {}).get("mqtt", {}).get("password", "")
    return base64.b64decode(password).decode()


def _run(answer: "Any") -> "Any":
    import asyncio

    async def wait() -> "Any":
        return await answer

    return asyncio.run(wait())


def _allow(answer: "Mapping[str, Any]", function_arn: str) -> "dict[str, Any]":
    _, partition, _, region, account = function_arn.split(":")[:5]
    iot = f"arn:{partition}:iot:{region}:{account}"
    subscribe, publish = answer.get("subscribe", []), answer.get("publish", [])
    statements = [
        _statement("iot:Connect", ["*"]),
        _statement("iot:Receive", [f"{iot}:topic/{topic}" for topic in subscribe]),
        _statement("iot:Subscribe", [f"{iot}:topicfilter/{topic}" for topic in subscribe]),
        _statement("iot:Publish", [f"{iot}:topic/{topic}" for topic in publish]),
    ]
    policy = {"Version": "2012-10-17", "Statement": [item for item in statements if item["Resource"]]}
    return {
        "isAuthenticated": True,
        "principalId": answer.get("principal_id") or _random_principal(),
        "disconnectAfterInSeconds": answer.get("disconnect_after_in_seconds", _LONGEST),
        "refreshAfterInSeconds": answer.get("refresh_after_in_seconds", _LONGEST),
        "policyDocuments": [policy, *answer.get("policy_documents", [])],
    }


def _statement(action: str, resources: "list[str]") -> "dict[str, Any]":
    return {"Effect": "Allow", "Action": action, "Resource": resources}


def _random_principal() -> str:
    import os

    return os.urandom(16).hex()  # letters and digits only, as IoT wants
