"""How quickly the multiplexer answers a key while output pours in, and what a million lines cost.

    uv run python tests/benchmarks/tui.py [--keys N] [--lines N] [--flood] [--only LOAD …] [--profile FOLDER]

The program runs in a pty of 160×50 cells, as on a developer's screen; a key's latency is the time from writing it to
the pty until the moved selection comes back. Each load is compared with the idle program in the same run.
With `--flood`, a handler and commands print as fast as they can; each on the pipe or pty that a session gives it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import cProfile
import json
import os
import pstats
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sst_dev.console.logfiles import LogFiles
from sst_dev.core import events as e
from sst_dev.core.settings import Mode, Settings
from sst_dev.core.state import State
from sst_dev.core.stream import Stream
from sst_dev.core.tasks import cancel_all, spawn
from sst_dev.functions.output import Line, Output
from sst_dev.processes.graph import ProcessSpec
from sst_dev.processes.ladder import HARD
from sst_dev.processes.supervisor import Supervisor
from sst_dev.processes.terminal import open_terminal

COLUMNS, ROWS = 160, 50
RATE = 10_000
TICK = 0.01
WARM_UP = 5
"""Frames left out: the first ones load styles and fill caches."""
SELECTED = "❯".encode()
STEADY = ("functions", "command", "sst")
"""10,000 lines a second into each kind of pane."""
FLOODS = ("flood-handler", "flood-command", "flood-yes", "flood-four")
"""A handler, a command, a command of the shortest lines, and three commands beside a handler."""
PANES = {"functions": b"2", "flood-handler": b"2", "sst": b"1"}
"""The key of the pane that shows a load; 3 is the command's."""
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
        self.stream.observe(self._count_lines)
        self.supervisor = Supervisor(self.stream)
        self.lines = 0
        self._count = 0

    def start(self, load: str) -> None:
        now = time.time()
        self.stream.publish(e.SessionStarted(now, "bench", "bench", "local", os.getpid()))
        if load not in FLOODS:
            self.stream.publish(e.ProcessChanged(now, "Web", "Web", "command", "running", 1))

    def _count_lines(self, event: e.Event) -> None:
        if isinstance(event, e.ProcessOutput):
            self.lines += event.data.count(b"\n")
        elif isinstance(event, e.LogLine | e.Notice):
            self.lines += 1

    def sst(self, lines: int) -> None:
        """Publish *lines* notices."""
        for number in range(lines):
            self.stream.publish(e.Notice(time.time(), TEXT.format(number)))

    def flood(self, load: str) -> list[subprocess.Popen[bytes]]:
        """Start what prints as fast as it can; programs that are not the supervisor's."""
        loud = {"flood-command": [TEXT], "flood-yes": ["y"], "flood-four": [TEXT, "y", TEXT]}.get(load, [])
        environment = {"PATH": os.environ["PATH"]}
        specs = [ProcessSpec(f"Web{n}", ("yes", text), self.root, environment) for n, text in enumerate(loud)]
        self.supervisor.update(specs)
        if load not in ("flood-handler", "flood-four"):
            return []
        self.stream.publish(e.InvocationStarted(time.time(), "f100d", "f100d", "Api", "env", "url GET /", b"{}"))
        read, write = os.pipe()
        self._output = Output(read, "secret", self._handler_line)
        handler = subprocess.Popen(["yes", TEXT], stdout=write)
        os.close(write)
        return [handler]

    def _handler_line(self, line: Line) -> None:
        self.stream.publish(e.LogLine(time.time(), "Api", "env", "f100d", line.text))

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
    session.start(load)
    tasks: set[asyncio.Task[Any]] = set()
    lags: list[float] = []
    spawn(_measure_lag(lags), name="lag", owner=tasks)
    before = rss_mb()
    loud = session.flood(load) if load in FLOODS else []
    if load in STEADY:
        spawn(_produce(getattr(session, load), total), name="load", owner=tasks)
    elif total:
        spawn(_until_taken(session, total), name="load", owner=tasks)
    began, cpu = time.perf_counter(), time.process_time()
    with profiled(root / "profile"):
        await run_tui(session.stream, session.state, session.settings, session.supervisor.take)
    measured = {
        "frames": frames,
        "lags": lags,
        "rss_before_mb": before,
        "rss_mb": rss_mb(),
        "lines": session.lines,
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.perf_counter() - began,
    }
    for process in loud:
        process.kill()
        process.wait()
    await session.supervisor.close()
    await cancel_all(tasks)
    session.files.close()
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


