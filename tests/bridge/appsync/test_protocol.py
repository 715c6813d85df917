"""`sst_bridge.appsync.protocol`: frames out of commands, events out of frames."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sst_bridge.appsync.protocol import (
    MAX_EVENTS,
    Acknowledged,
    Batch,
    ConnectionFailed,
    Conversation,
    Data,
    ErrorReported,
    Failure,
    Ignored,
    KeepAlive,
    Published,
    PublishFailed,
    ServiceError,
    Subscribed,
    SubscribeFailed,
    is_channel,
    publish_answer,
    subprotocols,
)
from sst_bridge.appsync.signing import Credentials, Signer, body_text

CHANNEL = "/sst/notes/dev/dev"
BATCH = Batch(CHANNEL, ('"one"', '"two"', '"three"'), (0, 0, 0))
THROTTLED = [{"errorType": "LimitExceededError", "message": "Rate limit exceeded"}]


@pytest.fixture(name="signer")
def _signer() -> Signer:
    return Signer("api.example", "us-east-1", lambda: Credentials("AKID", "secret"), clock=lambda: 0)


@pytest.fixture(name="conversation")
def _conversation(signer: Signer) -> Conversation:
    return Conversation(signer)


def said(kind: str, identifier: str | None = None, **more: Any) -> str:
    """A frame of the service."""
    return json.dumps({"type": kind, **({} if identifier is None else {"id": identifier}), **more})


def test_subprotocols_are_the_literal_and_an_unpadded_token() -> None:
    """The handshake offers the service's name and the authorization, in characters a header token may have."""
    literal, token = subprotocols({"host": "api.example", "Authorization": "AWS4 ???>>>"})
    encoded = token.removeprefix("header-")

    assert literal == "aws-appsync-event-ws"
    assert not set(encoded) & set("=+/")
    decoded = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    assert decoded == {"host": "api.example", "Authorization": "AWS4 ???>>>"}


def test_commands_carry_their_own_signature(conversation: Conversation, signer: Signer) -> None:
    """Subscribe and publish frames are authorized for exactly what they ask."""
    subscribe = json.loads(conversation.subscribe(CHANNEL))
    publish = json.loads(conversation.publish(BATCH)[1])

    assert subscribe == {
        "type": "subscribe", "id": "S1", "channel": CHANNEL, "authorization": signer.sign(body_text(CHANNEL).encode()),
    }  # fmt: skip
    assert publish == {
        "type": "publish", "id": "P2", "channel": CHANNEL, "events": list(BATCH.events),
        "authorization": signer.sign(body_text(CHANNEL, BATCH.events).encode()),
    }  # fmt: skip


@pytest.mark.parametrize("count", [0, MAX_EVENTS + 1])
def test_a_publish_carries_one_to_five_events(conversation: Conversation, count: int) -> None:
    """The service's limit on events a publish is never tried."""
    with pytest.raises(ValueError, match="1 to 5 events"):
        conversation.publish(Batch(CHANNEL, ('"x"',) * count))


@pytest.mark.parametrize(
    ("frame", "event"),
    [
        (said("ka"), KeepAlive()),
        (said("connection_ack", connectionTimeoutMs=300000), Acknowledged(300.0)),
        (said("connection_ack"), Acknowledged(300.0)),
        (said("connection_ack", connectionTimeoutMs="soon"), Acknowledged(300.0)),
        (said("subscribe_success", "S1"), Subscribed(CHANNEL)),
        (
            said("subscribe_error", "S1", errors=THROTTLED),
            SubscribeFailed(CHANNEL, ServiceError("LimitExceededError", "Rate limit exceeded")),
        ),
        (said("data", "S1", event='"x"'), Data(CHANNEL, '"x"')),
        (said("data", "S1", event=['"x"']), Data(CHANNEL, '"x"')),
        (said("publish_success", "P2", successful=[], failed=[]), Published(BATCH)),
        (said("publish_success", "P2"), Published(BATCH)),
        (
            said("publish_error", "P2", errors=THROTTLED),
            PublishFailed(BATCH, ServiceError("LimitExceededError", "Rate limit exceeded")),
        ),
        (
            said("error", "P2", errors=[{"errorType": "ResourceNotFound"}]),
            PublishFailed(BATCH, ServiceError("ResourceNotFound")),
        ),
        (
            said("error", errors=THROTTLED),
            ErrorReported(ServiceError("LimitExceededError", "Rate limit exceeded")),
        ),
        (said("error"), ErrorReported(ServiceError("UnknownError"))),
        (
            said("broadcast_error", "S1", errors=[{"errorType": "MessageProcessingError"}]),
            ErrorReported(ServiceError("MessageProcessingError")),
        ),
        (
            said("connection_error", errors=[{"errorType": "UnauthorizedException", "errorCode": 401}]),
            ConnectionFailed(ServiceError("UnauthorizedException", code=401)),
        ),
    ],
)
def test_what_a_frame_says(conversation: Conversation, frame: str, event: object) -> None:
    """Each frame of the service becomes the event it stands for, with the batch or channel it is about."""
    conversation.subscribe(CHANNEL)
    conversation.publish(BATCH)

    assert conversation.receive(frame) == event


