"""`sst_env.pyi`: what it says, where it lies, and that mypy and pyright believe it without configuration."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sst_dev.core.errors import UserError
from sst_dev.core.manifest import App, Function, Link, Manifest
from sst_dev.engine.types import FILE_NAME, stub_folders, stub_text, write_types

from tests.support.checkers import environment, mypy, pyright, type_checkers
from tests.support.language_server import LanguageServer

HANDLER = """\
from sst import Resource

reveal_type(Resource.App.stage)
reveal_type(Resource.Notes.name)
reveal_type(Resource.Notes.deep.port)
reveal_type(Resource["Notes"]["name"])
Resource.Bucket
"""


def manifest(*handlers: str, **links: dict[str, Any]) -> Manifest:
    return Manifest(
        app=App(name="notes", stage="alice", home="local"),
        links=[Link(name=name, type="sst.aws.Bucket", properties=value) for name, value in links.items()],
        functions=[
            Function(name=f"F{index}", lambda_name=f"f{index}", arn="", handler=handler, runtime="python3.12")
            for index, handler in enumerate(handlers)
        ],
    )


NOTES = {"name": "n", "deep": {"port": 1}, "items": [1]}


def handlers_at(root: Path, *handlers: str) -> list[str]:
    """Write a file for each handler; return the handlers."""
    for handler in handlers:
        path = root / f"{handler.rpartition('.')[0]}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HANDLER)
    return list(handlers)


def project(folder: Path, extra: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(f'[project]\nname = "{folder.name}"\nversion = "0"\n{extra}')
    return folder


@pytest.fixture(scope="module", name="checkers")
def _checkers() -> Path:
    return type_checkers()


def test_every_property_has_the_type_of_its_value() -> None:
    """Scalars, lists and nested objects get their own types, in order of name; values never appear."""
    text = stub_text(
        manifest(
            Store={"secret": "hunter2", "port": 1, "on": True, "l": ["a"], "mixed": [1, ""], "o": {"x": 1.5}, "n": None}
        )
    )

    body = text[text.index("class _Store") : text.index("class _Links")]
    assert body.split("\n") == [
        "class _Store(dict[str, Any]):",
        "    class _O(dict[str, Any]):",
        "        x: float",
        "",
        "    l: list[str]",
        "    mixed: list[Any]",
        "    n: Any",
        "    o: _O",
        "    on: bool",
        "    port: int",
        "    secret: str",
        "    type: str",
        "",
        "",
    ]
    assert "hunter2" not in text


def test_the_order_of_links_does_not_matter() -> None:
    """Equal links give equal text, whatever order the config declared them in."""
    assert stub_text(manifest(A={"x": 1}, B={"y": 2})) == stub_text(manifest(B={"y": 2}, A={"x": 1}))


def test_odd_names_are_left_to_item_access() -> None:
    """Names Python cannot spell spoil no line of it."""
    text = stub_text(manifest(Odd={"a-b": 1, "class": 2, "ok": 3, "": 4, "1a": 5, "__init__": 6}))
    names: dict[str, Any] = {}
    exec(compile(text, FILE_NAME, "exec", dont_inherit=True), names)

    assert set(names["_Odd"].__annotations__) == {"ok", "type"}


ODD = {
    "Resource": {"a": 1},
    "Links": {"a": 1},
    "Iterator": {"a": 1},
    "object": {"a": 1},
    "Any": {"a": 1},
    "str": {"a": 1, "Any": "x", "unknown": None, "deep": {"x": 1}},
    "Hides": {
        "list": [1], "int": 2, "bool": True, "deep": {"x": 1}, "n": None, "many": ["x"], "f": 1.5,
        "items": None, "get": "x", "mro": 3, "_Deep": "x", "Ü": 1, "match": "x", "self": 1,
    },
}  # fmt: skip


def test_no_name_spoils_the_words_of_the_file(tmp_path: Path, checkers: Path) -> None:
    """Links and properties may be called as the file calls its own classes and types; both checkers read it."""
    project(tmp_path)
    (tmp_path / "app.py").write_text(
        "from sst import Resource\n\n"
        + "".join(f"reveal_type(Resource.{name}.a)\n" for name in ODD if name != "Hides")
        + "".join(f"reveal_type(Resource.Hides.{name})\n" for name in ("f", "get", "int", "match", "many", "deep.x"))
        + 'reveal_type("x" in Resource)\nreveal_type(list(Resource)[0])\n'
    )
    write_types(manifest(**ODD), tmp_path)

    revealed = [kind or error for kind, error in mypy(checkers, tmp_path, ".")]
    types, errors = pyright(checkers, tmp_path)

    assert revealed == ["int"] * 6 + ["float", "str", "Any", "str", "Any", "int", "bool", "str"]
    assert (types, errors) == (revealed, [])


def test_names_that_differ_in_case_have_classes_of_their_own() -> None:
    """`a` and `A` hold different objects, and so have different types."""
    names: dict[str, Any] = {}
    exec(compile(stub_text(manifest(N={"a": {"x": 1}, "A": {"y": ""}})), FILE_NAME, "exec", dont_inherit=True), names)
    kinds = names["_N"].__annotations__

    assert kinds["a"].__annotations__ == {"x": int}
    assert kinds["A"].__annotations__ == {"y": str}


def test_ruff_leaves_the_file_alone(tmp_path: Path) -> None:
    """A project that formats and lints everything does not fight with the next `sst dev` over it."""
    deep = {"a": {"b": {"c": 1}, "d": {"e": [1]}}, "A": {"x": 1}, "items": 1, "empty": {}}
    write_types(manifest(Notes=NOTES, Deep=deep, Empty={}, Hides={"str": 1}), tmp_path)
    ruff = [Path(sys.executable).with_name("ruff")]

    formatted = subprocess.run(
        [*ruff, "format", "--isolated", "--diff", FILE_NAME], cwd=tmp_path, capture_output=True, text=True
    )
    linted = subprocess.run(
        [*ruff, "check", "--isolated", "--select=E,F,W,I,B,UP,PYI,N,RUF,PGH,D4", FILE_NAME],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert formatted.stdout == ""
    assert linted.stdout == "All checks passed!\n"


def test_a_file_is_written_only_when_it_changed(tmp_path: Path) -> None:
    """The second write of the same links touches nothing."""
    assert write_types(manifest(Notes=NOTES), tmp_path) == [tmp_path / FILE_NAME]
    before = (tmp_path / FILE_NAME).stat()

    assert write_types(manifest(Notes=NOTES), tmp_path) == []
    assert (tmp_path / FILE_NAME).stat() == before
    assert write_types(manifest(Notes=NOTES, More={}), tmp_path) == [tmp_path / FILE_NAME]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The error names the file."""
    (tmp_path / FILE_NAME).mkdir()

    with pytest.raises(UserError, match=re.escape(str(tmp_path / FILE_NAME))):
        write_types(manifest(), tmp_path)


