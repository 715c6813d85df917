"""Chaos: real stubs, a real dev server and a broker that misbehaves, in processes of their own, some of which die.

`python -m tests.benchmarks.chaos --seed 1 --invocations 2000`. 20 % of the frames are dropped, 10 % doubled, 20
% come late; one of all sockets is cut every 2 s; the dev server is killed and started again twice; one stub is
frozen for a minute. Every caller must get the answer of its handler: none lost, none run twice, no wrong bytes,
no success that did not happen.

The stubs' accept window is longer than the default 3 s: in this weather two sends both fail now and then, and an honest
"nobody is there" would hide whether delivery works.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sst_bridge.appsync.api import EventApi
from sst_bridge.appsync.connection import connector
from sst_bridge.appsync.signing import Credentials
from sst_bridge.endpoint import DevEndpoint, Environment, Reply, SessionInfo
from sst_bridge.messages import Invoke
from sst_bridge.spool import Spool
from sst_stub.bridge import Bridge
from sst_stub.environment import config
from sst_stub.runtime_api import RuntimeApi
from sst_stub.stub import Stub

sys.path.insert(0, str(Path(__file__).parents[2]))  # runs as a script, too

from tests.support.runtime_api import Answer, RuntimeApiServer

KEY = bytes(range(32))
APP, STAGE = "chaos", "test"
CONTEXT = "Lambda-Runtime-Client-Context"
SIZES = (
    [0] * 10
    + [1, 100, 1_000, 3_000, 4_000] * 10
    + [20_000, 100_000] * 10
    + [180_000, 240_000, 1_000_000] * 2
    + [6_291_556]
)
"""Bytes of events and responses: most are small, one in 87 is as large as Lambda allows."""


def content(number: int, what: str, size: int) -> bytes:
    """The bytes of event or response *number*: the same in every process."""
    return random.Random(f"{number} {what}").randbytes(size)


def credentials() -> Credentials:
    return Credentials("test", "test", None)


# --- the dev server's process ---------------------------------------------------------------------


async def serve(options: argparse.Namespace) -> None:
    """A dev server until it is killed. Each handler writes what it does to the journal."""
    journal = os.open(options.journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(word: str, invoke: Invoke, number: int) -> None:
        os.write(journal, f"{word} {number} {invoke.nonce} {os.getpid()}\n".encode())

    async def handler(environment: Environment, invoke: Invoke, reply: Reply) -> None:
        task = json.loads(invoke.client_context)
        note("start", invoke, task["number"])
        if invoke.body != content(task["number"], "event", task["event"]):
            note("corrupt", invoke, task["number"])
        await asyncio.sleep(task["seconds"])
        if task["fails"]:
            await reply.error(json.dumps({"errorType": "Chaos", "errorMessage": str(task["number"])}).encode(), "Chaos")
        else:
            await reply.response(content(task["number"], "response", task["response"]))
        # Now the reply is kept: from here on this invocation must not run again, whatever happens to this process.
        note("done", invoke, task["number"])

    endpoint = DevEndpoint(
        connector(EventApi(options.http_host, options.realtime_host, "us-east-1"), credentials),
        app=APP,
        stage=STAGE,
        key=KEY,
        session=SessionInfo(f"dev-{os.getpid()}", "host", "user", time.time(), os.getpid()),
        handler=handler,
        spool=Spool(Path(options.spool)),
        on_problem=lambda sentence: print(f"dev: {sentence}", file=sys.stderr),
    )
    await endpoint.start(takeover=True)
    print("ready", flush=True)
    await asyncio.Event().wait()


# --- the stubs' process ---------------------------------------------------------------------------


async def serve_stubs(options: argparse.Namespace) -> None:
    """Several execution environments in one process, each the real stub on a Runtime API of its own."""
    environ = json.loads(os.environ["CHAOS_STUB"])
    settings = config(environ)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # a line an invocation

    async def live(address: str) -> None:
        bridge = Bridge(settings, environ, lambda problem: None)
        await bridge.start()
        await Stub(settings, RuntimeApi(address), bridge).run()

    await asyncio.gather(*map(live, options.addresses))


# --- the harness ----------------------------------------------------------------------------------


@dataclass
class Tally:
    """What became of every invocation, as its caller saw it."""

    latencies: list[float] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    """Those that did not get the answer of their handler, by the error type they got instead."""
    wrong_bytes: int = 0
    false_success: int = 0

    def judge(self, task: dict[str, Any], answer: Answer | None, seconds: float) -> None:
        """Compare *answer* with what the handler was told to answer."""
        self.latencies.append(seconds * 1000)
        if answer is None:
            self.lost["no answer"] += 1
        elif answer.kind == "response":
            if task["fails"]:
                self.false_success += 1
            elif answer.body != content(task["number"], "response", task["response"]):
                self.wrong_bytes += 1
        elif (kind := json.loads(answer.body)["errorType"]) != "Chaos" or not task["fails"]:
            self.lost[kind] += 1


def plan(options: argparse.Namespace) -> list[dict[str, Any]]:
    """What each invocation sends and what its handler does."""
    chance = random.Random(options.seed)
    return [
        {
            "number": number,
            "event": chance.choice(SIZES),
            "response": chance.choice(SIZES),
            "seconds": chance.choice([0, 0, 0, 0, 0.01, 0.1, 0.3, 1.0]),
            "fails": chance.random() < 0.05,
        }
        for number in range(options.invocations)
    ]


def judge_journal(text: str, killed: set[int]) -> tuple[int, int]:
    """How many invocations ran twice, and how many events arrived changed.

    One that a kill cut short before its reply was kept may run again; nothing else may.
    """
    runs: dict[str, list[tuple[str, int]]] = {}
    for line in text.splitlines():
        word, _, nonce, pid = line.split()
        runs.setdefault(nonce, []).append((word, int(pid)))
    twice = 0
    for entries in runs.values():
        done = {pid for word, pid in entries if word == "done"}
        starts = [pid for word, pid in entries if word == "start"]
        finished = [pid for pid in starts if pid in done or pid not in killed]
        twice += len(finished) > 1 or len(set(starts)) < len(starts)
    return twice, sum(word == "corrupt" for entries in runs.values() for word, _ in entries)


def peak_mb(pid: int) -> float:
    """The high-water mark of a process's resident memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


