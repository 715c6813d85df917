"""Framing between the dev server, its zygotes and its workers. Standard library only, so both ends import it.

A message is `u32 head length, u32 body length` (big-endian), a JSON head with `"type"`, and a raw body. File
descriptors travel with the first byte of the message they belong to (SCM_RIGHTS). The table of messages is in
`docs/internals.md`.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Sequence
from typing import Any

Head = dict[str, Any]

HEADER = struct.Struct("!II")

HEAD_LIMIT = 16 << 20
"""Bytes of a head: a thousand-file project lists its files in about 100 kB, and an X-Ray cause may reach 1 MiB."""
BODY_LIMIT = 64 << 20
"""Bytes of a body: ten times Lambda's payload quota of 6 MB; workers refuse larger responses themselves."""

MAX_FDS = 2
"""Descriptors that travel with a message: the channel and the output pipe of a new worker."""


class WireError(Exception):
    """The other end sent what this protocol does not allow."""


def frame(head: Head, body: bytes = b"") -> bytes:
    """Header and head of a message; its body follows unchanged."""
    encoded = json.dumps(head, separators=(",", ":")).encode("ascii")
    return HEADER.pack(len(encoded), len(body)) + encoded


def lengths(header: bytes) -> tuple[int, int]:
    """Length of head and body announced by the first `HEADER.size` bytes. Raises `WireError` over the bounds."""
    head, body = HEADER.unpack(header)
    if head > HEAD_LIMIT or body > BODY_LIMIT:
        raise WireError(f"a message announces {head} + {body} bytes, over {HEAD_LIMIT} + {BODY_LIMIT}")
    return head, body


def parse_head(encoded: bytes) -> Head:
    """The head of a message. Raises `WireError` when it is not a JSON object with a `type`."""
    try:
        head = json.loads(encoded)
    except ValueError as error:
        raise WireError(f"a message head is not JSON: {error}") from None
    if not isinstance(head, dict) or not isinstance(head.get("type"), str):
        raise WireError("a message head is not an object with a 'type'")
    return head


def marker(secret: str, word: str, invocation: str) -> bytes:
    """The bytes a worker writes to its output around an invocation; *word* is `begin` or `end`.

    `error` stands before Lambda's log of an unhandled error; after it comes another `begin`, or the end of the process.
    They may follow an unfinished line, which then ends there. At most PIPE_BUF bytes, so no other writer's
    output lands inside.
    """
    return f"\x1e{secret} {word} {invocation}\n".encode()


# --- blocking sockets: zygotes, workers, tests ----------------------------------------------------


def send(sock: socket.socket, head: Head, body: bytes = b"", fds: Sequence[int] = ()) -> None:
    """Send one message, with *fds* attached to its first byte."""
    first = frame(head, body)
    if fds:
        sent = socket.send_fds(sock, [first], list(fds))
        sock.sendall(first[sent:])
    elif len(body) < 65536:
        sock.sendall(first + body)
        return
    else:
        sock.sendall(first)
    if body:
        sock.sendall(body)


def receive(sock: socket.socket) -> tuple[Head, bytes]:
    """The next message. Raises `EOFError` when the other end has closed."""
    head_length, body_length = lengths(_exactly(sock, HEADER.size))
    head = parse_head(_exactly(sock, head_length))
    return head, _exactly(sock, body_length)


def receive_with_fds(sock: socket.socket) -> tuple[Head, bytes, list[int]]:
    """The next message and the descriptors that came with it (close-on-exec)."""
    start, fds, _, _ = socket.recv_fds(sock, HEADER.size, MAX_FDS)
    if not start:
        raise EOFError("the other end closed its socket")
    for fd in fds:
        os.set_inheritable(fd, False)
    start += _exactly(sock, HEADER.size - len(start))
    head_length, body_length = lengths(start)
    head = parse_head(_exactly(sock, head_length))
    return head, _exactly(sock, body_length), list(fds)


def _exactly(sock: socket.socket, length: int) -> bytes:
    buffer = bytearray(length)
    view = memoryview(buffer)
    while view:
        count = sock.recv_into(view)
        if not count:
            raise EOFError("the other end closed its socket")
        view = view[count:]
    return bytes(buffer)
