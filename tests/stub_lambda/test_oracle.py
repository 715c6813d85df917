"""The tests' own Runtime API server: AWS's own runtime client accepts it, and it refuses what RAPID refuses."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sst_stub.runtime_api import Event, RuntimeApi

from tests.support.runtime_api import RuntimeApiServer
from tests.support.venvs import venv

HANDLERS = """
def echo(event, context):
    return [event, context.aws_request_id, context.get_remaining_time_in_millis() > 0]

def fail(event, context):
    raise KeyError("no")
"""


@contextlib.asynccontextmanager
async def ric(folder: Path, server: RuntimeApiServer, handler: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """awslambdaric serving *handler* from *folder*."""
    (folder / "code.py").write_text(HANDLERS)
    process = await asyncio.create_subprocess_exec(
        str(venv("awslambdaric==4.2.2")),
        *("-m", "awslambdaric", handler),
        cwd=folder,
        env={"AWS_LAMBDA_RUNTIME_API": server.address, "LAMBDA_TASK_ROOT": str(folder)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_awslambdaric_serves_from_it(tmp_path: Path) -> None:
    """The client polls, answers, and breaks no rule, invocation after invocation."""
    async with RuntimeApiServer() as server, ric(tmp_path, server, "code.echo"):
        for number in range(3):
            answer = await server.invoke(json.dumps({"n": number}).encode(), request_id=f"r-{number}")
            assert answer.json() == [{"n": number}, f"r-{number}", True]

    assert server.violations == []


async def test_awslambdaric_reports_errors_to_it(tmp_path: Path) -> None:
    """An exception is an /error, a module that is not there an init error; both carry the client's headers."""
    async with RuntimeApiServer() as server, ric(tmp_path, server, "code.fail"):
        answer = await server.invoke()
    async with RuntimeApiServer() as broken, ric(tmp_path, broken, "absent.handler") as process:
        await broken.init_failed.wait()
        await process.wait()

    assert (answer.kind, json.loads(answer.body)["errorType"]) == ("error", "KeyError")
    assert json.loads(broken.init_errors[0].body)["errorType"] == "Runtime.ImportModuleError"
    assert server.violations == broken.violations == []


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[RuntimeApiServer]:
    async with RuntimeApiServer() as server:
        yield server


@pytest.fixture(name="api")
async def _api(server: RuntimeApiServer) -> AsyncIterator[RuntimeApi]:
    api = RuntimeApi(server.address)
    yield api
    api.close()


async def test_second_answer_is_a_violation(server: RuntimeApiServer, api: RuntimeApi) -> None:
    """Two posts for one invocation are seen, and only the first counts."""
    waiting = await server.start()
    event = await api.next()
    await api.respond(event, b"1", "application/json")
    await api.respond(event, b"2", "application/json")

    assert (await waiting.answered).body == b"1"
    assert len(server.violations) == 1
    assert "second answer" in server.violations[0]


async def test_answer_to_another_invocation_is_a_violation(server: RuntimeApiServer, api: RuntimeApi) -> None:
    """An id that is not the current one is refused."""
    await server.start()
    await api.next()
    await api.respond(Event("other", 0), b"1", "application/json")

    assert "not the current one" in server.violations[0]


async def test_init_error_after_the_first_poll_is_a_violation(server: RuntimeApiServer, api: RuntimeApi) -> None:
    """init/error is legal only before /next."""
    await server.start()
    await api.next()
    await api.init_error(b"{}", error_type="T")

    assert server.violations == ["init/error while running"]
