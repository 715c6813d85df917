"""How long does a live invocation take, beside the same echo on MiniStack without the bridge?

    uv run python -m tests.benchmarks.live [--calls 300]

One `sst dev` session in a temporary app. The live function and the baseline run the same handler source, are invoked
with the same client and the same bytes, in turns, so that whatever slows the machine slows both. The baseline is
MiniStack's own Python runtime; both write one line per invocation, because MiniStack waits 50 ms for the output of one
that writes none.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # runs as a script, too

from tests.support.session import Session, config, session

HANDLER = """
def handler(event, context):
    print("echo")
    return event
"""
APP = {
    "sst_config.py": config('sst.aws.Function("Echo", handler="echo.handler", timeout="60 seconds")', name="bench"),
    "echo.py": HANDLER,
}
SIZES = {100: 1.0, 100_000: 0.4, 6_000_000: 0.1}
"""Bytes of the event and of the response, and the share of --calls that is made with them."""
WARM_UP = 5


def main() -> None:
    """Print a table and, last, one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=300, help="measured calls of the smallest size")
    calls = parser.parse_args().calls
    with tempfile.TemporaryDirectory() as folder, session(Path(folder), APP) as running:
        cases = run(running, calls)
    print(f"{'bytes':>9} {'':>9} {'p50':>8} {'p95':>8} {'p99':>8}   ratio of p50")
    for case in cases:
        print(_row(case, "live"), f"  {case['ratio']:.2f}")
        print(_row(case, "baseline"))
    print(json.dumps({"benchmark": "live", "cases": cases}))


def run(running: Session, calls: int) -> list[dict[str, Any]]:
    """Measure every size; at least five calls of each."""
    functions = running.client("lambda")
    live = running.function("Echo")["lambda_name"]
    baseline = deploy_baseline(running)

    def caller(name: str) -> Callable[[bytes], float]:
        def call(body: bytes) -> float:
            started = time.perf_counter()
            answer = functions.invoke(FunctionName=name, Payload=body)["Payload"].read()
            took = 1000 * (time.perf_counter() - started)
            assert answer == body, f"{name} answered {answer[:500]!r}"
            return took

        return call

    return [measure(size, max(5, int(calls * share)), caller(live), caller(baseline)) for size, share in SIZES.items()]


def deploy_baseline(running: Session) -> str:
    """The same source, deployed to MiniStack's own Python runtime with the live function's role; its name."""
    functions = running.client("lambda")
    found = functions.get_function_configuration(FunctionName=running.function("Echo")["lambda_name"])
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("echo.py", HANDLER)
    functions.create_function(
        FunctionName="baseline",
        Runtime=running.function("Echo")["runtime"],
        Handler="echo.handler",
        Role=found["Role"],
        Timeout=60,
        Code={"ZipFile": package.getvalue()},
    )
    return "baseline"


def measure(
    size: int, calls: int, live: Callable[[bytes], float], baseline: Callable[[bytes], float]
) -> dict[str, Any]:
    """Call both in turns with an event of *size* bytes."""
    body = event(size)
    times: dict[str, list[float]] = {"live": [], "baseline": []}
    for _ in range(min(WARM_UP, calls)):
        live(body), baseline(body)
    for _ in range(calls):
        times["live"].append(live(body))
        times["baseline"].append(baseline(body))
    case: dict[str, Any] = {"bytes": size, "calls": calls}
    for name, measured in times.items():
        for percent in (50, 95, 99):
            case[f"{name}_p{percent}_ms"] = round(percentile(measured, percent), 2)
    case["ratio"] = round(case["live_p50_ms"] / case["baseline_p50_ms"], 3)
    return case


def event(size: int) -> bytes:
    """Exactly *size* bytes of JSON as services send it: ids, numbers and words, a third of it when compressed."""
    random = Random(size)
    records: list[str] = []
    room = size - len('["",]')
    while room > 200:
        record = {
            "id": f"{random.getrandbits(128):032x}",
            "total": round(random.uniform(1, 9_999), 2),
            "status": random.choice(["pending", "shipped", "returned"]),
            "note": " ".join(random.choices(["order", "customer", "warehouse", "invoice", "late", "gift"], k=6)),
        }
        records.append(json.dumps(record))
        room -= len(records[-1]) + len(", ")
    return ("[" + "".join(f"{record}, " for record in records) + json.dumps("x" * (room + 1)) + "]").encode()


def percentile(values: list[float], percent: int) -> float:
    """The smallest value that at least *percent* of *values* do not exceed; the median between two for 50."""
    if percent == 50:
        return statistics.median(values)
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def _row(case: dict[str, Any], name: str) -> str:
    return f"{case['bytes']:>9,} {name:>9} " + " ".join(f"{case[f'{name}_p{p}_ms']:8.1f}" for p in (50, 95, 99))


if __name__ == "__main__":
    main()
