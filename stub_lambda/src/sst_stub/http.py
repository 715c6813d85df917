"""HTTP/1.1 as the Lambda Runtime API speaks it: bytes in, replies out; requests as bytes. No I/O.

One request is in flight at a time, so a reply needs no pairing. Interim (1xx) replies are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

HEAD_BOUND = 64 * 1024
"""Bytes of a reply's status line and headers: the largest header Lambda sends, the client context, is 3,583
bytes in base64 (Lambda quota), and Go's and Python's servers stop at 64 KiB a line too."""
BODY_BOUND = 16 * 1024 * 1024
"""Bytes of a reply's body: more than twice the largest event (6,291,556 bytes, Lambda quota)."""
HEADER_VALUE_BOUND = 48 * 1024
"""Bytes of a header value we send: it fits the 64 KiB line of a Python `http.server` with its name, and an
X-Ray segment document, the only long one, holds 64 kB (X-Ray quota)."""


class HttpError(Exception):
    """The peer does not speak HTTP/1.1 as expected; the connection is of no more use."""


@dataclass(frozen=True)
class Reply:
    """One complete reply."""

    status: int
    headers: Mapping[str, str]
    """Lower-case names; of a repeated header the first value."""
    body: bytes = field(repr=False)
    reusable: bool = True
    """False: the peer closes the connection after this reply."""


class ReplyParser:
    """Feed it what the socket receives; it returns a reply once one is complete.

    The state is what is awaited next: the head, `_left` bytes of a body or chunk, or the line before or after
    a chunk.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._reset()

    def _reset(self) -> None:
        self._expect = self._head
        self._status = 0
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._left = 0

    @property
    def idle(self) -> bool:
        """True between replies: the end of the connection is no loss."""
        return self._expect == self._head and not self._buffer

    def receive_data(self, data: bytes) -> Reply | None:
        """Take *data*; return the reply it completes, if any. Raises HttpError."""
        self._buffer += data
        reply = None
        while reply is None:
            before = (self._expect, len(self._buffer))
            reply = self._expect()
            if reply is None and before == (self._expect, len(self._buffer)):
                return None
        if self._buffer:
            raise HttpError("the Runtime API sent bytes that belong to no reply")
        return reply

    def _head(self) -> Reply | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 and len(self._buffer) <= HEAD_BOUND:
            return None
        if end < 0 or end > HEAD_BOUND:
            raise HttpError(f"the head of a reply is longer than {HEAD_BOUND} bytes")
        status_line, *lines = self._buffer[:end].decode("utf-8", "replace").split("\r\n")
        del self._buffer[: end + 4]
        self._status = _status(status_line)
        self._headers = _headers(lines)
        if 100 <= self._status < 200:
            return None
        return self._begin_body()

    def _begin_body(self) -> Reply | None:
        if "chunked" in self._headers.get("transfer-encoding", "").lower():
            self._expect = self._chunk_size
            return None
        length = self._headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            raise HttpError(f"Content-Length is {length!r}, expected a number")
        self._left = int(length)
        _check_body(self._left)
        self._expect = self._sized_body
        return self._sized_body()

    def _sized_body(self) -> Reply | None:
        self._take()
        return None if self._left else self._complete()

    def _chunk_size(self) -> Reply | None:
        line = self._line()
        if line is None:
            return None
        digits = bytes(line.split(b";")[0].strip())
        if not digits or digits.strip(b"0123456789abcdefABCDEF"):
            raise HttpError(f"a chunk's size is {digits[:20]!r}, expected hexadecimal")
        self._left = int(digits, 16)
        _check_body(len(self._body) + self._left)
        self._expect = self._chunk_data if self._left else self._trailers
        return None

    def _chunk_data(self) -> Reply | None:
        self._take()
        if self._left or len(self._buffer) < 2:
            return None
        if self._buffer[:2] != b"\r\n":
            raise HttpError("a chunk is longer than its size says")
        del self._buffer[:2]
        self._expect = self._chunk_size
        return None

    def _trailers(self) -> Reply | None:
        while (line := self._line()) is not None:
            if not line:
                return self._complete()
        return None

    def _take(self) -> None:
        piece = self._buffer[: self._left]
        self._body += piece
        self._left -= len(piece)
        del self._buffer[: len(piece)]

    def _line(self) -> bytearray | None:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            if len(self._buffer) > HEAD_BOUND:
                raise HttpError(f"a line is longer than {HEAD_BOUND} bytes")
            return None
        line = self._buffer[:end]
        del self._buffer[: end + 2]
        return line

    def _complete(self) -> Reply:
        reusable = self._headers.get("connection", "").lower() != "close"
        reply = Reply(self._status, self._headers, bytes(self._body), reusable)
        self._reset()
        return reply


def _status(line: str) -> int:
    version, _, rest = line.partition(" ")
    code = rest[:3]
    if not version.startswith("HTTP/1.") or not (code.isascii() and code.isdigit()):
        raise HttpError(f"the status line is {line[:80]!r}, expected HTTP/1.1 and a status code")
    return int(code)


def _headers(lines: Iterable[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise HttpError(f"a header line is {line[:80]!r}, expected 'name: value'")
        headers.setdefault(name.strip().lower(), value.strip())
    return headers


def _check_body(length: int) -> None:
    if length > BODY_BOUND:
        raise HttpError(f"a body of {length} bytes is longer than {BODY_BOUND} bytes")


# --- requests -------------------------------------------------------------------------------------


def request(method: str, host: str, path: str, headers: Mapping[str, str]) -> bytes:
    """The head of a request. Values that are empty or longer than HEADER_VALUE_BOUND are left out."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {clean}" for name, value in headers.items() if (clean := header_value(value))]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def header_value(value: str) -> str:
    """*value* as a header may carry it: printable ASCII, so that nothing can end the line; "" if too long."""
    clean = "".join(c if " " <= c <= "~" else "?" for c in value)
    return clean if len(clean) <= HEADER_VALUE_BOUND else ""


def chunk(data: bytes) -> bytes:
    """*data* (not empty: that would end the body) as one chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(trailers: Mapping[str, str]) -> bytes:
    """The end of a chunked body, with *trailers*."""
    lines = "".join(f"{name}: {clean}\r\n" for name, value in trailers.items() if (clean := header_value(value)))
    return b"0\r\n" + lines.encode("latin-1") + b"\r\n"
