"""`sst_bridge.appsync.signing` against the specification's vectors, botocore and awscrt."""

from __future__ import annotations

import calendar
import json
from typing import Any

import pytest
from awscrt import auth as crt_auth
from awscrt import http as crt_http
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st
from sst_bridge.appsync.signing import Credentials, Signer, body_text, event_text, is_safe

HOST = "abcdefghijklmnopqrstuvwxyz.appsync-api.us-east-1.amazonaws.com"
REGION = "us-east-1"
NOW = calendar.timegm((2025, 1, 2, 3, 4, 5))
KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "SESSIONTOKENEXAMPLE"


def signer(token: str | None = None, **options: Any) -> Signer:
    return Signer(HOST, REGION, lambda: Credentials(KEY, SECRET, token), clock=lambda: NOW, **options)


def signature(headers: dict[str, str]) -> str:
    return headers["Authorization"].rpartition("Signature=")[2]


@pytest.mark.parametrize(
    ("body", "token", "expected"),
    [
        ("{}", None, "d7e77de8e451817ed67214020871f2f416aba234aa50680c8e7266627a688560"),
        ("{}", TOKEN, "ce7eef08db4328adfce968002b593bccc343b7f33c3d85acec69afea64ef465f"),
        ('{"channel":"/relay/a/b"}', None, "4d81525cde3834a239cf32dab96f883026642a6ade03223393a0c4bc44662413"),
        (
            '{"channel":"/relay/a/b","events":["{\\"k\\":\\"v\\"}"]}',
            None,
            "739c5b583c129d2572af8e74e19d4e1fde9f5d78cc1b206daa9bb1f8d0f575ac",
        ),
    ],
)
def test_specification_vectors(body: str, token: str | None, expected: str) -> None:
    """The signatures of the specification's table come out."""
    assert signature(signer(token).sign(body.encode())) == expected


def test_each_operation_signs_its_own_body() -> None:
    """Connect, subscribe and publish hash the bodies that the service rebuilds from their frames."""
    assert body_text() == "{}"
    assert body_text("/relay/a/b") == '{"channel":"/relay/a/b"}'
    assert body_text("/relay/a/b", ['{"k":"v"}']) == '{"channel":"/relay/a/b","events":["{\\"k\\":\\"v\\"}"]}'


def botocore_signature(body: bytes, token: str | None, monkeypatch: pytest.MonkeyPatch) -> str:
    """What botocore signs for the same virtual request at the same time."""
    request = AWSRequest("POST", f"https://{HOST}/event", data=body, headers=fixed_headers())
    monkeypatch.setattr("botocore.auth.get_current_datetime", fixed_datetime, raising=True)
    SigV4Auth(BotoCredentials(KEY, SECRET, token), "appsync", REGION).add_auth(request)
    return str(request.headers["Authorization"]).rpartition("Signature=")[2]


def fixed_headers() -> dict[str, str]:
    return {
        "accept": "application/json, text/javascript",
        "content-encoding": "amz-1.0",
        "content-type": "application/json; charset=UTF-8",
    }


def fixed_datetime(remove_tzinfo: bool = True) -> Any:
    import datetime

    now = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
    return now.replace(tzinfo=None) if remove_tzinfo else now


def crt_signature(body: bytes, token: str | None) -> str:
    """What awscrt signs for the same virtual request at the same time."""
    headers = crt_http.HttpHeaders([("host", HOST), *fixed_headers().items()])
    import datetime
    import io

    request = crt_http.HttpRequest("POST", "/event", headers, io.BytesIO(body))
    config = crt_auth.AwsSigningConfig(
        algorithm=crt_auth.AwsSigningAlgorithm.V4,
        signature_type=crt_auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
        credentials_provider=crt_auth.AwsCredentialsProvider.new_static(KEY, SECRET, token),
        region=REGION,
        service="appsync",
        date=datetime.datetime.fromtimestamp(NOW, datetime.UTC),
    )
    crt_auth.aws_sign_request(request, config).result(10)
    authorization = dict(request.headers)["Authorization"]
    return authorization.rpartition("Signature=")[2]


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize("oracle", ["botocore", "awscrt"])
@pytest.mark.parametrize("body", [b"{}", b'{"channel":"/sst/notes/dev/dev","events":["\\"abc\\""]}', "ü€".encode()])
def test_oracles_agree(body: bytes, token: str | None, oracle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore and awscrt sign the same virtual request alike."""
    ours = signature(signer(token).sign(body))

    theirs = crt_signature(body, token) if oracle == "awscrt" else botocore_signature(body, token, monkeypatch)
    assert ours == theirs


def test_credentials_are_asked_for_each_frame() -> None:
    """A refreshed secret signs the very next frame, though the day key is cached."""
    current = [Credentials(KEY, SECRET)]
    one = Signer(HOST, REGION, lambda: current[0], clock=lambda: NOW)
    before = one.sign(b"{}")
    current[0] = Credentials("AKIDOTHER", "other", TOKEN)
    after = one.sign(b"{}")

    assert "AKIDOTHER" in after["Authorization"]
    assert after["X-Amz-Security-Token"] == TOKEN
    fresh = Signer(HOST, REGION, lambda: current[0], clock=lambda: NOW)
    assert after == fresh.sign(b"{}") != before


def test_the_day_key_changes_at_midnight() -> None:
    """A signer that lives over midnight UTC signs with the key of the new day."""
    now = [NOW]
    one = Signer(HOST, REGION, lambda: Credentials(KEY, SECRET), clock=lambda: now[0])
    one.sign(b"{}")
    now[0] += 86_400

    fresh = Signer(HOST, REGION, lambda: Credentials(KEY, SECRET), clock=lambda: now[0])
    assert one.sign(b"{}") == fresh.sign(b"{}")


def test_credentials_do_not_show() -> None:
    """The repr of credentials holds no secret."""
    shown = repr(Credentials(KEY, SECRET, TOKEN))

    assert SECRET not in shown
    assert TOKEN not in shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON)
def test_event_text_is_safe_and_means_the_same(value: object) -> None:
    """Any value becomes a text that every JSON writer escapes alike, and decodes to the value."""
    text = event_text(value)

    assert is_safe(text)
    assert json.loads(text) == value


@pytest.mark.parametrize("event", ['"<"', '"a&b"', '"é"', '"\x7f"', '"\\n\n"', '"="'])
def test_unsafe_events_are_known(event: str) -> None:
    """An event that another JSON writer may escape differently is not safe to sign."""
    assert not is_safe(event)
