"""How quickly the multiplexer answers a key while output pours in, and what a million lines cost.

    uv run python tests/benchmarks/tui.py [--keys N] [--lines N]

The program runs in a pty of 160×50 cells, as on a developer's screen; a key's latency is the time from writing it to
the pty until the moved selection comes back. Each load is compared with the idle program in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sst_dev.console.logfiles import LogFiles
from sst_dev.core import events as e
from sst_dev.core.settings import Mode, Settings
from sst_dev.core.state import State
from sst_dev.core.stream import Stream
from sst_dev.core.tasks import cancel_all, spawn
from sst_dev.processes.ladder import HARD
from sst_dev.processes.terminal import open_terminal

COLUMNS, ROWS = 160, 50
RATE = 10_000
TICK = 0.01
WARM_UP = 5
"""Frames left out: the first ones load styles and fill caches."""
SELECTED = "❯".encode()
TEXT = "INFO request handled path=/notes/{} user=alice status=200 duration=12ms cache=hit"


# --- the program under test, in the child


@dataclass
class Session:
    """Stream and state of a session, with the log files that every mode writes."""

    root: Path

    def __post_init__(self) -> None:
        self.settings = Settings(config=self.root / "sst_config.py", stage="bench", mode=Mode.MULTI)
        self.stream, self.state = Stream(), State()
        self.stream.observe(self.state.apply)
        self.files = LogFiles(self.settings, self.state)
        self.stream.observe(self.files.observe)
        self._count = 0

    def start(self) -> None:
        now = time.time()
        self.stream.publish(e.SessionStarted(now, "bench", "bench", "local", os.getpid()))
        self.stream.publish(e.ProcessChanged(now, "Web", "Web", "command", "running", 1))

    def functions(self, lines: int) -> None:
        """Publish *lines* log lines, a hundred for each invocation."""
        now = time.time()
        for _ in range(lines):
            id = f"{self._count // 100:08x}"
            if self._count % 100 == 0:
                self.stream.publish(e.InvocationStarted(now, id, id, "Api", "env", "url GET /notes", b"{}"))
            self.stream.publish(e.LogLine(now, "Api", "env", id, TEXT.format(self._count)))
            self._count += 1
            if self._count % 100 == 0:
                self.stream.publish(e.InvocationFinished(now, id, id, "Api", "env", "ok", 12.0, b"{}"))

    def command(self, lines: int) -> None:
        """Publish *lines* coloured lines of a child process, in pieces as a pty gives them."""
        text = b"".join(b"\x1b[32m" + TEXT.format(n).encode() + b"\x1b[0m\r\n" for n in range(lines))
        for start in range(0, len(text), 4096):
            self.stream.publish(e.ProcessOutput(time.time(), "Web", text[start : start + 4096]))


async def serve(load: str, total: int, root: Path) -> None:
    """Run the multiplexer under *load*; at the end write what was measured to `measured.json` in *root*."""
    from sst_dev.tui import app, run_tui

    session = Session(root)
    frames: list[float] = []
    update_all = app.Multiplexer.update_all

    def timed(self: Any) -> None:
        began = time.perf_counter()
        update_all(self)
        frames.append(time.perf_counter() - began)

    app.Multiplexer.update_all = timed  # type: ignore[method-assign]
    session.start()
    tasks: set[asyncio.Task[Any]] = set()
    lags: list[float] = []
    spawn(_measure_lag(lags), name="lag", owner=tasks)
    before = rss_mb()
    if load != "idle":
        spawn(_produce(getattr(session, load), total), name="load", owner=tasks)
    await run_tui(session.stream, session.state, session.settings, lambda command: None)
    await cancel_all(tasks)
    session.files.close()
    measured = {"frames": frames, "lags": lags, "rss_before_mb": before, "rss_mb": rss_mb()}
    (root / "measured.json").write_text(json.dumps(measured))


async def _produce(publish: Any, total: int) -> None:
    """10,000 lines a second; with *total* that many, as fast as they are taken."""
    if total:
        for _ in range(total // 2000):
            publish(2000)
            await asyncio.sleep(0.02)
        Path(os.environ["BENCH_DONE"]).touch()
        return
    due = time.perf_counter()
    while True:
        publish(int(RATE * TICK))
        due += TICK
        await asyncio.sleep(max(0.0, due - time.perf_counter()))


async def _measure_lag(lags: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        lags.append(time.perf_counter() - began - 0.005)


def rss_mb() -> float:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


# --- the person at the keyboard, in the parent


async def measure(load: str, keys: int, total: int = 0) -> dict[str, Any]:
    """Run the program under *load*, press *keys* keys, and return what was measured."""
    latencies: list[float] = []
    seen = asyncio.Event()

    def on_output(data: bytes) -> None:
        if SELECTED in data:
            seen.set()

    with tempfile.TemporaryDirectory() as folder:
        done = Path(folder) / "done"
        terminal = await open_terminal(
            [sys.executable, __file__, "--serve", load, str(total), folder],
            name="multiplexer",
            cwd=Path.cwd(),
            environment={**os.environ, "TERM": "xterm-256color", "BENCH_DONE": str(done)},
            columns=COLUMNS,
            rows=ROWS,
            on_output=on_output,
        )
        try:
            await asyncio.wait_for(seen.wait(), 30)
            terminal.write(b"3" if load == "command" else b"2")
            await asyncio.sleep(1.0 if not total else 0)  # the load begins to be shown
            while total and not done.exists():
                await asyncio.sleep(0.1)
            for number in range(keys):
                await asyncio.sleep(0.07)
                seen.clear()
                began = time.perf_counter()
                # Up and down between the pane under load and its neighbour.
                terminal.write(b"k" if number % 2 == 0 else b"j")
                await asyncio.wait_for(seen.wait(), 30)
                latencies.append((time.perf_counter() - began) * 1000)
            terminal.write(b"\x03")
            await asyncio.wait_for(terminal.wait(), 30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                await terminal.child.stop(HARD)
        measured = json.loads((Path(folder) / "measured.json").read_text())
    return {"latencies_ms": latencies, **measured}


def percentile(values: list[float], share: float) -> float:
    """The value below which *share* of *values* lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def report(name: str, found: dict[str, Any], idle_ms: float) -> dict[str, Any]:
    """Print one line of the table; its figures."""
    latencies, frames = found["latencies_ms"], [frame * 1000 for frame in found["frames"][WARM_UP:]]
    row = {
        "load": name,
        "key_p50_ms": round(statistics.median(latencies), 1),
        "key_p99_ms": round(percentile(latencies, 0.99), 1),
        "ratio": round(statistics.median(latencies) / idle_ms, 2),
        "frame_p50_ms": round(statistics.median(frames), 2),
        "frame_p99_ms": round(percentile(frames, 0.99), 2),
        "lag_p99_ms": round(percentile(found["lags"], 0.99) * 1000, 1),
    }
    print("  ".join(f"{value!s:>12}" for value in row.values()))
    return row


