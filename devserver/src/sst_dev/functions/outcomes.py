"""What becomes of an invocation: the handler's own answer, or the error object Lambda itself would give."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["ok", "error", "timeout", "crash"]


@dataclass(frozen=True)
class Outcome:
    """How one invocation ended, ready to be replied."""

    status: Status
    body: bytes = field(repr=False)
    content_type: str = "application/json"
    error_type: str = ""
    """For the header `Lambda-Runtime-Function-Error-Type`."""
    error_message: str = ""
    xray_cause: str = ""
    frames: tuple[str, ...] = ()
    """The user's own frames, outermost first."""


def answered(body: bytes, content_type: str) -> Outcome:
    """The handler returned."""
    return Outcome("ok", body, content_type)


def raised(body: bytes, error_type: str, xray_cause: str = "", frames: tuple[str, ...] = ()) -> Outcome:
    """The handler raised, or its module does not import: *body* is its error object, which travels unchanged."""
    try:
        message = str(json.loads(body).get("errorMessage", ""))
    except ValueError:  # a lone surrogate or NaN is legal here and not in JSON
        message = ""
    return Outcome("error", body, "application/json", error_type, message, xray_cause, frames)


def timed_out(request_id: str, timeout: float) -> Outcome:
    """The function's timeout, in seconds, passed (Lambda's wording)."""
    return _of_lambda(
        "timeout", "Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds"
    )


def exited(request_id: str, code: int | None, by_signal: int | None) -> Outcome:
    """The process ended without an answer (Lambda's wording: an exit status, or Go's name of the signal)."""
    if by_signal is not None:
        how = f"exited with error: signal: {signal_name(by_signal)}"
    elif code:
        how = f"exited with error: exit status {code}"
    else:
        how = "exited without providing a reason"
    return _of_lambda("crash", "Runtime.ExitError", f"RequestId: {request_id} Error: Runtime {how}")


def not_started(message: str) -> Outcome:
    """No worker could be started: *message* says what the user must do."""
    return _of_lambda("error", "Sst.WorkerNotStarted", message)


def superseded(request_id: str) -> Outcome:
    """Nobody waits for the answer any more."""
    return _of_lambda(
        "error", "Sst.InvocationDropped", f"RequestId: {request_id} Error: the execution environment is gone"
    )


def signal_name(number: int) -> str:
    """The name Go gives a signal, as in Lambda's messages: `killed`, `segmentation fault`, `aborted`."""
    names = {signal.SIGKILL: "killed", signal.SIGTERM: "terminated", signal.SIGABRT: "aborted"}
    known = {int(number): name for number, name in names.items()}
    if number in known:
        return known[number]
    try:
        return (signal.strsignal(number) or f"signal {number}").lower()
    except ValueError:
        return f"signal {number}"


def _of_lambda(status: Status, error_type: str, message: str) -> Outcome:
    body = json.dumps({"errorType": error_type, "errorMessage": message}, separators=(",", ":")).encode()
    return Outcome(status, body, "application/json", error_type, message)
