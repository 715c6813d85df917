"""The loop of one execution environment, between a real Runtime API client and a scripted dev server."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable

import pytest
from sst_bridge.endpoint import Unreachable
from sst_bridge.messages import Error, Invoke, Response, Stream
from sst_stub.environment import config
from sst_stub.runtime_api import RuntimeApi
from sst_stub.stub import Stub

from tests.stub_lambda import events
from tests.stub_lambda.test_environment import ENVIRON
from tests.support.runtime_api import Answer, RuntimeApiServer

Script = Callable[[Invoke], AsyncGenerator[Response | Error | Stream]]


class Scripted:
    """A dev server that answers by script; `closed` holds the nonces whose generators were closed."""

    def __init__(self) -> None:
        self.script: Script = echo
        self.invokes: list[Invoke] = []
        self.closed: list[str] = []

    async def start(self) -> None:
        """Nothing to connect."""

    async def close(self) -> None:
        """Nothing to close."""

    async def invoke(self, invoke: Invoke) -> AsyncGenerator[Response | Error | Stream]:
        self.invokes.append(invoke)
        try:
            async for reply in self.script(invoke):
                yield reply
        finally:
            self.closed.append(invoke.nonce)


async def echo(invoke: Invoke) -> AsyncGenerator[Response | Error | Stream]:
    yield Response("dev", invoke.nonce, body=invoke.body)


class Bench:
    """A stub that serves, its dev server, and the Lambda it runs in."""

    def __init__(self, server: RuntimeApiServer, dev: Scripted) -> None:
        self.server = server
        self.dev = dev

    async def invoke(self, body: bytes = b"{}", script: Script = echo, **options: float) -> Answer:
        self.dev.script = script
        return await self.server.invoke(body, **options)


@pytest.fixture(name="bench", params=[{}])
async def _bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with RuntimeApiServer() as server:
        dev = Scripted()
        api = RuntimeApi(server.address)
        stub = Stub(config({**ENVIRON, **request.param}), api, dev)
        serving = asyncio.get_running_loop().create_task(stub.run(), name="stub")
        yield Bench(server, dev)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        api.close()
        assert server.violations == []


async def test_bytes_go_through_untouched(bench: Bench) -> None:
    """Event and response keep their spacing, escapes and key order."""
    body = b'{ "b":1.0,\n "a": "\\u00e9\xc3\xa9" , "b":2}'

    answer = await bench.invoke(body)

    assert (answer.kind, answer.body) == ("response", body)
    assert bench.dev.invokes[0].body == body


async def test_invoke_says_what_lambda_said(bench: Bench) -> None:
    """Function, request id, deadline, ARN and the optional headers travel with the event."""
    waiting = await bench.server.start(
        request_id="r-1",
        headers={"Lambda-Runtime-Trace-Id": "Root=1", "Lambda-Runtime-Client-Context": "{}"},
    )
    await waiting.answered

    [invoke] = bench.dev.invokes
    assert (invoke.function, invoke.request_id) == ("Api", "r-1")
    assert invoke.deadline_ms == int(waiting.headers["Lambda-Runtime-Deadline-Ms"])
    assert invoke.arn.endswith(":function:f")
    assert (invoke.trace_id, invoke.client_context) == ("Root=1", "{}")


async def test_each_delivery_has_its_own_nonce(bench: Bench) -> None:
    """Lambda repeats the request id of an asynchronous event; the nonce differs, so that the retry runs."""
    for _ in range(3):
        waiting = await bench.server.start(request_id="same")
        await waiting.answered

    assert len({invoke.nonce for invoke in bench.dev.invokes}) == 3


async def test_handlers_error_is_reported_as_it_is(bench: Bench) -> None:
    """The error object, its type and its X-Ray cause are the handler's, byte for byte."""
    body = b'{"errorMessage": "no", "errorType": "MyError", "requestId": "", "stackTrace": []}'

    async def script(invoke: Invoke) -> AsyncGenerator[Response | Error | Stream]:
        yield Error("dev", invoke.nonce, error_type="MyError", xray_cause='{"x":1}', body=body)

    answer = await bench.invoke(script=script)

    assert (answer.kind, answer.body) == ("error", body)
    assert answer.headers["lambda-runtime-function-error-type"] == "MyError"
    assert answer.headers["lambda-runtime-function-xray-error-cause"] == '{"x":1}'


async def test_content_type_of_the_response_is_kept(bench: Bench) -> None:
    """A handler that returned bytes keeps application/unknown."""

    async def script(invoke: Invoke) -> AsyncGenerator[Response | Error | Stream]:
        yield Response("dev", invoke.nonce, content_type="application/unknown", body=b"\x00\xff")

    answer = await bench.invoke(script=script)

    assert (answer.headers["content-type"], answer.body) == ("application/unknown", b"\x00\xff")


async def _nobody(invoke: Invoke) -> AsyncGenerator[Response | Error | Stream]:
    raise Unreachable("no dev server answered within 3 s")
    yield


async def test_nobody_there_is_a_503_for_http(bench: Bench) -> None:
    """A caller of the URL gets a response, with the status of a server that is not there."""
    answer = await bench.invoke(json.dumps(events.HTTP["function URL"][1]).encode(), _nobody)

    assert answer.kind == "response"
    response = json.loads(answer.body)
    assert response["statusCode"] == 503
    assert "sst dev --stage joe" in response["body"]


