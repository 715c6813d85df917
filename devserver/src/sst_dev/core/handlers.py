"""From a handler string to the module that `import` finds: one answer for dev and for deploy.

A handler is `path/to/module.attribute` or `package.module.attribute`, relative to the app's root. The file is looked
for at the root, in `src/`, and in the members of the uv workspace with their `src/`. Its module name follows the
project it belongs to (the nearest `pyproject.toml`): below `src/` when that project is built as a package, below the
project's folder otherwise, and never below a folder that is itself a package.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import UserError


@dataclass(frozen=True)
class ResolvedHandler:
    """Where a handler lives and how to import it."""

    root: Path
    """The app's root: the working directory, `LAMBDA_TASK_ROOT`."""
    paths: tuple[Path, ...]
    """What goes first on `sys.path`, in order."""
    module: str
    """The dotted name to import."""
    attribute: str
    file: Path


def resolve(root: Path, handler: str, *, component: str = "", argument: str = "handler") -> ResolvedHandler:
    """Find *handler* and check that its file defines the attribute.

    Raises UserError naming *component* and *argument* when the string, file, module or attribute is wrong.
    Nothing is imported: names are looked up in the syntax tree, and a module that makes its names at run
    time (star imports, `globals()`, `__getattr__`) passes.
    """
    resolved = locate(root, handler, component=component, argument=argument)
    names = _defined_names(resolved.file)
    if names is not None and resolved.attribute not in names:
        raise UserError(
            f'{_subject(component, argument, handler)}: "{_shown(resolved.file, root)}" defines no '
            f'"{resolved.attribute}"',
            hint=f"Define a function {resolved.attribute}(event, context) there, or name one that exists"
            + (f": {', '.join(_functions(resolved.file)[:5])}." if _functions(resolved.file) else "."),
        )
    return resolved


def locate(root: Path, handler: str, *, component: str = "", argument: str = "handler") -> ResolvedHandler:
    """As `resolve`, without looking into the file."""
    subject = _subject(component, argument, handler)
    name, dot, attribute = handler.strip().removeprefix("./").rpartition(".")
    if not dot or not name or not attribute.isidentifier() or name.startswith(("/", "../")):
        raise UserError(
            f"{subject} is not a handler: expected path/to/module.function, relative to {root}",
            hint='For functions/api.py with "def handler(event, context)" write "functions/api.handler".',
        )
    if name.endswith(".py") and _module_file(root / name.removesuffix(".py")):
        raise UserError(
            f"{subject} names a file with its extension",
            hint=f'Write "{name.removesuffix(".py")}.{attribute}".',
        )
    found = list(dict.fromkeys(_candidates(root, name)))
    if not found:
        raise UserError(
            f'{subject}: there is no "{name.replace(".", "/")}.py" in {root}',
            hint="The path is relative to the folder of sst_config.py; "
            f"also looked in {', '.join(_shown(p, root) for p in _source_roots(root)[1:]) or 'src/'}.",
        )
    file = found[0]
    base, extra = _import_root(root, file)
    module = ".".join(file.relative_to(base).with_suffix("").parts).removesuffix(".__init__")
    return ResolvedHandler(root, tuple(dict.fromkeys([base, *extra, root])), module, attribute, file)


def nearest_project(root: Path, file: Path) -> Path | None:
    """The folder of the nearest `pyproject.toml` above *file*; above *root* too, as uv finds it."""
    for folder in file.parents:
        if (folder / "pyproject.toml").is_file():
            return folder
        if folder == root and (folder / ".git").exists():
            break
    return None


def read_pyproject(folder: Path) -> dict[str, Any]:
    """The contents of `pyproject.toml` in *folder*, empty when there is none. Raises UserError when it is broken."""
    try:
        return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{folder / 'pyproject.toml'} is not valid TOML: {error}", hint="Mend the file.") from error


def workspace_members(folder: Path) -> list[Path]:
    """The member folders of the uv workspace whose root is *folder*, without the root itself."""
    workspace = read_pyproject(folder).get("tool", {}).get("uv", {}).get("workspace", {})
    excluded = {path for pattern in workspace.get("exclude", []) for path in folder.glob(pattern)}
    members = [path for pattern in workspace.get("members", []) for path in sorted(folder.glob(pattern))]
    return [path for path in members if (path / "pyproject.toml").is_file() and path not in excluded]


def _candidates(root: Path, name: str) -> Iterator[Path]:
    literal = _module_file(root / name)
    if literal:
        yield literal
    for source_root in _source_roots(root):
        if file := _module_file(source_root / name.replace(".", "/")):
            yield file


def _module_file(path: Path) -> Path | None:
    file = path.with_name(path.name + ".py")
    if file.is_file():
        return file
    package = path / "__init__.py"
    return package if package.is_file() else None


def _source_roots(root: Path) -> list[Path]:
    """Where a short or dotted handler may start, most direct first."""
    projects = [root, *workspace_members(root)]
    return [place for project in projects for place in (project, project / "src") if place.is_dir()]


def _import_root(root: Path, file: Path) -> tuple[Path, list[Path]]:
    """The folder the module name of *file* starts in, and further folders `import` would look in."""
    project = nearest_project(root, file) or root
    if not project.is_relative_to(root):
        project = root  # an app in a folder of a larger project: handlers are relative to the app
    source = project / "src"
    base = source if file.is_relative_to(source) and _is_package(project) else project
    while (base / "__init__.py").is_file():
        base = base.parent
    return base, [path for path in (source, project) if path.is_dir() and path != base]


def _is_package(project: Path) -> bool:
    """Whether uv installs the project itself, so that `import` finds what is below its `src/`."""
    document = read_pyproject(project)
    declared = document.get("tool", {}).get("uv", {}).get("package")
    return bool(declared) if declared is not None else "build-system" in document


def _defined_names(file: Path) -> set[str] | None:
    """Names bound at the top level of *file*; None when that cannot be known without running it."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return None  # the worker reports it with Lambda's own message
    names: set[str] = set()
    for node in _top_level(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                if any(alias.name == "*" for alias in aliases):
                    return None
                names.update((alias.asname or alias.name).partition(".")[0] for alias in aliases)
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Name(id="globals" | "exec" | "vars" | "locals" | "setattr"):
                return None
            case ast.Global(names=found):
                names.update(found)
    return None if "__getattr__" in names else names


def _top_level(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node of the module's own scope; of functions and classes only the `global` statements."""
    for node in ast.iter_child_nodes(tree):
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from (inner for inner in ast.walk(node) if isinstance(inner, ast.Global))
        else:
            yield from _top_level(node)


def _functions(file: Path) -> list[str]:
    tree = ast.parse(file.read_bytes())
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"]


def _subject(component: str, argument: str, handler: str) -> str:
    return f'{f"{component}: " if component else ""}{argument}="{handler}"'


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
