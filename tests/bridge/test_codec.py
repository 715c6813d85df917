"""Message ↔ bytes."""

from __future__ import annotations

import json
import os
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sst_bridge import codec
from sst_bridge.errors import Malformed
from sst_bridge.messages import Accepted, Bye, Hello, Invoke, Message, Missing, Response, Stream

from tests.support.messages import messages


def packed(head: object, body: bytes = b"") -> bytes:
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return b"\0" + struct.pack(">I", len(text)) + text + body


@given(messages)
def test_what_is_encoded_decodes_to_the_same(message: Message) -> None:
    """For every kind and every value of its fields."""
    assert codec.decode(codec.encode(message)) == message


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_malformed(data: bytes) -> None:
    """Nothing else is raised, whatever comes in."""
    try:
        codec.decode(data)
    except Malformed as error:
        assert str(error)


@given(messages, st.data())
def test_a_damaged_message_decodes_or_is_malformed(message: Message, data: st.DataObject) -> None:
    """One byte changed, or the end cut off."""
    encoded = bytearray(codec.encode(message))
    place = data.draw(st.integers(0, len(encoded) - 1))
    if data.draw(st.booleans()):
        encoded[place] ^= data.draw(st.integers(1, 255))
    else:
        del encoded[place:]
    try:
        codec.decode(bytes(encoded))
    except Malformed as error:
        assert str(error)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    ),
    st.sampled_from([*codec.KINDS, "unknown"]),
    st.sampled_from(["nonce", "body", "environment", "indexes", "sent_at", "final", "running", "error_body"]),
)
def test_a_field_of_any_json_is_taken_or_malformed(value: object, kind: str, field: str) -> None:
    """The types of the fields are checked, all the way down."""
    try:
        message = codec.decode(packed({"kind": kind, "sender": "s", field: value}))
    except Malformed as error:
        assert field in str(error)
    else:
        assert message is None or codec.decode(codec.encode(message)) == message


def test_an_unknown_kind_is_skipped() -> None:
    """A later version may say more."""
    assert codec.decode(packed({"kind": "telepathy", "sender": "s"})) is None


def test_an_unknown_field_is_ignored() -> None:
    """A later version may know more."""
    data = packed({"kind": "accepted", "sender": "s", "nonce": "n", "mood": {"good": True}})
    assert codec.decode(data) == Accepted("s", "n")


def test_a_missing_field_takes_its_default() -> None:
    """That of its class, or the empty value of its type."""
    assert codec.decode(packed({"kind": "invoke"})) == Invoke("", "", "", "", 0, "", 0.0)
    assert codec.decode(packed({"kind": "hello"})) == Hello("", "", {})
    assert codec.decode(packed({"kind": "bye"})) == Bye("")
    assert codec.decode(packed({"kind": "missing"})) == Missing("", "")


def test_defaults_do_not_travel() -> None:
    """A small message stays one metered unit."""
    assert codec.encode(Stream("s", "n", 0)) == packed(b'{"kind":"stream","sender":"s","nonce":"n"}')


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\2abc",
        b"\0\0\0\0\5{}",
        packed(b"not json"),
        packed(b"[]"),
        packed(b"{}"),
        packed({"kind": 1}),
        packed(b'{"kind":"accepted","nonce":' + b"[" * 100_000),
        packed(b'{"kind":"invoke","deadline_ms":' + b"9" * 5_000 + b"}"),
        packed({"kind": "invoke", "deadline_ms": True}),
        packed({"kind": "invoke", "deadline_ms": 1.5}),
        packed(b'{"kind":"invoke","sent_at":NaN}'),
        packed(b'{"kind":"invoke","sent_at":1' + b"0" * 400 + b"}"),
        packed({"kind": "stream", "error_body": "a"}),
        packed({"kind": "stream", "error_body": "ä"}),
        b"\1not zlib",
        b"\1" + zlib.compress(packed({"kind": "bye"})[1:])[:-1],
        b"\1" + zlib.compress(packed({"kind": "bye"})[1:]) + b"more",
    ],
)
def test_malformed_bytes_are_named(data: bytes) -> None:
    """One error for all of them."""
    with pytest.raises(Malformed):
        codec.decode(data)


def test_a_bomb_is_not_unpacked() -> None:
    """100 MB of zeros are 100 kB on the wire, and stop at the largest message."""
    with pytest.raises(Malformed, match="longer than"):
        codec.decode(b"\1" + zlib.compress(bytes(100 * 1024 * 1024)))


def test_compression_only_where_it_pays() -> None:
    """Small bodies and random ones travel as they are, text shrinks."""
    assert codec.encode(Response("s", "n", body=b"a" * 2_000))[0] == 0
    assert codec.encode(Response("s", "n", body=os.urandom(100_000)))[0] == 0
    assert len(codec.encode(Response("s", "n", body=b"abc" * 100_000))) < 10_000


def test_a_body_that_only_begins_compressible_is_not_made_longer() -> None:
    """The sample is a guess, the result decides."""
    body = bytes(codec.SAMPLE) + os.urandom(1_000_000)
    assert len(codec.encode(Response("s", "n", body=body))) < len(body) + 100


def test_lambdas_largest_payload_fits() -> None:
    """With the largest head."""
    message = Response("s", "n", body=os.urandom(6_291_556))
    assert codec.decode(codec.encode(message)) == message
    with pytest.raises(ValueError, match="larger than"):
        codec.encode(Response("s", "n", body=bytes(codec.MAX_MESSAGE)))
