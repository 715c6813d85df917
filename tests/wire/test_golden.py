"""The wire does not change under deployed stubs: `golden/` pins it, append-only."""

from __future__ import annotations

import json
import subprocess
import zlib

import pytest
from sst_bridge import codec, frames, sealing
from sst_bridge.frames import from_event

from tests.wire.cases import FRAMES, GOLDEN, MESSAGES


def load(name: str) -> dict:
    return json.loads((GOLDEN / f"{name}.json").read_text())


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_decodes_from_its_golden_bytes(name: str) -> None:
    """Bytes of any earlier version still mean the same."""
    assert codec.decode(bytes.fromhex(load(f"message-{name}")["bytes"])) == MESSAGES[name]


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_encodes_to_its_golden_bytes(name: str) -> None:
    """Earlier versions still understand us: head and body are byte for byte the same, however they are compressed."""
    golden, ours = bytes.fromhex(load(f"message-{name}")["bytes"]), codec.encode(MESSAGES[name])
    assert golden[:1] == ours[:1]
    if golden[0] == 1:  # the stream zlib makes differs between its versions
        golden, ours = zlib.decompress(golden[1:]), zlib.decompress(ours[1:])
    assert golden == ours


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_is_its_golden_bytes(name: str) -> None:
    """Both ways."""
    golden = bytes.fromhex(load(name)["frame"])
    assert frames.decode(golden) == FRAMES[name]
    assert FRAMES[name].encode() == golden


@pytest.mark.parametrize("name", ["event", "event-empty"])
def test_a_sealed_event_opens(name: str) -> None:
    """Key derivation, nonce, authenticated data and text form are those of the first version."""
    case = load(name)
    opener = sealing.Opener(bytes.fromhex(case["key"]))
    opened = opener.open(case["path"], from_event(case["event"]), case["at"])
    assert opened.plain == bytes.fromhex(case["plain"])
    assert opened.sent_at == case["at"]


def test_every_kind_has_a_golden_file() -> None:
    """A new kind comes with its case."""
    assert {load(f"message-{name}")["kind"] for name in MESSAGES} == set(codec.KINDS)


def test_every_golden_file_is_checked() -> None:
    """A case that leaves `cases.py` would leave its file unread."""
    names = {f"message-{name}" for name in MESSAGES} | set(FRAMES) | {"event", "event-empty"}
    assert {file.stem for file in GOLDEN.glob("*.json")} == names


def test_golden_files_are_append_only() -> None:
    """No commit, and no edit under way, changes or deletes one."""
    git = ["git", "-C", str(GOLDEN)]
    if subprocess.run([*git, "rev-parse"], capture_output=True).returncode:
        pytest.skip("not a git checkout")
    history = [*git, "log", "--diff-filter=MDRT", "--format=%h %s", "--", "."]
    assert subprocess.run(history, capture_output=True, text=True, check=True).stdout == ""
    changed = [*git, "diff", "--diff-filter=MDRT", "--name-only", "HEAD", "--", "."]
    assert subprocess.run(changed, capture_output=True, text=True, check=True).stdout == ""
