"""Importing the handler, and knowing which files that took."""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from types import ModuleType
from typing import Any

from . import debugging, places
from .errors import RuntimeFault


def load_handler(name: str, module: str | None = None) -> Any:
    """The handler called *name*, from *module* if the dev server has resolved it.

    Raises `RuntimeFault`, or what the user's modules raise. Callability is not checked, as on Lambda: that is an
    error of the first call.
    """
    if "." not in name:
        raise RuntimeFault(
            "Runtime.MalformedHandlerName",
            f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)",
        )
    module_name, attribute = name.rsplit(".", 1)
    try:
        if module_name.split(".")[0] in sys.builtin_module_names:
            raise RuntimeFault(
                "Runtime.BuiltInModuleConflict",
                f"Cannot use built-in module {module_name} as a handler module",
            )
        imported = importlib.import_module(module or module_name.replace("/", "."))
    except ImportError as error:
        raise RuntimeFault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        where = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        raise RuntimeFault(
            "Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", [where]
        ) from error
    try:
        return getattr(imported, attribute)
    except AttributeError as error:
        raise RuntimeFault(
            "Runtime.HandlerNotFound", f"Handler '{attribute}' missing on module '{module_name}'"
        ) from error


class Recorder:
    """Which project files the handler depends on: imported, or read while it was imported."""

    def __init__(self) -> None:
        self._data: tuple[str, tuple[str, ...]] = ("", ())
        self._sought = places.Sought()
        # Touches, and so copies, every page that holds a name: done while the process waits for its handler.
        self._modules = set(sys.modules)
        self._reported: set[str] = set()
        self._hash = ""
        self._recording = False

    def start(self, root: str, ignore: list[str]) -> None:
        """Record the files opened from now on; a failed import leaves no other trace. Of data files only those
        below *root* count, without the folders *ignore*."""
        self._data = (os.path.join(os.path.abspath(root), ""), tuple(os.path.join(path, "") for path in ignore))
        self._recording = True
        sys.meta_path.append(self._sought)
        sys.addaudithook(self._audit)

    def stop(self) -> None:
        """Record no further data files. The hook itself stays: Python cannot remove it."""
        self._recording = False

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._recording or event != "open":
            return
        path, _, flags = args
        if not isinstance(path, str) or flags & (os.O_WRONLY | os.O_RDWR):
            return
        root, ignored = self._data
        path = os.path.abspath(path)
        if not path.endswith(".pyc") and path.startswith(root) and not path.startswith(ignored):
            places.note_file(path)

    def grown(self) -> bool:
        """Whether modules were imported since the last report."""
        return len(sys.modules) > len(self._modules)

    def report(self) -> dict[str, Any]:
        """What is new since the last report: project `files` with their stamps, paths `sought` in vain, and library
        `modules` in the order of import; and the `code_hash` of all files so far."""
        modules = []
        for name in [name for name in sys.modules if name not in self._modules]:
            self._modules.add(name)
            module = sys.modules.get(name)
            file = getattr(module, "__file__", None)
            if file and not places.is_library(os.path.abspath(file)):
                places.note_file(file)
                self._sought.paths.update(_rivals(name, os.path.abspath(file)))
            elif file is None and hasattr(module, "__path__"):
                self._sought.paths.update(_rivals(name, None))
            elif _importable(name, module):
                modules.append(name)
        files = {path: stamp for path, stamp in places.noted.items() if path not in self._reported}
        if files or not self._hash:
            self._reported.update(files)
            self._hash = code_hash(self._data[0], sorted(self._reported))
        sought = sorted(self._sought.paths)
        self._sought.paths.clear()
        return {
            "files": files,
            "sought": sought,
            "modules": modules,
            "code_hash": self._hash,
        }


def _rivals(name: str, file: str | None) -> list[str]:
    """Paths that do not exist and would be imported as *name* if they did, instead of *file*.

    A package wins over a module beside it, both win over a namespace package (*file* None), and an earlier folder wins
    over a later one.
    """
    parent, _, last = name.rpartition(".")
    folders = list(getattr(sys.modules.get(parent), "__path__", ())) if parent else sys.path
    rivals: list[str] = []
    for folder in map(os.path.abspath, folders):
        if places.is_library(os.path.join(folder, last)):
            continue
        package, module = os.path.join(folder, last, "__init__.py"), os.path.join(folder, last + ".py")
        if file == package:
            break
        rivals.append(package)
        if file == module:
            break
        rivals.append(module)
    return [path for path in rivals if not os.path.exists(path)]


_NEVER_PRELOADED = ("sst_worker", *debugging.NAMES)
"""This package, and the debugger: it must not be in workers that nobody debugs."""


def _importable(name: str, module: ModuleType | None) -> bool:
    """Whether a zygote could import *name* and get this library module."""
    spec = getattr(module, "__spec__", None)
    if spec is None or spec.name != name or spec.loader is None or name.startswith(_NEVER_PRELOADED):
        return False
    return bool(spec.origin) and not name.startswith("__")


def code_hash(root: str, files: list[str]) -> str:
    """Which code runs: 12 hex digits over the names and contents of *files*."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(os.path.relpath(path, root).encode("utf-8", "surrogateescape") + b"\0")
        try:
            with open(path, "rb") as file:
                digest.update(file.read())
        except OSError:  # deleted since
            digest.update(b"\0gone")
    return digest.hexdigest()[:12]
