"""Debugging in a session: what new workers are told, and what is said when a caller gives up."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sst_dev.app import patience
from sst_dev.app.debugging import PANE, Debugging
from sst_dev.core import commands as c
from sst_dev.core import events as e
from sst_dev.core.errors import UserError
from sst_dev.core.settings import Mode, Settings
from sst_dev.core.state import State
from sst_dev.core.stream import Stream

from tests.support.dap import Session


class Workers:
    """A `Functions` without any: it remembers what new ones would be told, and how often they were replaced."""

    def __init__(self) -> None:
        self.renewed: list[bool] = []
        self.ended = 0

    def end_standing(self) -> None:
        self.ended += 1

    def debug_with(self, told: Callable[[], dict[str, Any]]) -> None:
        self.told = told

    def name_of(self, pid: int) -> None:
        return None

    def renew(self, *, eager: bool) -> None:
        self.renewed.append(eager)


class Bench:
    """One `Debugging` with everything around it."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.stream, self.state, self.workers = Stream(), State(), Workers()
        self.stream.observe(self.state.apply)
        self.events: list[e.Event] = []
        self.stream.observe(self.events.append)
        facts = Settings(config=root / "sst_config.py", stage="test", **settings)
        self.debugging = Debugging(facts, self.state, self.stream, self.workers)  # type: ignore[arg-type]

    async def __aenter__(self) -> Bench:
        await self.debugging.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.debugging.close()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            with self.stream.subscribe() as subscription:
                while not condition():
                    await subscription.ready()
                    subscription.drain()

    def notices(self) -> str:
        return "\n".join(event.text for event in self.events if isinstance(event, e.Notice))

    def started(self, **fields: Any) -> e.InvocationStarted:
        return replace(e.InvocationStarted(time.time(), "1", "r", "Api", "env", "invoke", b"{}"), **fields)


async def test_without_debugging_workers_only_learn_how_to_have_it(tmp_path: Path) -> None:
    """No port, no terminal: `breakpoint()` has a sentence to say."""
    async with Bench(tmp_path) as bench:
        told = bench.workers.told()

    assert told["debugger"] is None and told["tty"] is None and told["pycharm"] is None
    assert "sst dev --debug" in told["attach"]


async def test_a_port_is_said_and_nothing_runs_behind_it(tmp_path: Path) -> None:
    """Workers have nothing to connect to until an IDE has attached."""
    async with Bench(tmp_path, debug_port=0) as bench:
        assert "attach to 127.0.0.1:" in bench.notices()
        assert bench.workers.told()["debugger"] is None


async def test_pycharm_is_named_with_what_it_needs(tmp_path: Path) -> None:
    """At the start, and by a `breakpoint()` that reaches nobody."""
    async with Bench(tmp_path, pycharm_port=6001) as bench:
        told = bench.workers.told()
        assert told["pycharm"] == 6001 and bench.debugging.port is None
        assert "6001" in bench.notices() and "pydevd-pycharm" in bench.notices()

    assert "6001" in told["attach"] and "sst debug pycharm" in told["attach"]


async def test_workers_are_replaced_when_an_ide_comes_and_when_it_goes(tmp_path: Path) -> None:
    """At once when it comes, at their next call when it has gone."""
    async with Bench(tmp_path, debug_port=0) as bench:
        port = int(bench.notices().split("127.0.0.1:")[1].split()[0])
        ide = await asyncio.to_thread(Session, port)
        await asyncio.to_thread(ide.attach, {}, name="x", connect={"host": "127.0.0.1", "port": port})
        await bench.until(lambda: bench.workers.renewed == [True])
        assert bench.workers.told()["debugger"]["anchor"] > 0
        await asyncio.to_thread(ide.close)
        await bench.until(lambda: bench.workers.renewed == [True, False])
        assert bench.workers.told()["debugger"] is None


