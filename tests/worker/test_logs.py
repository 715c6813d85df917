"""Logging beyond what the corpus compares with AWS's."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator

import pytest
from sst_worker import logs


@pytest.fixture
def sink() -> Iterator[logs.Sink]:
    """A sink that writes to a pipe; `read` gives what arrived."""
    read, write = os.pipe()
    sink = logs.Sink()
    sink.fd = write
    sink.read = lambda: os.read(read, 1 << 16)  # type: ignore[attr-defined]
    yield sink
    os.close(read)
    os.close(write)


def test_every_record_ends_its_line(sink: logs.Sink) -> None:
    """Lambda keeps records apart by frames; here a newline does, once."""
    sink.log("one")
    sink.log("two\n")
    assert sink.read() == b"one\ntwo\n"  # type: ignore[attr-defined]


def test_an_error_is_indented_with_spaces_that_cloudwatch_keeps(sink: logs.Sink) -> None:
    """Leading spaces become no-break spaces, others stay."""
    logs.log_error(sink, {"errorType": "E", "errorMessage": "a  b", "stackTrace": ['  File "x"\n    y  z\n']})
    lines = sink.read().decode().split("\n")  # type: ignore[attr-defined]
    assert lines[:2] == ["[ERROR] E: a  b", "Traceback (most recent call last):"]
    assert lines[2:] == ['\u00a0\u00a0File "x"', "\u00a0\u00a0\u00a0\u00a0y  z", ""]


@pytest.mark.parametrize(
    ("kind", "message", "title"), [("", "", "[ERROR]"), ("E", "", "[ERROR] E"), ("", "m", "[ERROR] m")]
)
def test_an_error_without_type_or_message_names_what_it_has(
    sink: logs.Sink, kind: str, message: str, title: str
) -> None:
    """No stray colons."""
    logs.log_error(sink, {"errorType": kind, "errorMessage": message, "stackTrace": []})
    assert sink.read().decode().split("\n")[0] == title  # type: ignore[attr-defined]


def test_a_json_record_is_one_line_with_the_extras_at_its_end() -> None:
    """Keys in Lambda's order; what cannot be JSON is shown by `str`."""
    record = logging.LogRecord("n", 15, "/p/f.py", 3, "at %d", (7,), None)
    record.aws_request_id, record.tenant_id, record.user = "r", "t", {1}  # type: ignore[attr-defined]
    line = logs.JsonFormatter().format(record)
    assert line.endswith("}\n") and line.count("\n") == 1
    assert list(json.loads(line)) == ["timestamp", "level", "message", "logger", "requestId", "tenantId", "user"]
    assert json.loads(line)["level"] == "DEBUG" and json.loads(line)["user"] == "{1}"
