"""Clients of the engine, and what AWS says when it refuses."""

from __future__ import annotations

import subprocess
import sys

import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from sst_dev.engine.embedded.aws import Aws, code_of, sentence

BOOTSTRAP = {
    "endpoint": "http://127.0.0.1:9",
    "region": "eu-west-1",
    "account": "000000000000",
    "access_key_id": "test",
    "secret_access_key": "test",
}


def test_one_client_a_service() -> None:
    """Made once, with this cloud's endpoint and region."""
    aws = Aws(BOOTSTRAP)

    assert aws.client("sqs") is aws.client("sqs")
    assert (aws.client("sqs").meta.endpoint_url, aws.client("sqs").meta.region_name) == (
        "http://127.0.0.1:9",
        "eu-west-1",
    )
    assert aws.arn("sqs", "jobs") == "arn:aws:sqs:eu-west-1:000000000000:jobs"


def test_the_developers_own_settings_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that does not exist, an endpoint of another cloud, and a proxy that would catch loopback."""
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:2")
    client = Aws(BOOTSTRAP).client("sqs")

    assert client.meta.endpoint_url == "http://127.0.0.1:9"
    assert client._request_signer._credentials.access_key == "test"
    assert client._endpoint.http_session._proxy_config.proxy_url_for("http://127.0.0.1:9") is None


def test_errors_are_told_as_aws_puts_them() -> None:
    """Code and message; anything else by its class."""
    refused = ClientError({"Error": {"Code": "AccessDenied", "Message": "No."}}, "PutObject")

    assert (code_of(refused), sentence(refused)) == ("AccessDenied", "AccessDenied: No.")
    assert (code_of(ValueError("x")), sentence(ValueError("x"))) == ("", "ValueError: x")
    assert sentence(NoCredentialsError()).startswith("NoCredentialsError: ")


def test_an_idle_engine_does_not_import_boto3() -> None:
    """An app that has not changed pays nothing for calls it does not make."""
    program = "import sys, sst_dev.engine.embedded.apply, sst_dev.engine.run; print('boto3' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"
