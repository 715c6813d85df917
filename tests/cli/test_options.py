"""Global flags: where they may stand and what they resolve to."""

import getpass
from pathlib import Path

import pytest
from sst_dev.cli.options import GlobalOptions, extract_global_options, find_config, resolve_stage
from sst_dev.core.errors import UserError


@pytest.mark.parametrize(
    "arguments",
    [
        ["--stage", "ada", "dev", "--mode=basic"],
        ["dev", "--stage=ada", "--mode=basic"],
        ["dev", "--mode=basic", "--stage", "ada"],
    ],
)
def test_a_global_flag_may_stand_before_and_after_the_command(arguments: list[str]) -> None:
    """Every order gives the same."""
    options, rest = extract_global_options(arguments)

    assert (options.stage, rest) == ("ada", ["dev", "--mode=basic"])


def test_what_follows_two_dashes_belongs_to_the_command() -> None:
    """The user's command keeps its own --stage."""
    options, rest = extract_global_options(["dev", "--", "tool", "--stage", "x", "--verbose"])

    assert (options, rest) == (GlobalOptions(), ["dev", "--", "tool", "--stage", "x", "--verbose"])


@pytest.mark.parametrize("arguments", [["--stage"], ["dev", "--config", "--"], ["--stage="]])
def test_a_flag_without_its_value_is_an_error(arguments: list[str]) -> None:
    """The sentence names the flag."""
    with pytest.raises(UserError, match="needs a value"):
        extract_global_options(arguments)


def test_the_config_is_found_upwards(tmp_path: Path, monkeypatch) -> None:
    """From a folder inside the project, the project's config is used."""
    (tmp_path / "sst_config.py").write_text("")
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")

    assert find_config(GlobalOptions()) == tmp_path / "sst_config.py"


@pytest.mark.parametrize("given", ["app", "app/sst_config.py"])
def test_the_config_can_be_named_by_file_or_folder(tmp_path: Path, monkeypatch, given: str) -> None:
    """`--config` takes either; relative paths are relative to where one stands."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "sst_config.py").write_text("")
    monkeypatch.chdir(tmp_path)

    assert find_config(GlobalOptions(config=given)) == tmp_path / "app" / "sst_config.py"


def test_without_a_config_the_hint_says_how_to_get_one(tmp_path: Path, monkeypatch) -> None:
    """The sentence names the folder, the hint `sst init`."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as caught:
        find_config(GlobalOptions())

    assert str(tmp_path) in caught.value.message
    assert "sst init" in caught.value.hint


def test_a_config_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The error names the path that was looked at."""
    with pytest.raises(UserError, match="nope"):
        find_config(GlobalOptions(config=str(tmp_path / "nope.py")))


def test_the_stage_comes_from_the_first_source_that_has_one(tmp_path: Path, monkeypatch) -> None:
    """Flag, then SST_STAGE, then .env, then .sst/stage, then the user."""
    monkeypatch.delenv("SST_STAGE", raising=False)
    monkeypatch.setattr(getpass, "getuser", lambda: "Ada.Lovelace")
    seen = [resolve_stage(GlobalOptions(), tmp_path)]
    (tmp_path / ".sst").mkdir()
    (tmp_path / ".sst" / "stage").write_text("remembered\n")
    seen.append(resolve_stage(GlobalOptions(), tmp_path))
    (tmp_path / ".env").write_text("SST_STAGE=dotenv\n")
    seen.append(resolve_stage(GlobalOptions(), tmp_path))
    monkeypatch.setenv("SST_STAGE", "variable")
    seen.append(resolve_stage(GlobalOptions(), tmp_path))
    seen.append(resolve_stage(GlobalOptions(stage="flag"), tmp_path))

    assert seen == ["ada-lovelace", "remembered", "dotenv", "variable", "flag"]


def test_a_user_that_is_no_person_falls_back_without_a_terminal(tmp_path: Path, monkeypatch) -> None:
    """`root` says nothing about whose stage it is; CI gets `local`."""
    monkeypatch.delenv("SST_STAGE", raising=False)
    monkeypatch.setattr(getpass, "getuser", lambda: "root")
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    assert resolve_stage(GlobalOptions(), tmp_path) == "local"


@pytest.mark.parametrize("stage", ["a_b", "-a", "a-", "ä", "a b", "x" * 41, "a/b"])
def test_an_impossible_stage_is_refused(tmp_path: Path, stage: str) -> None:
    """A stage is part of channel names and of AWS names, so their rules hold."""
    with pytest.raises(UserError, match="Stage"):
        resolve_stage(GlobalOptions(stage=stage), tmp_path)
