"""Does time stand while a person does? A long stay at a breakpoint, and at the pause button of the IDE.

    uv run python -m tests.benchmarks.pause [--seconds 60]

A function with a timeout of 3 seconds is called over HTTP and held for *seconds*. Each stay must end with the right
answer, the function's clock where it was, and the place in the status.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # runs as a script, too

from tests.support.dap import Ide, ide
from tests.support.dap import Session as Client
from tests.support.session import Session, config, session

TIMEOUT = 3
"""Seconds the function may run."""
GO = "go"
APP = {
    "sst_config.py": config(f'sst.aws.Function("Api", handler="api.handler", url=True, timeout="{TIMEOUT} seconds")'),
    "api.py": f"""
        import os, time

        def handler(event, context):
            before = context.get_remaining_time_in_millis()
            while not os.path.exists("{GO}"):
                time.sleep(0.02)
            return {{"passed": before - context.get_remaining_time_in_millis()}}
    """,
}
LOOP_LINE = 5
END_LINE = 7


def main() -> None:
    """Print a line for each stay and, last, one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long to stay each time")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        cases = run(Path(folder), seconds)
    for case in cases:
        print(f"{case['how']:>12}: stood {case['stood_s']:.1f} s at {case['place']}, {case['passed_ms']} ms passed")
    print(json.dumps({"benchmark": "pause", "timeout_s": TIMEOUT, "cases": cases}))


def run(folder: Path, seconds: float) -> list[dict[str, Any]]:
    """Stay *seconds* in each way."""
    with session(folder, APP, "--debug=0") as live:
        port = int(live.wait_output("attach to 127.0.0.1:").split("attach to 127.0.0.1:")[1].split()[0])
        return [stay(live, port, how, seconds) for how in (at_breakpoint, at_pause_button)]


Stop = tuple[Client, int, list[dict[str, Any]]]


def at_breakpoint(debugger: Ide, folder: Path) -> Stop:
    """The handler comes to the line by itself."""
    (folder / GO).touch()
    return debugger.stop()


def at_pause_button(debugger: Ide, folder: Path) -> Stop:
    """The handler is somewhere in its loop."""
    worker = debugger.session_that_says("in the loop")
    (thread, *_) = (one["id"] for one in worker.request("threads")["threads"] if one["name"] == "MainThread")
    worker.request("pause", threadId=thread)
    stop = debugger.stop()
    (folder / GO).touch()
    return stop


def stay(
    live: Session, port: int, how: Callable[[Ide, Path], Stop], seconds: float, name: str = "Api", file: str = "api.py"
) -> dict[str, Any]:
    """One call of function *name* in *file* that is held for *seconds*."""
    (live.folder / GO).unlink(missing_ok=True)
    points: list[dict[str, Any]] = [{"line": LOOP_LINE, "logMessage": "in the loop"}]
    if how is at_breakpoint:
        points.append({"line": END_LINE})
    with concurrent.futures.ThreadPoolExecutor(1) as pool, ide(port, {live.folder / file: points}) as debugger:
        call = pool.submit(get, live.url(name), seconds + 60)
        worker, thread, frames = how(debugger, live.folder)
        stood = time.monotonic()
        left = remaining(worker, frames)
        time.sleep(seconds)
        assert remaining(worker, frames) == left, "the clock ran on"
        (place,) = next(one["paused"] for one in live.refresh()["functions"] if one["name"] == name)
        worker.resume(thread)
        answer = call.result()
    case = {"how": how.__name__.replace("_", " "), "place": place, "stood_s": round(time.monotonic() - stood, 2)}
    return case | {"passed_ms": answer["passed"]}


def get(url: str, patience: float) -> Any:
    """The JSON that *url* answers within *patience* seconds."""
    with urllib.request.urlopen(url, timeout=patience) as answer:
        return json.loads(answer.read())


def remaining(worker: Client, frames: list[dict[str, Any]]) -> str:
    """What the handler would be told now."""
    (frame,) = (one for one in frames if one["name"] == "handler")
    return worker.evaluate("context.get_remaining_time_in_millis()", frame)


if __name__ == "__main__":
    main()
