"""How long is it from `sst dev` to the first answer, and where does the time go?

    uv run python tests/benchmarks/startup.py [--runs 5]

Local home, warm caches: MiniStack is installed, the stub's zip is built, and the app was applied before. The median of
each phase over the runs. The last line is JSON: `{"phases_ms": {…}, "total_ms": …}`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.session import SST, config, environment, http, write

FILES = {
    "sst_config.py": config("""
        files = sst.aws.Bucket("Files")
        sst.aws.Function("Api", handler="api.handler", link=[files], url=True)
    """),
    "api.py": """
        def handler(event, context):
            return "hello"
    """,
}
PHASES = {
    "process_and_app": "SessionStarted",
    "cloud": "CloudReady",
    "bootstrap": "DeployStarted",
    "apply": "DeployFinished",
    "ready": "SessionReady",
}
"""Phase → the event that ends it; each begins where the one before ended."""


def run(folder: Path) -> dict[str, float]:
    """One start and one call; milliseconds by phase, and `first_answer`."""
    began = time.time()
    process = subprocess.Popen(
        [*SST, "dev", "--mode=basic", "--json"],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        at: dict[str, float] = {}
        for line in process.stdout:
            event = json.loads(line)
            at.setdefault(event["event"], event["at"])
            if event["event"] == "SessionReady":
                break
        else:
            raise SystemExit(process.communicate()[1].decode())
        status = subprocess.run([*SST, "status", "--json"], cwd=folder, env=environment(), capture_output=True)
        url = json.loads(status.stdout)["functions"][0]["url"]
        called = time.time()
        assert http(url).body == b"hello"
        answered = time.time()
    finally:
        process.terminate()
        process.communicate()
    times = [began, *(at[name] for name in PHASES.values())]
    phases = {phase: (b - a) * 1000 for phase, a, b in zip(PHASES, times, times[1:], strict=False)}
    return {**phases, "first_answer": (answered - called) * 1000}


def main() -> None:
    """Print the table, then the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, FILES)
        run(folder)  # warms the caches, and applies the app
        results = [run(folder) for _ in range(runs)]
    phases = {phase: round(statistics.median(result[phase] for result in results), 1) for phase in results[0]}
    for phase, milliseconds in phases.items():
        print(f"{phase:18} {milliseconds:8.1f} ms")
    print(json.dumps({"phases_ms": phases, "total_ms": round(sum(phases.values()), 1), "runs": runs}))


if __name__ == "__main__":
    main()
