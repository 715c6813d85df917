"""How long an app of many functions, queues and buckets takes to apply, beside the bare boto3 calls that it makes.

`python -m tests.benchmarks.engine [--functions 100] [--queues 20] [--buckets 20]`. The baseline sends the very calls
that the engine sent, with as many threads and clients as it has, one layer of dependencies after the other. Also: the
program alone (Pulumi, no calls), a second run with nothing changed, and how long a session takes from a saved
`sst_config.py` to the end of its apply.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import sst
from sst_dev.core.bootstrap import Bootstrap
from sst_dev.core.settings import Settings
from sst_dev.core.stream import Stream
from sst_dev.engine.child import collect_rarely
from sst_dev.engine.embedded import apply as engine
from sst_dev.engine.embedded.aws import CONNECTIONS, Aws
from sst_dev.engine.embedded.plan import dependents_first
from sst_dev.engine.embedded.state import Entry, read
from sst_dev.engine.program import Program

sys.path.insert(0, str(Path(__file__).parents[2]))  # runs as a script, too

from tests.support.program import CloudUnderTest, cloud_under_test, declare

Call = tuple[str, str, str, dict[str, Any]]
"""The resource it was made for, service, operation, arguments."""


def app(functions: int, queues: int, buckets: int) -> Any:
    """A program: each function linked to a queue and a bucket, with a URL."""

    def run() -> None:
        made = [sst.aws.Queue(f"Queue{i}") for i in range(queues)]
        kept = [sst.aws.Bucket(f"Bucket{i}") for i in range(buckets)]
        for i in range(functions):
            link = [
                *(made[i % queues : i % queues + 1] if made else ()),
                *(kept[i % buckets : i % buckets + 1] if kept else ()),
            ]
            sst.aws.Function(f"Function{i}", handler="a.b", url=True, link=link)

    return run


class Recording(Aws):
    """The engine's clients, which note each call."""

    def __init__(self, bootstrap: dict[str, Any], calls: list[Call]) -> None:
        super().__init__(bootstrap)
        self._calls = calls

    def _make(self, service: str) -> Any:
        client = super()._make(service)

        def note(params: dict[str, Any], model: Any, **_: Any) -> None:
            self._calls.append((_working.urn, service, model.name, params))

        client.meta.events.register_first("provide-client-params", note)
        return client


class _Working(threading.local):
    urn = ""


_working = _Working()


def record(cloud: CloudUnderTest, run: Any) -> list[Call]:
    """The calls of one apply, each with the resource it was made for."""
    calls: list[Call] = []
    make, perform = engine.Applier.__init__, engine.Applier._perform

    def init(self: Any, aws: Aws, state: Any, report: Any) -> None:
        make(self, Recording(cloud.bootstrap, calls), state, report)

    def performing(self: Any, action: str, kind: Any, old: Any, wanted: Entry, options: Any) -> Any:
        _working.urn = wanted.urn
        return perform(self, action, kind, old, wanted, options)

    engine.Applier.__init__, engine.Applier._perform = init, performing  # type: ignore[method-assign]
    try:
        cloud.apply(run, stage="bench", record="recorded")
    finally:
        engine.Applier.__init__, engine.Applier._perform = make, perform  # type: ignore[method-assign]
    return calls


def replay(cloud: CloudUnderTest, calls: list[Call], entries: dict[str, Entry]) -> None:
    """Send the bare calls: those of one resource in a row, resources of one layer at once."""
    aws = Aws(cloud.bootstrap)
    layers = list(reversed(dependents_first(entries)))
    of: dict[str, list[Call]] = {}
    for call in calls:
        of.setdefault(call[0], []).append(call)

    def send(entry: Entry) -> None:
        for _, service, operation, params in of.get(entry.urn, ()):
            client = aws.client(service)
            method = next(m for m, o in client.meta.method_to_api_mapping.items() if o == operation)
            getattr(client, method)(**params)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for layer in layers:
            list(pool.map(send, layer))


