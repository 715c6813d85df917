"""How long from the write of a file to the first answer of the new code, against fresh interpreters.

    uv run python -m tests.benchmarks.reload [--rounds N] [--whole]

For each set of imports: `edit_to_answer` is the time from just before the write to the answer, through `Functions`;
`swap` the part from "a worker is wanted" to "its handler is imported". Beside them, in the same run and environment:
a fresh interpreter under `awslambdaric` (spawn to answer), and the same under `uv run`, as SST starts it. With
`--whole` also `live_edit_to_answer`: the same edit in a whole `sst dev` session, from the write to the answer of
boto3's `invoke` through MiniStack, the stub and the bridge.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from sst_dev.core import events as e
from uv import find_uv_bin

sys.path.insert(0, str(Path(__file__).parents[2]))  # runs as a script, too

from tests.support.functions import Project, function, serve
from tests.support.runtime_api import RuntimeApiServer
from tests.support.session import config, session

CASES = {
    "nothing": [],
    "boto3": ["boto3"],
    "boto3+pandas+fastapi": ["boto3", "pandas", "fastapi"],
}
PROJECT = '[project]\nname = "bench"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = {dependencies}\n'
WARM_UP = 10
"""Edits of a whole session before it counts: in their course its zygote learns what to preload."""
THINK = 0.1
"""Seconds between an answer and the next edit: nobody saves faster, and the next worker is forked meanwhile."""
HANDLER = """
{imports}

def handler(event, context):
    return {n}
"""


@dataclass
class Times:
    """Milliseconds per round of one case."""

    imports: str
    edit_to_answer: list[float] = field(default_factory=list)
    swap: list[float] = field(default_factory=list)
    fresh: list[float] = field(default_factory=list)
    uv_run: list[float] = field(default_factory=list)
    live: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, object]:
        """Medians, and how many times faster than a fresh interpreter an edit is answered."""
        edit, fresh = statistics.median(self.edit_to_answer), statistics.median(self.fresh)
        return {
            "imports": self.imports,
            "edit_to_answer_p50_ms": round(edit, 2),
            "edit_to_answer_p95_ms": round(p95(self.edit_to_answer), 2),
            "swap_p50_ms": round(statistics.median(self.swap), 2),
            "swap_share": round(statistics.median(self.swap) / edit, 2),
            "fresh_p50_ms": round(fresh, 1),
            "uv_run_p50_ms": round(statistics.median(self.uv_run), 1),
            "ratio": round(fresh / edit, 1),
            **({"live_edit_to_answer_p50_ms": round(statistics.median(self.live), 1)} if self.live else {}),
        }


def p95(values: list[float]) -> float:
    """The value 95 of 100 do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


async def measure(imports: str, rounds: int) -> Times:
    """One case: live edits, then fresh interpreters over the same files."""
    times = Times(imports)
    packages = CASES[imports]
    lines = "\n".join(f"import {name}" for name in packages)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        dependencies = json.dumps([*packages, "awslambdaric"])
        (root / "pyproject.toml").write_text(PROJECT.format(dependencies=dependencies))
        async with serve(
            root, function(timeout=60), files={"functions/api.py": HANDLER.format(imports=lines, n=0)}
        ) as project:
            await warm(project, learned=bool(packages))
            for n in range(1, rounds + 1):
                text = HANDLER.format(imports=lines, n=n)
                await asyncio.sleep(THINK)
                started = time.perf_counter()
                (root / "functions/api.py").write_text(text)
                answer = await project.call()
                times.edit_to_answer.append((time.perf_counter() - started) * 1000)
                assert answer.value == n
                times.swap.append(project.of(e.Reloaded)[-1].duration_ms)
        python = [str(root / ".venv/bin/python")]
        uv = [find_uv_bin(), "run", "--project", str(root), "python"]
        for _ in range(max(3, rounds // 10)):
            times.fresh.append(await fresh(root, python))
            times.uv_run.append(await fresh(root, uv))
    return times


async def warm(project: Project, *, learned: bool) -> None:
    """Call until the zygote holds what the handler imports, as it does in any session but the very first."""
    await project.call()
    if learned:
        await project.until(e.Notice, lambda notice: "modules imported" in notice.text)
    project.write("functions/api.py", project.root.joinpath("functions/api.py").read_text() + "\n")
    await project.call()
    project.events.clear()


async def fresh(root: Path, python: list[str]) -> float:
    """Milliseconds from the start of an interpreter under awslambdaric to its first answer."""
    async with RuntimeApiServer() as lambda_:
        await lambda_.start(b"{}")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "AWS_LAMBDA_RUNTIME_API": lambda_.address,
            "AWS_REGION": "us-east-1",
        }
        started = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *python,
            "-m",
            "awslambdaric",
            "functions.api.handler",
            cwd=root,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while not lambda_.answers:
            await asyncio.sleep(0.0005)
        took = (time.perf_counter() - started) * 1000
        process.kill()
        await process.wait()
        return took


def measure_live(imports: str, rounds: int) -> list[float]:
    """Milliseconds per edit in a session of its own, with everything between boto3 and the handler."""
    lines = "\n".join(f"import {name}" for name in CASES[imports])
    files = {
        "sst_config.py": config('sst.aws.Function("Api", handler="functions/api.handler", timeout="60 seconds")'),
        "pyproject.toml": PROJECT.format(dependencies=json.dumps(CASES[imports])),
        "functions/api.py": HANDLER.format(imports=lines, n=0),
    }
    times = []
    with tempfile.TemporaryDirectory() as folder, session(Path(folder), files) as running:
        functions, name = running.client("lambda"), running.function("Api")["lambda_name"]
        for n in range(1, WARM_UP + rounds + 1):
            time.sleep(THINK)
            started = time.perf_counter()
            (Path(folder) / "functions/api.py").write_text(HANDLER.format(imports=lines, n=n))
            answer = functions.invoke(FunctionName=name)["Payload"].read()
            times.append((time.perf_counter() - started) * 1000)
            assert answer == str(n).encode(), answer
    return times[WARM_UP:]


async def main() -> None:
    """Print a table, and one JSON line last."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50, help="edits per case")
    parser.add_argument("--case", choices=list(CASES), action="append", help="only this case")
    parser.add_argument("--whole", action="store_true", help="also through a whole session")
    arguments = parser.parse_args()
    cases = []
    for imports in arguments.case or CASES:
        times = await measure(imports, arguments.rounds)
        if arguments.whole:
            times.live = await asyncio.to_thread(measure_live, imports, arguments.rounds)
        summary = times.summary()
        cases.append(summary)
        print("  ".join(f"{name} {value}" for name, value in summary.items()))
    print(json.dumps({"cases": cases}))


if __name__ == "__main__":
    asyncio.run(main())
