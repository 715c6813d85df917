"""Debuggers in a worker, on every Python a function may run on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import re
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sst_dev.core.stream import Stream
from sst_dev.functions.debugger import Debugger

from tests.support.dap import Ide
from tests.support.venvs import interpreters, venv
from tests.worker.conftest import Start
from tests.worker.zygotes import Reply, Worker, Zygote, zygote

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


def told(reply: Reply) -> list[str]:
    """What the worker said of breakpoints."""
    return [head["type"] for head in reply.reports if head["type"] != "files"]


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


def test_breakpoint_without_a_terminal_says_how_to_attach(start: Start) -> None:
    """And the handler goes on."""
    source = "def handler(event, context):\n    breakpoint()\n    return 'passed'\n"
    reply = start(source, attach="attach like so").invoke()

    assert reply.value == "passed"
    assert b"api.py:2 is passed: attach like so" in reply.output


class Terminal:
    """A pty: what a worker writes to it is read until something appears, and answered."""

    def __init__(self) -> None:
        self.master, self._slave = pty.openpty()
        self.path = os.ttyname(self._slave)
        self.screen = ""

    def until(self, text: str) -> str:
        while text not in self.screen:
            self.screen += os.read(self.master, 4096).decode()
        shown, _, self.screen = self.screen.partition(text)
        return shown

    def type(self, line: str) -> None:
        os.write(self.master, line.encode() + b"\n")

    def rest(self) -> str:
        """What was written and not waited for."""
        while select.select([self.master], [], [], 0)[0]:
            self.screen += os.read(self.master, 4096).decode()
        return self.screen

    def close(self) -> None:
        os.close(self.master)
        os.close(self._slave)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with contextlib.closing(Terminal()) as one:
        yield one


def answer(worker: Worker, event: Any, **fields: Any) -> tuple[threading.Thread, list[Reply]]:
    replies: list[Reply] = []
    call = threading.Thread(target=lambda: replies.append(worker.invoke(event, **fields)))
    call.start()
    return call, replies


def test_breakpoint_opens_pdb_on_the_terminal(start: Start, terminal: Terminal) -> None:
    """With the invocation's id in the prompt; the handler's own output goes where it always goes."""
    source = "def handler(event, context):\n    n = 4\n    breakpoint()\n    print('after')\n    return n\n"
    call, replies = answer(start(source, tty=terminal.path), None, id="abcdef")
    assert re.search(r"api\.py\([34]\)handler\(\)", terminal.until("(pdb abcd) "))  # 3.13 shows the call itself
    terminal.type("!n = 5")
    terminal.until("(pdb abcd) ")
    terminal.type("p n * 100")
    assert "500" in terminal.until("(pdb abcd) ")
    terminal.type("c")
    call.join(30)

    assert replies[0].output.strip() == b"after"
    assert told(replies[0]) == ["paused", "resumed"]
    assert replies[0].value == 5
    assert replies[0].reports[0]["file"].endswith("api.py") and replies[0].reports[0]["line"] in (3, 4)


def test_quitting_pdb_ends_the_invocation(start: Start, terminal: Terminal) -> None:
    """With an error; the worker answers the next one."""
    worker = start("def handler(event, context):\n    if event: breakpoint()\n    return 1\n", tty=terminal.path)
    call, replies = answer(worker, True, id="abcdef")
    terminal.until("(pdb abcd) ")
    terminal.type("q")
    call.join(30)

    assert replies[0].head["error_type"] == "BdbQuit"
    assert worker.invoke(False).value == 1


def test_a_post_mortem_stands_where_the_error_was_raised(start: Start, terminal: Terminal) -> None:
    """And the error is answered after it."""
    call, replies = answer(start(SOURCE, tty=terminal.path), -1, id="abcdef", post_mortem=True)
    shown = terminal.until("(pdb abcd) ")
    terminal.type("p event")
    assert "-1" in terminal.until("(pdb abcd) ")
    terminal.type("c")
    call.join(30)

    assert "ValueError: negative" in shown and f"api.py({RAISE_LINE})" in shown
    assert replies[0].head["error_type"] == "ValueError"


LEFT = """\
import time