PAUSE = 2.0
"""Seconds between two saves: meanwhile the process of the next run imports Pulumi, as it does for a person."""

CONFIG = """
import sst

def app(input):
    return sst.App(name="edited", home="local", removal="remove")

def run():
    queues = [sst.aws.Queue(f"Queue{{i}}") for i in range({queues})]
    buckets = [sst.aws.Bucket(f"Bucket{{i}}") for i in range({buckets})]
    for i in range({functions}):
        link = [*queues[i % {queues} :][:1], *buckets[i % {buckets} :][:1]]
        value = "{value}" if i == 0 else ""
        sst.aws.Function(f"Function{{i}}", handler="a.b", url=True, link=link, environment={{"VALUE": value}})
"""


async def edits(cloud: CloudUnderTest, root: Path, app: tuple[int, int, int], pause: float) -> dict[str, float]:
    """Seconds from a saved configuration to its end, one kind of edit after the other."""
    (root / "a.py").write_text("def b(event, context): pass\n")
    program = Program(Settings(config=root / "sst_config.py", stage="dev"), Stream())
    bootstrap, times = Bootstrap(**cloud.bootstrap), {}
    functions, queues, buckets = app
    counts = {"queues": queues, "buckets": buckets}
    try:
        for name, facts in (
            ("first", {"functions": functions, "value": ""}),
            ("nothing", {"functions": functions, "value": ""}),
            ("variable", {"functions": functions, "value": "new"}),
            ("function", {"functions": functions + 1, "value": "new"}),
        ):
            (root / "sst_config.py").write_text(CONFIG.format(**counts, **facts))
            began = time.monotonic()
            await program.apply(bootstrap, trigger="sst_config.py")
            times[f"edit_{name}_s"] = round(time.monotonic() - began, 3)
            await asyncio.sleep(pause)
    finally:
        await program.close()
    return times


def measure(functions: int, queues: int, buckets: int, pause: float = PAUSE) -> dict[str, Any]:
    """Apply, apply again and replay, each on a MiniStack of its own."""
    run = app(functions, queues, buckets)
    times: dict[str, Any] = {}

    def timed(name: str, call: Any) -> Any:
        began, cpu = time.monotonic(), time.process_time()
        result = call()
        times[name] = round(time.monotonic() - began, 3)
        times[f"{name}_cpu"] = round(time.process_time() - cpu, 3)
        return result

    collect_rarely()
    declare(app(1, 1, 1))  # imports are not what is measured
    timed("program_s", lambda: declare(run))
    with tempfile.TemporaryDirectory() as folder, cloud_under_test(Path(folder)) as cloud:
        _, messages = timed("apply_s", lambda: cloud.apply(run, stage="bench"))
        _, idle = timed("second_s", lambda: cloud.apply(run, stage="bench"))
    with tempfile.TemporaryDirectory() as folder, cloud_under_test(Path(folder)) as cloud:
        calls = record(cloud, run)
        entries = read(cloud.folder / "recorded.jsonl")
    with tempfile.TemporaryDirectory() as folder, cloud_under_test(Path(folder)) as cloud:
        timed("calls_s", lambda: replay(cloud, calls, entries))
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as root,
        cloud_under_test(Path(folder)) as cloud,
    ):
        times |= asyncio.run(edits(cloud, Path(root), (functions, queues, buckets), pause))
    resources = sum(1 for m in messages if m.get("phase") == "finished")
    return {
        "functions": functions, "queues": queues, "buckets": buckets, "resources": resources, "calls": len(calls),
        **times, "ratio": round(times["apply_s"] / times["calls_s"], 2), "second_calls": len(idle),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--functions", type=int, default=100)
    parser.add_argument("--queues", type=int, default=20)
    parser.add_argument("--buckets", type=int, default=20)
    options = parser.parse_args()
    result = measure(options.functions, options.queues, options.buckets)
    for name, value in result.items():
        print(f"{name:16} {value}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
