"""What the caller and the log get to see of a failure: Lambda's error object and its X-Ray cause."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any

_OWN = os.path.dirname(os.path.abspath(__file__)) + os.sep

Frame = tuple[str, int, str, str]
"""File, line, function and source line."""


class RuntimeFault(Exception):
    """A failure the runtime itself reports, with a `Runtime.…` type and no frames of the user's."""

    def __init__(self, kind: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.trace = trace or []


def error_object(message: str, kind: str, trace: list[str], request_id: str = "") -> dict[str, Any]:
    """Lambda's error object; the order of its keys is the order on the wire."""
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def frames(trace: TracebackType | None) -> list[Frame]:
    """The frames of a traceback without the runtime's own at its start; all of them if there are no others."""
    import traceback

    found = [(f.filename, f.lineno or 0, f.name, f.line or "") for f in traceback.extract_tb(trace)]
    for index, frame in enumerate(found):
        if not frame[0].startswith(_OWN):
            return found[index:]
    return found


def format_frames(found: list[Frame]) -> list[str]:
    """Frames as `stackTrace` lists them: without the caret lines newer Pythons print."""
    import traceback

    return traceback.format_list(found)


def xray_cause(message: str, kind: str, found: list[Frame]) -> dict[str, Any]:
    """What the header `Lambda-Runtime-Function-XRay-Error-Cause` says."""
    stack = [{"label": name, "path": path, "line": line} for path, line, name, _ in found]
    return {
        "working_directory": os.getcwd(),
        "exceptions": [{"message": message, "type": kind, "stack": stack}],
        "paths": list(dict.fromkeys(path for path, *_ in found)),
    }
