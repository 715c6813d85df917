"""The Runtime API client against a server that keeps the state rules."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator

import pytest
from sst_stub import runtime_api
from sst_stub.runtime_api import BUFFERED_BOUND, Event, RuntimeApi, RuntimeApiError, StreamRefusedError

from tests.support.runtime_api import Faults, RuntimeApiServer


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[RuntimeApiServer]:
    async with RuntimeApiServer() as server:
        yield server
        assert server.violations == []


@pytest.fixture(name="api")
async def _api(server: RuntimeApiServer) -> AsyncIterator[RuntimeApi]:
    api = RuntimeApi(server.address)
    yield api
    api.close()


async def test_next_hands_over_the_event_and_its_headers(server: RuntimeApiServer, api: RuntimeApi) -> None:
    """Every header of /next has a field, and the body is the caller's bytes."""
    waiting = await server.start(
        b'{ "a" :1}',
        request_id="r-1",
        headers={
            "Lambda-Runtime-Trace-Id": "Root=1-2;Sampled=1",
            "Lambda-Runtime-Client-Context": '{"custom":{"k":"v"}}',
            "Lambda-Runtime-Cognito-Identity": '{"cognitoIdentityId":"i"}',
            "Lambda-Runtime-Aws-Tenant-Id": "tenant",
            "Lambda-Runtime-Invocation-Id": "attempt-1",
        },
    )

    event = await api.next()

    assert event.body == b'{ "a" :1}'
    assert (event.request_id, event.content_type) == ("r-1", "application/json")
    assert event.deadline_ms == int(waiting.headers["Lambda-Runtime-Deadline-Ms"])
    assert event.arn.endswith(":function:f")
    assert event.trace_id == "Root=1-2;Sampled=1"
    assert event.client_context == '{"custom":{"k":"v"}}'
    assert event.identity == '{"cognitoIdentityId":"i"}'
    assert (event.tenant_id, event.invocation_id) == ("tenant", "attempt-1")


async def test_answers_travel_on_one_connection(server: RuntimeApiServer, api: RuntimeApi) -> None:
    """Ten events and their answers need one connection, and each body arrives as it was sent."""
    for number in range(10):
        waiting = await server.start(b"{}")
        event = await api.next()
        await api.respond(event, b'"%d"' % number, "application/json")
        answer = await waiting.answered
        assert (answer.kind, answer.body) == ("response", b'"%d"' % number)
        assert answer.headers["content-type"] == "application/json"

    assert server.connections == 1


async def test_attempt_id_is_echoed(server: RuntimeApiServer, api: RuntimeApi) -> None:
    """Lambda-Runtime-Invocation-Id comes back with the answer, and is absent when Lambda gave none."""
    first = await server.start(headers={"Lambda-Runtime-Invocation-Id": "attempt-7"})
    await api.respond(await api.next(), b"1", "application/json")
    second = await server.start()
    await api.respond(await api.next(), b"1", "application/json")

    assert (await first.answered).headers["lambda-runtime-invocation-id"] == "attempt-7"
    assert "lambda-runtime-invocation-id" not in (await second.answered).headers


async def test_error_carries_type_and_cause(server: RuntimeApiServer, api: RuntimeApi) -> None:
    """The error object is posted verbatim with its two headers."""
    waiting = await server.start()

    await api.fail(await api.next(), b'{"errorType":"E"}', error_type="E", xray_cause='{"exceptions":[]}')

    answer = await waiting.answered
    assert (answer.kind, answer.body) == ("error", b'{"errorType":"E"}')
    assert answer.headers["lambda-runtime-function-error-type"] == "E"
    assert answer.headers["lambda-runtime-function-xray-error-cause"] == '{"exceptions":[]}'


async def test_header_values_cannot_break_out(server: RuntimeApiServer, api: RuntimeApi) -> None:
    """Line ends and non-ASCII characters in an error type are replaced; a huge X-Ray cause is left out."""
    waiting = await server.start()

    await api.fail(await api.next(), b"{}", error_type="Bad\r\nX-Evil: 1é", xray_cause="x" * 100_000)

    headers = (await waiting.answered).headers
    assert headers["lambda-runtime-function-error-type"] == "Bad??X-Evil: 1?"
    assert "x-evil" not in headers
    assert "lambda-runtime-function-xray-error-cause" not in headers


