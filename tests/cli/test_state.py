"""`sst state` and `sst unlock`: the engine's record, read and written beside it."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest
from sst_dev.cli import main
from sst_dev.core.errors import ExitCode
from sst_dev.engine.embedded.state import Entry, State, locked, read

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(name="sst")
def _sst(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `sst …` on stage alice of an app without a session: exit code, stdout, stderr."""
    (tmp_path / "sst_config.py").touch()
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["--stage", "alice", *arguments])
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    return run


@pytest.fixture(name="record")
def _record(tmp_path: Path) -> Path:
    """A record of two components, of which one has two resources of one name."""
    path = tmp_path / ".sst" / "stages" / "alice" / "resources.jsonl"
    path.parent.mkdir(parents=True)
    state = State(path)
    state.open()
    for urn, name, component in (("urn:a", "FilesBucket", "Files"), ("urn:b", "Same", "A"), ("urn:c", "Same", "B")):
        state.put(Entry(urn, "aws:s3/bucket:Bucket", name, id=f"id-{urn[-1]}", component=component))
    state.close()
    return path


def test_no_record_is_an_empty_one(sst: Run) -> None:
    """A stage that was never applied has no resources, and asking for them makes none of its folders."""
    assert sst("state", "list") == (ExitCode.OK, "", "")
    assert json.loads(sst("state", "export")[1]) == []
    assert not Path(".sst").exists()


def test_resources_are_listed_and_exported(sst: Run, record: Path) -> None:
    """A line each for people, all that is known for programs."""
    assert sst("state", "list")[1].splitlines()[0] == "Files  FilesBucket  aws:s3/bucket:Bucket  id-a"
    assert [one["urn"] for one in json.loads(sst("state", "export")[1])] == ["urn:a", "urn:b", "urn:c"]


def test_a_resource_is_forgotten_by_name_or_urn(sst: Run, record: Path) -> None:
    """Only the one that is meant: a name of several, or of none, is refused with what would do."""
    code, _, err = sst("state", "remove", "Same")
    assert code == ExitCode.USAGE and "urn:b\nurn:c" in err
    code, _, err = sst("state", "remove", "FileBucket")
    assert code == ExitCode.USAGE and "Did you mean 'FilesBucket'?" in err
    assert sst("state", "remove", "FilesBucket")[0] == ExitCode.OK
    assert sst("state", "remove", "urn:c")[0] == ExitCode.OK

    assert list(read(record)) == ["urn:b"]


def hold(folder: Path, held: object, leave: object) -> None:
    """Hold the lock of *folder* until told."""
    with locked(folder):
        held.set()  # type: ignore[attr-defined]
        leave.wait(60)  # type: ignore[attr-defined]


def test_unlock_says_who_holds_the_stage(sst: Run, record: Path) -> None:
    """While it lives; a killed one holds nothing."""
    context = multiprocessing.get_context("fork")
    held, leave = context.Event(), context.Event()
    other = context.Process(target=hold, args=(record.parent, held, leave))
    other.start()
    held.wait(60)
    code, _, err = sst("unlock")
    other.kill()
    other.join()

    assert code == ExitCode.USAGE and f"process {other.pid}" in err
    assert sst("unlock") == (ExitCode.OK, "", "Stage alice is not locked.\n")
