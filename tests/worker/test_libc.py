"""Calls of the C library; what the parent-death signal does is in `test_lifetime.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import sst_worker

FOLDER = str(Path(sst_worker.__file__).parents[1])


def _run(body: str) -> bytes:
    code = f"import sys; sys.path.insert(0, {FOLDER!r})\nfrom sst_worker import libc\n{body}"
    # PYTHONUNBUFFERED, which a developer may have set, would unbuffer C too.
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env={}).stdout


def test_what_c_code_printed_is_written_out() -> None:
    """Without it the text is lost when the process is killed."""
    body = "import ctypes, os\nlibc.load()\nctypes.CDLL(None).printf(b'from C')\n{}\nos._exit(0)"
    assert _run(body.format("libc.flush_stdout()")) == b"from C"
    assert _run(body.format("")) == b""


def test_without_ctypes_every_call_does_nothing() -> None:
    """Some interpreters are built without it."""
    body = "sys.modules['ctypes'] = None\nlibc.load()\nlibc.flush_stdout()\nprint(libc.parent_death_signal(9))"
    assert _run(body) == b"False\n"