class Processes:
    """The children of a run; none outlives it."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.folder = folder
        self.options = options
        self.hosts: dict[str, Any] = {}
        self.dev: asyncio.subprocess.Process
        self.killed: set[int] = set()
        self.peak = 0.0
        self._all: list[asyncio.subprocess.Process] = []

    async def spawn(self, *arguments: str, env: dict[str, str] | None = None) -> asyncio.subprocess.Process:
        """Start `python -m …`; its output comes through a pipe."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "WEBSOCKETS_MAX_LINE_LENGTH": "65536"} | (env or {}),
        )
        self._all.append(process)
        return process

    def look(self, process: asyncio.subprocess.Process) -> None:
        """Note the peak memory of a process of ours; the broker is not ours."""
        if process is not self._all[0]:
            self.peak = max(self.peak, peak_mb(process.pid))

    async def line(self, process: asyncio.subprocess.Process) -> str:
        assert process.stdout is not None
        return (await process.stdout.readline()).decode().strip()

    async def start_broker(self, sockets: int) -> None:
        options = self.options
        # Each socket is cut after a random time with this mean, so that of all of them one is every `cut_every`
        # seconds.
        flags = {"drop": 0.2, "duplicate": 0.1, "reorder": 0.2, "cut-every": options.cut_every * sockets}
        arguments = [f"--{name}={value}" for name, value in flags.items()] if options.faults else []
        broker = await self.spawn("tests.support.broker", f"--seed={options.seed}", *arguments)
        self.hosts = json.loads(await self.line(broker))

    async def start_dev(self) -> None:
        self.dev = await self.spawn(
            "tests.benchmarks.chaos",
            "--role=dev",
            f"--http-host={self.hosts['http_host']}",
            f"--realtime-host={self.hosts['realtime_host']}",
            f"--journal={self.folder / 'journal'}",
            f"--spool={self.folder / 'replies'}",
        )
        assert await self.line(self.dev) == "ready"

    async def kill_dev(self) -> None:
        """SIGKILL, in the middle of whatever it does, and start another one."""
        self.look(self.dev)
        self.killed.add(self.dev.pid)
        self.dev.kill()
        await self.dev.wait()
        await self.start_dev()

    async def end(self) -> None:
        for process in self._all:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    self.look(process)
                    process.send_signal(signal.SIGCONT)
                    process.kill()
            await process.wait()