async def test_vs_code_is_told_where_to_attach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a terminal with no-config debugging nothing need be asked for; the file is gone with the session."""
    file = tmp_path / "endpoints.txt"
    monkeypatch.setenv("VSCODE_DEBUGPY_ADAPTER_ENDPOINTS", str(file))
    async with Bench(tmp_path) as bench:
        client = json.loads(file.read_text())["client"]
        assert f"{client['host']}:{client['port']}" in bench.notices()

    assert not file.exists()


async def test_a_port_that_is_taken_is_the_users_error(tmp_path: Path) -> None:
    """With what to do."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with server:
        with pytest.raises(UserError, match="cannot be used"):
            await Bench(tmp_path, debug_port=server.sockets[0].getsockname()[1]).debugging.open()


async def test_the_multiplexer_has_a_pane_for_pdb(tmp_path: Path) -> None:
    """It appears with the first byte, and takes the keys of nobody else."""
    async with Bench(tmp_path, mode=Mode.MULTI) as bench:
        assert bench.state.processes == {}
        terminal = await asyncio.to_thread(open, bench.workers.told()["tty"], "rb+", buffering=0)
        with terminal:
            terminal.write(b"(pdb) ")
            await bench.until(lambda: PANE in bench.state.processes)
            assert bench.debugging.take(c.WriteProcess(PANE, b"next\n"))
            assert await asyncio.to_thread(terminal.readline) == b"next\n"
        assert not bench.debugging.take(c.WriteProcess("Web", b"x"))


async def test_control_c_in_the_pane_drops_the_line(tmp_path: Path) -> None:
    """It says what to type instead, and the prompt is there again."""
    async with Bench(tmp_path, mode=Mode.MULTI) as bench:
        terminal = await asyncio.to_thread(open, bench.workers.told()["tty"], "rb+", buffering=0)

        def shown() -> bytes:
            return b"".join(event.data for event in bench.events if isinstance(event, e.ProcessOutput))

        with terminal:
            terminal.write(b"(pdb 2fa5) ")
            await bench.until(lambda: b"(pdb 2fa5) " in shown())
            bench.debugging.take(c.WriteProcess(PANE, b"typed"))
            bench.debugging.take(c.WriteProcess(PANE, b"\x03"))
            assert shown().endswith(b"q ends the call, c lets it go on.\r\n(pdb 2fa5) ")
            bench.debugging.take(c.WriteProcess(PANE, b"next\n"))
            assert await asyncio.to_thread(terminal.readline) == b"next\n"
        assert not bench.debugging.interrupt()


async def test_a_session_that_ends_waits_for_nobody_who_stands(tmp_path: Path) -> None:
    """What stands when the end begins is ended, and so is what stops at a breakpoint afterwards."""
    async with Bench(tmp_path) as bench:
        bench.stream.publish(bench.started())
        bench.stream.publish(e.InvocationPaused(time.time(), "1", "Api", "api.py", 3))
        assert bench.workers.ended == 0
        bench.stream.publish(e.SessionStopping(time.time(), "SIGINT"))
        assert bench.workers.ended == 1
        bench.stream.publish(e.InvocationPaused(time.time(), "1", "Api", "api.py", 4))
        assert bench.workers.ended == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"trigger": "api GET /"}, "API Gateway has given up"),
        ({"gives_up_at": time.time()}, "Lambda has ended this invocation"),
    ],
)
async def test_who_gives_up_meanwhile_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], said: str
) -> None:
    """One line, when the call still stands at its breakpoint."""
    monkeypatch.setattr(patience, "REST_LIMIT", 0.0)
    async with Bench(tmp_path) as bench:
        bench.stream.publish(bench.started(**fields))
        for _ in range(2):
            bench.stream.publish(e.InvocationPaused(time.time(), "1", "Api", "api.py", 3))
        await bench.until(lambda: said in bench.notices())
        bench.stream.publish(e.InvocationResumed(time.time(), "1", "Api"))

    assert bench.notices().count(said) == 1