async def test_largest_bodies_pass_both_ways(server: RuntimeApiServer, api: RuntimeApi) -> None:
    """6,291,556 bytes arrive unchanged in both directions."""
    body = b'"' + bytes(range(32, 127)).replace(b'"', b"").replace(b"\\", b"") * 66_000
    body = body[: BUFFERED_BOUND - 1] + b'"'
    waiting = await server.start(body)

    event = await api.next()
    await api.respond(event, event.body, "application/json")

    assert (await waiting.answered).body == body


async def test_too_large_response_becomes_lambdas_error(server: RuntimeApiServer, api: RuntimeApi) -> None:
    """One byte more than Lambda takes is Function.ResponseSizeTooLarge, and the next event is served."""
    waiting = await server.start()

    await api.respond(await api.next(), bytes(BUFFERED_BOUND + 1), "application/json")

    answer = await waiting.answered
    assert answer.json() == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    assert (answer.kind, len(server.answers)) == ("error", 1)


@pytest.mark.parametrize("status", [400, 403, 410, 413])
async def test_refused_answer_is_not_repeated(server: RuntimeApiServer, api: RuntimeApi, status: int) -> None:
    """4xx means Lambda has told the caller itself: no second post, and the next event is taken."""
    server.faults.answer_statuses = [status]
    await server.start()
    await api.respond(await api.next(), b"1", "application/json")
    waiting = await server.start()
    await api.respond(await api.next(), b"2", "application/json")

    assert (await waiting.answered).body == b"2"
    assert len(server.answers) == 2


async def test_server_error_ends_the_environment(server: RuntimeApiServer, api: RuntimeApi) -> None:
    """500 is Lambda's non-recoverable state, for an answer and for a poll."""
    server.faults.answer_statuses = [500]
    await server.start()
    event = await api.next()
    with pytest.raises(RuntimeApiError, match="answered 500"):
        await api.respond(event, b"1", "application/json")

    server.faults.next_statuses = [500]
    with pytest.raises(RuntimeApiError, match="/next answered 500"):
        await api.next()


@pytest.mark.parametrize("faults", [Faults(chunked=True), Faults(two_packets=True), Faults(close_after_answer=1)])
async def test_serves_through_odd_servers(faults: Faults) -> None:
    """Chunked events, split packets and connections closed between invocations lose nothing."""
    async with RuntimeApiServer(faults) as server:
        api = RuntimeApi(server.address)
        for number in range(3):
            waiting = await server.start(b'{"n":%d}' % number)
            event = await api.next()
            await api.respond(event, event.body, "application/json")
            assert (await waiting.answered).body == b'{"n":%d}' % number
        api.close()


async def test_stream_arrives_in_pieces(server: RuntimeApiServer, api: RuntimeApi) -> None:
    """A streamed answer declares its mode and trailers, and its first piece leaves before its last exists."""
    waiting = await server.start()
    stream = api.stream(await api.next(), "application/octet-stream")

    await stream.send(b"one ")
    await waiting.first_chunk.wait()
    await stream.send(b"")
    await stream.send(b"two")
    await stream.finish()

    answer = await waiting.answered
    assert answer.chunks == [b"one ", b"two"]
    assert answer.headers["lambda-runtime-function-response-mode"] == "streaming"
    assert answer.headers["trailer"].split(", ") == [
        "Lambda-Runtime-Function-Error-Type",
        "Lambda-Runtime-Function-Error-Body",
    ]
    assert answer.trailers == {}


async def test_stream_fails_in_its_trailers(server: RuntimeApiServer, api: RuntimeApi) -> None:
    """A failure after the first byte is told by type and base64 of the error object."""
    waiting = await server.start()
    stream = api.stream(await api.next(), "text/plain")

    await stream.send(b"half")
    await stream.finish(error_type="ValueError", error_body=b'{"errorType":"ValueError"}')

    trailers = (await waiting.answered).trailers
    assert trailers["lambda-runtime-function-error-type"] == "ValueError"
    error = base64.b64decode(trailers["lambda-runtime-function-error-body"])
    assert error == b'{"errorType":"ValueError"}'


