"""The table of resource types."""

from __future__ import annotations

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest
import sst.infra
from sst_dev.engine.embedded import kind
from sst_dev.engine.embedded.kind import Kind, kind_of


def all_kinds() -> list[tuple[str, Kind]]:
    modules = [import_module(f"sst_dev.engine.embedded.kinds.{file}") for file in sorted(set(kind._SERVICES.values()))]
    return [(f"{m.__name__.rpartition('.')[2]}.{name}", one) for m in modules for name, one in m.KINDS.items()]


@pytest.mark.parametrize(("name", "one"), all_kinds(), ids=[name for name, _ in all_kinds()])
def test_every_kind_can_be_made_and_deleted(name: str, one: Kind) -> None:
    """Nothing is left of the interface's `NotImplementedError`, and what names a resource makes another of it."""
    for method in ("create", "update", "delete"):
        assert "NotImplementedError" not in inspect.getsource(getattr(one, method))
    assert one.identity <= one.replace | {"functionName"}


def test_every_resource_of_the_components_has_a_kind() -> None:
    """What the app half creates exists on the embedded cloud; exceptions are named here."""
    left_out = {"iot.Authorizer"}  # the embedded cloud has none, and Realtime says so
    made = set()
    for path in Path(sst.infra.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "_make":
                made.add(ast.unparse(call.args[0]))
    types = {one for one in made if re.fullmatch(r"[a-z0-9_]+\.[A-Z]\w+", one)} - left_out

    assert len(types) > 20
    for one in types:
        module, _, name = one.partition(".")
        token = f"aws:{module.rstrip('_')}/{name[0].lower() + name[1:]}:{name}"
        assert kind_of(token) is not None, token


def test_other_packages_have_none() -> None:
    """A type of another provider, or of a service this engine does not know."""
    assert kind_of("random:index/randomId:RandomId") is None
    assert kind_of("aws:efs/fileSystem:FileSystem") is None
    assert kind_of("aws:sqs/nothing:Nothing") is None
