"""`sst secret`: values go in by argument, standard input or file, and come out in dotenv form on stdout alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from sst_dev.cli import main
from sst_dev.core.errors import ExitCode

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(name="sst")
def _sst(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `sst secret …` on stage alice of an app without a session: exit code, stdout, stderr."""
    (tmp_path / "sst_config.py").touch()
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            main(["--stage", "alice", "secret", *arguments])
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    return run


def test_a_value_comes_back_in_dotenv_form(sst: Run) -> None:
    """What was set is listed under its stage; the value never reaches stderr or the file in clear."""
    code, out, err = sst("set", "Token", "hunter2")

    assert (code, out) == (ExitCode.OK, "")
    assert "Set Token for stage alice" in err
    assert "hunter2" not in err
    assert sst("list")[1] == "# alice\nToken=hunter2\n"
    assert not [path for path in Path(".sst").rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()]


def test_a_value_may_come_from_standard_input(sst: Run) -> None:
    """So that it stays out of the shell's history; one newline at the end is the shell's."""
    sst("set", "Token", stdin="hunter2\n")

    assert "Token=hunter2\n" in sst("list")[1]


@pytest.mark.parametrize("before", [True, False])
def test_fallbacks_are_kept_apart(sst: Run, before: bool) -> None:
    """`--fallback` counts before and after the subcommand."""
    sst("set", "Token", "own")
    code, _, err = sst(*(["--fallback", "set"] if before else ["set", "--fallback"]), "Token", "shared")

    assert code == ExitCode.OK
    assert "every stage without its own value" in err
    assert sst("list")[1] == "# fallback\nToken=shared\n\n# alice\nToken=own\n"
    assert sst("list", "--fallback")[1] == "# fallback\nToken=shared\n"


def test_a_file_of_values_is_loaded_at_once(sst: Run) -> None:
    """`load` takes dotenv form, as `list` prints it."""
    Path("values.env").write_text('One=1\nTwo="a b"\n')

    assert sst("load", "values.env")[0] == ExitCode.OK
    assert sst("load", "-", stdin=sst("list")[1])[0] == ExitCode.OK
    assert {line.partition("=")[0] for line in sst("list")[1].splitlines()[1:]} == {"One", "Two"}


def test_a_removed_value_is_gone(sst: Run) -> None:
    """Nothing set is said on stderr, and stdout is empty."""
    sst("set", "Token", "x")

    assert sst("remove", "Token")[0] == ExitCode.OK
    assert sst("list")[1:] == ("", "No secrets are set.\n")


@pytest.mark.parametrize("arguments", [["load", "gone.env"], ["set", "lower", "x"], ["remove", "Unknown"]])
def test_bad_input_is_one_sentence(sst: Run, arguments: list[str]) -> None:
    """A file that is not there, a name that cannot be one, a secret that was never set: exit code 2, no traceback."""
    code, out, err = sst(*arguments)

    assert (code, out) == (ExitCode.USAGE, "")
    assert err.startswith("error: ")
    assert arguments[1] in err


def test_no_input_is_no_value(sst: Run) -> None:
    """A file that was not there, or /dev/null, must not empty a secret; an empty argument may."""
    sst("set", "Token", "hunter2")
    code, _, err = sst("set", "Token", stdin="")

    assert code == ExitCode.USAGE
    assert "Standard input holds no value for secret 'Token'" in err
    assert "Token=hunter2\n" in sst("list")[1]
    assert sst("set", "Token", "")[0] == ExitCode.OK
