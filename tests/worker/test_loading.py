"""Handler strings and hashes; what a worker reports of files is in `test_worker.py`."""

from __future__ import annotations

from pathlib import Path

import pytest
from sst_worker import loading
from sst_worker.errors import RuntimeFault


def test_a_handler_is_the_attribute_of_its_module() -> None:
    """Slashes and dots mean the same; the dev server may say which module it is."""
    import posixpath

    assert loading.load_handler("posixpath.join") is posixpath.join
    assert loading.load_handler("anything/at/all.join", module="posixpath") is posixpath.join


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        ("handler", "Runtime.MalformedHandlerName"),
        ("sys.exit", "Runtime.BuiltInModuleConflict"),
        ("no_such_module.handler", "Runtime.ImportModuleError"),
        ("posixpath.nope", "Runtime.HandlerNotFound"),
    ],
)
def test_what_is_no_handler_is_named_as_lambda_names_it(handler: str, kind: str) -> None:
    """The messages are compared with AWS's in the corpus."""
    with pytest.raises(RuntimeFault) as caught:
        loading.load_handler(handler)
    assert caught.value.kind == kind


def test_the_code_hash_is_of_names_and_contents(tmp_path: Path) -> None:
    """It changes with either and with a deletion, and not with a time or the place of the project."""
    files = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.py").write_text("x = 1")
        files.append([str(tmp_path / folder / "a.py")])
    first = loading.code_hash(str(tmp_path / "one"), files[0])
    assert len(first) == 12
    assert loading.code_hash(str(tmp_path / "two"), files[1]) == first
    (tmp_path / "two" / "a.py").write_text("x = 2")
    changed = loading.code_hash(str(tmp_path / "two"), files[1])
    (tmp_path / "two" / "a.py").unlink()
    assert len({first, changed, loading.code_hash(str(tmp_path / "two"), files[1])}) == 3
