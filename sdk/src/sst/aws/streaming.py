"""Answer piece by piece: a handler whose response reaches the caller while it is still being made."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Any, TypeVar

    Chunk = bytes | str | dict[str, Any]
    Handler = TypeVar("Handler", bound=Callable[[Any, Any], Iterator[Chunk] | AsyncIterator[Chunk]])

MARK = "__sst_stream__"
"""The attribute, true, by which whoever runs the handler knows that what it returns is to be streamed."""


def stream(handler: "Handler") -> "Handler":
    """Mark *handler*, a generator function or one that returns an iterator, as streaming.

        @stream
        def handler(event, context):
            yield {"statusCode": 200, "headers": {"content-type": "text/plain"}}
            for word in words():
                yield word + " "

    Each item is sent as it is yielded: `bytes` as they are, `str` as UTF-8. If the first item is a dict it is the
    head of the HTTP response (`statusCode`, `headers`, `cookies`) and is not part of the body; the caller must
    then be a function URL or an API that streams. Called directly, as tests do, the handler is what it was.
    """
    setattr(handler, MARK, True)
    return handler
