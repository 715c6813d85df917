"""The bridge against a raw WebSocket relay through the same broker, in the same run.

`python -m tests.benchmarks.bridge`. The relay is two bare sockets that sign and publish as the service demands,
and do nothing else: no sealing, no delivery, no reconnect, one event in and the same event back. The bridge is
a stub's endpoint and a dev server's endpoint with a handler that echoes. Broker, caller and answerer are three
processes in both cases."""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import secrets
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sst_bridge.appsync.api import EventApi
from sst_bridge.appsync.connection import connector
from sst_bridge.appsync.limiter import local_limiter
from sst_bridge.appsync.protocol import MAX_EVENTS, subprotocols
from sst_bridge.appsync.signing import Credentials, Signer, body_text
from sst_bridge.channel import Connect
from sst_bridge.endpoint import DevEndpoint, Environment, Reply, SessionInfo, StubEndpoint, Unreachable
from sst_bridge.messages import Invoke, Response
from sst_dev.cloud.stub_zip import build_stub
from websockets.asyncio.client import ClientConnection, connect

sys.path.insert(0, str(Path(__file__).parents[2]))  # runs as a script, too

from tests.support.broker import Broker

KEY = bytes(range(32))
SIX_MB = 6 * 1024 * 1024
THERE, BACK = "/sst/relay/bench/dev", "/sst/relay/bench/back"
SST_OPERATIONS = 6
"""Of a small invocation on SST: its stub publishes the request, the dev server an acknowledgement and the
response; each is published once and delivered once (three messages, DESIGN section 4)."""


def credentials() -> Credentials:
    return Credentials("test", "test", None)


# --- the raw relay --------------------------------------------------------------------------------


class Raw:
    """A bare socket: what is published is signed, and that is all."""

    def __init__(self, socket: ClientConnection, signer: Signer) -> None:
        self._socket = socket
        self._signer = signer

    async def send(self, kind: str, body: str) -> None:
        """One frame: *body* as it is signed, with what goes round it."""
        authorization = json.dumps(self._signer.sign(body.encode()))
        await self._socket.send(f'{body[:-1]},"type":"{kind}","id":"1","authorization":{authorization}}}')

    async def publish(self, path: str, events: list[str]) -> None:
        for start in range(0, len(events), MAX_EVENTS):
            await self.send("publish", body_text(path, events[start : start + MAX_EVENTS]))

    async def receive(self, kind: str = "data") -> dict[str, Any]:
        """The next frame of *kind*; an error of the service ends the run."""
        while True:
            frame: dict[str, Any] = json.loads(await self._socket.recv())
            assert not frame["type"].endswith("error"), frame
            if frame["type"] == kind:
                return frame

    @classmethod
    @asynccontextmanager
    async def open(cls, hosts: dict[str, Any], path: str) -> AsyncIterator[Raw]:
        """Connect and subscribe to *path*."""
        signer = Signer(hosts["http_host"], "us-east-1", credentials)
        url = f"ws://127.0.0.1:{hosts['port']}/event/realtime"
        offered: Any = subprotocols(signer.sign(body_text().encode()))
        async with connect(url, subprotocols=offered, compression=None, max_size=2**23, proxy=None) as socket:
            raw = cls(socket, signer)
            await raw.send("subscribe", body_text(path))
            await raw.receive("subscribe_success")
            yield raw


async def relay(hosts: dict[str, Any]) -> None:
    """Send every event back, until killed. Several that are here at once leave together, as a batch may."""
    async with Raw.open(hosts, THERE) as raw:
        print("ready", flush=True)
        arrived: asyncio.Queue[str] = asyncio.Queue()

        async def read() -> None:
            while True:
                arrived.put_nowait((await raw.receive())["event"])

        reading = asyncio.ensure_future(read())
        while not reading.done():
            events = [await arrived.get()]
            while not arrived.empty() and len(events) < MAX_EVENTS:
                events.append(arrived.get_nowait())
            await raw.publish(BACK, events)


async def relay_round(raw: Raw, events: list[str]) -> float:
    """Seconds until everything came back."""
    began = time.perf_counter()
    await raw.publish(THERE, events)
    for _ in events:
        await raw.receive()
    return time.perf_counter() - began


def as_events(size: int) -> list[str]:
    """*size* random bytes as base64, cut so that five events fit a publish (1.2 MB)."""
    text = base64.urlsafe_b64encode(secrets.token_bytes(size)).decode().rstrip("=")
    step = 236_000
    return [f'"{text[start : start + step]}"' for start in range(0, len(text), step)]


