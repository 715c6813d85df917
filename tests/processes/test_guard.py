"""The guard's register and what it does when its pipe closes."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from sst_dev.processes import guard

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"


def started(code: str = SLEEPER) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    return process


def test_ends_what_is_registered_and_nothing_else() -> None:
    """At the end of its input, a registered group is terminated; one that was taken off the register lives on."""
    kept, ended = started(), started()
    text = f"+{kept.pid}\n+{ended.pid}\n-{kept.pid}\n"

    subprocess.run([sys.executable, "-I", "-S", guard.__file__], input=text.encode(), check=True)

    assert ended.wait(30) == -signal.SIGTERM
    assert kept.poll() is None
    kept.kill()
    kept.wait()


def test_needs_nothing_but_the_standard_library() -> None:
    """It runs isolated and without site packages, so it starts in milliseconds and cannot be broken by a venv."""
    code = Path(guard.__file__).read_text()

    assert "sst_dev" not in code
    assert subprocess.run([sys.executable, "-I", "-S", guard.__file__], stdin=subprocess.DEVNULL).returncode == 0
