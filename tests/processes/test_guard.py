"""The guard's register and what it does when its pipe closes."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import termios
import tty
from pathlib import Path
from typing import Any

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


def marked(mark: str, code: str = SLEEPER, **more: Any) -> subprocess.Popen[bytes]:
    """A process in a session of its own that carries *mark*."""
    environment = {**os.environ, guard.MARK: mark}
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment,
                               start_new_session=True, **more)  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    return process


def test_a_family_is_what_carries_the_mark_and_what_descends_from_it() -> None:
    """A mark covers those below it and no other that begins alike; a child without environment counts by its parent."""
    naked = (
        "import subprocess, time\nsubprocess.Popen(['sleep', '600'], env={})\nprint('up', flush=True)\ntime.sleep(600)"
    )
    one, below, other = marked("s1.Web", naked), marked("s1.Web.x"), marked("s1.Web2")
    try:
        family = guard.family("s1.Web")
        assert {one.pid, below.pid} < family and other.pid not in family
        assert len(family) == 3
        assert {one.pid, below.pid, other.pid} < guard.family("s1")
        assert guard.family("") == guard.family("s") == set()
    finally:
        guard.kill(guard.family("s1"), signal.SIGKILL)
        for process in (one, below, other):
            process.wait()


def test_the_list_of_macos_is_read() -> None:
    """There is no /proc there; `ps -E` puts the environment behind the command."""
    output = b"  10     1 /bin/sh -c x SST_PROCESS=s1.Web HOME=/Users/ada\n  11    10 sleep 5\n"

    assert list(guard.listed(output)) == [
        (10, 1, ["/bin/sh", "-c", "x", "SST_PROCESS=s1.Web", "HOME=/Users/ada"]), (11, 10, ["sleep", "5"]),
    ]  # fmt: skip


def test_ends_what_left_its_group_and_ignores_sigterm() -> None:
    """The register does not know it, the mark does."""
    deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEPER
    stray = marked("s2.Web", deaf)

    subprocess.run([sys.executable, "-I", "-S", guard.__file__, "s2"], input=b"", check=True)

    assert stray.wait(30) == -signal.SIGKILL


def raw_terminal() -> tuple[int, int, str]:
    """A terminal as a screen leaves it when it is killed, and how it was before."""
    master, slave = os.openpty()
    before = termios.tcgetattr(slave)
    before[6] = [value if isinstance(value, int) else value[0] for value in before[6]]
    tty.setraw(slave)
    return master, slave, json.dumps({"path": os.ttyname(slave), "attributes": before})


def test_puts_the_terminal_in_order_of_a_session_that_was_killed() -> None:
    """Echo, lines and Ctrl-C work again; mouse reports, the other screen and the hidden cursor are gone."""
    master, slave, screen = raw_terminal()

    subprocess.run([sys.executable, "-I", "-S", guard.__file__], input=f"={screen}\n".encode(), check=True)

    wanted = termios.ICANON | termios.ECHO | termios.ISIG
    assert termios.tcgetattr(slave)[3] & wanted == wanted
    shown = os.read(master, 4096)
    assert all(sequence in shown for sequence in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1003l", b"\x1b[?2004l"))
    os.close(master)
    os.close(slave)


def test_leaves_a_terminal_that_was_put_in_order_alone() -> None:
    """After an orderly end there is nothing to write; and modes that a shell has set meanwhile are its own."""
    master, slave, screen = raw_terminal()
    subprocess.run([sys.executable, "-I", "-S", guard.__file__], input=f"={screen}\n=\n".encode(), check=True)
    assert not select.select([master], [], [], 0)[0]

    attributes = termios.tcgetattr(slave)
    attributes[3] |= termios.ISIG
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    subprocess.run([sys.executable, "-I", "-S", guard.__file__], input=f"={screen}\n".encode(), check=True)
    assert not termios.tcgetattr(slave)[3] & termios.ICANON
    os.close(master)
    os.close(slave)


def test_needs_nothing_but_the_standard_library() -> None:
    """It runs isolated and without site packages, so it starts in milliseconds and cannot be broken by a venv."""
    code = Path(guard.__file__).read_text()

    assert "sst_dev" not in code
    assert subprocess.run([sys.executable, "-I", "-S", guard.__file__], stdin=subprocess.DEVNULL).returncode == 0
