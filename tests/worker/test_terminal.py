"""pdb in a worker, on the session's terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import time
from collections.abc import Iterator

import pytest

from tests.worker.conftest import Start
from tests.worker.zygotes import answer, told

RAISES = """\
def handler(event, context):
    if event < 0:
        raise ValueError("negative")
"""


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


def test_the_stack_is_the_users(start: Start, terminal: Terminal) -> None:
    """`w` begins at the handler, and `u` ends there: what is above it is this package."""
    source = "def inner():\n    breakpoint()\n    return 1\ndef handler(event, context):\n    return inner()\n"
    call, replies = answer(start(source, tty=terminal.path), None, id="abcdef")
    terminal.until("(pdb abcd) ")
    terminal.type("w")
    shown = terminal.until("(pdb abcd) ")
    terminal.type("u 9")
    above = terminal.until("(pdb abcd) ")
    terminal.type("c")
    call.join(30)

    assert "sst_worker" not in shown and "handler()" in shown and "inner()" in shown
    assert "handler()" in above and "sst_worker" not in above
    assert replies[0].value == 1


@pytest.mark.parametrize(("command", "stepping"), [("n", True), ("c", False)])
def test_a_step_is_told_from_going_on(start: Start, terminal: Terminal, command: str, stepping: bool) -> None:
    """Whoever shows stops and goes need not show those of the way to the next line."""
    source = "def handler(event, context):\n    breakpoint()\n    n = 1\n    return n\n"
    call, replies = answer(start(source, tty=terminal.path), None, id="abcdef")
    terminal.until("(pdb abcd) ")
    terminal.type(command)
    if stepping:
        terminal.until("(pdb abcd) ")
        terminal.type("c")
    call.join(30)

    goes = [report.get("stepping", False) for report in replies[0].reports if report["type"] == "resumed"]
    assert goes == ([True, False] if stepping else [False])


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
    call, replies = answer(start(RAISES, tty=terminal.path), -1, id="abcdef", post_mortem=True)
    shown = terminal.until("(pdb abcd) ")
    terminal.type("p event")
    assert "-1" in terminal.until("(pdb abcd) ")
    terminal.type("c")
    call.join(30)

    assert "ValueError: negative" in shown and "api.py(3)" in shown
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


def test_a_call_that_waits_for_its_turn_says_so(start: Start, terminal: Terminal) -> None:
    """With the function's name and its own digits, while another one stands at the prompt."""
    source = "def handler(event, context):\n    breakpoint()\n    return event\n"
    first, second = (start(source, tty=terminal.path, function=name) for name in ("Api", "Jobs"))
    one, replies = answer(first, 1, id="abcdef")
    terminal.until("(pdb abcd) ")
    two, more = answer(second, 2, id="123456")
    terminal.until("waiting: λ Jobs 1234")
    terminal.type("c")
    terminal.until("(pdb 1234) ")
    terminal.type("c")
    one.join(30)
    two.join(30)

    assert (replies[0].value, more[0].value) == (1, 2)


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


def test_breakpoint_without_a_terminal_says_how_to_attach(start: Start) -> None:
    """And the handler goes on."""
    source = "def handler(event, context):\n    breakpoint()\n    return 'passed'\n"
    reply = start(source, attach="attach like so").invoke()

    assert reply.value == "passed"
    assert b"api.py:2 is passed: attach like so" in reply.output
