"""What one invocation came to, and what of it may differ between two runs of the same thing."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

RESPONSE_LIMIT = 6_291_556

RUNTIME = r"(?:awslambdaric|sst_worker)/"


@dataclass(frozen=True)
class Outcome:
    """The caller's view and the log of one call."""

    kind: Literal["response", "error", "init_error", "exit"]
    body: bytes = b""
    content_type: str = ""
    error_type: str = ""
    """Of the header that init errors carry."""
    cause: str = ""
    """The X-Ray cause of an error."""
    code: int | None = None
    """Exit code of a process that ended."""
    signal: int | None = None
    output: bytes = b""


def caller_view(outcome: Outcome) -> Outcome:
    """What Lambda makes of a response over its limit."""
    if outcome.kind != "response" or len(outcome.body) <= RESPONSE_LIMIT:
        return outcome
    message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
    body = json.dumps({"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"})
    return Outcome("error", body.encode(), output=outcome.output)


def normalise(outcome: Outcome, root: str) -> dict[str, Any]:
    """*outcome* without times, addresses and the runtimes' own frames, ready to compare."""
    return {
        "kind": outcome.kind,
        "body": _body(outcome).replace(root.encode(), b"ROOT"),
        "content_type": outcome.content_type,
        "error_type": outcome.error_type,
        "cause": _cause(outcome.cause),
        "code": outcome.code,
        "signal": outcome.signal,
        "output": _text(outcome.output.decode("utf-8", "backslashreplace")).replace(root, "ROOT"),
    }


def _body(outcome: Outcome) -> bytes:
    text = outcome.body
    if outcome.kind in ("error", "init_error"):
        text = _json_frames(text.decode()).encode()
    return re.sub(rb"0x[0-9a-f]{6,}", b"0xADDRESS", text) if len(text) < 1_000_000 else text


_JSON_FRAME = re.compile(r'"  File \\"(?:[^"\\]|\\.)*"')


def _json_frames(text: str) -> str:
    """*text* with the runtimes' own frames, as JSON strings, reduced to one word."""
    text = _JSON_FRAME.sub(lambda m: '"runtime"' if re.search(RUNTIME, m[0]) else m[0], text)
    return re.sub(r'"runtime"(?:, "runtime")+', '"runtime"', text)


def _cause(cause: str) -> Any:
    if not cause:
        return cause
    value = json.loads(cause)
    value["paths"] = sorted(path for path in value["paths"] if not re.search(RUNTIME, path))
    for error in value["exceptions"]:
        error["message"] = re.sub(r"0x[0-9a-f]{6,}", "0xADDRESS", error["message"])
        stack: list[Any] = []
        for frame in error["stack"]:
            shown = "runtime" if re.search(RUNTIME, frame["path"]) else frame
            if shown != "runtime" or stack[-1:] != ["runtime"]:
                stack.append(shown)
        error["stack"] = stack
    return value


_FRAME = r'[\u00a0 ]*File "[^"\n]*{}[^"\n]*", line \d+, in [^\n]*\n(?:[\u00a0 ]{{4,}}[^\n]*\n)*'
_OWN_FRAMES = re.compile("(?:" + _FRAME.format(RUNTIME) + ")+")
_START_FRAMES = re.compile("(?:" + _FRAME.format("<(?:frozen runpy|string)>") + ")+")
_RUNPY = re.compile("(?:" + _FRAME.format("/runpy.py") + ")+")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?")
_EPOCH = re.compile(r'"Timestamp":\s?\d{13}')


# Advice about updates of AWS's runtimes, logged before every init error: see the table in docs/fidelity.md.
_ADVICE = re.compile(
    r'(?:\[WARNING\]\t[^\n]*|\{"timestamp": "[^"]*", "level": "WARNING", "message": ")LAMBDA_WARNING: [^\n]*\n'
)


def _text(text: str) -> str:
    text = _ADVICE.sub("", text)
    text = _RUNPY.sub("", _START_FRAMES.sub("", text))
    text = _json_frames(_OWN_FRAMES.sub("  runtime frames\n", text))
    return re.sub(r"0x[0-9a-f]{6,}", "0xADDRESS", _EPOCH.sub('"Timestamp":TIME', _TIME.sub("TIME", text)))
