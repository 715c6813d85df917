"""Messages of the Debug Adapter Protocol, and what an IDE is told when its session is over."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sst_dev.functions.dap import MESSAGE_MAX, Ide, packed, read


def stream(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


async def heard(reader: asyncio.StreamReader) -> list[dict[str, Any]]:
    """Every message until the end."""
    messages = []
    while not reader.at_eof():
        messages.append(await read(reader))
    return messages


class Written(bytearray):
    """The writing end of an IDE's connection."""

    write = bytearray.extend

    def is_closing(self) -> bool:
        return False


async def test_what_is_packed_is_read() -> None:
    """One message after the other, in bytes and not in characters."""
    messages = [{"seq": 1, "command": "ä"}, {"seq": 2}]

    assert await heard(stream(b"".join(map(packed, messages)))) == messages


@pytest.mark.parametrize(
    "data", [packed({})[:-1] + b"x", b"Content-Length: 2\r\n\r\n[]", b"Content-Length: %d\r\n\r\n" % (MESSAGE_MAX + 1)]
)
async def test_anything_else_is_an_error(data: bytes) -> None:
    """Broken, no object, or too long."""
    with pytest.raises(ValueError):
        await read(stream(data))


@pytest.mark.parametrize("answered", [False, True])
async def test_who_is_let_go_is_told_once(answered: bool) -> None:
    """An `attach` that waits gets the reason; a session that is over is said to be so a single time."""
    written = Written()
    ide = Ide(stream(packed({"seq": 7, "command": "attach"})), written)  # type: ignore[arg-type]
    await ide.ask()
    if answered:
        ide.answer({"type": "response", "request_seq": 7, "success": True})
    ide.dismiss("gone")
    ide.dismiss("gone")
    first, *rest = await heard(stream(bytes(written)))

    assert first["request_seq"] == 7 and first["success"] is answered
    assert answered or (first["message"], first["command"]) == ("gone", "attach")
    assert [message["event"] for message in rest] == ["terminated"], json.dumps(rest)