def stub_environ(hosts: dict[str, Any], options: argparse.Namespace) -> dict[str, str]:
    """The environment of the deployed stub."""
    return {
        "SST_APP": APP,
        "SST_STAGE": STAGE,
        "SST_FUNCTION_ID": "Chaos",
        "SST_BRIDGE_HTTP": hosts["http_host"],
        "SST_BRIDGE_REALTIME": hosts["realtime_host"],
        "SST_BRIDGE_KEY": base64.b64encode(KEY).decode(),
        "SST_BRIDGE_ACCEPT_WINDOW": str(options.accept_window),
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


@asynccontextmanager
async def lambdas(count: int) -> AsyncIterator[list[RuntimeApiServer]]:
    """The Runtime APIs of *count* execution environments."""
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(RuntimeApiServer()) for _ in range(count)]


async def call(server: RuntimeApiServer, task: dict[str, Any], tally: Tally) -> None:
    began = time.perf_counter()
    body = content(task["number"], "event", task["event"])
    answer = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(600):
            answer = await server.invoke(body, timeout=600, headers={CONTEXT: json.dumps(task)})
    tally.judge(task, answer, time.perf_counter() - began)


async def run(options: argparse.Namespace) -> dict[str, Any]:
    """The whole story; returns the report."""
    tally, tasks = Tally(), plan(options)
    waiting = list(reversed(tasks))
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="sst-chaos-") as folder:
        processes = Processes(Path(folder), options)
        try:
            async with lambdas(options.environments) as servers:
                await processes.start_broker(options.environments + 1)
                await processes.start_dev()
                environ = stub_environ(processes.hosts, options)
                addresses = [server.address for server in servers]
                frozen = await processes.spawn("sst_stub", env={**environ, "AWS_LAMBDA_RUNTIME_API": addresses[0]})
                many = {"CHAOS_STUB": json.dumps(environ)}
                await processes.spawn("tests.benchmarks.chaos", "--role=stubs", *addresses[1:], env=many)

                async def caller(server: RuntimeApiServer) -> None:
                    while waiting:
                        await call(server, waiting.pop(), tally)

                async def fate() -> None:
                    await progress(0.1)
                    frozen.send_signal(signal.SIGSTOP)
                    thaw = asyncio.get_running_loop().call_later(options.freeze, frozen.send_signal, signal.SIGCONT)
                    for share in (0.33, 0.66):
                        await progress(share)
                        await processes.kill_dev()
                    await asyncio.sleep(max(0.0, thaw.when() - asyncio.get_running_loop().time()))

                async def progress(share: float) -> None:
                    while len(tally.latencies) < share * len(tasks):
                        await asyncio.sleep(0.05)
                        if options.verbose:
                            print(f"{len(tally.latencies)} of {len(tasks)} {dict(tally.lost)}", file=sys.stderr)

                await asyncio.gather(fate(), *map(caller, servers))
        finally:
            await processes.end()
        twice, corrupt = judge_journal((processes.folder / "journal").read_text(), processes.killed)
    ordered = sorted(tally.latencies)
    return {
        "invocations": len(ordered),
        "environments": options.environments,
        "lost": tally.lost.total() + len(tasks) - len(ordered),
        "lost_as": dict(tally.lost),
        "run_twice": twice,
        "wrong_bytes": tally.wrong_bytes + corrupt,
        "false_success": tally.false_success,
        "dev_servers_killed": len(processes.killed),
        "p50_ms": round(ordered[len(ordered) // 2], 1),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)], 1),
        "max_memory_mb": round(processes.peak, 1),
        "seconds": round(time.perf_counter() - began, 1),
    }


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--invocations", type=int, default=2_000)
    parser.add_argument("--environments", type=int, default=50)
    parser.add_argument("--freeze", type=float, default=60.0, help="seconds one stub stands still")
    parser.add_argument("--cut-every", type=float, default=2.0, help="seconds between two cut sockets")
    parser.add_argument("--accept-window", type=float, default=120.0, help="seconds; the default of a stub is 3")
    parser.add_argument("--no-faults", dest="faults", action="store_false", help="fair weather, for comparison")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--role", choices=["harness", "dev", "stubs"], default="harness", help=argparse.SUPPRESS)
    for name in ("--http-host", "--realtime-host", "--journal", "--spool"):
        parser.add_argument(name, default="", help=argparse.SUPPRESS)
    parser.add_argument("addresses", nargs="*", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main() -> int:
    options = arguments()
    match options.role:
        case "dev":
            asyncio.run(serve(options))
        case "stubs":
            asyncio.run(serve_stubs(options))
    report = asyncio.run(run(options))
    for name, value in report.items():
        print(f"{name:20} {value}")
    print(json.dumps(report))
    return 0 if not any(report[name] for name in ("lost", "run_twice", "wrong_bytes", "false_success")) else 1


if __name__ == "__main__":
    sys.exit(main())
