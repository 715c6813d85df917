"""Secrets at rest: encrypted, private, by stage with fallbacks."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sst_dev.cloud.secrets import SecretStore, parse_dotenv, to_dotenv
from sst_dev.core.errors import UserError
from sst_dev.core.settings import Settings


def store(root: Path, stage: str = "ada") -> SecretStore:
    return SecretStore(Settings(config=root / "sst_config.py", stage=stage))


def test_a_stages_value_wins_over_the_fallback(tmp_path: Path) -> None:
    """A stage without its own value sees the fallback."""
    store(tmp_path).set({"A": "fallback", "B": "fallback"}, fallback=True)
    store(tmp_path).set({"A": "own"}, fallback=False)

    assert store(tmp_path).values() == {"A": "own", "B": "fallback"}
    assert store(tmp_path, "bob").values() == {"A": "fallback", "B": "fallback"}


def test_nothing_readable_is_on_disk(tmp_path: Path) -> None:
    """No file holds the value, and all are the user's alone."""
    store(tmp_path).set({"Key": "hunter2-hunter2"}, fallback=False)
    files = [path for path in (tmp_path / ".sst").rglob("*") if path.is_file()]

    assert len(files) == 3  # values, key and lock
    assert all(b"hunter2" not in path.read_bytes() for path in files)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files if path.suffix != ".lock"} == {0o600}


def test_an_altered_file_is_named(tmp_path: Path) -> None:
    """A wrong key or a changed byte is refused, not guessed at."""
    store(tmp_path).set({"Key": "v"}, fallback=False)
    (tmp_path / ".sst" / "secrets.key").unlink()
    with pytest.raises(UserError, match=r"secrets\.enc"):
        store(tmp_path).values()


def test_removing_says_what_there_is(tmp_path: Path) -> None:
    """A name without a value is an error that lists the others."""
    store(tmp_path).set({"A": "1"}, fallback=False)
    with pytest.raises(UserError) as caught:
        store(tmp_path).remove("B", fallback=False)
    store(tmp_path).remove("A", fallback=False)

    assert "A" in caught.value.hint
    assert store(tmp_path).values() == {}


@pytest.mark.parametrize("name", ["lower", "With-Dash", "", "Ünicode", "1A", "_A"])
def test_a_name_no_component_could_have_changes_nothing(tmp_path: Path, name: str) -> None:
    """All of the values are set, or none."""
    with pytest.raises(UserError, match="no name for a secret"):
        store(tmp_path).set({"Good": "1", name: "2"}, fallback=False)

    assert store(tmp_path).values() == {}


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Za-z0-9]{0,8}", fullmatch=True), st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"))))  # fmt: skip
def test_a_list_can_be_loaded(values: dict[str, str]) -> None:
    """What `list` prints, `load` reads: quotes, newlines, dollars, backslashes."""
    assert parse_dotenv(to_dotenv(values)) == values


def test_nothing_in_a_file_is_expanded() -> None:
    """A dollar in a password is a dollar."""
    assert parse_dotenv('A=1\nB="${A}"\nexport C=$A # note\n') == {"A": "1", "B": "${A}", "C": "$A"}


def test_two_commands_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each reads what the other wrote, whoever is first."""
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda n: store(tmp_path).set({f"S{n}": str(n)}, fallback=n % 2 == 0), range(24)):
            pass

    assert store(tmp_path).values() == {f"S{n}": str(n) for n in range(24)}


@pytest.mark.parametrize("value", ["a\0b", b"\xff".decode("utf-8", "surrogateescape")])
def test_what_is_not_text_is_refused(tmp_path: Path, value: str) -> None:
    """No environment variable could hold it."""
    with pytest.raises(UserError, match="The value of secret 'Key' is not UTF-8 text"):
        store(tmp_path).set({"Key": value}, fallback=False)
