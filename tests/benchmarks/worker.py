"""What a worker costs apart from the dev server: the fork, and the way of one invocation there and back.

    uv run python -m tests.benchmarks.worker [--rounds N]

`fork_init` is the time from the wish for a worker to "its handler is imported", for a handler that imports nothing.
`round_trip` is one warm invocation of a handler that returns its event. Beside it, the same bytes echoed over a socket
pair by a bare process that parses nothing. `dispatch.py` measures the same through `Functions`. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sst_worker import wire

sys.path.insert(0, str(Path(__file__).parents[2]))  # runs as a script, too

from tests.worker.zygotes import Worker, Zygote, zygote

HANDLER = "def handler(event, context):\n    return event\n"
SIZES = (100, 100_000, 6_000_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200, help="workers made; small invocations are ten times as many")
    result = measure(parser.parse_args().rounds)
    print(f"fork and init {result['fork_init_p50_ms']:8.2f} ms p50, {result['fork_init_p95_ms']:.2f} ms p95")
    print(f"first call    {result['first_call_p50_ms']:8.2f} ms p50")
    for case in result["cases"]:
        print(
            f"{case['bytes']:>9,} bytes: {case['round_trip_p50_us']:10,.0f} µs, "
            f"echo {case['echo_p50_us']:8,.0f} µs, ratio {case['ratio']}"
        )
    print(json.dumps(result))


def measure(rounds: int) -> dict[str, Any]:
    """Every number; *rounds* workers are made."""
    with tempfile.TemporaryDirectory() as folder, zygote() as parent:
        root = Path(folder).resolve()
        (root / "api.py").write_text(HANDLER)
        parent.preload()
        starts, calls = [], []
        for _ in range(rounds):
            begun = time.perf_counter()
            worker = _start(parent, root)
            started = time.perf_counter()
            worker.invoke({})
            calls.append((time.perf_counter() - started) * 1e3)
            starts.append((started - begun) * 1e3)
            worker.close()
            worker.exited()
        worker = _start(parent, root)
        return {
            "fork_init_p50_ms": round(statistics.median(starts), 2),
            "fork_init_p95_ms": round(statistics.quantiles(starts, n=20)[-1], 2),
            "first_call_p50_ms": round(statistics.median(calls), 2),
            "cases": [_case(worker, size, rounds * 10 if size < 1_000_000 else 10) for size in SIZES],
        }


def _start(parent: Zygote, root: Path) -> Worker:
    worker = parent.fork()
    worker.init(root, "api.handler")
    return worker


def _case(worker: Worker, size: int, rounds: int) -> dict[str, Any]:
    event = json.dumps({"body": "x" * (size - len('{"body": ""}'))}).encode()
    head = {"type": "invoke", "id": "i", "request_id": "r", "deadline_ms": 1}

    def invoke() -> None:
        wire.send(worker.channel, head, event)
        answer, body = wire.receive(worker.channel)
        assert answer["type"] == "response" and len(body) == len(event)

    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _echo(theirs, len(event))
    theirs.close()

    def echo() -> None:
        ours.sendall(event)
        _receive(ours, len(event))

    with ours:
        mine, bare = _median_us(invoke, rounds), _median_us(echo, rounds)
    os.waitpid(pid, 0)
    ratio = round(mine / bare, 2)
    return {"bytes": size, "round_trip_p50_us": round(mine, 1), "echo_p50_us": round(bare, 1), "ratio": ratio}


def _echo(sock: socket.socket, length: int) -> None:
    while data := _receive(sock, length):
        sock.sendall(data)
    os._exit(0)


def _receive(sock: socket.socket, length: int) -> bytes:
    """*length* bytes, or none at the end of the socket."""
    buffer = bytearray(length)
    view = memoryview(buffer)
    while view:
        count = sock.recv_into(view)
        if not count:
            return b""
        view = view[count:]
    return bytes(buffer)


def _median_us(call: Callable[[], None], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        call()
        times.append((time.perf_counter() - begun) * 1e6)
    return statistics.median(times)


if __name__ == "__main__":
    main()
