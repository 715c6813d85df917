"""Which front end a session gets."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
from sst_dev.cli.dev import make_settings
from sst_dev.cli.options import GlobalOptions
from sst_dev.core.errors import SstError
import pathlib, sys
try:
    options = GlobalOptions(config="sst_config.py", stage="ada")
    said = make_settings(options, mode=sys.argv[1] or None).mode
except SstError as error:
    said = error.message
pathlib.Path("said").write_text(said)
"""


@pytest.mark.parametrize(
    ("redirected", "asked", "expected"),
    [
        ("", "", "multi"),
        ("stdin", "", "mono"),
        ("stdout", "", "mono"),
        ("stderr", "", "mono"),
        ("", "multi", "multi"),
        ("stderr", "multi", "--mode=multi: standard error is not a terminal."),
        ("stderr", "basic", "basic"),
    ],
)
def test_the_screen_is_for_a_terminal(tmp_path: Path, redirected: str, asked: str, expected: str) -> None:
    """Textual reads standard input and draws on standard error: with one of them elsewhere nobody would see it."""
    (tmp_path / "sst_config.py").touch()
    ours, theirs = pty.openpty()
    with (tmp_path / "file").open("w+") as file:
        streams = {name: file if name == redirected else theirs for name in ("stdin", "stdout", "stderr")}
        environment = {**os.environ, "TERM": "xterm-256color"}
        subprocess.run([sys.executable, "-c", CODE, asked], cwd=tmp_path, env=environment, check=True, **streams)
    os.close(theirs)
    os.close(ours)

    assert (tmp_path / "said").read_text() == expected
