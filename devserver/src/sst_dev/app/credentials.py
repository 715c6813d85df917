"""The credentials of a command's role, served on loopback in the way AWS SDKs ask for those of a container.

A command gets an address and a token, both as old as the session, and its SDK comes back before what it got expires
(SDKs and Tools Reference Guide, "Container credential provider"). So a renewal restarts nothing.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ..core.bootstrap import Bootstrap
from ..core.errors import RemoteError, SstError
from ..engine.embedded.aws import Aws

LIFETIME = 3600
"""Seconds that credentials are good for: what AssumeRole gives without asking."""
MARGIN = 1200
"""Seconds before their end at which others are made: botocore asks again when 15 minutes are left and must not be
given the same."""


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials of a role."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at: float
    """Seconds since the epoch."""

    def document(self, role_arn: str) -> dict[str, str]:
        """As the container credential provider wants them."""
        return {
            "RoleArn": role_arn,
            "AccessKeyId": self.access_key_id,
            "SecretAccessKey": self.secret_access_key,
            "Token": self.session_token,
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.expires_at)),
        }


Assume = Callable[[str], Credentials]
"""Role ARN → fresh credentials. Blocks; raises `RemoteError`."""


class Roles:
    """The roles of the app's parts, each with a token and, once asked for, credentials. Used from any thread."""

    def __init__(self, assume: Assume, clock: Callable[[], float] = time.time) -> None:
        self._assume = assume
        self._clock = clock
        self._tokens: dict[str, str] = {}
        self._known: dict[str, Credentials] = {}
        self._lock = threading.Lock()

    def token(self, arn: str) -> str:
        """What whoever may have the credentials of *arn* shows; the same for as long as the session lives."""
        with self._lock:
            return self._tokens.setdefault(arn, secrets.token_urlsafe(32))

    def admits(self, arn: str, token: str) -> bool:
        """Whether *token* is that of *arn*."""
        with self._lock:
            known = self._tokens.get(arn, "")
        return bool(known) and secrets.compare_digest(known.encode(), token.encode())

    def credentials(self, arn: str) -> Credentials:
        """Credentials of *arn* that are good for `MARGIN` at least. Raises `RemoteError`."""
        with self._lock:
            known = self._known.get(arn)
            if known is None or known.expires_at - self._clock() < MARGIN:
                known = self._known[arn] = self._assume(arn)
            return known


class CredentialServer:
    """Serves `Roles` on 127.0.0.1, in a thread: AssumeRole is a blocking call."""

    def __init__(self, assume: Assume, on_refusal: Callable[[SstError], None] = lambda error: None) -> None:
        """*on_refusal* hears, in the server's thread, of a role that cannot be assumed."""
        self._roles = Roles(assume)
        self._server = _server(self._roles, on_refusal)
        self._thread = threading.Thread(target=self._server.serve_forever, name="credentials", daemon=True)
        self._thread.start()

    def variables(self, arn: str) -> Mapping[str, str]:
        """What makes every AWS SDK, and the AWS CLI, ask here for the credentials of *arn*, and nowhere before."""
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{self._server.server_port}/{arn}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": self._roles.token(arn),
            # The developer's own profiles come first otherwise.
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def check(self, arn: str) -> None:
        """Assume *arn* now, so that whoever asked hears of a refusal. Blocks; raises `RemoteError`."""
        self._roles.credentials(arn)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def assume_with(bootstrap: Bootstrap) -> Assume:
    """AssumeRole with the session's own credentials."""
    cloud = Aws(bootstrap.model_dump())

    def assume(arn: str) -> Credentials:
        from botocore.exceptions import BotoCoreError, ClientError

        asked = {"RoleArn": arn, "RoleSessionName": "sst-dev", "DurationSeconds": LIFETIME}
        try:
            answer = cloud.client("sts").assume_role(**asked)["Credentials"]
        except (BotoCoreError, ClientError) as error:
            raise RemoteError(
                f"The role {arn} cannot be assumed: {error}",
                hint=f"Its trust policy must allow sts:AssumeRole to arn:aws:iam::{bootstrap.account}:root.",
            ) from error
        return Credentials(
            answer["AccessKeyId"],
            answer["SecretAccessKey"],
            answer["SessionToken"],
            answer["Expiration"].timestamp(),
        )

    return assume


def _server(roles: Roles, on_refusal: Callable[[SstError], None]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10
        """Seconds a connection may say nothing: a client of ours asks at once."""

        def do_GET(self) -> None:
            """`/ARN`, with the token of this role in `Authorization`."""
            arn = self.path.removeprefix("/")
            if not roles.admits(arn, self.headers.get("Authorization", "")):
                self._answer(403, {"code": "AccessDenied", "message": "This is not the token of that role."})
                return
            try:
                self._answer(200, roles.credentials(arn).document(arn))
            except SstError as error:
                on_refusal(error)
                # A client error: SDKs would only ask again for what stays refused.
                self._answer(400, {"code": "AssumeRoleFailed", "message": error.message})

        def _answer(self, status: int, document: Mapping[str, str]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: requests are not news."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server
