"""The child process itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def child() -> tuple[subprocess.Popen[bytes], Any, Any]:
    """A child and the two ends of its pipes."""
    to_child, writer = os.pipe()
    reader, from_child = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "sst_dev.engine.child", str(to_child), str(from_child)],
        pass_fds=(to_child, from_child),
    )
    os.close(to_child)
    os.close(from_child)
    return process, os.fdopen(writer, "w"), os.fdopen(reader)


@pytest.mark.parametrize("said", [[], [{"kind": "warm", "modules": ["pulumi", "no_such_module"]}]])
def test_it_ends_with_its_parent(said: list[dict[str, Any]]) -> None:
    """When the parent's end of the pipe is closed, the child is gone, whatever it was waiting for."""
    process, writer, reader = child()
    for message in said:
        writer.write(json.dumps(message) + "\n")
    writer.close()

    assert process.wait(20) == 0
    reader.close()


def test_what_goes_wrong_is_a_message(tmp_path: Path) -> None:
    """Also when the configuration cannot even be read."""
    (tmp_path / "sst_config.py").write_text("1/0\n")
    process, writer, reader = child()
    start = {"kind": "start", "config": str(tmp_path / "sst_config.py"), "stage": "dev", "dev": True}
    writer.write(json.dumps({**start, "force_local": False, "state_dir": str(tmp_path)}) + "\n")
    writer.flush()

    answer = json.loads(reader.readline())
    assert (answer["kind"], answer["message"]) == ("error", "sst_config.py:1: ZeroDivisionError: division by zero")
    assert process.wait(20) == 0
    writer.close()
    reader.close()