async def _until_taken(session: Session, total: int) -> None:
    while session.lines < total:
        await asyncio.sleep(0.05)
    Path(os.environ["BENCH_DONE"]).touch()


@contextlib.contextmanager
def profiled(path: Path) -> Iterator[None]:
    """With BENCH_PROFILE, write the functions that took most of the time to *path*."""
    if not os.environ.get("BENCH_PROFILE"):
        yield
        return
    profile = cProfile.Profile(builtins=False)
    profile.enable()
    yield
    profile.disable()
    with path.open("w") as file:
        pstats.Stats(profile, stream=file).sort_stats("tottime").print_stats(45)


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
            terminal.write(PANES.get(load, b"3") if load != "idle" else b"2")
            await asyncio.sleep(1.0 if not total else 0)  # the load begins to be shown
            while total and not done.exists():
                await asyncio.sleep(0.1)
            for number in range(keys):
                await asyncio.sleep(0.07)
                seen.clear()
                began = time.perf_counter()
                # Up and down between the pane under load and its neighbour.
                down_first = load in ("sst", "idle")
                terminal.write(b"j" if (number % 2 == 0) == down_first else b"k")
                await asyncio.wait_for(seen.wait(), 30)
                latencies.append((time.perf_counter() - began) * 1000)
            terminal.write(b"\x03")
            await asyncio.wait_for(terminal.wait(), 30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                await terminal.child.stop(HARD)
        measured = json.loads((Path(folder) / "measured.json").read_text())
        if (profile := Path(folder) / "profile").exists():
            shutil.copy(profile, Path(os.environ["BENCH_PROFILE"]) / f"{load}.txt")
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
        "klines_s": round(found["lines"] / found["wall_s"] / 1000, 1),
        "cpu": round(found["cpu_s"] / found["wall_s"], 2),
        "ms_per_10k": round(found["cpu_s"] / found["lines"] * 1e7) if found["lines"] else 0,
    }
    print("  ".join(f"{value!s:>13}" for value in row.values()))
    return row


HEADS = (
    "load", "key p50", "key p99", "× idle", "frame p50", "frame p99", "lag p99", "k lines/s", "CPU share", "CPU ms/10k",
)  # fmt: skip


async def main(keys: int, lines: int, *, flood: bool, only: list[str]) -> None:
    print("milliseconds, in a pty of 160×50 cells; 10,000 lines a second, or as many as are taken")
    print("  ".join(f"{head:>13}" for head in HEADS))
    idle = await measure("idle", keys)
    idle_ms = statistics.median(idle["latencies_ms"])
    cases = [report("idle", idle, idle_ms)]
    loads = [load for load in (*STEADY, *(FLOODS if flood else ())) if not only or load in only]
    for load in loads:
        cases.append(report(load, await measure(load, keys), idle_ms))
    memory = {}
    for load in loads if lines else ():
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
        parser.add_argument("--flood", action="store_true", help="also as fast as programs print")
        parser.add_argument("--only", nargs="*", default=[], choices=(*STEADY, *FLOODS), help="these loads")
        parser.add_argument("--profile", metavar="FOLDER", help="cProfile each load; its figures are then no latencies")
        options = parser.parse_args()
        if options.profile:
            os.environ["BENCH_PROFILE"] = options.profile
        asyncio.run(main(options.keys, options.lines, flood=options.flood, only=options.only))
