"""The stub as Lambda runs it: a process started from its zip, between a Runtime API and a real broker."""

from __future__ import annotations

import asyncio
import contextlib
import json
import platform
import signal
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sst_bridge.endpoint import Reply
from sst_bridge.messages import Invoke
from sst_dev.cloud.bootstrap import LocalCloud
from sst_dev.cloud.stub_zip import Target, build_stub
from sst_dev.core.bootstrap import Bootstrap
from sst_stub.__main__ import run
from sst_stub.runtime_api import RuntimeApi

from tests.stub_lambda.parts import dev_server, environ
from tests.support.broker import Broker
from tests.support.ministack import client, running_ministack
from tests.support.runtime_api import RuntimeApiServer
from tests.support.session import http


@pytest.fixture(name="bootstrap", scope="module")
def _bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The executable of the unpacked zip."""
    return unpack("local", tmp_path_factory.mktemp("task"))


@pytest.fixture(name="broker")
async def _broker() -> AsyncIterator[Broker]:
    async with Broker() as broker:
        yield broker


@pytest.fixture(name="lambda_")
async def _lambda() -> AsyncIterator[RuntimeApiServer]:
    async with RuntimeApiServer() as server:
        yield server
        assert server.violations == []


def unpack(target: Target, folder: Path) -> Path:
    """Unpack the zip for *target* into *folder*; its bootstrap."""
    with zipfile.ZipFile(build_stub(target)) as archive:
        archive.extractall(folder)
    (folder / "bootstrap").chmod(0o755)
    return folder / "bootstrap"


@contextlib.asynccontextmanager
async def stub(
    bootstrap: Path, lambda_: RuntimeApiServer, variables: dict[str, str], *arguments: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The stub's process; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        str(bootstrap),
        *arguments,
        env={**variables, "AWS_LAMBDA_RUNTIME_API": lambda_.address},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.communicate()


# --- the whole path -------------------------------------------------------------------------------


async def test_event_reaches_the_dev_server_and_its_answer_lambda(
    bootstrap: Path, broker: Broker, lambda_: RuntimeApiServer
) -> None:
    """Bytes go through the process, the broker and back, from 2 bytes to 6 MB; one process is one environment."""
    async with dev_server(broker) as dev, stub(bootstrap, lambda_, environ(broker)):
        for size in (0, 100_000, 6_000_000):
            body = json.dumps("é" * (size // 6)).encode()
            assert (await lambda_.invoke(body)).body == body

    assert len(dev.environments) == 1
    assert len({invoke.nonce for invoke in dev.invokes}) == 3


async def test_handler_environment_travels(bootstrap: Path, broker: Broker, lambda_: RuntimeApiServer) -> None:
    """The dev server gets the function's variables and role, and none of the stub's secrets."""
    variables = environ(broker, TABLE="notes", AWS_SESSION_TOKEN="role-token", HOME="/sandbox")
    async with dev_server(broker) as dev, stub(bootstrap, lambda_, variables):
        await lambda_.invoke()

    [environment] = dev.environments.values()
    assert environment.function == "Api"
    assert environment.variables["TABLE"] == "notes"
    assert environment.variables["AWS_SESSION_TOKEN"] == "role-token"
    assert not {"SST_BRIDGE_KEY", "SST_STUB_PYTHON", "HOME"} & environment.variables.keys()


async def test_nobody_there_then_somebody(bootstrap: Path, broker: Broker, lambda_: RuntimeApiServer) -> None:
    """The same environment is honest while no dev server runs, and serves as soon as one does."""
    async with stub(bootstrap, lambda_, environ(broker)):
        away = await lambda_.invoke(b'{"Records":[{"eventSource":"aws:sqs"}]}')
        async with dev_server(broker):
            served = await lambda_.invoke(b'{"a":1}')

    assert json.loads(away.body)["errorType"] == "Sst.DevServerUnreachable"
    assert (served.kind, served.body) == ("response", b'{"a":1}')


async def test_handlers_error_reaches_lambda(bootstrap: Path, broker: Broker, lambda_: RuntimeApiServer) -> None:
    """The handler's own error object and its headers go through unchanged."""

    async def fail(invoke: Invoke, reply: Reply) -> None:
        await reply.error(b'{"errorType": "KeyError"}', "KeyError", '{"exceptions":[]}')

    async with dev_server(broker) as dev, stub(bootstrap, lambda_, environ(broker)):
        dev.answer = fail
        answer = await lambda_.invoke()

    assert (answer.kind, answer.body) == ("error", b'{"errorType": "KeyError"}')
    assert answer.headers["lambda-runtime-function-error-type"] == "KeyError"
    assert answer.headers["lambda-runtime-function-xray-error-cause"] == '{"exceptions":[]}'


