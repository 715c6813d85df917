"""The command line of a zygote."""

from __future__ import annotations

from pathlib import Path

from sst_worker import launch


def test_the_command_names_a_script_that_exists_the_mode_and_the_socket() -> None:
    """It is what `bootstrap.py` expects."""
    python, script, mode, fd = launch.command("/usr/bin/python3", 7)
    assert (python, mode, fd) == ("/usr/bin/python3", "zygote", "7")
    assert Path(script).name == "bootstrap.py" and Path(script).is_file()
    assert launch.command("p", 7, spare=True)[2] == "spare"
