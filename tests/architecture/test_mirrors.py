"""The tests mirror the sources, so that the tests of a file are found by its name."""

from __future__ import annotations

from pathlib import PurePosixPath

from tests.architecture.sources import ROOT, python_files

MIRRORS = {
    "sst/infra": "tests/sdk/app",
    "sst": "tests/sdk",
    "sst_bridge": "tests/bridge",
    "sst_stub": "tests/stub_lambda",
    "sst_worker": "tests/worker",
    "sst_dev": "tests",
}
"""Package → the folder of its tests; the first that fits counts. Below it the folders may differ, the names may not."""

VALUES = "values without behaviour: mypy checks them, and every test of their part makes some"
COMMAND = "a thin command: tests/scenarios and the README run it as a user does"
SESSION = "joins real parts: tests/scenarios drive it through whole sessions"

WITHOUT_A_TEST_FILE = {
    "sst_dev/app/channel.py": SESSION,
    "sst_dev/app/refreshing.py": SESSION,
    "sst_dev/app/removing.py": SESSION,
    "sst_dev/app/session.py": SESSION,
    "sst_dev/cli/diff.py": COMMAND,
    "sst_dev/cli/logs.py": COMMAND,
    "sst_dev/cli/refresh.py": COMMAND,
    "sst_dev/cli/remove.py": COMMAND,
    "sst_dev/cli/shell.py": COMMAND,
    "sst_dev/cli/stop.py": COMMAND,
    "sst_dev/cli/unlock.py": "tests/cli/test_state.py runs it beside its neighbours",
    "sst_dev/core/bootstrap.py": VALUES,
    "sst_dev/core/commands.py": VALUES,
    "sst_dev/core/settings.py": VALUES,
}
"""Source file → why no test file has its name."""


def missing() -> set[str]:
    """The source files without a test file of their name. `__init__.py` and `__main__.py` count with their package."""
    found = set()
    for name in python_files():
        path = PurePosixPath(name)
        mirror = next(folder for package, folder in MIRRORS.items() if path.is_relative_to(package))
        if path.parts[0] == "sst_dev" and len(path.parts) > 2:
            mirror = f"tests/{path.parts[1]}"
        if not path.stem.startswith("__") and not any((ROOT / mirror).rglob(f"test_{path.stem.strip('_')}.py")):
            found.add(name)
    return found


def test_every_source_file_has_a_test_file_of_its_name() -> None:
    """Those without one are listed, with the reason."""
    assert sorted(missing() - WITHOUT_A_TEST_FILE.keys()) == []


def test_the_list_of_exceptions_is_true() -> None:
    """A file that has its test, or is gone, leaves the list; a reason is a sentence."""
    assert sorted(WITHOUT_A_TEST_FILE.keys() - missing()) == []
    assert all(len(reason.split()) > 3 for reason in WITHOUT_A_TEST_FILE.values())
