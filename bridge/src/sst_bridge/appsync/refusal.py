"""What the service will not do for us, as a sentence that says who must do what."""

from __future__ import annotations

from .api import EventApi
from .protocol import ServiceError


class ServiceRefused(Exception):
    """The service refuses for good: credentials, permission, namespace or clock are wrong.

    `message` says what was refused and why, `hint` what to do.
    """

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.message = message
        self.hint = hint


def refusal(api: EventApi, action: str, error: ServiceError, channel: str = "") -> ServiceRefused | None:
    """The `ServiceRefused` for *error* in answer to *action* (`EventConnect`, `EventSubscribe`, `EventPublish`).

    None when the same thing may work later.
    """
    if not (error.refused or error.malformed):
        return None
    namespace = channel.strip("/").partition("/")[0]
    resource = (api.arn or "the API's ARN") + (f"/channelNamespace/{namespace}" if namespace else "")
    verb = {
        "EventConnect": "a connection",
        "EventSubscribe": f"the subscription to {channel}",
        "EventPublish": f"a publish to {channel}",
    }[action]
    message = f"AppSync Events at {api.http_host} refused {verb} ({error})."
    if error.malformed:
        hint = (
            "Check this machine's clock, the region and the secret access key: the request or its signature is invalid."
        )
    elif namespace:
        hint = (
            f"Allow appsync:{action} on {resource}; if it is allowed, the API has no channel namespace {namespace!r}."
        )
    else:
        hint = f"Allow appsync:{action} on {resource}, and check that the credentials have not expired."
    return ServiceRefused(message, hint=hint)
