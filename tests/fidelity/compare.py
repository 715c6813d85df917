"""Both runs of every group, compared; differences on purpose are known by name."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fidelity import corpus, differences
from tests.fidelity.outcomes import Outcome, normalise
from tests.fidelity.runs import run_oracle, run_ours, write_files
from tests.support.venvs import venv
from tests.worker.zygotes import Spares, Zygote

ORACLE = "awslambdaric>=4.0"

AT_ONCE = 2
"""Groups compared at the same time: two processes each, on the two cores of a small CI machine."""


@dataclass
class Report:
    """How the corpus went on one version of Python."""

    passed: int = 0
    failures: list[str] = field(default_factory=list)


async def compare_version(python: Path, *, only: str = "", spare: bool = False) -> Report:
    """Run the corpus on *python*; *only* limits it to groups whose name contains that text.

    With *spare* every worker is a process of its own, as where a fork is not safe.
    """
    report = Report()
    interpreter = await asyncio.to_thread(venv, ORACLE, python=str(python))
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(group: corpus.Group) -> None:
        async with gate:
            # One zygote for each: the reports of one worker's end must not be taken for another's.
            parent = (Spares if spare else Zygote)(str(interpreter))
            try:
                await _compare_group(interpreter, parent, group, report)
            finally:
                parent.close()

    async with asyncio.TaskGroup() as tasks:
        for group in corpus.groups():
            if only in group.name:
                tasks.create_task(one(group))
    return report


async def _compare_group(python: Path, parent: Zygote | Spares, group: corpus.Group, report: Report) -> None:
    with _project(group) as root:
        theirs, ours = await asyncio.gather(
            run_oracle(python, root, group), asyncio.to_thread(run_ours, parent, root, group)
        )
        for call, expected, found in zip(group.calls, theirs, ours, strict=True):
            problem = judge(group, call, expected, found, str(root))
            if problem:
                report.failures.append(f"FAILED {group.name} / {call.name}\n{problem}")
            else:
                report.passed += 1


def judge(group: corpus.Group, call: corpus.Call, theirs: Outcome, ours: Outcome, root: str) -> str:
    """What is wrong with a case, or nothing."""
    expected, found = normalise(theirs, root), normalise(ours, root)
    known = differences.of(group, call)
    if known is None:
        return _diff(expected, found)
    return known.check(expected, found)


def _diff(expected: dict[str, Any], found: dict[str, Any]) -> str:
    lines = []
    for name, value in expected.items():
        if found[name] != value:
            lines += [f"  {name}:", f"    Lambda: {_short(value)}", f"    ours:   {_short(found[name])}"]
    return "\n".join(lines)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 1_500 else f"{text[:900]} … {text[-500:]} ({len(text)} characters)"


@contextmanager
def _project(group: corpus.Group) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fidelity-") as folder:
        root = Path(folder).resolve() / "project"  # beside it, each process finds a temporary folder of its own
        write_files(root, group)
        yield root
