"""The honest answer when nobody is there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sst_stub import away

from tests.stub_lambda import events

WHO = {"app": "notes", "stage": "joe", "function": "Api", "reason": "no dev server answered within 3 s"}


def _answer(event: Any, *, streamed: bool = False) -> away.HttpAnswer | away.LambdaError:
    return away.answer(json.dumps(event).encode(), streamed=streamed, **WHO)


@pytest.mark.parametrize("name", events.HTTP)
def test_http_callers_get_a_503_that_says_what_to_do(name: str) -> None:
    """Each HTTP integration gets a response object with app, stage, reason and command."""
    _, event = events.HTTP[name]

    answer = _answer(event)

    assert isinstance(answer, away.HttpAnswer)
    response = json.loads(answer.body)
    assert (response["statusCode"], response["isBase64Encoded"]) == (503, False)
    for part in ("notes", "Api", "no dev server answered within 3 s", "sst dev --stage joe"):
        assert part in response["body"]


@pytest.mark.parametrize("name", events.HTTP)
def test_http_shapes_are_told_apart(name: str) -> None:
    """Function URL, API Gateway v1 and v2 and ALB are recognised by what only they carry."""
    shape, event = events.HTTP[name]

    assert away.http_shape(json.dumps(event).encode()) == shape


def test_alb_answers_in_its_own_form() -> None:
    """An ALB needs a status description, and multi-value headers when the target group has them on."""
    plain = json.loads(_answer(events.HTTP["ALB"][1]).body)
    multi = json.loads(_answer(events.HTTP["ALB with multi-value headers"][1]).body)

    assert plain["statusDescription"] == multi["statusDescription"] == "503 Service Unavailable"
    assert plain["headers"]["x-sst-error"] == "Sst.DevServerUnreachable"
    assert multi["multiValueHeaders"]["x-sst-error"] == ["Sst.DevServerUnreachable"]
    assert "headers" not in multi


@pytest.mark.parametrize("name", events.OTHER)
def test_everything_else_gets_an_error(name: str) -> None:
    """Queues, streams, schedules, authorizers and direct callers get a Lambda error, so nothing is consumed."""
    answer = _answer(events.OTHER[name])

    assert isinstance(answer, away.LambdaError)
    error = json.loads(answer.body)
    assert error["errorType"] == answer.error_type == "Sst.DevServerUnreachable"
    assert "sst dev --stage joe" in error["errorMessage"]


def test_streamed_url_gets_its_status_in_the_prelude() -> None:
    """Behind a RESPONSE_STREAM URL a buffered answer would be the body of a 200: the 503 goes into the prelude."""
    answer = _answer(events.HTTP["function URL"][1], streamed=True)

    assert isinstance(answer, away.HttpAnswer)
    assert answer.content_type == "application/vnd.awslambda.http-integration-response"
    prelude, body = answer.body.split(bytes(8))
    assert json.loads(prelude)["statusCode"] == 503
    assert b"sst dev --stage joe" in body


@pytest.mark.parametrize("name", ["HTTP API 2.0", "REST API", "ALB"])
def test_streamed_function_answers_gateways_in_one_piece(name: str) -> None:
    """Only the URL streams: a gateway in front of the same function invokes it buffered."""
    answer = _answer(events.HTTP[name][1], streamed=True)

    assert isinstance(answer, away.HttpAnswer)
    assert json.loads(answer.body)["statusCode"] == 503


@given(st.binary(max_size=200) | st.builds(lambda text: text.encode(), st.text()))
def test_any_bytes_get_an_answer(event: bytes) -> None:
    """An event that is no JSON, or no UTF-8, is answered with an error too."""
    assert isinstance(away.answer(event, **WHO), away.LambdaError)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["requestContext", "httpMethod", "http", "elb", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(_JSON)
def test_never_a_success(event: Any) -> None:
    """Whatever the event looks like, the answer is an error or an HTTP 503."""
    match _answer(event):
        case away.HttpAnswer(body=body):
            assert json.loads(body)["statusCode"] == 503
        case away.LambdaError(body=body):
            assert json.loads(body)["errorType"] == "Sst.DevServerUnreachable"
