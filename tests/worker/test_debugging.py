"""Debuggers in a worker, on every Python a function may run on."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sst_dev.core.stream import Stream
from sst_dev.functions.debugger import Debugger

from tests.support.dap import Ide
from tests.support.venvs import interpreters, venv
from tests.worker.conftest import Start
from tests.worker.zygotes import Reply, Zygote, answer, told, zygote

SOURCE = """\
import os

def double(n):
    answer = n * 2
    return answer

def handler(event, context):
    if event < 0:
        raise ValueError("negative")
    return [double(event), sorted(name for name in os.environ if "PYDEV" in name)]
"""
DOUBLE_LINE, RAISE_LINE = 5, 9


@pytest.mark.parametrize("version", sorted(interpreters(), key=lambda version: int(version[2:])))
async def test_an_ide_stops_in_every_python(version: str, tmp_path: Path) -> None:
    """By the CLI's own debugpy: frames, values, `paused` and `resumed`, and no trace in environment or log."""
    (tmp_path / "api.py").write_text(SOURCE)
    changes: asyncio.Queue[bool] = asyncio.Queue()
    debugger = Debugger(tmp_path, Stream(), changes.put_nowait)
    await debugger.open(0)
    try:
        with await asyncio.to_thread(Ide, debugger.port, {tmp_path / "api.py": [{"line": DOUBLE_LINE}]}) as one:
            assert await changes.get()
            python = str(interpreters()[version])
            reply, frames, value = await asyncio.to_thread(_stop, python, tmp_path, debugger.worker(), one)
    finally:
        await debugger.close()

    assert [frame["name"] for frame in frames] == ["double", "handler"]
    assert value == "42"
    assert reply.value == [42, []]
    assert told(reply) == ["paused", "resumed"]
    assert reply.before == b"" and reply.output == b""


def _stop(python: str, root: Path, debugger: Any, one: Ide) -> tuple[Reply, Any, str]:
    with zygote(python) as started:
        worker = started.fork()
        ready, _ = worker.init(root, "api.handler", debugger=debugger)
        assert not [name for name in ready["modules"] if "pydev" in name or name == "debugpy"]
        replies: list[Reply] = []
        call = threading.Thread(target=lambda: replies.append(worker.invoke(21)))
        call.start()
        session, thread, frames = one.stop()
        value = session.evaluate("answer", frames[0])
        session.resume(thread)
        call.join(30)
        return replies[0], frames, value


def test_an_adapter_that_is_gone_stops_nobody(start: Start) -> None:
    """The worker says so and goes on without."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spec = {"host": "127.0.0.1", "port": port, "anchor": 1, "debugpy": str(_debugpy())}
    reply = start(SOURCE, debugger=spec).invoke(1)

    assert reply.value == [2, []]
    assert b"goes on without" in reply.before


class PyCharm:
    """The debug server of PyCharm: programs connect to it, and it speaks pydevd's own lines."""

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]

    def accept(self, breakpoint: tuple[Path, int]) -> Program:
        """Take one program, set *breakpoint* in it and let it run."""
        connection, _ = self._listener.accept()
        program = Program(connection)
        file, line = breakpoint
        program.send(501, "1.0\tUNIX\tID")
        program.send(111, f"1\tpython-line\t{file}\t{line}\tNone\tNone\tNone\tNone")
        program.send(101, "")
        return program

    def close(self) -> None:
        self._listener.close()


