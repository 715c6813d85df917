"""The wire, one case a file in `golden/`. `python -m tests.wire.cases` records those that have no file yet.

A file is never changed: old stubs stay deployed. A new field or kind gets a new case with a new name.
"""

from __future__ import annotations

import json
from pathlib import Path

from sst_bridge import codec, messages, sealing
from sst_bridge.frames import Frame, to_event
from sst_bridge.messages import Message

GOLDEN = Path(__file__).parent / "golden"
KEY = bytes(range(32))
PATH = "/sst/notes/ada/dev"
AT = 1_750_000_000.125

NONCE = "00112233445566778899aabbccddeeff"

MESSAGES: dict[str, Message] = {
    "hello": messages.Hello("env1", "Api", {"TABLE": "notes", "ÄÖ": "ü\n\U0001f40d"}),
    "hello-bare": messages.Hello("env1", "Api"),
    "invoke": messages.Invoke(
        "env1",
        NONCE,
        "Api",
        "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        1_750_000_020_000,
        "arn:aws:lambda:us-east-1:123456789012:function:notes-ada-Api",
        1_750_000_000.5,
        "application/octet-stream",
        "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1",
        '{"client":{}}',
        '{"cognitoIdentityId":"x"}',
        "tenant",
        b'{"a":\x00\xff}',
    ),
    "invoke-bare": messages.Invoke("env1", NONCE, "Api", "r-1", 1_750_000_020_000, "arn", 1_750_000_000.0),
    "invoke-compressed": messages.Invoke(
        "env1", NONCE, "Api", "r-1", 1_750_000_020_000, "arn", 1_750_000_000.0, body=b"ab" * 5_000
    ),
    "received": messages.Received("env1", NONCE, 12),
    "accepted": messages.Accepted("dev-1", NONCE),
    "working": messages.Working("dev-1", NONCE),
    "response": messages.Response("dev-1", NONCE, "application/unknown", b"\x00\x01\xff"),
    "response-bare": messages.Response("dev-1", NONCE),
    "error": messages.Error("dev-1", NONCE, "ValueError", '{"paths":[]}', b'{"errorType":"ValueError"}'),
    "stream": messages.Stream(
        "dev-1", NONCE, 0, content_type="application/vnd.awslambda.http-integration-response", body=b"{}\x00"
    ),
    "stream-final": messages.Stream("dev-1", NONCE, 7, True, "", "ValueError", b'{"errorType":"ValueError"}'),
    "reintroduce": messages.Reintroduce("dev-1", NONCE),
    "missing": messages.Missing("env1", NONCE, (0, 3, 34)),
    "missing-nothing": messages.Missing("env1", NONCE),
    "heartbeat": messages.Heartbeat("dev-1", "laptop", "ada", 1_750_000_000.0, 4711, "dev-2", True),
    "claim": messages.Claim("dev-2", "desktop", "grace", 1_750_000_001.0, True),
    "bye": messages.Bye("dev-1", (NONCE,), ("ffeeddccbbaa99887766554433221100",)),
}

FRAMES = {
    "frame": Frame(bytes(range(16)), 0, 1, "env1", b"payload"),
    "frame-of-many": Frame(bytes(range(16)), 34, 35, "dev-0123456789abcdef", b"\x00" * 9),
}


def record_message(message: Message) -> dict[str, object]:
    return {"kind": type(message).__name__.lower(), "bytes": codec.encode(message).hex()}


def record_frame(frame: Frame) -> dict[str, object]:
    return {"frame": frame.encode().hex()}


def record_event(plain: bytes) -> dict[str, object]:
    """What a sealer of this version made: opened by every later one."""
    sealed = sealing.Sealer(KEY).seal(PATH, plain, AT)
    return {"key": KEY.hex(), "path": PATH, "at": AT, "event": to_event(sealed), "plain": plain.hex()}


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    cases = {f"message-{name}": record_message(message) for name, message in MESSAGES.items()}
    cases |= {name: record_frame(frame) for name, frame in FRAMES.items()}
    cases |= {"event": record_event(b"a sealed frame"), "event-empty": record_event(b"")}
    for name, case in cases.items():
        file = GOLDEN / f"{name}.json"
        if not file.exists():
            file.write_text(json.dumps(case, indent=1) + "\n")


if __name__ == "__main__":
    main()
