"""`sst.aws.stream` marks a handler, and leaves it what it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sst.aws import stream
from sst_worker.streaming import is_stream


def test_the_worker_recognises_a_marked_handler() -> None:
    """What the SDK marks, the worker streams; the two share nothing but the name of the mark."""

    @stream
    def handler(event: Any, context: Any) -> Iterator[str]:
        yield event["word"]

    assert is_stream(handler)
    assert list(handler({"word": "hi"}, None)) == ["hi"]


def test_an_unmarked_handler_does_not_stream() -> None:
    """A generator without the decorator is what Lambda makes of it."""

    def handler(event: Any, context: Any) -> Iterator[str]:
        yield "hi"

    assert not is_stream(handler)
