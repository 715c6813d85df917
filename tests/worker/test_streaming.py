"""From what a streaming handler produces to the pieces that go out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sst_worker import streaming
from sst_worker.errors import RuntimeFault


async def _agen(*items: Any) -> AsyncIterator[Any]:
    for item in items:
        yield item


async def _returns(value: Any) -> Any:
    return value


HEAD = {"statusCode": 204, "headers": {"x": "ü"}, "cookies": ["a=b"]}


@pytest.mark.parametrize(
    "result",
    [
        ["ä", b"b", bytearray(b"c"), memoryview(b"d")],
        iter(["ä", b"bcd"]),
        _agen("ä", b"b", "cd"),
        _returns(["äb", "cd"]),
        _returns(_agen("äbcd")),
        "äbcd",
        "äbcd".encode(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_form_of_a_stream_comes_out_as_its_bytes(result: Any) -> None:
    """Iterables, asynchronous ones, awaitables of either, and a single value."""
    pieces = list(streaming.pieces(result))
    assert b"".join(body for body, _ in pieces) == "äbcd".encode()
    assert {content_type for _, content_type in pieces} == {streaming.RAW}


@pytest.mark.parametrize("result", [[HEAD, "body"], _agen(HEAD, "body")], ids=["iterable", "asynchronous"])
def test_a_dict_first_is_the_head_of_the_http_response(result: Any) -> None:
    """JSON, eight NUL bytes, then the body; the content type says so from the first piece on."""
    (head, first_type), (body, second_type) = streaming.pieces(result)
    assert head.endswith(b"}" + b"\0" * 8) and b'"statusCode": 204' in head
    assert (body, first_type, second_type) == (b"body", streaming.HTTP, streaming.HTTP)


@pytest.mark.parametrize("result", [["a", {"statusCode": 200}], [1], ["a", None], 5, None])
def test_what_is_no_piece_is_a_marshal_error(result: Any) -> None:
    """As for a buffered response that cannot be encoded; pieces before it have gone out."""
    with pytest.raises(RuntimeFault, match="Unable to marshal response: ") as caught:
        list(streaming.pieces(result))
    assert caught.value.kind == "Runtime.MarshalError"


def test_a_long_item_goes_out_in_bounded_pieces() -> None:
    """At most `PIECE` bytes each, together the item."""
    item = bytes(range(256)) * (streaming.PIECE // 256) + b"rest"
    pieces = [body for body, _ in streaming.pieces([item])]
    assert [len(body) for body in pieces] == [streaming.PIECE, 4]
    assert b"".join(pieces) == item


def test_items_are_asked_for_one_at_a_time() -> None:
    """A piece is out before the next exists; closing early closes the handler's generator."""
    events: list[str] = []

    def handler() -> Any:
        try:
            for name in "ab":
                events.append(name)
                yield name
        finally:
            events.append("closed")

    generator = handler()
    pieces = streaming.pieces(generator)
    assert next(pieces)[0] == b"a" and events == ["a"]
    generator.close()
    assert events == ["a", "closed"]


def test_only_a_marked_handler_streams() -> None:
    """The mark is the attribute `sst.aws.stream` sets."""
    from sst.aws import stream

    def handler(event: Any, context: Any) -> Any:
        return iter(())

    assert not streaming.is_stream(handler)
    assert streaming.is_stream(stream(handler))


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ({"statusCode": 404, "body": "nope"}, ([{"statusCode": 404}], b"nope")),
        ({"statusCode": 200, "body": "AAE=", "isBase64Encoded": True}, ([{"statusCode": 200}], b"\x00\x01")),
        ({"statusCode": 204}, ([{"statusCode": 204}], b"")),
        ({"a": 1}, ([{"statusCode": 200, "headers": {"content-type": "application/json"}}], b'{"a": 1}')),
    ],
)
def test_a_dict_alone_is_the_whole_response(response: dict[str, Any], expected: tuple[list[Any], bytes]) -> None:
    """A marked handler that returns a response object loses nothing of it."""
    made = list(streaming.pieces(response))
    head = json.loads(made[0][0].removesuffix(streaming.PRELUDE_END))

    assert ([head], b"".join(piece for piece, _ in made[1:])) == expected