def handler(event, context):
    if event: breakpoint()
    return context.get_remaining_time_in_millis()
"""


def test_a_call_has_its_own_time_after_one_that_stood(start: Start, terminal: Terminal) -> None:
    """What an earlier call stood at a breakpoint is not added to the next one's."""
    worker = start(LEFT, tty=terminal.path)
    deadline = int(time.time() * 1000) + 60_000
    call, replies = answer(worker, True, id="abcdef", deadline_ms=deadline)
    terminal.until("(pdb abcd) ")
    stood = time.time()
    while time.time() < stood + 0.5:
        terminal.type("1")
        terminal.until("(pdb abcd) ")
    terminal.type("c")
    call.join(30)
    after = worker.invoke(False, deadline_ms=deadline)

    assert replies[0].value > deadline - time.time() * 1000
    assert after.value <= deadline - stood * 1000 - 500


def test_stepping_out_of_the_handler_ends_with_the_handler(start: Start, terminal: Terminal) -> None:
    """Nobody is led through the worker's own code, or the standard library's on its behalf."""
    source = "def handler(event, context):\n    n = 4\n    breakpoint()\n    return n\n"
    call, replies = answer(start(source, tty=terminal.path), None, id="abcdef")
    shown = terminal.until("(pdb abcd) ")
    while "--Return--" not in shown:
        terminal.type("n")
        shown = terminal.until("(pdb abcd) ")
    terminal.type("n")
    call.join(30)

    assert replies[0].value == 4
    assert terminal.rest() in ("", "n\r\n")


@pytest.mark.parametrize("statement", ["import pdb; pdb.set_trace()", "from pdb import set_trace; set_trace()"])
def test_set_trace_leads_where_breakpoint_does(start: Start, terminal: Terminal, statement: str) -> None:
    """Standard input is empty, as on Lambda: there is nobody else to ask."""
    source = f"def handler(event, context):\n    n = 4\n    {statement}\n    return n\n"
    call, replies = answer(start(source, tty=terminal.path), None, id="abcdef")
    assert "handler()" in terminal.until("(pdb abcd) ")
    terminal.type("!n = 5")
    terminal.until("(pdb abcd) ")
    terminal.type("c")
    call.join(30)

    assert replies[0].value == 5


MORTEM = """\
import pdb

def handler(event, context):
    try:
        return 1 / event
    except ZeroDivisionError:
        pdb.post_mortem()
    return "caught"
"""


def test_a_post_mortem_that_the_code_asks_for(start: Start, terminal: Terminal) -> None:
    """On the terminal, where the exception was raised; without one it says how to attach, and goes on."""
    call, replies = answer(start(MORTEM, tty=terminal.path), 0, id="abcdef")
    assert "ZeroDivisionError" in terminal.until("(pdb abcd) ")
    terminal.type("q")
    call.join(30)
    without = start(MORTEM, attach="attach like so").invoke(0)

    assert replies[0].value == without.value == "caught"
    assert told(replies[0]) == ["paused", "resumed"]
    assert b"attach like so" in without.output


def test_the_variable_that_switches_breakpoints_off_does(start: Start, terminal: Terminal) -> None:
    """PYTHONBREAKPOINT is Python's own; `0` passes them all."""
    source = "def handler(event, context):\n    breakpoint()\n    return 'passed'\n"
    reply = start(source, tty=terminal.path, environment={"PYTHONBREAKPOINT": "0"}).invoke()

    assert reply.value == "passed" and told(reply) == []


