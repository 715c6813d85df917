"""Streamed responses: what a handler marked by `sst.aws.stream` produces, piece by piece."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from .codec import encode_text
from .errors import RuntimeFault

MARK = "__sst_stream__"
"""The attribute `sst.aws.stream` sets to True on a handler."""

RAW = "application/octet-stream"
HTTP = "application/vnd.awslambda.http-integration-response"
PRELUDE_END = b"\0" * 8
"""Between the JSON prelude and the body of an HTTP stream (Lambda Runtime API)."""


PIECE = 1 << 20
"""Bytes of a piece: a longer item goes out in several, which bounds what is under way at once."""


def is_stream(handler: Any) -> bool:
    """Whether *handler* streams its response."""
    return bool(getattr(handler, MARK, False))


def pieces(result: Any) -> Iterator[tuple[bytes, str]]:
    """Each piece of a stream with the content type of the whole.

    *result* is what the handler returned: a generator or other iterable (asynchronous ones too) of `bytes` and `str`,
    or a single such value. A first item that is a dict is the HTTP prelude: `statusCode`, `headers`, `cookies`. A dict
    that is the whole result is what it would be without the mark: a response object, or a JSON value.
    """
    content_type = RAW
    for index, item in enumerate(_items(result)):
        if index == 0 and isinstance(item, dict):
            content_type = HTTP
            yield encode_text(item).encode("utf-8") + PRELUDE_END, content_type
        else:
            body = _as_bytes(item)
            for start in range(0, len(body), PIECE):
                yield body[start : start + PIECE], content_type


def _as_bytes(item: Any) -> bytes:
    if isinstance(item, str):
        return item.encode("utf-8")
    if isinstance(item, (bytes, bytearray, memoryview)):
        return bytes(item)
    raise RuntimeFault(
        "Runtime.MarshalError",
        "Unable to marshal response: a stream consists of str and bytes, with a dict only as its first item; "
        f"got {type(item).__name__}",
    )


def _items(result: Any) -> Iterator[Any]:
    if isinstance(result, dict):
        return iter(_whole(result))
    if isinstance(result, (str, bytes, bytearray, memoryview)):
        return iter([result])
    if hasattr(result, "__aiter__") or hasattr(result, "__await__"):
        return _drive(result)
    try:
        return iter(result)
    except TypeError:
        raise RuntimeFault(
            "Runtime.MarshalError",
            f"Unable to marshal response: a stream handler returned {type(result).__name__}, expected an iterable",
        ) from None


def _whole(response: dict[str, Any]) -> list[Any]:
    """A buffered response object as the items of a stream."""
    if "statusCode" not in response:
        return [{"statusCode": 200, "headers": {"content-type": "application/json"}}, encode_text(response)]
    head = {key: value for key, value in response.items() if key not in ("body", "isBase64Encoded")}
    body = response.get("body")
    if body is not None and response.get("isBase64Encoded"):
        body = base64.b64decode(body)
    return [head] if body is None else [head, body]


def _drive(result: Any) -> Iterator[Any]:
    """Run an asynchronous handler to its end on a loop of its own."""
    import asyncio

    loop = asyncio.new_event_loop()
    try:
        if hasattr(result, "__await__"):
            result = loop.run_until_complete(_wait(result))
            if not hasattr(result, "__aiter__"):
                yield from _items(result)
                return
        iterator = result.__aiter__()
        while True:
            try:
                yield loop.run_until_complete(_wait(iterator.__anext__()))
            except StopAsyncIteration:
                return
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _wait(awaitable: Any) -> Any:
    return await awaitable
