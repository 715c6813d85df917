"""`sst init`: what it finds, what it writes, and that it never touches what is there."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from sst import AppInput
from sst_dev.cli import main
from sst_dev.cli.init import app_name, handlers, plan
from sst_dev.core.errors import ExitCode, UserError
from sst_dev.core.handlers import resolve

HANDLER = "def handler(event, context):\n    return 1\n"


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def init(root: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.chdir(root)
    with pytest.raises(SystemExit) as ended:
        main(["init", *arguments])
    return int(ended.value.code or 0)


def test_an_empty_folder_becomes_an_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first handler, a config that names it, a pyproject.toml and a .gitignore; all of them valid."""
    root = tmp_path / "my_shop"
    root.mkdir()

    assert init(root, monkeypatch, "--yes") == ExitCode.OK

    assert {path.name for path in root.iterdir()} == {"sst_config.py", "pyproject.toml", "functions", ".gitignore"}
    namespace: dict[str, object] = {}
    exec(compile((root / "sst_config.py").read_text(), "sst_config.py", "exec", dont_inherit=True), namespace)
    assert namespace["app"](AppInput(stage="alice")).name == "my-shop"  # type: ignore[operator]
    assert tomllib.loads((root / "pyproject.toml").read_text())["project"]["name"] == "my-shop"
    assert resolve(root, "functions/hello.handler").file == root / "functions" / "hello.py"
    assert (root / ".gitignore").read_text() == ".sst/\n"


def test_each_handler_found_becomes_a_function(tmp_path: Path) -> None:
    """Handlers are found by their arguments or as lambda_handler; every one of them resolves."""
    write(
        tmp_path,
        functions__api=HANDLER,
        jobs="def lambda_handler(evt, ctx): ...\n",
        src__shop__orders="def create(event, context): ...\ndef remove(_event, _context): ...\n",
        helpers="def add(a, b): ...\ndef _hidden(event, context): ...\n",
        tests__fake=HANDLER,
        build__old=HANDLER,
        broken="def handler(event, context:\n",
    )
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "pyvenv.cfg").touch()
    write(tmp_path, env__lib=HANDLER)

    found = {item.name: item.handler for item in handlers(tmp_path)}

    assert found == {
        "Api": "functions/api.handler",
        "Jobs": "jobs.lambda_handler",
        "OrdersCreate": "src/shop/orders.create",
        "OrdersRemove": "src/shop/orders.remove",
    }
    for handler in found.values():
        resolve(tmp_path, handler)


def test_two_handlers_of_one_name_are_two_functions(tmp_path: Path) -> None:
    """Component names are unique in an app."""
    write(tmp_path, a__api=HANDLER, b__api=HANDLER)

    assert [item.name for item in handlers(tmp_path)] == ["Api", "Api2"]


def test_a_name_that_is_a_python_word_spoils_nothing(tmp_path: Path) -> None:
    """`lambda.py` and `sst.py` give a config that Python can read."""
    write(tmp_path, **{"lambda": HANDLER, "sst": HANDLER})

    (config,) = (step for step in plan(tmp_path) if step.path.name == "sst_config.py")

    compile(config.text, "sst_config.py", "exec")
    assert "    lambda_ = sst.aws.Function(" in config.text
    assert "    sst_ = sst.aws.Function(" in config.text


@pytest.mark.parametrize(
    ("folder", "project", "name"),
    [
        ("my_shop", "", "my-shop"),
        ("x", "Web.API", "Web-API"),
        ("2024", "", "app-2024"),
        ("-", "", "app"),
        ("a" * 60, "", "a" * 50),
    ],
)
def test_the_app_is_called_what_aws_allows(tmp_path: Path, folder: str, project: str, name: str) -> None:
    """The project's name or the folder's, in letters, digits and dashes."""
    root = tmp_path / folder
    root.mkdir()
    if project:
        (root / "pyproject.toml").write_text(f'[project]\nname = "{project}"\n')

    assert app_name(root) == name


def test_what_is_there_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pyproject.toml, a requirements.txt and a handler are used, not replaced; .gitignore gains a line once."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\n')
    (tmp_path / ".gitignore").write_text("*.pyc")
    write(tmp_path, api=HANDLER)
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}

    assert init(tmp_path, monkeypatch, "--yes") == ExitCode.OK

    assert (tmp_path / ".gitignore").read_text() == "*.pyc\n.sst/\n"
    for name in ("pyproject.toml", "api.py"):
        assert (tmp_path / name).read_text() == before[name]
    (tmp_path / "sst_config.py").unlink()
    assert [step.path.name for step in plan(tmp_path)] == ["sst_config.py"]


def test_an_app_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder with a config is an app already; the error says how to run it."""
    (tmp_path / "sst_config.py").write_text("mine")

    assert init(tmp_path, monkeypatch, "--yes") == ExitCode.USAGE

    assert (tmp_path / "sst_config.py").read_text() == "mine"
    assert "this is an app already" in capsys.readouterr().err


def test_a_file_in_the_way_of_the_first_handler_is_named(tmp_path: Path) -> None:
    """A functions/hello.py without a handler is the user's; nothing is planned over it."""
    write(tmp_path, functions__hello="x = 1\n")

    with pytest.raises(UserError, match=r"functions/hello\.py exists"):
        plan(tmp_path)


def test_without_a_terminal_it_takes_yes_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script that forgot --yes gets the flag named, and nothing is written."""
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        assert init(tmp_path, monkeypatch) == ExitCode.USAGE

    assert "Pass --yes" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("answer", "written"), [(b"y\n", True), (b"n\n", False)])
def test_on_a_terminal_it_shows_the_plan_and_asks(tmp_path: Path, answer: bytes, written: bool) -> None:
    """The files are listed first; no means no."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer)
        program = "from sst_dev.cli import main; main(['init'])"
        ended = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    finally:
        os.close(ours)
        os.close(theirs)

    assert b"write sst_config.py" in ended.stdout
    assert (tmp_path / "sst_config.py").exists() is written
    assert ended.returncode == (ExitCode.OK if written else ExitCode.INTERRUPTED)
