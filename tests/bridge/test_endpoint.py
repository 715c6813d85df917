"""Both endpoints, joined by an in-memory channel."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from sst_bridge.endpoint import DevEndpoint, Environment, Reply, SessionInfo, StageHeld, StubEndpoint, Unreachable
from sst_bridge.messages import Error, Invoke, Response, Stream

from tests.support.channel import ChannelNetwork

KEY = bytes(range(32))


async def echo(environment: Environment, invoke: Invoke, reply: Reply) -> None:
    await reply.response(invoke.body)


@dataclass
class Bench:
    """Endpoints on one network, closed when the test ends."""

    network: ChannelNetwork = field(default_factory=ChannelNetwork)
    endpoints: list[DevEndpoint | StubEndpoint] = field(default_factory=list)

    async def dev(self, handler=echo, *, name: str = "session-a", takeover: bool = False, **options) -> DevEndpoint:
        session = SessionInfo(name, "laptop", "ada", 1_700_000_000.0, 1)
        options = {"claim_window": 0.03, "key": KEY} | options
        endpoint = DevEndpoint(
            self.network.connect, app="notes", stage="ada", session=session, handler=handler, **options
        )
        self.endpoints.append(endpoint)
        await endpoint.start(takeover=takeover)
        return endpoint

    async def stub(self, name: str = "env-1", **options) -> StubEndpoint:
        options = {"accept_window": 3.0, "key": KEY} | options
        endpoint = StubEndpoint(
            self.network.connect,
            app="notes",
            stage="ada",
            environment=name,
            function="Api",
            variables={"TABLE": "notes"},
            **options,
        )
        self.endpoints.append(endpoint)
        await endpoint.start()
        await asyncio.sleep(0)
        return endpoint


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    for endpoint in bench.endpoints:
        await endpoint.close()


def event(body: bytes = b"{}", *, seconds: float = 60.0) -> Invoke:
    now = time.time()
    return Invoke("", secrets.token_hex(16), "Api", "r-1", int((now + seconds) * 1000), "arn:x", now, body=body)


async def call(stub: StubEndpoint, invoke: Invoke) -> list[Response | Error | Stream]:
    return [reply async for reply in stub.invoke(invoke)]


async def test_a_small_fast_invocation_costs_two_publishes_and_two_deliveries(bench: Bench) -> None:
    """After the first one, which introduces the environment in the same publish."""
    await bench.dev()
    stub = await bench.stub()
    await call(stub, event())
    bench.network.publishes.clear()
    before = bench.network.delivered
    [reply] = await call(stub, event(b'{"a":1}'))
    assert isinstance(reply, Response) and reply.body == b'{"a":1}'
    assert [path for path, _ in bench.network.publishes] == ["/sst/notes/ada/dev", "/sst/notes/ada/env-1"]
    assert bench.network.delivered - before == 2


@pytest.mark.parametrize("size", [0, 1, 3_000, 179_000, 240_000, 1_000_000, 6_291_556])
async def test_bytes_arrive_unchanged(bench: Bench, size: int) -> None:
    """Of any size up to Lambda's limit, compressible or not, both ways."""
    await bench.dev()
    stub = await bench.stub()
    for body in (secrets.token_bytes(size), b"a" * size):
        [reply] = await call(stub, event(body))
        assert isinstance(reply, Response) and reply.body == body


async def test_a_slow_handler_is_accepted_and_answers(bench: Bench) -> None:
    """`accepted` goes out while the handler is still at work."""
    release = asyncio.Event()

    async def slow(environment: Environment, invoke: Invoke, reply: Reply) -> None:
        await release.wait()
        await reply.error(b'{"errorType":"E"}', "E", "cause")

    await bench.dev(slow)
    stub = await bench.stub()
    calling = asyncio.ensure_future(call(stub, event()))
    while len(bench.network.publishes) < 4:  # claims and heartbeat, invoke, accepted
        await asyncio.sleep(0.01)
    release.set()
    [reply] = await calling
    assert reply == Error("session-a", reply.nonce, "E", "cause", b'{"errorType":"E"}')


async def test_the_handler_knows_its_environment(bench: Bench) -> None:
    """Function and variables come with `hello`, before the first invocation."""
    seen: list[Environment] = []

    async def handler(environment: Environment, invoke: Invoke, reply: Reply) -> None:
        seen.append(environment)
        await reply.response(b"null")

    await bench.dev(handler)
    await call(await bench.stub(), event())
    assert seen == [Environment("env-1", "Api", {"TABLE": "notes"})]


async def test_a_dev_server_that_does_not_know_an_environment_asks_it_to_introduce_itself_again(bench: Bench) -> None:
    """After a restart of the session the environment is the same, its `hello` is not heard again by itself."""
    first = await bench.dev()
    stub = await bench.stub()
    await call(stub, event())
    await first.close()
    await bench.dev(name="session-b")
    await asyncio.sleep(0.01)  # its heartbeat is on the way
    [reply] = await call(stub, event(b"2"))
    assert isinstance(reply, Response) and reply.body == b"2"


async def test_nobody_there(bench: Bench) -> None:
    """Nobody answers within the window: Unreachable, with the reason."""
    stub = await bench.stub(accept_window=0.05)
    with pytest.raises(Unreachable, match=r"no dev server answered within 0\.05 s"):
        await call(stub, event())


async def test_after_a_bye_the_answer_comes_at_once(bench: Bench) -> None:
    """Without a window, and without a publish."""
    dev = await bench.dev()
    stub = await bench.stub(accept_window=3600.0)
    await call(stub, event())
    await dev.close()
    await asyncio.sleep(0.01)
    published = len(bench.network.publishes)
    with pytest.raises(Unreachable, match="said goodbye"):
        await call(stub, event())
    assert len(bench.network.publishes) == published


