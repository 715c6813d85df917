"""What does `--debug` cost, with and without an IDE attached, beside a session without it?

    uv run python -m tests.benchmarks.debug [--calls 40]

Two `sst dev` sessions of one app, with and without `--debug`, are called in turns: warm, and right after a save. Then a
debug client attaches to the second, with a breakpoint that is never reached in the file that runs, and the same is
measured again. The baseline is the session without `--debug`, in the same run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # runs as a script, too

from tests.support.dap import ide
from tests.support.session import Session, config, session

HANDLER = """
VERSION = {version}

def work(n):
    return sum(i * i for i in range(n))

def handler(event, context):
    if event.get("never"):
        return None
    work(1000)
    return VERSION
"""
NEVER_LINE = 8
APP = {
    "sst_config.py": config('sst.aws.Function("Api", handler="api.handler", timeout="60 seconds")', name="bench"),
    "api.py": HANDLER.format(version=0),
}


def main() -> None:
    """Print a table and, last, one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=40, help="measured calls of each kind")
    calls = parser.parse_args().calls
    with tempfile.TemporaryDirectory() as folder:
        cases = run(Path(folder), calls)
    print(f"{'':>24} {'without':>10} {'--debug':>10}   ratio of medians")
    for case in cases:
        print(f"{case['what']:>24} {case['without_ms']:8.1f}ms {case['debug_ms']:8.1f}ms   {case['ratio']:.2f}")
    print(json.dumps({"benchmark": "debug", "cases": cases}))


def run(folder: Path, calls: int) -> list[dict[str, Any]]:
    """Both sessions, idle and attached."""
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(session(folder / "plain", APP))
        debug = stack.enter_context(session(folder / "debug", APP, "--debug=0"))
        caller = Caller(plain), Caller(debug)
        cases = [*measure("no client", *caller, calls)]
        port = int(debug.wait_output("attach to 127.0.0.1:").split("attach to 127.0.0.1:")[1].split()[0])
        with ide(port, {debug.folder / "api.py": [{"line": NEVER_LINE}]}):
            debug.wait_output("an IDE has attached")
            cases += measure("IDE attached", *caller, calls)
    return cases


class Caller:
    """Calls the function of one session, and edits it."""

    def __init__(self, running: Session) -> None:
        self._running = running
        self._functions = running.client("lambda")
        self._name = running.function("Api")["lambda_name"]
        self._version = 0

    def warm(self) -> float:
        """Milliseconds of a call."""
        started = time.perf_counter()
        answer = json.loads(self._functions.invoke(FunctionName=self._name, Payload=b"{}")["Payload"].read())
        assert answer == self._version, answer
        return 1000 * (time.perf_counter() - started)

    def reload(self) -> float:
        """Milliseconds of a call that begins with the save of new code."""
        self._version += 1
        started = time.perf_counter()
        (self._running.folder / "api.py").write_text(HANDLER.format(version=self._version).lstrip("\n"))
        self.warm()
        return 1000 * (time.perf_counter() - started)


def measure(what: str, plain: Caller, debug: Caller, calls: int) -> list[dict[str, Any]]:
    """Both callers in turns, so that whatever slows the machine slows both."""
    kinds: dict[str, Callable[[Caller], float]] = {"call": Caller.warm, "save and call": Caller.reload}
    cases = []
    for kind, time_of in kinds.items():
        for one in (plain, debug):
            time_of(one), time_of(one)
        pairs = [(time_of(plain), time_of(debug)) for _ in range(calls)]
        without, with_ = (statistics.median(pair[index] for pair in pairs) for index in (0, 1))
        case = {"what": f"{kind}, {what}", "calls": calls, "without_ms": round(without, 2), "debug_ms": round(with_, 2)}
        cases.append(case | {"ratio": round(with_ / without, 3)})
    return cases


if __name__ == "__main__":
    main()
