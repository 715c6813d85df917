"""How long a worker's round trip takes without the bridge, against a bare socket pair echo between two processes.

    uv run python -m tests.benchmarks.dispatch [--rounds N]

The echo is a Python process that blocks in `recv` and sends back what it got, driven from an asyncio loop: the least
any worker protocol can cost. The live round trip is `Functions.invoke` with an echo handler: events published, files
compared, JSON parsed and written by the handler's side.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # runs as a script, too

from tests.support.functions import serve

SIZES = {"100 B": 100, "100 kB": 100_000, "6 MB": 6_000_000}
ECHO = """
import socket, struct, sys
sock = socket.socket(fileno=int(sys.argv[1]))

def exactly(size):
    buffer = bytearray(size)
    view = memoryview(buffer)
    while view:
        count = sock.recv_into(view)
        if not count:
            sys.exit()
        view = view[count:]
    return buffer

while True:
    size = exactly(4)
    sock.sendall(size + exactly(struct.unpack("!I", size)[0]))
"""


async def bare(size: int, rounds: int) -> list[float]:
    """Milliseconds per echo of *size* bytes over a socket pair."""
    ours, theirs = socket.socketpair()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ECHO, str(theirs.fileno()), pass_fds=[theirs.fileno()]
    )
    theirs.close()
    reader, writer = await asyncio.open_unix_connection(sock=ours, limit=16 * 1024 * 1024)
    message = size.to_bytes(4, "big") + b"x" * size
    times = []
    for _ in range(rounds + 5):
        started = time.perf_counter()
        writer.write(message)
        await reader.readexactly(len(message))
        times.append((time.perf_counter() - started) * 1000)
    writer.close()
    await process.wait()
    return times[5:]


async def live(size: int, rounds: int) -> list[float]:
    """Milliseconds per invocation of an echo handler with an event of *size* bytes."""
    with tempfile.TemporaryDirectory() as folder:
        async with serve(Path(folder), files={"functions/api.py": "def handler(e, c): return e"}) as project:
            times = []
            for _ in range(rounds + 5):
                started = time.perf_counter()
                answer = await project.call("x" * (size - 2))
                times.append((time.perf_counter() - started) * 1000)
                project.events.clear()
            assert len(answer.body) == size
            return times[5:]


async def main() -> None:
    """Print a table, and one JSON line last."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    cases = []
    print(f"{'event':>8}  {'live p50':>9}  {'p99':>8}  {'bare p50':>9}  ratio")
    for name, size in SIZES.items():
        count = rounds if size < 1_000_000 else max(5, rounds // 20)
        echoes, calls = await bare(size, count), await live(size, count)
        p50, p99 = statistics.median(calls), sorted(calls)[int(len(calls) * 0.99)]
        baseline = statistics.median(echoes)
        cases.append(
            {
                "bytes": size,
                "live_p50_ms": round(p50, 3),
                "live_p99_ms": round(p99, 3),
                "baseline_p50_ms": round(baseline, 3),
                "ratio": round(p50 / baseline, 1),
            }
        )
        print(f"{name:>8}  {p50:>6.2f} ms  {p99:>5.2f} ms  {baseline:>6.2f} ms  {p50 / baseline:.1f}")
    print(json.dumps({"cases": cases}))


if __name__ == "__main__":
    asyncio.run(main())