@pytest.mark.parametrize(
    "frame",
    [
        "not json", "[]", "null", "{}", said("novelty"), said("data", "S9", event='"x"'), said("data", "S1"),
        said("data", "S1", event=["a", "b"]), said("publish_success", "P9"), said("subscribe_success"),
    ],
)  # fmt: skip
def test_what_asks_nothing_is_ignored(conversation: Conversation, frame: str) -> None:
    """Unknown types, answers to nothing and broken frames are told apart from events, and never raise."""
    conversation.subscribe(CHANNEL)

    assert isinstance(conversation.receive(frame), Ignored)


def test_single_failures_are_told_by_index(conversation: Conversation) -> None:
    """`failed` names events by index; its code is a word or a number, and senseless entries are left out."""
    conversation.publish(BATCH)
    failed = [
        {"index": 2, "code": "EventTooLargeException", "message": "too large"},
        {"index": 0, "code": 429},
        {"index": 7, "code": "x"},
        {"index": "1"},
        "x",
    ]
    event = conversation.receive(said("publish_success", "P1", failed=failed))

    assert event == Published(
        BATCH,
        (Failure(2, ServiceError("EventTooLargeException", "too large")), Failure(0, ServiceError("429", code=429))),
    )


def test_a_publish_is_answered_once(conversation: Conversation) -> None:
    """After its answer a publish is forgotten: a second answer is to nothing."""
    conversation.publish(BATCH)
    answers = [conversation.receive(said("publish_success", "P1")) for _ in range(2)]

    assert isinstance(answers[0], Published)
    assert isinstance(answers[1], Ignored)
    assert conversation.unanswered == 0


def test_what_was_not_answered_is_given_up_by_age(conversation: Conversation) -> None:
    """The publishes written before a time come back, oldest first; one that is still being written is not late."""
    batches = [Batch(CHANNEL, (f'"{n}"',), (0,)) for n in range(4)]
    identifiers = [conversation.publish(batch)[0] for batch in batches]
    for identifier, written in zip(identifiers, (1.0, 2.0, 3.0), strict=False):
        conversation.written(identifier, written)

    assert conversation.give_up(2.5) == batches[:2]
    assert conversation.give_up(1e9) == [batches[2]]
    assert conversation.give_up() == [batches[3]]
    assert conversation.unanswered == 0


def test_an_answer_may_be_quicker_than_the_writer(conversation: Conversation) -> None:
    """A publish answered before its writer went on is not waited for again."""
    identifier, _ = conversation.publish(BATCH)
    conversation.receive(said("publish_success", identifier))
    conversation.written(identifier, 1.0)

    assert conversation.unanswered == 0


def test_a_publish_that_cannot_be_signed_counts_as_sent(signer: Signer) -> None:
    """When credentials fail, the batch is among those given up, and so not lost."""

    def no_credentials() -> Credentials:
        raise RuntimeError("the SSO session has expired")

    conversation = Conversation(Signer("api.example", "us-east-1", no_credentials))
    with pytest.raises(RuntimeError, match="SSO session"):
        conversation.publish(BATCH)

    assert conversation.give_up() == [BATCH]


def test_messages_of_the_service_hold_no_secret(conversation: Conversation) -> None:
    """A signature mismatch quotes the canonical request with its session token: that part is cut."""
    message = "The signature does not match. The Canonical String should have been\nx-amz-security-token:SECRET"
    event = conversation.receive(said("error", errors=[{"errorType": "BadRequestException", "message": message}]))

    assert isinstance(event, ErrorReported)
    assert "SECRET" not in str(event)
    assert event.error.message.startswith("The signature does not match.")


