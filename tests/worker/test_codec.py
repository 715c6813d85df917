"""Reading events and writing responses; `tests/fidelity` compares both with simplejson at length."""

from __future__ import annotations

import json
from collections import namedtuple
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sst_worker import codec
from sst_worker.errors import RuntimeFault

TEXT = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


@given(VALUES)
def test_the_two_ways_of_writing_agree(value: Any) -> None:
    """The C encoder for plain values writes what ours writes for all."""
    assert "".join(codec._Encoder(True).chunks(value)) == json.dumps(value) == codec.encode_text(value)


@given(VALUES)
def test_what_is_written_reads_back(value: Any) -> None:
    """Through bytes, as an event."""
    body, content_type = codec.encode_response(value)
    assert isinstance(body, str)
    assert codec.decode_event(body.encode(), content_type) == value


def test_text_is_escaped_unless_the_runtime_writes_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which it does from Python 3.12 on."""
    for runtime, expected in (("AWS_Lambda_python3.11", '"\\u00fc"'), ("AWS_Lambda_python3.12", '"ü"')):
        monkeypatch.setenv("AWS_EXECUTION_ENV", runtime)
        assert codec.encode_text("ü") == expected


def test_odd_values_are_written_as_simplejson_writes_them() -> None:
    """A namedtuple is an object, a Decimal a number, bytes are text."""
    pair = namedtuple("pair", "a b")
    assert codec.encode_text([pair(Decimal("1.10"), b"x"), (1,)]) == '[{"a": 1.10, "b": "x"}, [1]]'


def test_an_event_of_another_content_type_stays_bytes() -> None:
    """Only `application/json`, exactly, is parsed."""
    assert codec.decode_event(b"{}", "text/plain") == b"{}"
    assert codec.decode_event(b"{}", "application/json") == {}


@pytest.mark.parametrize("event", [b"", b"{bad", b"NaN", b"\xff", b"1" * 5000])
def test_an_event_that_is_not_json_is_the_runtimes_fault(event: bytes) -> None:
    """The invocation fails; the worker lives."""
    with pytest.raises(RuntimeFault, match="Unable to unmarshal input: ") as caught:
        codec.decode_event(event, codec.JSON)
    assert caught.value.kind == "Runtime.UnmarshalError"
