"""boto3 for the engine: one client a service, made when it is first needed, shared by all threads."""

from __future__ import annotations

import functools
import os
import threading
from typing import Any

CONNECTIONS = 32
"""As many as the engine has threads."""

NOT_FOUND = frozenset({
    "404", "NoSuchEntity", "NoSuchBucket", "NoSuchKey", "NotFound", "NotFoundException", "ResourceNotFoundException",
    "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "NoSuchBucketPolicy", "NoSuchCORSConfiguration",
    "ParameterNotFound", "NoSuchPublicAccessBlockConfiguration",
})  # fmt: skip
EXISTS = frozenset({
    "EntityAlreadyExists", "BucketAlreadyOwnedByYou", "BucketAlreadyExists", "ResourceConflictException",
    "ResourceAlreadyExistsException", "ResourceInUseException", "QueueAlreadyExists", "QueueNameExists",
    "ConflictException",
})  # fmt: skip


_OF_ITS_OWN: dict[str, Any] = {
    "profile": (None, [], None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""Session variables that leave the developer's profiles alone: the bootstrap says all there is to know."""


class Aws:
    """Clients for one cloud."""

    def __init__(self, bootstrap: dict[str, Any]) -> None:
        self.endpoint: str | None = bootstrap["endpoint"]
        self.region: str = bootstrap["region"]
        self.account: str = bootstrap["account"]
        self._bootstrap = bootstrap
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """The boto3 client of *service*."""
        client = self._clients.get(service)
        if client is None:
            with self._lock:
                client = self._clients.get(service) or self._make(service)
                self._clients[service] = client
        return client

    def arn(self, service: str, resource: str) -> str:
        """The ARN of *resource* of *service* in this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def _make(self, service: str) -> Any:
        # An app whose inputs have not changed makes no call and so never pays for importing boto3.
        from botocore.config import Config

        config = Config(
            max_pool_connections=CONNECTIONS,
            retries={"mode": "standard", "max_attempts": 4},
            s3={"addressing_style": "path"},
            connect_timeout=5,
            proxies={} if self.endpoint is not None else None,
        )
        return _session().create_client(
            service,
            region_name=self.region,
            endpoint_url=self.endpoint,
            config=config,
            aws_access_key_id=self._bootstrap["access_key_id"],
            aws_secret_access_key=self._bootstrap["secret_access_key"],
            aws_session_token=self._bootstrap.get("session_token"),
        )


@functools.cache
def _session() -> Any:
    """One for the process: it holds what botocore has read of its services, a tenth of a second's work."""
    import botocore.session

    return botocore.session.Session(session_vars=_OF_ITS_OWN)


def preload() -> None:
    """Have the session read the services every function is made of, while nobody waits for it."""
    nowhere = {"endpoint": "http://127.0.0.1", "region": "us-east-1", "account": ""}
    cloud = Aws({**nowhere, "access_key_id": "none", "secret_access_key": "none"})
    for service in ("lambda", "iam", "logs"):
        cloud.client(service)


def code_of(error: Exception) -> str:
    """The AWS error code of *error*, or an empty string when it is none of boto3's."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def sentence(error: Exception) -> str:
    """*error* as AWS put it: `Code: message`."""
    code = code_of(error)
    if not code:
        return f"{type(error).__name__}: {error}"
    message = error.response["Error"].get("Message", "")  # type: ignore[attr-defined]
    return f"{code}: {message}"