async def test_stream_reaches_lambda_while_it_is_made(
    bootstrap: Path, broker: Broker, lambda_: RuntimeApiServer
) -> None:
    """The first piece is with Lambda before the handler makes the second, and 10 MB arrive in order."""
    first_arrived = asyncio.Event()
    rest = [bytes([number]) * 100_000 for number in range(100)]

    async def stream(invoke: Invoke, reply: Reply) -> None:
        await reply.stream(b"first", content_type="text/event-stream")
        await first_arrived.wait()
        for piece in rest:
            await reply.stream(piece)
        await reply.stream(b"", final=True)

    async with dev_server(broker) as dev, stub(bootstrap, lambda_, environ(broker)):
        dev.answer = stream
        waiting = await lambda_.start()
        await waiting.first_chunk.wait()
        first_arrived.set()
        answer = await waiting.answered

    assert answer.body == b"first" + b"".join(rest)
    assert answer.headers["lambda-runtime-function-response-mode"] == "streaming"
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.trailers == {}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the wheels of the x86-64 variant need that machine")
async def test_aws_variant_serves_as_exec_wrapper(tmp_path: Path, broker: Broker, lambda_: RuntimeApiServer) -> None:
    """The variant for AWS, with its own wheels, runs on the interpreter that the managed runtime hands it."""
    variables = environ(broker)
    del variables["SST_STUB_PYTHON"]
    command = (sys._base_executable, "/var/runtime/bootstrap.py")
    async with dev_server(broker), stub(unpack("aws-x86_64", tmp_path), lambda_, variables, *command):
        answer = await lambda_.invoke(b'{"a": 1}')

    assert (answer.kind, answer.body) == ("response", b'{"a": 1}')


# --- life and death -------------------------------------------------------------------------------


async def test_missing_configuration_is_an_init_error(
    bootstrap: Path, broker: Broker, lambda_: RuntimeApiServer
) -> None:
    """A stub that cannot start says so to Lambda, naming the variable, and exits 1."""
    variables = environ(broker)
    del variables["SST_BRIDGE_KEY"]

    async with stub(bootstrap, lambda_, variables) as process:
        assert await process.wait() == 1

    [answer] = lambda_.init_errors
    error = json.loads(answer.body)
    assert error["errorType"] == "Sst.StubInit"
    assert "SST_BRIDGE_KEY not set" in error["errorMessage"]
    assert error["stackTrace"] == []


async def test_refused_channel_is_an_init_error(bootstrap: Path, broker: Broker, lambda_: RuntimeApiServer) -> None:
    """A role without access to the channel is told to Lambda in one sentence, and the environment ends."""
    variables = environ(broker, AWS_ACCESS_KEY_ID="stranger")

    async with stub(bootstrap, lambda_, variables) as process:
        assert await process.wait() == 1

    [answer] = lambda_.init_errors
    assert "refused a connection" in json.loads(answer.body)["errorMessage"]


async def test_sigterm_ends_an_idle_environment(bootstrap: Path, broker: Broker, lambda_: RuntimeApiServer) -> None:
    """SIGTERM between invocations is a clean end."""
    async with stub(bootstrap, lambda_, environ(broker)) as process:
        await lambda_.polled.wait()
        process.send_signal(signal.SIGTERM)

        assert await process.wait() == 0


async def test_sigterm_ends_a_busy_environment(bootstrap: Path, broker: Broker, lambda_: RuntimeApiServer) -> None:
    """SIGTERM within an invocation ends at once too; Lambda tells the caller, so nothing is posted."""
    async with dev_server(broker) as dev, stub(bootstrap, lambda_, environ(broker)) as process:
        dev.hold.clear()
        await lambda_.start()
        await dev.called.wait()
        process.send_signal(signal.SIGTERM)

        assert await process.wait() == 0
    assert lambda_.answers == []


async def test_end_of_the_runtime_api_ends_a_busy_environment(
    bootstrap: Path, broker: Broker, lambda_: RuntimeApiServer
) -> None:
    """When MiniStack dies within an invocation, its stubs do not outlive it."""
    async with dev_server(broker) as dev, stub(bootstrap, lambda_, environ(broker)) as process:
        dev.hold.clear()
        await lambda_.start()
        await dev.called.wait()
        await lambda_.stop()

        assert await process.wait() == 1


# --- the same life in this process, where coverage sees it ----------------------------------------


async def test_life_from_start_to_sigterm(broker: Broker, lambda_: RuntimeApiServer) -> None:
    """It connects, serves, and ends with 0 when it is told to."""
    async with dev_server(broker):
        life = asyncio.get_running_loop().create_task(run(RuntimeApi(lambda_.address), environ(broker)), name="life")
        answer = await lambda_.invoke(b"[1]")
        life.cancel()

        assert await life == 0
    assert answer.body == b"[1]"