# --- the bridge -----------------------------------------------------------------------------------


def channel(hosts: dict[str, Any]) -> Connect:
    api = EventApi(hosts["http_host"], hosts["realtime_host"], "us-east-1")
    return connector(api, credentials, make_limiter=local_limiter)


async def echo(environment: Environment, invoke: Invoke, reply: Reply) -> None:
    await reply.response(invoke.body)


def dev_endpoint(hosts: dict[str, Any]) -> DevEndpoint:
    session = SessionInfo(f"dev-{secrets.token_hex(8)}", "host", "user", time.time())
    return DevEndpoint(
        channel(hosts), app="notes", stage="bench", key=KEY, session=session, handler=echo, claim_window=0.0
    )


async def serve(hosts: dict[str, Any]) -> None:
    """A dev server that echoes, until killed."""
    await dev_endpoint(hosts).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


@asynccontextmanager
async def stub_endpoint(hosts: dict[str, Any], **options: Any) -> AsyncIterator[StubEndpoint]:
    stub = StubEndpoint(
        channel(hosts),
        app="notes",
        stage="bench",
        key=KEY,
        environment=secrets.token_hex(16),
        function="Api",
        variables={"AWS_SESSION_TOKEN": "t" * 900},
        **options,
    )
    await stub.start()
    try:
        await stub.connected()
        yield stub
    finally:
        await stub.close()


async def bridge_round(stub: StubEndpoint, body: bytes) -> float:
    """Seconds until the response is here; the bytes must be those that were sent."""
    now = time.time()
    invoke = Invoke("", secrets.token_hex(16), "Api", "r", int((now + 60) * 1000), "arn", now, body=body)
    began = time.perf_counter()
    async for reply in stub.invoke(invoke):
        assert isinstance(reply, Response) and reply.body == body
    return time.perf_counter() - began


# --- questions ------------------------------------------------------------------------------------