async def test_stream_may_be_empty(server: RuntimeApiServer, api: RuntimeApi) -> None:
    """A stream that ends before its first piece is an empty body, not a lost answer."""
    waiting = await server.start()

    await api.stream(await api.next(), "text/plain").finish()

    assert (await waiting.answered).body == b""


async def test_large_stream_waits_for_the_socket(server: RuntimeApiServer, api: RuntimeApi) -> None:
    """20 MB in pieces arrive whole: a full socket slows the sender and loses nothing."""
    waiting = await server.start()
    stream = api.stream(await api.next(), "application/octet-stream")

    for number in range(20):
        await stream.send(bytes([number]) * 1_000_000)
    await stream.finish()

    body = (await waiting.answered).body
    assert len(body) == 20_000_000
    assert body[::1_000_000] == bytes(range(20))


async def test_nobody_listens_is_one_sentence(server: RuntimeApiServer) -> None:
    """A Runtime API that is gone is named with its address."""
    address = server.address
    await server.stop()
    with pytest.raises(RuntimeApiError, match=f"no Runtime API at {address}"):
        await RuntimeApi(address).next()


async def test_watch_ends_when_the_api_is_gone(server: RuntimeApiServer, api: RuntimeApi) -> None:
    """While a handler runs, a cut connection is opened anew, and the end of the server ends the environment."""
    await server.start()
    event = await api.next()
    watching = asyncio.get_running_loop().create_task(api.watch(), name="watch")

    server.connected.clear()
    server.cut()
    await server.connected.wait()
    await api.respond(event, b"1", "application/json")
    assert len(server.answers) == 1
    assert not watching.done()
    await server.stop()

    with pytest.raises(RuntimeApiError, match="no Runtime API"):
        await watching


async def test_init_error_is_posted_once(server: RuntimeApiServer, api: RuntimeApi) -> None:
    """init/error carries the body and the type."""
    await api.init_error(b'{"errorType":"T"}', error_type="T")

    [answer] = server.init_errors
    assert answer.body == b'{"errorType":"T"}'
    assert answer.headers["lambda-runtime-function-error-type"] == "T"


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "the status line is 'SSH-2.0-OpenSSH_9.6'"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "without Lambda-Runtime-Aws-Request-Id"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "closed the connection"),
    ],
)
async def test_what_is_no_runtime_api_is_one_sentence(reply: bytes, sentence: str) -> None:
    """Something else at the address, or half an event, ends the environment and says what came."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    api = RuntimeApi(f"{host}:{port}")
    with pytest.raises(RuntimeApiError, match=sentence):
        await api.next()
    api.close()
    server.close()


async def test_stream_refused_at_its_head_ends() -> None:
    """When Lambda has answered before the stream's end, what follows has nowhere to go and says so."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()
        done.set()

    done = asyncio.Event()
    refusing = await asyncio.start_server(refuse, "127.0.0.1", 0)
    host, port = refusing.sockets[0].getsockname()
    api = RuntimeApi(f"{host}:{port}")
    stream = api.stream(Event("r-1", 0), "text/plain")
    with pytest.raises(StreamRefusedError, match="answered 410 before the stream ended"):
        while True:
            await stream.send(b"x")
            await asyncio.sleep(0)
    api.close()
    await done.wait()
    refusing.close()


async def test_server_that_hangs_up_unasked_is_not_besieged(
    server: RuntimeApiServer, api: RuntimeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection lost before its first request is opened again after a pause, or when an answer needs it."""
    monkeypatch.setattr(runtime_api, "UNASKED_PAUSE", 3600.0)
    waiting = await server.start()
    event = await api.next()
    watching = asyncio.get_running_loop().create_task(api.watch(), name="watch")
    server.connected.clear()
    server.cut()
    await server.connected.wait()
    server.cut()
    for _ in range(20):  # turns of the loop: the reset is in the socket already, and none of them waits
        await asyncio.sleep(0)
    assert server.connections == 2
    await api.respond(event, b"1", "application/json")

    assert (await waiting.answered).body == b"1"
    assert server.connections == 3
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