def test_the_file_lies_beside_each_project_that_holds_a_handler(tmp_path: Path) -> None:
    """A project of its own gets a file of its own; folders without a handler get none."""
    api, _ = project(tmp_path / "api"), project(tmp_path / "unused")

    handlers = handlers_at(tmp_path, "api/src/api/web.handler", "plain/fn.handler")

    assert stub_folders(tmp_path, handlers) == [tmp_path, api]


def test_a_workspace_member_with_a_handler_has_a_file(tmp_path: Path) -> None:
    """So has the root, and a project apart from the workspace; a member without a handler has none."""
    project(tmp_path, '[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/apart"]\n')
    api, apart = project(tmp_path / "packages" / "api"), project(tmp_path / "packages" / "apart")
    project(tmp_path / "packages" / "core")

    handlers = handlers_at(tmp_path, "packages/api/src/api/web.handler", "packages/apart/fn.handler")

    assert stub_folders(tmp_path, handlers) == sorted([tmp_path, api, apart])


LAYOUTS = {
    "flat": ["functions/api.handler"],
    "workspace": ["packages/api/src/api/web.handler"],
    "member": ["packages/api/src/api/web.handler"],
    "own project": ["functions/src/fn/web.handler"],
}


def layout(name: str, root: Path) -> tuple[Path, Manifest]:
    """Build one kind of project at *root*: where its owner starts a type checker, and its manifest."""
    start = root
    if name in ("workspace", "member"):
        # The line that docs/linking.md gives for a mypy that is started at the root.
        exclude = "[tool.mypy]\nexclude = ['/sst_env\\.pyi$']\n"
        project(root, '[tool.uv.workspace]\nmembers = ["packages/*"]\n' + (exclude if name == "workspace" else ""))
        member = project(root / "packages" / "api")
        start = member if name == "member" else root
    else:
        project(root)
    if name == "own project":
        start = project(root / "functions")
    return start, manifest(*handlers_at(root, *LAYOUTS[name]), Notes=NOTES)


@pytest.mark.parametrize("name", LAYOUTS)
def test_mypy_and_pyright_know_the_links(name: str, tmp_path: Path, checkers: Path) -> None:
    """Started in the project without any configuration, both know every property, and a link that is not there."""
    start, app = layout(name, tmp_path)
    write_types(app, tmp_path)

    revealed = [kind or error for kind, error in mypy(checkers, start, ".")]
    types, errors = pyright(checkers, start)

    assert revealed == ["str", "str", "int", "Any", 'has no attribute "Bucket"']
    assert types == ["str", "str", "int", "Any"]
    assert errors == ['Cannot access attribute "Bucket" for class "_Resource"']


@pytest.mark.parametrize("name", LAYOUTS)
def test_an_editor_completes_links_and_properties(name: str, tmp_path: Path, checkers: Path) -> None:
    """pyright's language server offers the names of the links, and of a link's properties."""
    start, app = layout(name, tmp_path)
    write_types(app, tmp_path)
    path = tmp_path / f"{LAYOUTS[name][0].rpartition('.')[0]}.py"

    command = [checkers / "pyright-langserver", "--stdio"]
    with LanguageServer(command, start, environment(checkers)) as server:
        links = server.completions(path, "from sst import Resource\n\nResource.")
        properties = server.completions(path.with_name("other.py"), "from sst import Resource\n\nResource.Notes.")

    assert {"App", "Notes"} <= links
    assert {"name", "deep", "type"} <= properties


def test_without_the_file_resource_is_any(tmp_path: Path, checkers: Path) -> None:
    """A project that never ran `sst dev` has no errors from `Resource`."""
    (tmp_path / "api.py").write_text(HANDLER)

    assert [kind or error for kind, error in mypy(checkers, tmp_path, ".")] == ["Any"] * 4
    assert pyright(checkers, tmp_path) == (["Any"] * 4, [])
