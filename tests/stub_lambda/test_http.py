"""HTTP/1.1 without I/O: however the bytes are cut, the reply is the same."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sst_stub.http import (
    BODY_BOUND,
    HEAD_BOUND,
    HEADER_VALUE_BOUND,
    HttpError,
    Reply,
    ReplyParser,
    chunk,
    header_value,
    last_chunk,
    request,
)


def _cut(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def _feed(parser: ReplyParser, pieces: list[bytes]) -> Reply:
    replies = [reply for piece in pieces if (reply := parser.receive_data(piece)) is not None]
    [reply] = replies
    return reply


@given(st.binary(max_size=300), st.lists(st.integers(0, 10_000), max_size=10))
def test_sized_body_in_any_pieces(body: bytes, cuts: list[int]) -> None:
    """A reply with Content-Length is whole exactly when its last byte is there."""
    data = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-A: 1\r\n\r\n%b" % (len(body), body)

    parser = ReplyParser()
    for _ in range(2):
        reply = _feed(parser, _cut(data, cuts))
        assert (reply.status, reply.body, reply.headers["x-a"]) == (200, body, "1")
        assert parser.idle


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=5), st.lists(st.integers(0, 10_000), max_size=10))
def test_chunked_body_in_any_pieces(chunks: list[bytes], cuts: list[int]) -> None:
    """A chunked reply, with trailers, is its chunks joined; our own chunk writer is what is read back."""
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    data += b"".join(chunk(piece) for piece in chunks) + last_chunk({"X-Trailer": "1"})

    reply = _feed(ReplyParser(), _cut(data, cuts))

    assert reply.body == b"".join(chunks)


def test_interim_replies_are_skipped() -> None:
    """100 Continue is no answer."""
    data = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"

    assert _feed(ReplyParser(), [data]).status == 202


def test_first_of_repeated_headers_counts() -> None:
    """A repeated header keeps its first value, as awslambdaric does."""
    data = b"HTTP/1.1 200 OK\r\nX-Id: a\r\nx-id: b\r\nContent-Length: 0\r\n\r\n"

    assert _feed(ReplyParser(), [data]).headers["x-id"] == "a"


def test_header_values_are_utf8() -> None:
    """Client context is JSON, which may hold any character; broken UTF-8 is replaced, not fatal."""
    data = "HTTP/1.1 200 OK\r\nA: é\r\n".encode() + b"B: \xff\r\nContent-Length: 0\r\n\r\n"

    headers = _feed(ReplyParser(), [data]).headers
    assert (headers["a"], headers["b"]) == ("é", "�")


def test_connection_close_is_noticed() -> None:
    """A reply says whether its connection can be used again."""
    data = b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n"

    assert not _feed(ReplyParser(), [data]).reusable


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n", "status line"),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", "status line"),
        (b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", "header line"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (BODY_BOUND + 1), "longer than"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "hexadecimal"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", "hexadecimal"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % (BODY_BOUND + 1), "longer than"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", "size says"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore", "belong to no reply"),
        (b"x" * (HEAD_BOUND + 1), "head of a reply is longer"),
    ],
)
def test_what_is_not_http_is_named(data: bytes, sentence: str) -> None:
    """Each malformed or unbounded reply ends the connection with a sentence of its own."""
    with pytest.raises(HttpError, match=sentence):
        ReplyParser().receive_data(data)


@given(st.binary(max_size=400))
def test_no_bytes_break_the_parser(data: bytes) -> None:
    """Whatever comes, the parser returns, or raises HttpError."""
    try:
        ReplyParser().receive_data(data)
    except HttpError as error:
        assert str(error)


def test_request_leaves_out_empty_values() -> None:
    """A header without a value is not sent."""
    head = request("POST", "h:1", "/p", {"A": "1", "B": ""})

    assert head == b"POST /p HTTP/1.1\r\nHost: h:1\r\nA: 1\r\n\r\n"


@given(st.text(max_size=100))
def test_header_values_cannot_end_the_line(value: str) -> None:
    """Only printable ASCII is left of a value."""
    assert all(" " <= c <= "~" for c in header_value(value))


def test_too_long_header_value_is_left_out() -> None:
    """A value over the bound would be refused by the server, so it does not go."""
    assert header_value("x" * HEADER_VALUE_BOUND) != ""
    assert header_value("x" * (HEADER_VALUE_BOUND + 1)) == ""
