"""Every example in docs/components.md is a program that runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sst

from tests.support.program import declare

DOCUMENT = Path(__file__).parents[3] / "docs" / "components.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_example_runs(number: int, tmp_path: Path) -> None:
    """As the body of `run()`, in an app of its own."""

    def run() -> None:
        exec(compile(EXAMPLES[number], f"{DOCUMENT}, example {number}", "exec"), {"sst": sst})

    declared = declare(run, root=tmp_path)

    assert declared.entries or declared.manifest["dev_commands"]


def test_every_component_is_in_the_table() -> None:
    """And nothing is that does not exist."""
    import sst.infra.component as component

    table = DOCUMENT.read_text().split("\n\n")[3]
    named = set(re.findall(r"`(?:sst\.(?:aws\.|x\.)?)?([A-Z]\w+)`", table))
    made: set[str] = set()
    for package in (sst, sst.aws, sst.x):
        for name in package._HOMES:  # type: ignore[attr-defined]
            value: Any = None if name in ("app", "dev") else getattr(package, name)
            if isinstance(value, type) and issubclass(value, component.Component):
                made.add(name)

    assert named == made - {"Vpc", "Cluster", "Efs"}
