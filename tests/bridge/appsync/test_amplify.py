"""AWS's own Events client (`aws-amplify`, from npm) talks to the broker, to MiniStack, and through them to ours.

It is the witness for both sides: a server that it understands is not one that only our client understands.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sst_bridge.appsync.signing import event_text

from tests.bridge.appsync.conftest import DEV, Server, joined
from tests.support.broker import Broker
from tests.support.npm import node_modules

PACKAGES = ("@aws-amplify/api-graphql@4.10.1", "@aws-amplify/core@6.19.2", "ws@8.23.0")
"""What `aws-amplify` makes its Events client of, and the WebSocket that node 20 lacks."""
SCRIPT = Path(__file__).parent / "amplify" / "client.mjs"


class Amplify:
    """The client in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._facts: list[dict[str, Any]] = []

    async def do(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Have something done; returns `result` or `error`."""
        assert self._process.stdin is not None
        self._process.stdin.write((json.dumps({"do": action, **arguments}) + "\n").encode())
        return await self.fact(did=action)

    async def fact(self, **wanted: Any) -> dict[str, Any]:
        """The next fact with these values; those before it are kept."""
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            while True:
                for fact in self._facts:
                    if wanted.items() <= fact.items():
                        self._facts.remove(fact)
                        return fact
                line = await self._process.stdout.readline()
                assert line, "the client has ended"
                self._facts.append(json.loads(line))


@pytest.fixture(name="home", scope="module")
def _home() -> Path:
    home = node_modules(*PACKAGES)
    shutil.copy(SCRIPT, home / SCRIPT.name)  # imports are resolved from where a module is
    return home


async def run(home: Path, http_host: str) -> AsyncIterator[Amplify]:
    port = http_host.rpartition(":")[2]
    process = await asyncio.create_subprocess_exec(
        "node", SCRIPT.name, http_host, port, cwd=home, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield Amplify(process)
    finally:
        process.kill()
        await process.communicate()


@pytest.fixture(name="amplify")
async def _amplify(home: Path, server: Server) -> AsyncIterator[Amplify]:
    """The client on either server."""
    async for client in run(home, server.direct.http_host):
        yield client


@pytest.fixture(name="strict")
async def _strict(home: Path, broker: Broker) -> AsyncIterator[Amplify]:
    """The client on the broker."""
    async for client in run(home, broker.http_host):
        yield client


async def test_it_hears_itself(amplify: Amplify) -> None:
    """It connects with IAM, subscribes, publishes over its socket and over HTTP, and hears both."""
    assert await amplify.do("connect", channel=DEV) == {"did": "connect", "result": None}
    assert await amplify.do("publish", channel=DEV, events=[{"k": 1}]) == {"did": "publish", "result": None}
    assert await amplify.fact(saw="data", event={"k": 1})
    assert await amplify.do("post", channel=DEV, events=["over HTTP"]) == {"did": "post", "result": None}
    assert await amplify.fact(saw="data", event="over HTTP")


async def test_it_and_our_client_hear_each_other(amplify: Amplify, server: Server) -> None:
    """An event means the same on both sides, whichever side published it."""
    value = {"text": 'a <b> & "c" = \u2028 ü', "number": 1.5, "list": [None, True]}
    async with joined(server.api, DEV) as ours:
        await amplify.do("connect", channel=DEV)
        ours.channel.publish(DEV, [event_text(value)])
        ours.channel.publish(DEV, ['"c2VhbGVk"'])
        assert await amplify.fact(saw="data", event=value)
        assert await amplify.fact(saw="data", event="c2VhbGVk")

        await amplify.do("publish", channel=DEV, events=["from amplify"])
        assert (await ours.heard_all({'"from amplify"'}))[-1] == '"from amplify"'


async def test_it_reads_a_refusal(amplify: Amplify) -> None:
    """A namespace that does not exist is an error to it, and its socket goes on."""
    answer = await amplify.do("connect", channel="/nowhere/x")
    assert "UnauthorizedException" in answer["error"]
    assert await amplify.do("connect", channel=DEV) == {"did": "connect", "result": None}


async def test_it_falls_into_the_html_trap(strict: Amplify, broker: Broker) -> None:
    """What its users reported of the real service happens to it here: `<` fails over WebSocket, passes over HTTP."""
    await strict.do("connect", channel=DEV)
    answer = await strict.do("publish", channel=DEV, events=["<b>"])
    assert "BadRequestException" in answer["error"]
    assert await strict.do("post", channel=DEV, events=["<b>"]) == {"did": "post", "result": None}
    assert await strict.fact(saw="data", event="<b>")
