"""Handler strings find the module that `import` finds, in the layouts people use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sst_dev.core.errors import UserError
from sst_dev.core.handlers import locate, resolve

CODE = "def handler(event, context): ...\n"
PACKAGE = '[project]\nname = "x"\nversion = "0"\n[build-system]\nrequires = ["hatchling"]\n'
APPLICATION = '[project]\nname = "x"\nversion = "0"\n'
WORKSPACE = '[tool.uv.workspace]\nmembers = ["functions", "core"]\n'


def project(here: Path, /, *paths: str, **pyprojects: str) -> Path:
    """Files with a handler at *paths*, and a `pyproject.toml` in each folder named (`root` is the root)."""
    for path in paths:
        file = here / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(CODE)
    for folder, text in pyprojects.items():
        place = here if folder == "root" else here / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / "pyproject.toml").write_text(text)
    return here


LAYOUTS = [
    # files, pyprojects, handler, module
    ({"functions/api.py"}, {}, "functions/api.handler", "functions.api"),
    ({"functions/api.py"}, {"root": APPLICATION}, "functions/api.handler", "functions.api"),
    ({"functions/api.py"}, {}, "functions.api.handler", "functions.api"),
    ({"x.py"}, {}, "./x.handler", "x"),
    ({"x.py"}, {}, "x.handler", "x"),
    ({"my-fn.py"}, {}, "my-fn.handler", "my-fn"),
    ({"pkg/__init__.py"}, {}, "pkg.handler", "pkg"),
    ({"pkg/__init__.py", "pkg/module.py"}, {}, "pkg.module.handler", "pkg.module"),
    ({"src/pkg/module.py"}, {"root": PACKAGE}, "pkg.module.handler", "pkg.module"),
    ({"src/pkg/module.py"}, {"root": PACKAGE}, "src/pkg/module.handler", "pkg.module"),
    ({"src/fn/api.py"}, {}, "src/fn/api.handler", "src.fn.api"),
    ({"src/fn/api.py"}, {"root": APPLICATION}, "src/fn/api.handler", "src.fn.api"),
    (
        {"functions/src/functions/api.py"},
        {"root": WORKSPACE, "functions": PACKAGE},
        "functions/src/functions/api.handler",
        "functions.api",
    ),
    (
        {"functions/src/functions/api.py"},
        {"root": WORKSPACE, "functions": PACKAGE},
        "functions/api.handler",
        "functions.api",
    ),
    (
        {"core/src/core/jobs.py"},
        {"root": WORKSPACE, "core": PACKAGE},
        "core.jobs.handler",
        "core.jobs",
    ),
    ({"functions/api.py"}, {"functions": APPLICATION}, "functions/api.handler", "api"),
    (
        {"functions/__init__.py", "functions/api.py"},
        {"functions": APPLICATION},
        "functions/api.handler",
        "functions.api",
    ),
]


@pytest.mark.parametrize(("files", "pyprojects", "handler", "module"), LAYOUTS)
def test_layouts(tmp_path: Path, files: set[str], pyprojects: dict[str, str], handler: str, module: str) -> None:
    """The module and paths found are those with which a fresh interpreter imports that very file."""
    resolved = resolve(project(tmp_path, *files, **pyprojects), handler)
    code = "import importlib, sys; print(importlib.import_module(sys.argv[1]).__file__)"
    imported = subprocess.run(
        [sys.executable, "-c", code, resolved.module],
        env={"PYTHONPATH": ":".join(map(str, resolved.paths)), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert resolved.module == module
    assert resolved.attribute == "handler"
    assert Path(imported.stdout.strip()) == resolved.file


def test_an_app_in_a_folder_of_a_larger_project(tmp_path: Path) -> None:
    """Handlers are relative to the app, wherever the `pyproject.toml` above it is."""
    project(tmp_path, "apps/shop/functions/api.py", root=PACKAGE)
    resolved = resolve(tmp_path / "apps/shop", "functions/api.handler")

    assert resolved.module == "functions.api"
    assert resolved.paths[0] == tmp_path / "apps/shop"


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        ("handler", "is not a handler"),
        ("", "is not a handler"),
        ("/etc/api.handler", "is not a handler"),
        ("../api.handler", "is not a handler"),
        ("functions/api.", "is not a handler"),
        ("functions/api.py.handler", "with its extension"),
        ("functions/nope.handler", 'there is no "functions/nope.py"'),
    ],
)
def test_bad_strings(tmp_path: Path, handler: str, words: str) -> None:
    """The error names component, argument and value, and says what to do."""
    root = project(tmp_path, "functions/api.py")
    with pytest.raises(UserError) as caught:
        resolve(root, handler, component="Api")

    assert words in caught.value.message
    assert caught.value.message.startswith(f'Api: handler="{handler}"')
    assert caught.value.hint


def test_a_missing_attribute_is_an_error_that_names_those_there_are(tmp_path: Path) -> None:
    """The attribute is looked up in the syntax tree, before anything is created."""
    root = project(tmp_path, "functions/api.py")
    with pytest.raises(UserError) as caught:
        resolve(root, "functions/api.nope")

    assert 'defines no "nope"' in caught.value.message
    assert "handler" in caught.value.hint
    assert locate(root, "functions/api.nope").module == "functions.api"


@pytest.mark.parametrize(
    "code",
    [
        "from lib import *",
        "globals()['handler'] = print",
        "def __getattr__(name): return print",
        "handler = make()",
        "from lib import handler",
        "import lib as handler",
        "if True:\n    def handler(e, c): ...",
        "try:\n    from a import handler\nexcept ImportError:\n    handler = None",
        "a, (handler, *b) = things()",
        "class handler: ...",
        "def init():\n    global handler\n    handler = 1",
        "handler: object = 1",
        "def broken(:",
    ],
)
def test_names_are_looked_for_leniently(tmp_path: Path, code: str) -> None:
    """Any way to bind the name passes, as does a file whose names or syntax only running it can tell."""
    (tmp_path / "api.py").write_text(code)

    assert resolve(tmp_path, "api.handler").module == "api"


def test_a_local_name_is_no_attribute(tmp_path: Path) -> None:
    """A name bound inside a function or class is not the module's."""
    (tmp_path / "api.py").write_text("def outer():\n    handler = 1\nclass C:\n    def handler(self): ...\n")
    with pytest.raises(UserError):
        resolve(tmp_path, "api.handler")


def test_a_broken_pyproject_is_the_users_error(tmp_path: Path) -> None:
    """Invalid TOML is reported with the file, not as a traceback."""
    root = project(tmp_path, "functions/api.py", root="[project")
    with pytest.raises(UserError, match=r"pyproject\.toml is not valid TOML"):
        resolve(root, "functions/api.handler")