async def test_nobody_there_is_an_error_for_a_queue(bench: Bench) -> None:
    """A queue gets an error, and the environment serves the next event."""
    answer = await bench.invoke(json.dumps(events.OTHER["SQS"]).encode(), _nobody)
    again = await bench.invoke(b'"next"')

    assert answer.kind == "error"
    assert json.loads(answer.body)["errorType"] == "Sst.DevServerUnreachable"
    assert again.body == b'"next"'


@pytest.mark.parametrize("bench", [{"SST_BRIDGE_STREAMED": "1"}], indirect=True)
async def test_nobody_there_streams_its_503(bench: Bench) -> None:
    """Behind a RESPONSE_STREAM URL the 503 is streamed with a prelude."""
    answer = await bench.invoke(json.dumps(events.HTTP["function URL"][1]).encode(), _nobody)

    assert answer.headers["lambda-runtime-function-response-mode"] == "streaming"
    assert answer.headers["content-type"] == "application/vnd.awslambda.http-integration-response"
    assert json.loads(answer.body.split(bytes(8))[0])["statusCode"] == 503


async def test_stream_is_forwarded_piece_by_piece(bench: Bench) -> None:
    """The first piece reaches Lambda while the handler still makes the second."""
    first_arrived = asyncio.Event()

    async def script(invoke: Invoke) -> AsyncGenerator[Response | Error | Stream]:
        yield Stream("dev", invoke.nonce, index=0, content_type="text/event-stream", body=b"one")
        await first_arrived.wait()
        yield Stream("dev", invoke.nonce, index=1, final=True, body=b"two")

    bench.dev.script = script
    waiting = await bench.server.start()
    await waiting.first_chunk.wait()
    first_arrived.set()

    answer = await waiting.answered
    assert answer.chunks == [b"one", b"two"]
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.trailers == {}


async def test_stream_that_fails_tells_it_in_the_trailers(bench: Bench) -> None:
    """The last piece's error becomes the trailers of the response."""

    async def script(invoke: Invoke) -> AsyncGenerator[Response | Error | Stream]:
        yield Stream("dev", invoke.nonce, index=0, body=b"half")
        yield Stream("dev", invoke.nonce, index=1, final=True, error_type="E", error_body=b'{"errorType":"E"}')

    answer = await bench.invoke(script=script)

    assert answer.body == b"half"
    assert answer.trailers["lambda-runtime-function-error-type"] == "E"
    assert base64.b64decode(answer.trailers["lambda-runtime-function-error-body"]) == b'{"errorType":"E"}'


async def test_stream_that_lambda_refuses_is_dropped(bench: Bench) -> None:
    """Lambda has told the caller itself: the rest of the stream is not sent, and the next event is served."""
    bench.server.faults.refuse_streams = 1
    drained = asyncio.Event()

    async def script(invoke: Invoke) -> AsyncGenerator[Response | Error | Stream]:
        try:
            for index in range(1_000_000):
                yield Stream("dev", invoke.nonce, index=index, body=b"piece")
                await asyncio.sleep(0)
        finally:
            drained.set()

    answer = await bench.invoke(script=script)
    await drained.wait()
    again = await bench.invoke(b'"next"')

    assert answer.truncated
    assert again.body == b'"next"'


async def test_dev_server_lost_within_a_stream(bench: Bench) -> None:
    """What was sent cannot be taken back: the trailers say that the rest is missing."""

    async def script(invoke: Invoke) -> AsyncGenerator[Response | Error | Stream]:
        yield Stream("dev", invoke.nonce, index=0, body=b"half")
        raise Unreachable("it was silent for 15 s")

    answer = await bench.invoke(json.dumps(events.HTTP["function URL"][1]).encode(), script)

    assert answer.trailers["lambda-runtime-function-error-type"] == "Sst.DevServerUnreachable"


async def test_deadline_is_answered_before_lambda_kills(bench: Bench) -> None:
    """A handler still running at the stub's own deadline gives Lambda's timeout error, once, and frees the stub."""

    async def script(invoke: Invoke) -> AsyncGenerator[Response | Error | Stream]:
        await asyncio.Event().wait()
        yield Response("dev", invoke.nonce)

    answer = await bench.invoke(script=script, timeout=0.35)
    again = await bench.invoke(b'"next"')

    assert answer.kind == "error"
    assert json.loads(answer.body)["errorType"] == "Sandbox.Timedout"
    assert again.body == b'"next"'
    assert bench.dev.closed[0] == bench.dev.invokes[0].nonce


async def test_fault_of_the_bridge_is_an_error_not_a_silence(bench: Bench) -> None:
    """An exception that nobody foresaw reaches the caller, and the environment goes on."""

    async def script(invoke: Invoke) -> AsyncGenerator[Response | Error | Stream]:
        raise ZeroDivisionError("oops")
        yield

    answer = await bench.invoke(script=script)
    again = await bench.invoke(b'"next"')

    error = json.loads(answer.body)
    assert error["errorType"] == "Sst.StubFailure"
    assert "ZeroDivisionError" in error["errorMessage"]
    assert again.body == b'"next"'


async def test_every_invocation_is_forgotten_when_answered(bench: Bench) -> None:
    """The generator of each invocation is closed, so that a late reply has nowhere to go."""
    for _ in range(3):
        await bench.invoke()
    await bench.invoke()

    assert [invoke.nonce for invoke in bench.dev.invokes][:3] == bench.dev.closed[:3]
