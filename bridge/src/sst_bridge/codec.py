"""Message ↔ bytes: `u8 packing · u32 head length · JSON head · raw body`, compressed after the first byte when it pays.

The head holds the message's kind and fields; a field that has its default is left out. `body` is the one field that
travels raw, other bytes are base64 in the head. Unknown kinds decode to None, unknown fields are ignored, missing ones
take their defaults (of their type when the class has none), and everything else that is wrong is `Malformed`.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import struct
import zlib
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any, NamedTuple

from . import messages
from .errors import Malformed
from .messages import Message

MAX_MESSAGE = 8 * 1024 * 1024
"""Bytes of an encoded message before compression: Lambda's largest payload (6,291,556 bytes) and a head with the
largest X-Ray cause (1 MiB), with room to spare."""

COMPRESS_ABOVE = 3_000
"""Bytes: what is shorter fits one metered unit of AppSync Events (5 kB) as an event; compressing gains nothing."""
SAMPLE = 16 * 1024
"""Bytes compressed first to see whether the rest is worth it: images and archives are not."""

_PLAIN, _ZLIB = 0, 1
_LENGTH = struct.Struct(">I")


# --- fields ---------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise Malformed("a string was expected")


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Malformed("an integer was expected")


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise Malformed("a finite number was expected")


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise Malformed("true or false was expected")


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("base64 was expected") from None


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(map(_text, value))
    raise Malformed("an array of strings was expected")


def _integers(value: Any) -> tuple[int, ...]:
    if isinstance(value, list):
        return tuple(map(_integer, value))
    raise Malformed("an array of integers was expected")


def _mapping(value: Any) -> dict[str, str]:
    if isinstance(value, dict):
        return {name: _text(text) for name, text in value.items()}
    raise Malformed("an object of strings was expected")


_PARSERS: dict[str, tuple[Callable[[Any], Any], Callable[[], Any]]] = {
    "str": (_text, str),
    "int": (_integer, int),
    "float": (_number, float),
    "bool": (_truth, bool),
    "bytes": (_bytes, bytes),
    "tuple[str, ...]": (_texts, tuple),
    "tuple[int, ...]": (_integers, tuple),
    "dict[str, str]": (_mapping, dict),
}
"""By annotation: how a JSON value becomes the field's, and the default of a field whose class names none."""


class _Field(NamedTuple):
    name: str
    parse: Callable[[Any], Any]
    default: Callable[[], Any]


def _field(field: Field[Any]) -> _Field:
    parse, default = _PARSERS[str(field.type)]
    if field.default is not MISSING:
        value = field.default
        default = lambda: value  # noqa: E731
    elif field.default_factory is not MISSING:
        default = field.default_factory
    return _Field(field.name, parse, default)


KINDS: dict[str, type[Message]] = {
    kind.__name__.lower(): kind
    for kind in vars(messages).values()
    if isinstance(kind, type) and issubclass(kind, Message) and kind is not Message
}
"""The word of each kind. Never renamed, never reused."""

_WORDS = {kind: word for word, kind in KINDS.items()}
_FIELDS = {kind: [_field(field) for field in fields(kind) if field.name != "body"] for kind in _WORDS}
_HAS_BODY = {kind for kind in _WORDS if any(field.name == "body" for field in fields(kind))}


# --- messages -------------------------------------------------------------------------------------


def encode(message: Message) -> bytes:
    """The bytes of *message*. The same message gives the same bytes. Raises ValueError above `MAX_MESSAGE`."""
    head: dict[str, Any] = {"kind": _WORDS[type(message)]}
    for field in _FIELDS[type(message)]:
        value = getattr(message, field.name)
        if value != field.default():
            head[field.name] = base64.b64encode(value).decode() if isinstance(value, bytes) else value
    text = json.dumps(head, separators=(",", ":")).encode()
    body: bytes = getattr(message, "body", b"")
    if (size := _LENGTH.size + len(text) + len(body)) > MAX_MESSAGE:
        raise ValueError(f"a message of {size} bytes is larger than {MAX_MESSAGE}")
    return _pack(_LENGTH.pack(len(text)) + text + body)


def decode(data: bytes) -> Message | None:
    """The message in *data*; None for a kind this version does not know. Raises Malformed."""
    plain = _unpack(data)
    if len(plain) < _LENGTH.size:
        raise Malformed("a message ends within its head")
    (length,) = _LENGTH.unpack_from(plain)
    start = _LENGTH.size + length
    if start > len(plain):
        raise Malformed("a message ends within its head")
    try:
        head = json.loads(plain[_LENGTH.size : start])
    except (ValueError, RecursionError):
        raise Malformed("the head of a message is not JSON") from None
    if not isinstance(head, dict) or not isinstance(head.get("kind"), str):
        raise Malformed("the head of a message names no kind")
    if (kind := KINDS.get(head["kind"])) is None:
        return None
    return _build(kind, head, plain[start:])


def _build(kind: type[Message], head: dict[str, Any], body: bytes) -> Message:
    values: dict[str, Any] = {}
    for name, parse, default in _FIELDS[kind]:
        try:
            values[name] = parse(head[name]) if name in head else default()
        except Malformed as error:
            raise Malformed(f"field {name!r} of {head['kind']!r}: {error}") from None
    if kind in _HAS_BODY:
        values["body"] = body
    return kind(**values)


def _pack(plain: bytes) -> bytes:
    if len(plain) > COMPRESS_ABOVE:
        sample = plain[:SAMPLE]
        if len(sample) == len(plain) or len(zlib.compress(sample, 1)) < 0.9 * len(sample):
            packed = zlib.compress(plain, 1)
            if len(packed) < 0.9 * len(plain):
                return bytes([_ZLIB]) + packed
    return bytes([_PLAIN]) + plain


def _unpack(data: bytes) -> bytes:
    match data[:1]:
        case b"\x00" if len(data) <= MAX_MESSAGE + 1:
            return data[1:]
        case b"\x01":
            return _inflate(data[1:])
    raise Malformed("a message is too large, or packed in a way this version does not know")


def _inflate(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(data, MAX_MESSAGE + 1)
    except zlib.error:
        raise Malformed("a message does not decompress") from None
    if not stream.eof or stream.unused_data or len(plain) > MAX_MESSAGE:
        raise Malformed(f"a compressed message is cut, or longer than {MAX_MESSAGE} bytes")
    return plain