class Program:
    """One program that has connected, as the debug server has it."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._lines = connection.makefile("r")
        self._sequence = -1

    def stopped(self) -> tuple[str, str]:
        """Wait for a stop (CMD_THREAD_SUSPEND, 105); the ids of the thread and of its innermost frame."""
        for line in self._lines:
            if line.startswith("105\t") and (found := re.search(r'thread id="([^"]+)"', _unquoted(line))):
                frame = re.search(r'frame id="([^"]+)"', _unquoted(line))
                assert frame is not None, line
                return found[1], frame[1]
        raise AssertionError("the program ended")

    def resume(self, thread: str) -> None:
        self.send(106, thread)

    def value(self, thread: str, frame: str, expression: str) -> str:
        """Evaluate (CMD_EVALUATE_EXPRESSION, 113) in a frame that stands."""
        self.send(113, f"{thread}\t{frame}\tFRAME\t{expression}\t0")
        for line in self._lines:
            if line.startswith("113\t") and (found := re.search(r'value="([^"]*)"', _unquoted(line))):
                return _unquoted(found[1])
        raise AssertionError("the program ended")

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def send(self, command: int, text: str) -> None:
        """Send one line; ours have odd numbers."""
        self._sequence += 2
        self._socket.sendall(f"{command}\t{self._sequence}\t{text}\n".encode())


def _unquoted(text: str) -> str:
    from urllib.parse import unquote

    return unquote(text)


@pytest.fixture(scope="module")
def pycharms_zygote() -> Iterator[Zygote]:
    with zygote(str(venv("pydevd-pycharm"))) as started:
        yield started


def test_workers_connect_to_pycharm(start: Start, pycharms_zygote: Zygote, tmp_path: Path) -> None:
    """Each is a program of its debug server, the one after a reload too: they stand at once, and each stop is told."""
    place = (tmp_path / "api.py", DOUBLE_LINE)
    with contextlib.closing(PyCharm()) as pycharm, concurrent.futures.ThreadPoolExecutor(1) as taking:
        standing = []
        for number in (21, 22):
            taken = taking.submit(pycharm.accept, place)
            worker = start(SOURCE, of=pycharms_zygote, pycharm=pycharm.port)
            program = taken.result(30)
            call, replies = answer(worker, number)
            standing.append((program, *program.stopped(), call, replies))
        for number, (program, thread, frame, call, replies) in zip((21, 22), standing, strict=True):
            assert program.value(thread, frame, "n") == str(number)
            program.resume(thread)
            call.join(30)
            assert replies[0].value == [2 * number, []]
            assert told(replies[0]) == ["paused", "resumed"]
            program.close()


def test_without_pycharm_a_worker_goes_on(start: Start, pycharms_zygote: Zygote) -> None:
    """Nobody listens: nothing is imported and nothing said."""
    with contextlib.closing(PyCharm()) as pycharm:
        port = pycharm.port
    reply = start(SOURCE, of=pycharms_zygote, pycharm=port).invoke(1)

    assert reply.value == [2, []]
    assert reply.before == b""


def test_a_pycharm_that_listens_later_gets_the_next_call(start: Start, pycharms_zygote: Zygote, tmp_path: Path) -> None:
    """The worker that was there before connects when an invocation begins."""
    with contextlib.closing(PyCharm()) as pycharm:
        port = pycharm.port
    worker = start(SOURCE, of=pycharms_zygote, pycharm=port)
    assert worker.invoke(1).value == [2, []]
    with contextlib.closing(PyCharm(port)) as pycharm, concurrent.futures.ThreadPoolExecutor(1) as taking:
        taken = taking.submit(pycharm.accept, (tmp_path / "api.py", DOUBLE_LINE))
        call, replies = answer(worker, 21)
        program = taken.result(30)
        thread, frame = program.stopped()
        assert program.value(thread, frame, "n") == "21"
        program.resume(thread)
        call.join(30)
        program.close()

    assert replies[0].value == [42, []]


def test_a_listener_that_says_nothing_is_not_waited_for(start: Start, pycharms_zygote: Zygote) -> None:
    """The call runs through, and its log says so."""
    with contextlib.closing(PyCharm()) as pycharm:
        port = pycharm.port
    worker = start(SOURCE, of=pycharms_zygote, pycharm=port)
    with contextlib.closing(PyCharm(port)):
        reply = worker.invoke(1)

    assert reply.value == [2, []]
    assert b"is not waited for" in reply.output


def test_without_pycharms_package_the_worker_says_so(start: Start) -> None:
    """Whether or not PyCharm listens."""
    assert b"install pydevd-pycharm" in start(SOURCE, pycharm=1).invoke(1).before


def _debugpy() -> Path:
    from sst_dev.functions.adapter import package

    return package()
