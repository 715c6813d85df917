"""`sst_env.pyi`: the types of `Resource` in the user's project, written from the links of the app.

The SDK declares `Resource` as whatever a top-level module `sst_env` says. mypy and pyright look for that module in
the folder they are started in, so the file lies at the app's root and beside the `pyproject.toml` of each project
that holds a handler, members of a uv workspace among them: there mypy and editors are started too. It is one content
everywhere: what a module is linked to is its function's affair, and a module may serve several.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..core.errors import UserError
from ..core.handlers import locate, nearest_project
from ..core.manifest import Manifest

FILE_NAME = "sst_env.pyi"

_HEADER = """\
# Types of sst.Resource in this project: every link of the app.
# Written from sst_config.py whenever the links change. Edits are lost.

from collections.abc import Iterator
from typing import Any

"""
_METHODS = """\
    def __getitem__(self, name: str) -> Any: ...
    def __contains__(self, name: object) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...
"""
_VIEWS = {"items", "keys", "values"}
"""Methods of dict that no property stands for: see `sst.resource.Link`."""
_SCALARS = {str: "str", bool: "bool", int: "int", float: "float"}
_BASE = "dict[str, Any]"


def stub_text(manifest: Manifest) -> str:
    """The text of `sst_env.pyi` for *manifest*: one class a link, links and properties in order of name.

    It holds names and types, never a value. A name Python cannot spell as an attribute is left to item access.
    """
    links: dict[str, Mapping[str, Any]] = {"App": {"name": "", "stage": ""}}
    links.update({link.name: {**link.properties, "type": link.type} for link in manifest.links})
    names = [name for name in sorted(links) if _is_attribute(name)]
    classes = {name: f"_{name}" for name in names}
    taken = set(classes.values())
    # The methods stand in a class of their own, where no link has the name of what they speak of.
    base, resource = _free("_Links", taken), _free("_Resource", taken)
    parts = ["\n".join(_class_lines(classes[name], links[name])) for name in names]
    parts.append(f"class {base}:\n{_METHODS.rstrip()}")
    parts.append("\n".join([f"class {resource}({base}):", *(f"    {name}: {classes[name]}" for name in names)]))
    return _HEADER + "\n\n".join([*parts, f"Resource: {resource}\n"])


def write_types(manifest: Manifest, root: Path) -> list[Path]:
    """Write `sst_env.pyi` where the app at *root* needs it; return the files that changed.

    A file that already says the same is left alone, so that no editor or watcher sees a change that is none.
    Raises UserError when a file cannot be written, or a handler is gone.
    """
    text = stub_text(manifest)
    changed = []
    for folder in stub_folders(root, (function.handler for function in manifest.functions)):
        path = folder / FILE_NAME
        try:
            if path.is_file() and path.read_text(encoding="utf-8") == text:
                continue
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UserError(
                f"{path} cannot be written: {error.strerror}.", hint="It holds the types of Resource; make it writable."
            ) from error
        changed.append(path)
    return changed


def stub_folders(root: Path, handlers: Iterable[str]) -> list[Path]:
    """Where `sst_env.pyi` belongs: *root*, and the project of each handler."""
    return sorted({root, *(_project(root, handler) for handler in handlers)})


def _project(root: Path, handler: str) -> Path:
    """The folder of the nearest `pyproject.toml` above *handler*, if it is at or below *root*."""
    project = nearest_project(root, locate(root, handler).file)
    return project if project is not None and project.is_relative_to(root) else root


def _class_lines(name: str, properties: Mapping[str, Any]) -> list[str]:
    """A class for an object with *properties*: first a class for each object in it, then the attributes."""
    taken = set(properties)
    classes: list[str] = []
    attributes: list[str] = []
    for key in sorted(filter(_is_attribute, properties.keys() - _VIEWS)):
        value = properties[key]
        declared = _type_of(value)
        if isinstance(value, Mapping) and value and not _words(_BASE) & properties.keys():
            declared = _free(f"_{key[0].upper()}{key[1:]}", taken)
            classes += [*_class_lines(declared, value), ""]
        if _words(declared) & properties.keys():
            declared = "Any"  # within the class the word is another property
            if "Any" in properties:
                continue
        # A property wins over the method of dict that has its name.
        clash = "  # type: ignore[assignment]" if key in dir(dict) and declared != "Any" else ""
        attributes.append(f"{key}: {declared}{clash}")
    body = [f"    {line}".rstrip() for line in (*classes, *attributes)]
    return [f"class {name}({_BASE}):", *body] if body else [f"class {name}({_BASE}): ..."]


def _words(declared: str) -> set[str]:
    return set(re.findall(r"\w+", declared))


def _free(name: str, taken: set[str]) -> str:
    """*name*, or one like it that is not in *taken*, which then holds it."""
    while name in taken:
        name += "X"
    taken.add(name)
    return name


def _type_of(value: Any) -> str:
    if isinstance(value, list):
        kinds = {_type_of(item) for item in value}
        return f"list[{kinds.pop() if len(kinds) == 1 else 'Any'}]"
    if isinstance(value, Mapping) and not value:
        return "dict[str, Any]"
    return _SCALARS.get(type(value), "Any")


def _is_attribute(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("__")