async def main(keys: int, lines: int) -> None:
    print("key latency in a pty of 160×50 cells, 10,000 lines a second")
    print(
        "  ".join(
            f"{head:>12}" for head in ("load", "key p50", "key p99", "× idle", "frame p50", "frame p99", "lag p99")
        )
    )
    idle = await measure("idle", keys)
    idle_ms = statistics.median(idle["latencies_ms"])
    cases = [report("idle", idle, idle_ms)]
    for load in ("functions", "command"):
        cases.append(report(load, await measure(load, keys), idle_ms))
    memory = {}
    for load in ("functions", "command"):
        found = await measure(load, 4, lines)
        memory[load] = {"before_mb": round(found["rss_before_mb"]), "after_mb": round(found["rss_mb"])}
        print(f"memory after {lines:,} lines of {load}: {memory[load]['before_mb']} → {memory[load]['after_mb']} MB")
    print(json.dumps({"rate": RATE, "cases": cases, "lines": lines, "memory": memory}))


if __name__ == "__main__":
    if "--serve" in sys.argv:
        asyncio.run(serve(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])))
    else:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--keys", type=int, default=60)
        parser.add_argument("--lines", type=int, default=1_000_000)
        options = parser.parse_args()
        asyncio.run(main(options.keys, options.lines))