@asynccontextmanager
async def child(*arguments: str) -> AsyncIterator[Any]:
    """A process of ours: what it prints first, as JSON or a word."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "WEBSOCKETS_MAX_LINE_LENGTH": "65536"},
    )
    try:
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode().strip()
        yield json.loads(line) if line.startswith("{") else line
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def median_ms(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1000


async def hops(hosts: dict[str, Any], rounds: int) -> dict[str, float]:
    """Both paths in turns, so that whatever else the machine does hits both."""
    own = "tests.benchmarks.bridge"
    given = json.dumps(hosts)
    raw_small, raw_large, small, large = [], [], [], []
    async with child(own, "--role=relay", given), child(own, "--role=dev", given):
        async with Raw.open(hosts, BACK) as raw, stub_endpoint(hosts) as stub:
            for _ in range(20):
                await relay_round(raw, as_events(100))
                await bridge_round(stub, secrets.token_bytes(100))
            before = metered(hosts)
            for _ in range(20):
                await bridge_round(stub, secrets.token_bytes(100))
            operations = (metered(hosts) - before) / 20
            for _ in range(rounds):
                raw_small.append(await relay_round(raw, as_events(100)))
                small.append(await bridge_round(stub, secrets.token_bytes(100)))
            for _ in range(max(3, rounds // 40)):
                raw_large.append(await relay_round(raw, as_events(SIX_MB)))
                large.append(await bridge_round(stub, secrets.token_bytes(SIX_MB)))
        at_once = await many(hosts, 200)
    return {
        "hop_ms": round(median_ms(small), 2),
        "relay_hop_ms": round(median_ms(raw_small), 2),
        "hop_ratio": round(median_ms(small) / median_ms(raw_small), 2),
        "six_mb_ms": round(median_ms(large), 1),
        "relay_six_mb_ms": round(median_ms(raw_large), 1),
        "six_mb_ratio": round(median_ms(large) / median_ms(raw_large), 2),
        "six_mb_mb_per_s": round(2 * 6 / statistics.median(large), 1),
        "ops_per_invocation": operations,
        "sst_ops_per_invocation": SST_OPERATIONS,
        **at_once,
    }


def metered(hosts: dict[str, Any]) -> int:
    """Publishes and deliveries billed so far, in units of 5 kB."""
    with urllib.request.urlopen(f"http://127.0.0.1:{hosts['port']}/seen") as answer:
        counts = json.load(answer)["metered"]
    return int(counts["publish"] + counts["delivery"])


async def many(hosts: dict[str, Any], count: int) -> dict[str, float]:
    """*count* environments call at the same moment."""
    async with contextlib.AsyncExitStack() as stack:
        stubs = [await stack.enter_async_context(stub_endpoint(hosts)) for _ in range(count)]
        await asyncio.gather(*(bridge_round(stub, b"{}") for stub in stubs))
        began = time.perf_counter()
        times = await asyncio.gather(*(bridge_round(stub, secrets.token_bytes(1_000)) for stub in stubs))
        seconds = time.perf_counter() - began
    return {
        "at_once": count,
        "at_once_max_ms": round(max(times) * 1000, 1),
        "at_once_per_s": round(count / seconds),
    }


async def nobody(hosts: dict[str, Any]) -> dict[str, float]:
    """From the event to the honest answer, without a dev server and after one said goodbye."""

    async def refused(stub: StubEndpoint) -> float:
        began = time.perf_counter()
        try:
            await bridge_round(stub, b"{}")
        except Unreachable:
            return time.perf_counter() - began
        raise AssertionError("somebody answered")

    async with stub_endpoint(hosts) as stub:
        alone = await refused(stub)
        dev = dev_endpoint(hosts)
        await dev.start()
        await bridge_round(stub, b"{}")
        await dev.close()
        while not stub._delivery._gone:  # the goodbye is on its way
            await asyncio.sleep(0.01)
        after_bye = await refused(stub)
    return {"nobody_there_s": round(alone, 3), "after_bye_ms": round(after_bye * 1000, 2)}


async def reconnect(rounds: int) -> dict[str, float]:
    """From a cut of every socket to the next answer."""
    times = []
    async with Broker(principals=None) as broker:
        hosts = {"http_host": broker.http_host, "realtime_host": broker.realtime_host, "port": broker.port}
        dev = dev_endpoint(hosts)
        await dev.start()
        async with stub_endpoint(hosts, accept_window=30.0) as stub:
            for _ in range(rounds):
                await bridge_round(stub, b"{}")
                await asyncio.sleep(1.1)  # a socket that fell young is reconnected with more patience
                broker.cut()
                times.append(await bridge_round(stub, b"{}"))
        await dev.close()
    return {"reconnect_ms": round(median_ms(times), 1), "reconnect_max_ms": round(max(times) * 1000, 1)}


async def start_up(hosts: dict[str, Any], rounds: int) -> dict[str, float]:
    """What a cold start pays: imports over a bare interpreter, then the proven connection."""

    def best(code: str) -> float:
        def once() -> float:
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            return time.perf_counter() - began

        return min(once() for _ in range(rounds)) * 1000

    bare, loaded = best("pass"), best("import sst_stub.__main__")
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        async with stub_endpoint(hosts):
            times.append(time.perf_counter() - began)
    return {"stub_import_ms": round(loaded - bare, 1), "stub_connect_ms": round(median_ms(times), 1)}


def zip_size() -> dict[str, float]:
    return {"stub_zip_kb": round(build_stub().stat().st_size / 1024)}


async def run(options: argparse.Namespace) -> dict[str, Any]:
    """Every question, one after the other; answers are printed as they come."""
    report: dict[str, Any] = {}

    def add(answers: dict[str, Any]) -> None:
        report.update(answers)
        for name, value in answers.items():
            print(f"{name:24} {value}", flush=True)

    # The quotas would measure themselves: both paths get a service without them.
    unlimited = ["--publishes-per-second=1e9", "--tokens-per-second=1e9", "--inbound-events-per-second=1e9"]
    async with child("tests.support.broker", *unlimited) as hosts:
        add(await hops(hosts, options.rounds))
        add(await nobody(hosts))
        add(await start_up(hosts, 5))
    add(await reconnect(max(3, options.rounds // 40)))
    with contextlib.chdir(Path(__file__).parents[2]):
        add(zip_size())
    return report


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bridge", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--role", choices=["bench", "relay", "dev"], default="bench", help=argparse.SUPPRESS)
    parser.add_argument("hosts", nargs="?", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    roles: dict[str, Callable[[], Any]] = {
        "relay": lambda: relay(options.hosts),
        "dev": lambda: serve(options.hosts),
        "bench": lambda: run(options),
    }
    print(json.dumps(asyncio.run(roles[options.role]())))


if __name__ == "__main__":
    main()
