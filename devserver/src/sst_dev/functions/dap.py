"""Messages of the Debug Adapter Protocol, and an IDE's end of a connection that carries them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

MESSAGE_MAX = 1024 * 1024
"""Bytes of a message up to `attach`: VS Code's are 2 KB; more is not the Debug Adapter Protocol."""


class Ide:
    """One connection of an IDE: its parent session's, or a child session's."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._unanswered: dict[str, Any] | None = None
        self._over = False
        """It has been told that its session is."""

    async def ask(self) -> dict[str, Any]:
        """The request with which it opens its session: `attach` or `launch`, unless it has thought better of it."""
        self._unanswered = await read(self.reader)
        return self._unanswered

    def answer(self, message: dict[str, Any]) -> None:
        """Send it *message*."""
        if self._unanswered is not None and message.get("request_seq") == self._unanswered.get("seq"):
            self._unanswered = None
        self._over = self._over or message.get("event") == "terminated"
        if not self.writer.is_closing():  # it has left
            self.writer.write(packed(message))

    def dismiss(self, why: str) -> None:
        """Tell it that its session is over, for an IDE shows nothing of a connection that just ends."""
        if (asked := self._unanswered) is not None:
            about = {"request_seq": asked.get("seq"), "command": asked.get("command")}
            self.answer({"seq": 0, "type": "response", "success": False, "message": why, **about})
        if not self._over:
            self.answer({"seq": 0, "type": "event", "event": "terminated"})


def packed(message: dict[str, Any]) -> bytes:
    """*message* with its header."""
    text = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n" % len(text) + text


async def read(reader: asyncio.StreamReader, most: int | None = MESSAGE_MAX) -> dict[str, Any]:
    """One message, of *most* bytes. Raises `ValueError` for what is none, `IncompleteReadError` at the end."""
    try:
        header = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise ValueError("no header of the Debug Adapter Protocol") from error
    fields = dict(line.split(b":", 1) for line in header.lower().strip().split(b"\r\n"))
    length = int(fields.get(b"content-length", b"0"))
    if length <= 0 or (most is not None and length > most):
        raise ValueError(f"a message of {length} bytes")
    message = json.loads(await reader.readexactly(length))
    if not isinstance(message, dict):
        raise ValueError("a message is an object")
    return message


async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Copy until either side ends."""
    with contextlib.suppress(ConnectionError):
        while data := await source.read(64 * 1024):
            sink.write(data)
            await sink.drain()
