"""Function URLs."""

from __future__ import annotations

from typing import Any

import pytest
import sst
from sst.infra.aws.url import parse_cors, parse_url
from sst.infra.errors import ConfigError

from tests.support.program import declare

OPEN = {
    "allow_credentials": False,
    "allow_headers": ["*"],
    "allow_methods": ["*"],
    "allow_origins": ["*"],
    "expose_headers": [],
    "max_age": 0,
}


def test_defaults_are_those_of_the_documentation() -> None:
    """No URL by default; with one, no authorization and open CORS (Function, `url`)."""
    assert parse_url("x", False) is None
    assert parse_url("x", True) == {"authorization": "none", "cors": OPEN}


def test_settings_are_taken() -> None:
    """Each documented field."""
    assert parse_url("x", {"authorization": "iam", "cors": False}) == {"authorization": "iam", "cors": None}
    assert parse_cors("x", {"allow_methods": ["GET"], "max_age": "1 day"}) == {
        **OPEN,
        "allow_methods": ["GET"],
        "max_age": 86400,
    }


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ({"authorisation": "iam"}, "url has no field 'authorisation'"),
        ({"authorization": "jwt"}, "url.authorization must be one of none, iam"),
        ({"cors": {"allow_methods": ["FETCH"]}}, "url.cors.allow_methods must be one of"),
        ({"cors": {"allow_methods": "GET"}}, "url.cors.allow_methods must be a list"),
        ({"cors": {"allow_methods": ["OPTIONS"]}}, "url.cors.allow_methods allows nothing"),
        ({"cors": {"max_age": "2 days"}}, "url.cors.max_age must be between 0 and 86400 seconds"),
        ("yes", "url must be a dictionary"),
        ({"router": {}}, "url.router needs sst.aws.Router"),
    ],
)
def test_wrong_settings(url: Any, message: str) -> None:
    """The message names the field by its path."""
    with pytest.raises(ConfigError, match=f"x: {message}"):
        parse_url("x", url)


def test_streaming_sets_the_invoke_mode() -> None:
    """A streaming function's URL hands pieces on as they come."""

    def run() -> None:
        sst.aws.Function("A", handler="a.b", url=True, streaming=True)
        sst.aws.Function("B", handler="a.b", url={"authorization": "iam"})

    declared = declare(run)

    assert declared.inputs("AUrl")["invokeMode"] == "RESPONSE_STREAM"
    assert declared.inputs("BUrl")["authorizationType"] == "AWS_IAM"
