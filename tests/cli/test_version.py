"""`sst version`: one line for scripts, the parts for bug reports."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from sst_dev.cli import main


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def test_the_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """It is that of the installed distribution."""
    assert run("version") == 0
    assert capsys.readouterr().out == f"sst-py {version('sst-py')}\n"


def test_verbose_names_the_parts(capsys: pytest.CaptureFixture[str]) -> None:
    """Pulumi, MiniStack and uv are what a bug report needs."""
    assert run("version", "--verbose") == 0

    named = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert {"sst-py", "pulumi", "pulumi-aws", "ministack", "uv"} <= named
