"""What the caller and the log get to see of a failure: Lambda's error object and its X-Ray cause."""

from __future__ import annotations

import os
import traceback
from types import TracebackType
from typing import Any

from . import places

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


class Failure:
    """What a failed import or invocation tells everyone: the caller, X-Ray, and people."""

    def __init__(
        self, message: str, kind: str, trace: list[str], cause: dict[str, Any], where: dict[str, Any], request_id: str
    ) -> None:
        # The order of the keys is the order on the wire.
        self.error = {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}
        self.cause = cause
        """For the header `Lambda-Runtime-Function-XRay-Error-Cause`."""
        self.where = where
        """`file`, `line` and `frames` (formatted) of the project's own code, as far as it has a part in it."""


def of_fault(fault: RuntimeFault, request_id: str = "") -> Failure:
    """What a failure of the runtime's own is reported as."""
    cause = _xray_cause(fault.message, "LambdaValidationError", [])
    return Failure(fault.message, fault.kind, fault.trace, cause, _where(fault.__cause__ or fault), request_id)


def of_exception(error: Exception, request_id: str = "") -> Failure:
    """What an exception of the user's code is reported as. Raises what its `__str__` raises, as on Lambda."""
    found = _frames(error.__traceback__)
    message, kind = str(error), type(error).__name__
    cause = _xray_cause(message, kind, found)
    return Failure(message, kind, _format(found), cause, _where(error), request_id)


def _frames(trace: TracebackType | None) -> list[Frame]:
    """The frames of a traceback without the runtime's own at its start; all of them if there are no others."""
    found = [(f.filename, f.lineno or 0, f.name, f.line or "") for f in traceback.extract_tb(trace)]
    for index, frame in enumerate(found):
        if not frame[0].startswith(_OWN):
            return found[index:]
    return found


def _format(found: list[Frame]) -> list[str]:
    """Frames as `stackTrace` lists them: without the caret lines newer Pythons print."""
    return traceback.format_list(found)


def _xray_cause(message: str, kind: str, found: list[Frame]) -> dict[str, Any]:
    stack = [{"label": name, "path": path, "line": line} for path, line, name, _ in found]
    return {
        "working_directory": os.getcwd(),
        "exceptions": [{"message": message, "type": kind, "stack": stack}],
        "paths": list(dict.fromkeys(path for path, *_ in found)),
    }


def _where(error: BaseException) -> dict[str, Any]:
    found = [frame for frame in _frames(error.__traceback__) if not places.is_library(frame[0])]
    file, line = (found[-1][0], found[-1][1]) if found else ("", 0)
    if isinstance(error, SyntaxError) and error.filename:
        file, line = error.filename, error.lineno or 0
    return {"file": file, "line": line, "frames": _format(found)}
