"""Ends of processes; the whole tree is in `test_zygote.py`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from sst_worker import lifetime

SOURCES = os.path.dirname(os.path.dirname(os.path.abspath(lifetime.__file__)))


def _script(body: str) -> subprocess.CompletedProcess[bytes]:
    start = f"import sys; sys.path.insert(0, {SOURCES!r})\nfrom sst_worker import libc, lifetime\nlibc.load()\n"
    run = subprocess.run([sys.executable, "-c", start + body], capture_output=True)
    assert run.stderr == b""
    return run


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl")
def test_a_process_whose_parent_is_gone_already_ends_at_once() -> None:
    """A parent that died before the kernel was asked is noticed."""
    run = _script("import os\nlifetime.die_with(os.getppid() + 1)\nprint('alive')")
    assert (run.returncode, run.stdout) == (1, b"")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl")
@pytest.mark.parametrize(("taken_back", "end"), [(False, b""), (True, b"alive\n")])
def test_a_tie_to_the_parent_can_be_taken_back(taken_back: bool, end: bytes) -> None:
    """The grandchild ends with its parent, or lives to say so."""
    body = (
        "import os, time\nread, write = os.pipe()\nif os.fork() == 0:\n"
        f"    parent = os.getppid()\n    lifetime.die_with(parent)\n    {taken_back} and lifetime.outlive()\n"
        "    os.write(write, b'x')\n    while os.getppid() == parent: time.sleep(0.001)\n"
        "    os.write(1, b'alive\\n')\n    os._exit(0)\nos.read(read, 1)\nos._exit(0)"
    )
    assert _script(body).stdout == end


def test_killing_a_group_reaches_everyone_in_it_and_nobody_is_fine() -> None:
    """Also when the group has ended meanwhile."""
    leader = subprocess.Popen(["sh", "-c", "sleep 600 & echo $!; wait"], stdout=subprocess.PIPE, start_new_session=True)
    assert leader.stdout is not None
    with leader.stdout:
        leader.stdout.readline()
        lifetime.kill_group(leader.pid)
        assert leader.wait(20) == -signal.SIGKILL
        assert leader.stdout.read() == b""  # the end of the pipe: nobody holds it any more
    lifetime.kill_group(leader.pid)