def test_a_breakpoint_at_module_level_stands_in_init(start: Start, terminal: Terminal) -> None:
    """The prompt says so, as there is no invocation yet."""
    worker = start("breakpoint()\ndef handler(event, context):\n    return 1\n", tty=terminal.path)
    terminal.until("(pdb init) ")
    terminal.type("c")
    after = [worker.receive()[0]["type"] for _ in range(2)]

    assert [worker.ready["type"], *after] == ["paused", "resumed", "ready"]
    assert worker.invoke().value == 1


THREADS = """\
import threading

def work(n):
    breakpoint()
    return n

def handler(event, context):
    threads = [threading.Thread(target=work, args=[n]) for n in range(3)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return "all"
"""


def test_threads_take_turns_at_the_prompt(start: Start, terminal: Terminal) -> None:
    """Time stands from the first stop to the last go, told once each and in order."""
    call, replies = answer(start(THREADS, tty=terminal.path), None, id="abcdef")
    for _ in range(3):
        assert "work()" in terminal.until("(pdb abcd) ")
        terminal.type("c")
    call.join(30)

    assert replies[0].value == "all"
    assert told(replies[0]) == ["paused", "resumed"] * (len(told(replies[0])) // 2)
    assert told(replies[0])


class PyCharm:
    """The debug server of PyCharm: programs connect to it, and it speaks pydevd's own lines."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def accept(self, breakpoint: tuple[Path, int]) -> None:
        """Take one program, set *breakpoint* in it and let it run."""
        self._socket, _ = self._listener.accept()
        self._lines = self._socket.makefile("r")
        file, line = breakpoint
        self._send(501, "1.0\tUNIX\tID")
        self._send(111, f"1\tpython-line\t{file}\t{line}\tNone\tNone\tNone\tNone")
        self._send(101, "")

    def stopped(self) -> str:
        """Wait for a stop (CMD_THREAD_SUSPEND, 105); the thread's id."""
        for line in self._lines:
            if line.startswith("105\t") and (found := re.search(r'thread id="([^"]+)"', _unquoted(line))):
                return found[1]
        raise AssertionError("the program ended")

    def resume(self, thread: str) -> None:
        self._send(106, thread)

    def close(self) -> None:
        with contextlib.suppress(AttributeError):
            self._lines.close()
            self._socket.close()
        self._listener.close()

    def _send(self, command: int, text: str) -> None:
        self._sequence = getattr(self, "_sequence", -1) + 2
        self._socket.sendall(f"{command}\t{self._sequence}\t{text}\n".encode())


def _unquoted(text: str) -> str:
    from urllib.parse import unquote

    return unquote(text)


@pytest.fixture(scope="module")
def pycharms_zygote() -> Iterator[Zygote]:
    with zygote(str(venv("pydevd-pycharm"))) as started:
        yield started


def test_a_worker_connects_to_pycharm(start: Start, pycharms_zygote: Zygote, tmp_path: Path) -> None:
    """Its breakpoint stops the handler, and the stop is told."""
    with contextlib.closing(PyCharm()) as pycharm:
        taken = threading.Thread(target=pycharm.accept, args=[(tmp_path / "api.py", DOUBLE_LINE)])
        taken.start()
        worker = start(SOURCE, of=pycharms_zygote, pycharm=pycharm.port)
        taken.join(30)
        call, replies = answer(worker, 21)
        pycharm.resume(pycharm.stopped())
        call.join(30)

    assert replies[0].value == [42, []]
    assert told(replies[0]) == ["paused", "resumed"]


def test_without_pycharm_a_worker_goes_on(start: Start, pycharms_zygote: Zygote) -> None:
    """Nobody listens: nothing is imported and nothing said."""
    with contextlib.closing(PyCharm()) as pycharm:
        port = pycharm.port
    reply = start(SOURCE, of=pycharms_zygote, pycharm=port).invoke(1)

    assert reply.value == [2, []]
    assert reply.before == b""


def _debugpy() -> Path:
    from sst_dev.functions.adapter import package

    return package()
