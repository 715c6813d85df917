"""What `sst dev` writes for type checkers, on the examples: a flat project and a uv workspace."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.checkers import mypy, pyright, type_checkers
from tests.support.session import session

pytestmark = pytest.mark.scenario
EXAMPLES = Path(__file__).parents[2] / "examples"
PROBES = {
    "orders": ("functions/probe.py", "Resource.Orders.name", "Orders"),
    "workspace": ("functions/src/functions/probe.py", "Resource.MyLinkableValue.foo", "MyLinkableValue"),
}


@pytest.mark.parametrize("name", PROBES)
def test_checkers_know_the_links_of_an_example(name: str, tmp_path: Path) -> None:
    """Both know a property of a link, and miss one that is not; a link that goes from the config goes from them."""
    file, known, link = PROBES[name]
    folder, checkers = tmp_path / name, type_checkers()
    shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns(".sst", ".venv", "__pycache__"))
    (folder / file).write_text(f"from sst import Resource\n\nreveal_type({known})\nResource.{link}.nothing\n")

    def check() -> tuple[list[str], list[str]]:
        types, errors = pyright(checkers, folder, file)
        revealed = [kind or error for kind, error in mypy(checkers, folder, file)]
        return [*revealed, *types], errors

    with session(folder) as one:
        revealed, errors = check()
        assert revealed == ["str", 'has no attribute "nothing"', "str"]
        assert errors == [f'Cannot access attribute "nothing" for class "_{link}"']

        if name == "workspace":
            assert [kind or error for kind, error in mypy(checkers, folder / "functions", "src")] == revealed[:2]
            assert mypy(checkers, folder, ".") == mypy(checkers, folder, file)

        config = (folder / "sst_config.py").read_text()
        one.edit("sst_config.py", config[: config.index("def run()")] + "def run():\n    return {'left': 'nothing'}\n")
        one.wait_output("left: nothing", timeout=90)
        assert any(f'Cannot access attribute "{link}"' in error for error in check()[1])
