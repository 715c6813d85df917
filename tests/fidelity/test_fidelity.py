"""Our worker does what AWS's own runtime client does; `python -m tests.fidelity` runs every version found."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import sst_worker

from tests.fidelity import differences
from tests.fidelity.compare import ORACLE, compare_version
from tests.support.venvs import interpreters, venv

PAGE = Path(__file__).parents[2] / "docs" / "fidelity.md"

RUNNING = "{}.{}".format(*sys.version_info)
FOUND = {RUNNING: Path(sys.executable), **interpreters()}
OTHERS = [version for version in ("3.13", "3.9", "3.12", "3.10", "3.14") if version in FOUND and version != RUNNING]
QUICK = [RUNNING, *OTHERS[:1]]
"""The running version and one whose runtime writes raw UTF-8, or the oldest."""


@pytest.mark.timeout(600)  # a thousand cases under two runtimes, and the first run installs the oracle
@pytest.mark.parametrize("version", QUICK)
async def test_the_corpus_comes_out_as_under_awslambdaric(version: str) -> None:
    """Bytes of responses and errors, exit status and log output are the same for every case."""
    report = await compare_version(FOUND[version])
    assert not report.failures, "\n".join(report.failures)
    assert report.passed >= 900


@pytest.mark.parametrize("only", ["state", "errors 3.13", "logs JSON"])
async def test_a_worker_that_was_started_instead_of_forked_does_the_same(only: str) -> None:
    """Where a fork is not safe, a spare behaves no differently."""
    report = await compare_version(FOUND[RUNNING], only=only, spare=True)
    assert report.passed and not report.failures, "\n".join(report.failures)


@pytest.mark.parametrize("version", QUICK)
def test_the_codec_agrees_with_simplejson_on_texts_and_values_made_up(version: str) -> None:
    """Nearly-JSON texts are refused with the same words; odd values are written, or refused, alike."""
    python = venv(ORACLE, python=str(FOUND[version]))
    script = Path(__file__).parent / "fuzz.py"
    sources = Path(sst_worker.__file__).parents[1]
    run = subprocess.run([python, script, sources, "1", "5000"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr
    assert run.stdout.splitlines()[-1] == "10000 compared, 0 different"


def test_every_difference_the_tests_allow_is_in_the_table() -> None:
    """The page lists what differs on purpose, and marks the rows that the corpus checks."""
    rows = re.findall(r"^\| `([\w-]+)` \|", PAGE.read_text(), re.MULTILINE)
    assert set(rows) == differences.names()
