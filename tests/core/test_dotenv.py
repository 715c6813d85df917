"""`.env` and `.env.<stage>`."""

from __future__ import annotations

from pathlib import Path

import pytest
from sst_dev.core.dotenv import read_dotenv
from sst_dev.core.errors import UserError


def test_dotenv_wins_over_the_stages_own(tmp_path: Path) -> None:
    """`.env` takes precedence over `.env.<stage>` (SST docs, Config); another stage's file is not read."""
    (tmp_path / ".env").write_text("A=1\nB='1 # one'\nexport E=5\n")
    (tmp_path / ".env.ada").write_text("B=2\nC=2\nEMPTY=\n")
    (tmp_path / ".env.bob").write_text("D=3\n")

    assert read_dotenv(tmp_path, "ada") == {"A": "1", "B": "1 # one", "C": "2", "E": "5", "EMPTY": ""}
    assert read_dotenv(tmp_path, None) == {"A": "1", "B": "1 # one", "E": "5"}


def test_no_file_is_no_value(tmp_path: Path) -> None:
    """An app needs neither."""
    assert read_dotenv(tmp_path, "ada") == {}


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    """The error has the file and the line, and not what is in it: it may be a secret."""
    (tmp_path / ".env.ada").write_text("A=1\nhunter two\nB=2\n")

    with pytest.raises(UserError, match=r"\.env\.ada:2: this is no NAME=VALUE line") as refused:
        read_dotenv(tmp_path, "ada")
    assert "hunter" not in refused.value.message
