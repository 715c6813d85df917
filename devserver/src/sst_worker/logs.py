"""Logging as Lambda sets it up: one handler on the root logger, text or JSON, and the log of unhandled errors.

On Lambda the runtime hands each record to the platform as a message of its own; here each is a write that ends
with a newline, straight to the output pipe.
"""

from __future__ import annotations

import json
import logging
import os
import time
from typing import Any

from . import codec

Error = dict[str, Any]

_TIME = "%Y-%m-%dT%H:%M:%S"

# fmt: off
_OWN_ATTRIBUTES = frozenset({
    "name", "msg", "args", "levelname", "levelno", "pathname", "filename", "module", "exc_info", "exc_text",
    "stack_info", "lineno", "funcName", "created", "msecs", "relativeCreated", "thread", "threadName", "processName",
    "process", "aws_request_id", "tenant_id", "_frame_type",
})
# fmt: on
"""Attributes of a record that are not an `extra` of the user's (Python 3.12's `taskName` counts as one)."""


class Sink:
    """Where records go: the output pipe, whatever the user does to standard output."""

    def __init__(self) -> None:
        self.fd = 2

    def log(self, message: str) -> None:
        """Write one record."""
        self.write((message if message.endswith("\n") else message + "\n").encode("utf-8"))

    def write(self, data: bytes) -> None:
        """Write *data*, waiting as long as the pipe is full."""
        view = memoryview(data)
        while view:
            view = view[os.write(self.fd, view) :]


class Handler(logging.Handler):
    """The root logger's handler. `LambdaContext.log` finds it by its `log_sink`."""

    def __init__(self, log_sink: Sink) -> None:
        super().__init__()
        self.log_sink = log_sink
        self.request_id = ""
        self.tenant_id: str | None = None
        self.addFilter(self._stamp)

    def _stamp(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self.request_id
        record.tenant_id = self.tenant_id
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Write the formatted record; its errors are not swallowed, as on Lambda."""
        self.log_sink.log(self.format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a record, as Lambda's JSON log format has it."""

    def __init__(self) -> None:
        super().__init__(datefmt=_TIME + "Z")

    def format(self, record: logging.LogRecord) -> str:
        """The record's line. Levels count in tens: 15 is DEBUG."""
        record.levelno = min(50, max(0, record.levelno)) // 10 * 10
        record.levelname = logging.getLevelName(record.levelno)
        whole = isinstance(record.msg, dict) and not record.args
        fields: dict[str, Any] = {
            "timestamp": self.formatTime(record, self.datefmt),
            "level": record.levelname,
            "message": record.msg if whole else record.getMessage(),
            "logger": record.name,
            **_exception_fields(record),
        }
        for name, value in vars(record).items():
            if name not in _OWN_ATTRIBUTES:
                fields.setdefault(name, value)
        fields = {name: value for name, value in fields.items() if value is not None}
        return json.dumps(fields, ensure_ascii=False, default=str) + "\n"


def _exception_fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = {"stackTrace": None, "errorType": None, "errorMessage": None}
    if record.exc_info:
        import traceback

        kind, error, trace = record.exc_info
        fields["stackTrace"] = traceback.format_tb(trace)
        fields["errorType"] = kind.__name__  # type: ignore[union-attr]
        fields["errorMessage"] = str(error)
    fields["requestId"] = getattr(record, "aws_request_id", None)
    fields["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}" if record.exc_info else None
    if getattr(record, "tenant_id", None) is not None:
        fields["tenantId"] = record.tenant_id  # type: ignore[attr-defined]
    return fields


def install() -> Handler:
    """Put the handler on the root logger, before anything else can."""
    logging.Formatter.converter = time.gmtime
    handler = Handler(Sink())
    logging.getLogger().addHandler(handler)
    return handler


def configure(handler: Handler, output: int) -> None:
    """Take format and level from the environment, and write to *output* from now on."""
    handler.log_sink.fd = output
    if is_json():
        handler.setFormatter(JsonFormatter())
    else:
        layout = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
        handler.setFormatter(logging.Formatter(layout, _TIME))
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "")
    level = "DEBUG" if level == "TRACE" else level.upper()
    if level in logging._nameToLevel:
        logging.getLogger().setLevel(level)


def is_json() -> bool:
    """Whether the function's log format is JSON."""
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


def log_error(sink: Sink, error: Error) -> None:
    """Write an unhandled error as Lambda does, in either format."""
    if is_json():
        stamp = time.strftime(_TIME + "Z", logging.Formatter.converter(time.time()))
        sink.log(codec.encode_text({"timestamp": stamp, "level": "ERROR", **error}))
        return
    kind, message = error["errorType"], error["errorMessage"]
    title = ": ".join(filter(None, (kind, message)))
    lines = [f"[ERROR] {title}" if title else "[ERROR]", "Traceback (most recent call last):"]
    for item in error["stackTrace"]:
        lines += [_indent(line) for line in item.splitlines() or [""]]
    sink.log("\n".join(lines))


def _indent(line: str) -> str:
    """*line* with its leading spaces as no-break spaces, which CloudWatch does not trim."""
    text = line.lstrip(" ")
    return "\u00a0" * (len(line) - len(text)) + text