async def test_a_second_dev_server_is_refused_with_the_name_of_the_first(bench: Bench) -> None:
    """Host, user and start time, as a sentence."""
    await bench.dev()
    with pytest.raises(StageHeld, match=r"ada runs sst dev on this stage, on laptop since 2023-11-1\d") as held:
        await bench.dev(name="session-b")
    assert (held.value.host, held.value.user, held.value.started_at) == ("laptop", "ada", 1_700_000_000.0)


async def test_a_takeover_leaves_what_runs_to_the_first(bench: Bench) -> None:
    """The first dev server finishes what it began; the second one runs what comes."""
    ran: list[str] = []
    release = asyncio.Event()

    def handler(name: str):
        async def handle(environment: Environment, invoke: Invoke, reply: Reply) -> None:
            ran.append(name)
            if name == "a":
                await release.wait()
            await reply.response(name.encode())

        return handle

    taken: list[SessionInfo] = []
    first = await bench.dev(handler("a"), on_taken=taken.append)
    stub, other = await bench.stub(), await bench.stub("env-2")
    calling = asyncio.ensure_future(call(stub, event()))
    while not ran:
        await asyncio.sleep(0.01)
    await bench.dev(handler("b"), name="session-b", takeover=True)
    assert [holder.id for holder in taken] == ["session-b"]
    closing = asyncio.ensure_future(first.close())
    [reply] = await call(other, event())
    assert isinstance(reply, Response) and reply.body == b"b"
    release.set()
    [reply] = await calling
    assert isinstance(reply, Response) and reply.body == b"a"
    await closing
    assert ran == ["a", "b"]


async def test_a_stream_comes_in_order_and_waits_for_its_caller(bench: Bench) -> None:
    """20 MB pass through windows of 4 MB, in pieces that fit an event."""
    chunks = [secrets.token_bytes(1_000_000) for _ in range(20)]

    async def stream(environment: Environment, invoke: Invoke, reply: Reply) -> None:
        for chunk in chunks:
            await reply.stream(chunk, content_type="application/octet-stream")
        await reply.stream(b"", final=True, error_type="E", error_body=b"{}")

    await bench.dev(stream)
    stub = await bench.stub()
    pieces = [piece async for piece in stub.invoke(event()) if isinstance(piece, Stream)]
    assert b"".join(piece.body for piece in pieces) == b"".join(chunks)
    assert pieces[0].content_type == "application/octet-stream"
    assert [piece.index for piece in pieces] == list(range(len(pieces)))
    assert (pieces[-1].final, pieces[-1].error_type, pieces[-1].error_body) == (True, "E", b"{}")


async def test_a_response_over_lambdas_limit_is_lambdas_own_error(bench: Bench) -> None:
    """And does not travel."""

    async def large(environment: Environment, invoke: Invoke, reply: Reply) -> None:
        await reply.response(bytes(6_291_557))

    await bench.dev(large)
    [reply] = await call(await bench.stub(), event())
    assert isinstance(reply, Error) and reply.error_type == "Function.ResponseSizeTooLarge"


async def test_a_failing_handler_reaches_the_caller_as_an_error(bench: Bench) -> None:
    """A fault of the dev server is never a silence."""

    async def silent(environment: Environment, invoke: Invoke, reply: Reply) -> None:
        return

    await bench.dev(silent)
    [reply] = await call(await bench.stub(), event())
    assert isinstance(reply, Error) and reply.error_type == "Sst.DevServerFailure"


async def test_another_key_is_named(bench: Bench) -> None:
    """The dev server is told which key the stub has, and drops the frame."""
    problems: list[str] = []
    await bench.dev(on_problem=problems.append)
    stub = await bench.stub(key=bytes(32), accept_window=0.02)
    with pytest.raises(Unreachable):
        await call(stub, event())
    assert len(problems) == 1 and "sealed with key" in problems[0]


async def test_a_caller_that_left_gets_nothing_and_the_next_one_is_served(bench: Bench) -> None:
    """Closing the generator forgets the invocation."""
    release = asyncio.Event()

    async def handler(environment: Environment, invoke: Invoke, reply: Reply) -> None:
        if invoke.body == b"slow":
            await release.wait()
        await reply.response(invoke.body)

    await bench.dev(handler)
    stub = await bench.stub()
    replies = stub.invoke(event(b"slow"))
    waiting = asyncio.ensure_future(anext(replies))
    await asyncio.sleep(0.02)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await replies.aclose()
    release.set()
    [reply] = await call(stub, event(b"next"))
    assert isinstance(reply, Response) and reply.body == b"next"


async def test_two_hundred_environments_at_once_over_a_bad_network() -> None:
    """Every one is answered with its own bytes, and none runs twice."""
    bench = Bench(ChannelNetwork(7, drop=0.1, duplicate=0.1, delay=(0.0, 0.02)))
    ran: list[str] = []

    async def handler(environment: Environment, invoke: Invoke, reply: Reply) -> None:
        ran.append(invoke.nonce)
        await reply.response(invoke.body)

    try:
        await bench.dev(handler)
        stubs = [await bench.stub(f"env-{number}", accept_window=60.0) for number in range(200)]
        events = [event(secrets.token_bytes(100 + 3_000 * (number % 100))) for number in range(200)]
        replies = await asyncio.gather(*map(call, stubs, events))
    finally:
        for endpoint in bench.endpoints:
            await endpoint.close(**({"grace": 0} if isinstance(endpoint, DevEndpoint) else {}))
    assert [reply[0].body for reply in replies] == [one.body for one in events]
    assert sorted(ran) == sorted(one.nonce for one in events)