@pytest.mark.parametrize(
    ("error", "throttled", "refused", "permanent"),
    [
        (ServiceError("LimitExceededError"), True, False, False),
        (ServiceError("HTTP 429", code=429), True, False, False),
        (ServiceError("UnauthorizedException"), False, True, False),
        (ServiceError("whatever", code=403), False, True, False),
        (ServiceError("BadRequestException"), False, False, True),
        (ServiceError("InvalidInputError"), False, False, True),
        (ServiceError("EventTooLargeException"), False, False, True),
        (ServiceError("InternalFailure", code=500), False, False, False),
        (ServiceError("SomethingNew"), False, False, False),
    ],
)
def test_what_an_error_means(error: ServiceError, throttled: bool, refused: bool, permanent: bool) -> None:
    """Errors are sorted by what to do: wait, tell somebody, give the event up, or simply try again."""
    assert (error.throttled, error.refused, error.permanent) == (throttled, refused, permanent)


@pytest.mark.parametrize(
    ("status", "body", "event"),
    [
        (200, b'{"failed":[],"successful":[]}', Published(BATCH)),
        (200, b'{"failed":[{"index":1,"code":"X"}]}', Published(BATCH, (Failure(1, ServiceError("X")),))),
        (
            401,
            b'{"errors":[{"errorType":"UnauthorizedException"}]}',
            PublishFailed(BATCH, ServiceError("UnauthorizedException", code=401)),
        ),
        (502, b"<html>", PublishFailed(BATCH, ServiceError("UnknownError", code=502))),
        (429, b"[]", PublishFailed(BATCH, ServiceError("UnknownError", code=429))),
    ],
)
def test_what_an_http_answer_says(status: int, body: bytes, event: object) -> None:
    """An HTTP publish is answered in the same terms; only 200 means that it was taken."""
    assert publish_answer(BATCH, status, body) == event


@pytest.mark.parametrize(
    ("channel", "valid"),
    [
        ("/sst/app/stage/dev", True), ("sst", True), ("/a/b/c/d/e/", True), ("/" + "a" * 50, True), ("/a-b/C1", True),
        ("/a/b/c/d/e/f", False), ("/" + "a" * 51, False), ("/a_b", False), ("/-a", False), ("/a-", False),
        ("/a/*", False), ("//a", False), ("", False), ("/a.b", False), ("/a\n", False),
    ],
)  # fmt: skip
def test_channel_grammar(channel: str, valid: bool) -> None:
    """One to five segments of up to fifty letters, digits and inner dashes."""
    assert is_channel(channel) is valid


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(
    ["data", "ka", "connection_ack", "subscribe_success", "subscribe_error", "publish_success", "publish_error",
     "error", "connection_error", "broadcast_error", "unsubscribe_success", "novelty"]
)  # fmt: skip
FRAMES = st.builds(
    lambda kind, fields: json.dumps({**fields, "type": kind}),
    KINDS,
    st.fixed_dictionaries(
        {},
        optional={
            "id": st.sampled_from(["S1", "P2", "P9"]) | ANY_JSON,
            "event": ANY_JSON,
            "errors": ANY_JSON
            | st.lists(st.dictionaries(st.sampled_from(["errorType", "message", "errorCode"]), ANY_JSON)),
            "failed": ANY_JSON | st.lists(st.dictionaries(st.sampled_from(["index", "code", "message"]), ANY_JSON)),
            "connectionTimeoutMs": ANY_JSON,
        },
    ),
)


@given(st.lists(FRAMES | st.text() | st.binary(max_size=50) | ANY_JSON.map(json.dumps), max_size=5))
def test_nothing_the_service_says_breaks_the_conversation(frames: list[str | bytes]) -> None:
    """Whatever comes in, reading it never raises, and failures name events that exist."""
    conversation = Conversation(Signer("h", "us-east-1", lambda: Credentials("a", "b"), clock=lambda: 0))
    conversation.subscribe(CHANNEL)
    conversation.publish(BATCH)
    for frame in frames:
        event = conversation.receive(frame)
        if isinstance(event, Published):
            assert all(0 <= failure.index < len(event.batch.events) for failure in event.failed)
        if isinstance(event, Acknowledged):
            assert 0 < event.timeout <= 86_400
