"""Which frames are the user's own."""

from __future__ import annotations

from pathlib import Path

import sst_dev
from sst_dev.core.errors import RemoteError
from sst_dev.engine.faults import describe, is_own


def test_frames_of_packages_and_of_sst_are_not_the_users(tmp_path: Path) -> None:
    """A virtual environment inside the project, and a checkout of sst-py above it, are somebody else's code."""
    repository = Path(sst_dev.__file__).parents[3]

    assert is_own(str(tmp_path / "infra" / "api.py"), tmp_path)
    assert not is_own(str(tmp_path / ".venv/lib/python3.11/site-packages/x.py"), tmp_path)
    assert not is_own("/usr/lib/python3.11/json/__init__.py", tmp_path)
    assert not is_own(str(Path(sst_dev.__file__).parent / "engine" / "run.py"), repository)


def test_an_error_of_the_engine_keeps_its_class() -> None:
    """What the parent raises is what the child met."""
    told = describe(RemoteError("AWS refused.", hint="Ask again."), Path("/p/sst_config.py"))

    assert (told["error"], told["message"], told["hint"]) == ("RemoteError", "AWS refused.", "Ask again.")


def test_the_users_frames_behind_a_check_are_found() -> None:
    """An error that was raised from another one is placed by the first that has frames of the user's."""
    root = Path(__file__).parent
    try:
        try:
            raise KeyError("a")
        except KeyError as error:
            raise ValueError("b") from error
    except ValueError as error:
        told = describe(error, root / "sst_config.py")

    assert told["message"].startswith("test_faults.py:")
    assert told["message"].endswith("ValueError: b")


def test_an_error_that_is_its_own_cause(tmp_path: Path) -> None:
    """As Pulumi raises what failed in a resource; a circle of resources is the user's to mend."""
    text = "We have detected a circular dependency involving a resource of type x named D.\nPlease review"
    try:
        error = RuntimeError(text)
        raise error from error
    except RuntimeError as caught:
        found = describe(caught, tmp_path / "sst_config.py")

    assert found["error"] == "UserError"
    assert found["message"] == "sst_config.py: " + text.partition("\n")[0]
    assert "depends_on" in found["hint"]
