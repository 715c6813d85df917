"""Events in, responses out: JSON as Lambda's Python runtime reads and writes it.

The runtime uses simplejson, whose behaviour differs from the standard library's `json` in what it accepts
(namedtuples are objects, bytes are text, Decimals are numbers) and in its error messages. Values that both
treat alike, nearly all, go through the standard library's C encoder.
"""

from __future__ import annotations

import json
import math
import os
from decimal import Decimal
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any

from .errors import RuntimeFault

JSON = "application/json"

_PLAIN = frozenset((str, int, float, bool, type(None)))
_CONTAINERS = frozenset((dict, list, tuple))
_RAW_UTF8 = frozenset(f"AWS_Lambda_python3.{minor}" for minor in range(12, 16))


def decode_event(body: bytes, content_type: str) -> Any:
    """The event a handler gets: parsed JSON, or the raw bytes of any other content type.

    Raises `RuntimeFault` (`Runtime.UnmarshalError`) with simplejson's message.
    """
    if content_type != JSON:
        return body
    try:
        return _decode(body)
    except Exception as error:
        # The one message of the standard library's that reaches the user, in simplejson's words.
        message = str(error).replace(" from a unicode string", " from a string")
        raise RuntimeFault("Runtime.UnmarshalError", f"Unable to unmarshal input: {message}") from None


def _decode(body: bytes) -> Any:
    text = str(body, "utf-8")
    for mark in ("\ufeff", "\xef\xbb\xbf"):
        if text.startswith(mark):
            start = len(mark)
            break
    else:
        start = 0
    try:
        return json.loads(text[start:] if start else text, parse_constant=_no_constant)
    except _Constant:
        pass
    except json.JSONDecodeError:
        pass
    from . import json_errors

    raise json_errors.explain(text, start)


class _Constant(Exception):
    """NaN or an infinity, which an event may not contain."""


def _no_constant(_: str) -> None:
    raise _Constant


def encode_response(response: Any) -> tuple[bytes | str, str]:
    """Body (text still to be encoded as UTF-8) and content type of what a handler returned.

    Raises `RuntimeFault` (`Runtime.MarshalError`) for what is not JSON.
    """
    if isinstance(response, bytes):
        return response, "application/unknown"
    try:
        return encode_text(response), JSON
    except Exception as error:
        raise RuntimeFault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None


def encode_text(value: Any) -> str:
    """*value* as JSON text. Raises what simplejson raises."""
    ascii_only = os.environ.get("AWS_EXECUTION_ENV") not in _RAW_UTF8
    if _is_plain(value):
        return json.dumps(value, ensure_ascii=ascii_only)
    return "".join(_Encoder(ascii_only).chunks(value))


def _is_plain(value: Any) -> bool:
    """Whether *value* is made of exactly the types that `json` and simplejson write alike.

    Looks at the types of a container's items at C speed; what is shared or circular counts as not plain.
    """
    if type(value) in _PLAIN:
        return True
    if type(value) not in _CONTAINERS:
        return False
    seen = {id(value)}
    todo = [value]
    while todo:
        container = todo.pop()
        if type(container) is dict:
            if not _PLAIN.issuperset(map(type, container)):
                return False
            container = container.values()
        if _PLAIN.issuperset(map(type, container)):
            continue
        for item in container:
            kind = type(item)
            if kind in _CONTAINERS:
                if id(item) in seen and item != ():
                    return False
                seen.add(id(item))
                todo.append(item)
            elif kind not in _PLAIN:
                return False
    return True


class _Encoder:
    """Writes any value, a chunk at a time; containers of plain items go through the C encoder."""

    def __init__(self, ascii_only: bool) -> None:
        self._ascii = ascii_only
        self._string = encode_basestring_ascii if ascii_only else encode_basestring
        self._open: set[int] = set()
        """Ids of the containers around the value being written."""

    def chunks(self, value: Any) -> list[str]:
        out: list[str] = []
        self._write(value, out.append)
        return out

    def _write(self, value: Any, out: Any) -> None:
        scalar = self._scalar(value)
        if scalar is not None:
            out(scalar)
            return
        fields = _asdict(value)
        if fields is not None:
            if not isinstance(fields, dict):
                raise TypeError(f"_asdict() must return a dict, not {type(fields).__name__}")
            self._within(value, self._object, fields, out)
        elif isinstance(value, (list, tuple)):
            self._within(value, self._array, value, out)
        elif isinstance(value, dict):
            self._within(value, self._object, value, out)
        elif isinstance(value, Decimal):
            out("NaN" if value.is_nan() else str(value))
        else:
            raise TypeError(f"Object of type {value.__class__.__name__} is not JSON serializable")

    def _scalar(self, value: Any) -> str | None:
        if isinstance(value, str):
            return self._string(value)
        if isinstance(value, bytes):
            return self._string(str(value, "utf-8"))
        if value is None or value is True or value is False:
            return {None: "null", True: "true", False: "false"}[value]
        if isinstance(value, int):
            return int.__repr__(value)
        if isinstance(value, float):
            return _float(value)
        return None

    def _within(self, value: Any, write: Any, items: Any, out: Any) -> None:
        if id(value) in self._open:
            raise ValueError("Circular reference detected")
        self._open.add(id(value))
        write(items, out)
        self._open.discard(id(value))

    def _array(self, items: Any, out: Any) -> None:
        separator = "["
        for item in items:
            out(separator)
            self._write(item, out)
            separator = ", "
        out("[]" if separator == "[" else "]")

    def _object(self, fields: Any, out: Any) -> None:
        separator = "{"
        for key, value in fields.items():
            out(separator + self._string(_key(key)) + ": ")
            self._write(value, out)
            separator = ", "
        out("{}" if separator == "{" else "}")


def _asdict(value: Any) -> Any:
    method = getattr(value, "_asdict", None)
    if not callable(method):
        return None
    try:
        return method()
    except TypeError:  # a method that wants arguments, or one that is not bound: some other `_asdict`
        return None


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, bytes):
        return str(key, "utf-8")
    if isinstance(key, float):
        return _float(key)
    if key is None or key is True or key is False:
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, int):
        return int.__repr__(key)
    raise TypeError(f"keys must be str, int, float, bool or None, not {key.__class__.__name__}")


def _float(value: float) -> str:
    if math.isfinite(value):
        return float.__repr__(value)
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
