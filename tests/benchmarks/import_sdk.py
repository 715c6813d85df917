"""What `from sst import Resource` costs a cold start, over bare Python, beside PyPI's `sst-sdk`.

    uv run python tests/benchmarks/import_sdk.py [--rounds 40]

Each number is the best of many fresh interpreters (`-S -E`: no site, so that nothing is loaded before), minus the best
of the bare one in the same run. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.venvs import venv  # noqa: E402 - the line above makes it importable

OURS = str(ROOT / "sdk" / "src")
READ = "; Resource.App"
LINK = "import os; os.environ['SST_RESOURCE_App'] = '{\"name\": \"a\"}'; "
AIM_MS = 2.0


def best_ms(python: Path, path: str, program: str, rounds: int) -> float:
    """Milliseconds of the quickest of *rounds* interpreters that run *program*."""
    whole = f"import sys; sys.path.insert(0, {path!r}); {program}"
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        subprocess.run([python, "-S", "-E", "-c", whole], check=True)
        best = min(best, time.perf_counter() - started)
    return best * 1000


def measure(rounds: int) -> dict[str, float]:
    """Milliseconds over bare Python, by what is imported."""
    python = venv("sst-sdk==4.17.2")
    theirs = str(next((python.parent.parent / "lib").glob("python*/site-packages")))
    cases = {
        "import sst": (OURS, "import sst"),
        "from sst import Resource": (OURS, "from sst import Resource"),
        "from sst.aws import task": (OURS, "from sst.aws import task"),
        "Resource.App, first read": (OURS, f"{LINK}from sst import Resource{READ}"),
        "sst-sdk: from sst import Resource": (theirs, "from sst import Resource"),
        "sst-sdk: Resource.App, first read": (theirs, f"{LINK}from sst import Resource{READ}"),
    }
    bare = best_ms(python, OURS, "pass", rounds)
    return {name: round(best_ms(python, path, program, rounds) - bare, 2) for name, (path, program) in cases.items()}


def main() -> None:
    """Print the table, then the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    over_bare = measure(parser.parse_args().rounds)
    for name, ms in over_bare.items():
        print(f"{ms:8.2f} ms  {name}")
    ours = over_bare["from sst import Resource"]
    print(json.dumps({"over_bare_ms": over_bare, "import_sst_ms": ours, "aim_ms": AIM_MS, "met": ours <= AIM_MS}))


if __name__ == "__main__":
    main()
