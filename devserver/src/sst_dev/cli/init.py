"""`sst init`: an app for the project found here, from files that are all new."""

from __future__ import annotations

import ast
import keyword
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from ..core.errors import UserError
from ..core.handlers import read_pyproject
from .options import CONFIG

CONFIG_TEXT = """\
import sst


def app(input: sst.AppInput) -> sst.App:
    return sst.App(
        name="{name}",
        home="local",
        removal="retain" if input.stage == "production" else "remove",
    )


def run():
{functions}
    return {{{outputs}}}
"""
FUNCTION_TEXT = '    {variable} = sst.aws.Function("{name}", handler="{handler}", url=True)'
PROJECT_TEXT = """\
[project]
name = "{name}"
version = "0.1.0"
requires-python = ">=3.{minor}"
dependencies = []
"""
HANDLER_TEXT = """\
import json

from sst import Resource


def handler(event, context):
    message = f"Hello from {Resource.App.name}, stage {Resource.App.stage}"
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(message)}
"""
IGNORED = ".sst/"


@dataclass(frozen=True)
class Found:
    """A Lambda handler in the project."""

    handler: str
    """`functions/api.handler`, relative to the root."""
    name: str
    """The component's name for it, unique: `Api`."""


@dataclass(frozen=True)
class Step:
    """One file to write, or one line to add to it."""

    path: Path
    text: str
    adds: bool = False
    """Add *text* to the end; otherwise the file is new."""


@click.command(name="init")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(yes: bool) -> None:
    """Write sst_config.py and what it needs for the project in this folder. Overwrites nothing."""
    root = Path.cwd()
    steps = plan(root)
    for step in steps:
        click.echo(f"{'add to' if step.adds else 'write'} {step.path.relative_to(root)}", err=True)
    if not yes:
        if not sys.stdin.isatty():
            raise UserError("sst init asks before it writes, and there is no terminal.", hint="Pass --yes.")
        click.confirm("Go on?", default=True, abort=True, err=True)
    for step in steps:
        perform(step)
    click.echo("Now run `sst dev`.", err=True)


def plan(root: Path) -> list[Step]:
    """What to write so that *root* is an app: a function for each handler found there, or a first one.

    Raises UserError when there is an app already.
    """
    config = root / CONFIG
    if config.exists():
        raise UserError(f"{config} exists: this is an app already.", hint="Run it with `sst dev`.")
    name = app_name(root)
    found = list(handlers(root))
    steps = []
    if not found:
        example = root / "functions" / "hello.py"
        if example.exists():
            raise UserError(
                f"No handler was found in {root}, and {example} exists, where a first one would go.",
                hint="Write a function handler(event, context) there, then run `sst init` again.",
            )
        found = [Found("functions/hello.handler", "Hello")]
        steps.append(Step(example, HANDLER_TEXT))
    if not any((root / file).exists() for file in ("pyproject.toml", "requirements.txt", "setup.py")):
        steps.append(Step(root / "pyproject.toml", PROJECT_TEXT.format(name=name, minor=sys.version_info.minor)))
    steps.append(Step(config, config_text(name, found)))
    ignore = root / ".gitignore"
    lines = ignore.read_text(encoding="utf-8").splitlines() if ignore.is_file() else []
    if not {IGNORED, IGNORED.rstrip("/"), f"/{IGNORED}"} & {line.strip() for line in lines}:
        steps.append(Step(ignore, f"{IGNORED}\n", adds=ignore.is_file()))
    return steps


def perform(step: Step) -> None:
    """Write one file. Raises UserError when it appeared meanwhile or cannot be written."""
    try:
        step.path.parent.mkdir(parents=True, exist_ok=True)
        if step.adds:
            before = step.path.read_text(encoding="utf-8")
            newline = "" if not before or before.endswith("\n") else "\n"
            with step.path.open("a", encoding="utf-8") as file:
                file.write(newline + step.text)
        else:
            with step.path.open("x", encoding="utf-8") as file:
                file.write(step.text)
    except OSError as error:
        raise UserError(
            f"{step.path} cannot be written: {error.strerror}.", hint="Mend that, then run `sst init` again."
        ) from error


def config_text(name: str, found: list[Found]) -> str:
    """The text of `sst_config.py` for the app *name* with a function for each handler in *found*."""
    variables = [_variable(item.name) for item in found]
    functions = "\n".join(
        FUNCTION_TEXT.format(variable=variable, name=item.name, handler=item.handler)
        for variable, item in zip(variables, found, strict=True)
    )
    outputs = ", ".join(f'"{variable}": {variable}.url' for variable in variables)
    return CONFIG_TEXT.format(name=name, functions=functions, outputs=outputs)


def _variable(name: str) -> str:
    """`OrdersCreate` → `orders_create`, which hides nothing the config needs."""
    variable = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return f"{variable}_" if keyword.iskeyword(variable) or variable == "sst" else variable


def app_name(root: Path) -> str:
    """The project's own name, else the folder's, as AWS takes names: letters, digits, dashes, a letter first."""
    project = read_pyproject(root).get("project", {}).get("name", "")
    name = re.sub(r"[^A-Za-z0-9]+", "-", str(project) or root.name).strip("-")[:50].strip("-")
    return name if name[:1].isalpha() else f"app-{name}".strip("-")[:50].strip("-")


def handlers(root: Path) -> Iterator[Found]:
    """The Lambda handlers below *root*, in order of path.

    A handler is a function of a module that takes exactly `event` and `context`, by those names or with an
    underscore before them, or that is called `lambda_handler`.
    """
    taken: set[str] = set()
    for path in _modules(root):
        functions = _handler_names(path)
        for function in functions:
            words = [path.parent.name if path.stem == "__init__" else path.stem]
            words += [function] if len(functions) > 1 or function not in ("handler", "lambda_handler") else []
            name = _component_name(words, taken)
            taken.add(name)
            handler = f"{path.relative_to(root).with_suffix('').as_posix().removesuffix('/__init__')}.{function}"
            yield Found(handler, name)


def _modules(root: Path) -> Iterator[Path]:
    """The project's modules; not its tests, environments and hidden folders."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if name not in ("node_modules", "__pycache__", "tests", "test", "build", "dist", "site-packages")
            and not name.startswith(".")
            and not (Path(folder) / name / "pyvenv.cfg").exists()
        )
        for name in sorted(files):
            path = Path(folder, name).relative_to(root)
            if name.endswith(".py") and all(part.isidentifier() for part in path.with_suffix("").parts):
                yield root / path


def _handler_names(path: Path) -> list[str]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return []  # it cannot run as it is; `sst dev` will say why once it is in the config
    names = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            arguments = [argument.arg.lstrip("_") for argument in (*node.args.posonlyargs, *node.args.args)]
            if node.name == "lambda_handler" or (arguments == ["event", "context"] and node.name[0] != "_"):
                names.append(node.name)
    return names


def _component_name(words: list[str], taken: set[str]) -> str:
    """A name such as `OrdersCreate`, a letter first, with a number when it is taken."""
    pieces = [piece for word in words for piece in re.split(r"[^A-Za-z0-9]+", word) if piece]
    name = "".join(piece[0].upper() + piece[1:] for piece in pieces)
    name = name if name[:1].isalpha() else f"Function{name}"
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name}{number}"
    return unique
