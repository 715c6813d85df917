"""How much private memory idle functions take: 1, 10 and 50 of them, each called once.

    uv run python -m tests.benchmarks.memory [--functions N …]

Private memory is what ends with a process (`Private_Clean` + `Private_Dirty` of `/proc/PID/smaps_rollup`): pages that
a worker shares with its zygote count once, at the zygote when nobody else has them. Beside it, in the same run, the
same number of plain interpreters that have imported the same, as a process per function without zygotes would be.
Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # runs as a script, too

from tests.support.functions import function, serve

IMPORTS = "import boto3"
HANDLER = f"{IMPORTS}\ndef handler(event, context): return 1\n"
PROJECT = '[project]\nname = "bench"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ["boto3"]\n'


def private_mb(pid: int) -> float:
    """Private resident memory of one process, in MB."""
    total = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(("Private_Clean:", "Private_Dirty:")):
            total += int(line.split()[1])
    return total / 1024


def below(pid: int) -> list[int]:
    """*pid* and every process it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(p for child in children for p in below(int(child)))]


async def live(count: int, root: Path) -> tuple[float, int, int]:
    """Private MB of *count* idle functions, in how many processes, and before anyone called."""
    names = [f"F{n}" for n in range(count)]
    served = [function(name, "functions/api.handler", timeout=60) for name in names]
    async with serve(root, *served, files={"functions/api.py": HANDLER}) as project:
        before = sum(1 for it in project.functions.describe().values() if it["zygote"])
        for name in names:
            await project.call(function=name, environment=name)
        # The first session learns what to preload; a zygote that is being replaced would count twice.
        await project.functions.settled()
        zygotes = [it["zygote"]["pid"] for it in project.functions.describe().values()]
        workers = [w["pid"] for it in project.functions.describe().values() for w in it["workers"]]
        pids = {pid for process in (*zygotes, *workers) for pid in below(process)}
        return sum(private_mb(pid) for pid in pids), len(pids), before


def plain(count: int, root: Path) -> float:
    """Private MB of *count* interpreters that have imported the same and wait."""
    code = f"{IMPORTS}\nprint(1, flush=True)\ninput()"
    processes = [
        subprocess.Popen([root / ".venv/bin/python", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(count)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    total = sum(private_mb(process.pid) for process in processes)
    for process in processes:
        process.kill()
        process.communicate()
    return total


async def main() -> None:
    """Print a table, and one JSON line last."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--functions", type=int, nargs="+", default=[1, 10, 50])
    cases = []
    print(f"{'functions':>9}  {'private':>9}  {'processes':>9}  {'plain interpreters':>18}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "pyproject.toml").write_text(PROJECT)
        for count in parser.parse_args().functions:
            await live(count, root)  # a first session, which learns
            total, processes, before = await live(count, root)
            assert before == 0, "zygotes start lazily"
            baseline = plain(count, root)
            cases.append(
                {
                    "functions": count,
                    "private_mb": round(total, 1),
                    "processes": processes,
                    "plain_private_mb": round(baseline, 1),
                    "per_function_mb": round(total / count, 1),
                }
            )
            print(f"{count:>9}  {total:>6.0f} MB  {processes:>9}  {baseline:>15.0f} MB")
    print(json.dumps({"imports": "boto3", "cases": cases}))


if __name__ == "__main__":
    asyncio.run(main())
