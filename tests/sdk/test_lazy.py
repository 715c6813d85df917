"""The package roots load each name when it is first used, and type checkers see the same names."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest
import sst
import sst.aws

from tests.support.venvs import venv

SDK = Path(__file__).parents[2] / "sdk" / "src"


@pytest.mark.parametrize("package", [sst, sst.aws])
def test_type_checkers_see_the_names_that_load(package: object) -> None:
    """The imports under TYPE_CHECKING and the table of homes name the same things, from the same modules."""
    tree = ast.parse(Path(package.__file__).read_text())  # type: ignore[attr-defined]
    block = next(node for node in tree.body if isinstance(node, ast.If))
    declared = {
        alias.asname: node.module
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
    homes = {
        name: home.rpartition(".")[0] if home == f"{package.__name__}.{name}" else home  # type: ignore[attr-defined]
        for name, home in package._HOMES.items()  # type: ignore[attr-defined]
    }

    assert {**declared, "Resource": "sst.resource"} == homes if package is sst else declared == homes


@pytest.mark.parametrize("package", [sst, sst.aws])
def test_every_name_loads(package: object) -> None:
    """Each name of the table is there, and the second access gives the same object."""
    for name in package._HOMES:  # type: ignore[attr-defined]
        if name not in ("app", "dev"):  # the app that runs: there is none here
            assert getattr(package, name) is getattr(package, name)
            assert name in dir(package)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """`sst.nope` fails as any module's missing attribute does."""
    with pytest.raises(AttributeError, match="module 'sst' has no attribute 'nope'"):
        _ = sst.nope


def test_the_app_half_without_its_libraries_says_what_to_install() -> None:
    """An interpreter without Pulumi gets the extra to install, and its runtime half works all the same."""
    program = "from sst import Resource\nfrom sst.aws import Function"
    answer = subprocess.run([venv(), "-c", program], env={"PYTHONPATH": str(SDK)}, capture_output=True, text=True)

    assert answer.stderr.splitlines()[-1] == (
        "ImportError: sst.aws.Function is part of an app's configuration and needs pulumi, which is not installed "
        'here. Install the extra: pip install "sst-py-sdk[infra]"'
    )
