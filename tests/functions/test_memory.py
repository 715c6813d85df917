"""How much memory a process holds."""

import os
import subprocess
import sys

from sst_dev.functions.memory import resident_mb


def test_it_sees_what_a_process_touches() -> None:
    """A process that fills 100 MB holds at least those; one that is gone holds nothing."""
    code = "x = bytearray(b'1' * 100 * 1024 * 1024); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        held = resident_mb(process.pid)
        process.communicate(b"\n")

    assert 100 < held < 400
    assert resident_mb(process.pid) == 0
    assert resident_mb(os.getpid()) > 5