async def test_life_ends_with_the_runtime_api(
    broker: Broker, lambda_: RuntimeApiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a Runtime API there is nothing to serve: one line, exit code 1, at the start and later."""
    life = asyncio.get_running_loop().create_task(run(RuntimeApi(lambda_.address), environ(broker)), name="life")
    await lambda_.polled.wait()
    address = lambda_.address
    await lambda_.stop()

    assert await life == 1
    assert await run(RuntimeApi(address), {}) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.startswith("sst stub: ") for line in lines] == [True] * len(lines)
    assert f"no Runtime API at {address}" in lines[-1]


# --- freeze and thaw ------------------------------------------------------------------------------


class Middlebox:
    """A TCP forwarder to the broker that can forget its connections: no reset, no end, just silence."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._to = port
        self._silent: set[asyncio.StreamWriter] = set()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Middlebox:
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def forget(self) -> None:
        """From here on nothing passes on the connections that are open now."""
        self._silent |= self._open

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._to)
        self._open |= {writer, to_writer}
        for source, target in ((reader, to_writer), (to_reader, writer)):
            task = asyncio.get_running_loop().create_task(self._pump(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                if target not in self._silent:
                    target.write(data)
        except ConnectionError:
            pass
        finally:
            target.close()


async def test_thaw_with_a_dead_socket_loses_nothing(
    bootstrap: Path, broker: Broker, lambda_: RuntimeApiServer
) -> None:
    """An environment frozen so long that the network forgot its socket connects anew within the invocation."""
    host = broker.realtime_host.rpartition(":")[0]
    async with Middlebox(broker.port) as network, dev_server(broker) as dev:
        variables = environ(broker, SST_BRIDGE_REALTIME=f"{host}:{network.port}")
        async with stub(bootstrap, lambda_, variables) as process:
            await lambda_.invoke(b'"before"')
            process.send_signal(signal.SIGSTOP)
            network.forget()
            process.send_signal(signal.SIGCONT)

            answer = await lambda_.invoke(b'"after"')

    assert (answer.kind, answer.body) == ("response", b'"after"')
    assert [invoke.body for invoke in dev.invokes] == [b'"before"', b'"after"']


# --- deployed -------------------------------------------------------------------------------------


async def test_deployed_in_the_embedded_cloud(tmp_path: Path) -> None:
    """The zip runs under MiniStack's provided.al2023 with a role that may use the channel, IAM enforced; its streamed
    URL answers 503 while nobody serves."""
    async with running_ministack(tmp_path) as ministack:
        local = LocalCloud(ministack.endpoint, tmp_path / "home")
        cloud = await asyncio.to_thread(local.bootstrap, build_stub(), trust_cache=False)
        functions = client("lambda", ministack.endpoint)
        url = await asyncio.to_thread(deploy, cloud, functions, client("iam", ministack.endpoint))
        away = await asyncio.to_thread(http, f"{ministack.endpoint}/_aws/lambda-url/{url}/notes")
        async with dev_server(cloud) as dev:
            answer = await asyncio.to_thread(functions.invoke, FunctionName="live", Payload=b'{"a": 1}')

    assert (away.status, away.headers["content-type"]) == (503, "text/plain; charset=utf-8")
    assert b"sst dev --stage joe" in away.body
    assert answer.get("FunctionError") is None
    assert answer["Payload"].read() == b'{"a": 1}'
    [environment] = dev.environments.values()
    assert environment.variables["TABLE"] == "notes"
    assert environment.variables["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert not {"AUTH", "STATE_DIR", "GATEWAY_PORT", "LOG_LEVEL"} & environment.variables.keys()


def deploy(cloud: Bootstrap, functions: Any, iam: Any) -> str:
    """A function `live` that runs the stub, with a role that may do nothing but use the channel; its URL's id."""
    trust = _policy("sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"})
    role = iam.create_role(RoleName="live", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    grant = _policy("appsync:Event*", Resource=[f"{cloud.api_arn}*"])
    iam.put_role_policy(RoleName="live", PolicyName="channel", PolicyDocument=grant)
    variables = {name: value for name, value in environ(cloud).items() if name.startswith("SST_")}
    del variables["SST_STUB_PYTHON"]  # MiniStack's own environment has it
    functions.create_function(
        FunctionName="live",
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role=role,
        Timeout=30,
        Code={"S3Bucket": cloud.asset_bucket, "S3Key": cloud.stub_key},
        Environment={"Variables": {**variables, "TABLE": "notes", "SST_BRIDGE_STREAMED": "1"}},
    )
    url = functions.create_function_url_config(FunctionName="live", AuthType="NONE", InvokeMode="RESPONSE_STREAM")
    return str(urlsplit(url["FunctionUrl"]).netloc.partition(".")[0])


def _policy(action: str, **fields: object) -> str:
    statement = {"Effect": "Allow", "Action": action, **fields}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
