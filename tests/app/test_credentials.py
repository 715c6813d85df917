"""A role's credentials: who gets them, how long they last, what they may do."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from sst_dev.app.credentials import LIFETIME, MARGIN, Credentials, CredentialServer, Roles, assume_with
from sst_dev.core.bootstrap import Bootstrap
from sst_dev.core.errors import RemoteError, SstError

from tests.support.ministack import client, ministack_process

ARN = "arn:aws:iam::000000000000:role/shop-test-WebRole"


class Clock:
    """Time that stands until it is set, and an AssumeRole that counts."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.calls: list[str] = []

    def __call__(self) -> float:
        return self.now

    def assume(self, arn: str) -> Credentials:
        self.calls.append(arn)
        return Credentials(f"key{len(self.calls)}", "secret", "token", self.now + LIFETIME)


def test_credentials_are_made_once_and_renewed_before_they_end() -> None:
    """Whoever asks gets credentials that are good for longer than an SDK's own margin."""
    clock = Clock()
    roles = Roles(clock.assume, clock)

    first = roles.credentials(ARN)
    clock.now = first.expires_at - MARGIN
    same = roles.credentials(ARN)
    clock.now += 1
    renewed = roles.credentials(ARN)

    assert (first.access_key_id, same.access_key_id, renewed.access_key_id) == ("key1", "key1", "key2")
    assert renewed.expires_at - clock.now > MARGIN


def test_each_role_has_a_token_of_its_own() -> None:
    """It stays the same, opens one role, and nothing opens a role that nobody was given."""
    roles = Roles(Clock().assume)
    token = roles.token(ARN)

    assert roles.token(ARN) == token != roles.token(ARN + "2")
    assert roles.admits(ARN, token)
    assert not roles.admits(ARN + "2", token)
    assert not roles.admits(ARN + "3", "")


def test_credentials_are_not_shown() -> None:
    """Neither by repr nor by what is made of it."""
    assert "SECRET" not in repr(Credentials("id", "SECRET", "SECRET", 0.0))


def ask(variables: dict[str, str], **headers: str) -> tuple[int, dict[str, str]]:
    request = urllib.request.Request(variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@pytest.fixture(name="refused")
def _refused() -> list[SstError]:
    return []


@pytest.fixture(name="server")
def _server(refused: list[SstError]) -> Iterator[CredentialServer]:
    def assume(arn: str) -> Credentials:
        if arn != ARN:
            raise RemoteError("not this one")
        return Credentials("id", "secret", "token", 0.0)

    server = CredentialServer(assume, refused.append)
    yield server
    server.close()


def test_without_the_token_nothing_is_given(server: CredentialServer) -> None:
    """A page in a browser, or another user of this machine, finds the port and learns nothing."""
    variables = dict(server.variables(ARN))

    assert ask(variables)[0] == 403
    assert ask(variables, Authorization="x")[0] == 403
    status, document = ask(variables, Authorization=variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
    assert (status, document["AccessKeyId"], document["Expiration"]) == (200, "id", "1970-01-01T00:00:00Z")


def test_a_role_that_cannot_be_assumed_is_said(server: CredentialServer, refused: list[SstError]) -> None:
    """To the SDK as an error it does not try again, and to the session."""
    variables = dict(server.variables("arn:other"))
    status, document = ask(variables, Authorization=variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"])

    assert (status, document["message"]) == (400, "not this one")
    assert [error.message for error in refused] == ["not this one"]


@pytest.fixture(name="endpoint", scope="module")
def _endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ministack_process(tmp_path_factory.mktemp("cloud")) as endpoint:
        yield endpoint


def bootstrap(endpoint: str) -> Bootstrap:
    return Bootstrap(
        endpoint=endpoint, region="us-east-1", account="000000000000", access_key_id="test", secret_access_key="test",
        http_host="h", realtime_host="r", api_arn="a", asset_bucket="b", stub_key="z", bridge_key="q",
    )  # fmt: skip


def role(endpoint: str, name: str, action: str) -> str:
    iam = client("iam", endpoint)
    root = {"AWS": "arn:aws:iam::000000000000:root"}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": root}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(allowed))
    return str(arn)


PROGRAM = """
import boto3
print(boto3.client("sts").get_caller_identity()["Arn"])
print(len(boto3.client("sqs").list_queues().get("QueueUrls", [])))
try:
    boto3.client("dynamodb").list_tables()
except Exception as error:
    print(error.response["Error"]["Code"])
"""


def test_boto3_finds_them_before_the_developers_own(endpoint: str, tmp_path: Path) -> None:
    """IAM lets the role do what it may, and nothing else; profiles in the home directory do not get in the way."""
    arn = role(endpoint, "WebRole", "sqs:ListQueues")
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text("[default]\naws_access_key_id=mine\naws_secret_access_key=mine\n")
    server = CredentialServer(assume_with(bootstrap(endpoint)))
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_ENDPOINT_URL": endpoint,
                 "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", **server.variables(arn)},
            capture_output=True, text=True,
        )  # fmt: skip
    finally:
        server.close()

    assert done.stdout.splitlines() == [
        "arn:aws:sts::000000000000:assumed-role/WebRole/sst-dev", "0", "AccessDeniedException",
    ], done.stderr  # fmt: skip


def test_a_role_that_cannot_be_assumed_says_what_it_needs(endpoint: str) -> None:
    """The role is named, and the hint is what its trust policy must say."""
    with pytest.raises(RemoteError, match="NoSuchRole cannot be assumed") as caught:
        assume_with(bootstrap(endpoint))("arn:aws:iam::000000000000:role/NoSuchRole")
    assert "arn:aws:iam::000000000000:root" in caught.value.hint
