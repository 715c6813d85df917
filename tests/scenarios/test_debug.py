"""Breakpoints over the whole path, from an HTTP request to its response, with a real debug client."""

import concurrent.futures
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.pause import APP, at_pause_button, stay
from tests.support.dap import Breakpoints, Ide, ide
from tests.support.session import Session, alive, config, descendants, environment, http, session, sst, write
from tests.support.venvs import interpreters

pytestmark = pytest.mark.scenario

FILES = {
    "sst_config.py": config("""
        sst.aws.Function("Api", handler="functions/api.handler", url=True, timeout="2 seconds")
        sst.aws.Function("Other", handler="functions/other.handler", url=True)
        sst.aws.Function("End", handler="functions/end.handler", url=True)
        sst.aws.Function("Async", handler="functions.shapes.asynchronous", url=True, timeout="2 seconds")
        sst.aws.Function("Callable", handler="functions/shapes.called", url=True, timeout="2 seconds")
        sst.aws.Function("Stream", handler="functions/shapes.stream", url=True, timeout="2 seconds", streaming=True)
        sst.aws.Function("Module", handler="functions/module.handler", url=True, timeout="2 seconds")
        sst.aws.Function("Pause", handler="pause.handler", url=True, timeout="2 seconds")
        jobs = sst.aws.Queue("Jobs", visibility_timeout="2 seconds")
        jobs.subscribe({"handler": "functions/jobs.handler", "timeout": "2 seconds"})
    """),
    "pause.py": APP["api.py"],
    "functions/jobs.py": """
        def handler(event, context):
            (record,) = event["Records"]
            print("delivered", record["attributes"]["ApproximateReceiveCount"])
    """,
    "functions/helper.py": """
        def double(n):
            answer = n * 2
            return answer
    """,
    "functions/api.py": """
        import json
        from functions import helper

        def handler(event, context):
            before = context.get_remaining_time_in_millis()
            n = int(event["queryStringParameters"]["n"])
            doubled = helper.double(n)
            if n < 0:
                raise ValueError("negative")
            return {"doubled": doubled, "passed": before - context.get_remaining_time_in_millis()}
    """,
    "functions/shapes.py": """
        import asyncio
        from sst import aws

        async def wait(n):
            await asyncio.sleep(0)
            return n

        def asynchronous(event, context):
            return asyncio.run(wait(1))

        class Handler:
            def __call__(self, event, context):
                return "called"

        called = Handler()

        @aws.stream
        def stream(event, context):
            for piece in "ab":
                yield piece
    """,
    "functions/module.py": """
        setting = "set"
        def handler(event, context):
            return setting
    """,
    "functions/end.py": """
        import os

        def handler(event, context):
            if event.get("queryStringParameters"):
                os._exit(3)
            return "alive"
    """,
    "functions/other.py": """
        def handler(event, context):
            answer = "other"
            return answer
    """,
}
HANDLER_LINE, RAISE_LINE, HELPER_LINE, OTHER_LINE, END_LINE = 7, 9, 3, 3, 4

MEMBER = """
    [project]
    name = "{name}"
    version = "0"
    requires-python = ">=3.9"
    {more}
    [build-system]
    requires = ["hatchling"]
    build-backend = "hatchling.build"
"""
WORKSPACE = {
    "sst_config.py": config("""
        sst.aws.Function("Api", handler="packages/web/src/web/api.handler", url=True, runtime="python3.12")
    """),
    "pyproject.toml": """
        [project]
        name = "app"
        version = "0"
        requires-python = ">=3.9"
        dependencies = ["web"]
        [tool.uv.workspace]
        members = ["packages/*"]
        [tool.uv.sources]
        web = { workspace = true }
    """,
    "packages/core/pyproject.toml": MEMBER.format(name="core", more=""),
    "packages/core/src/core/__init__.py": "",
    "packages/core/src/core/maths.py": """
        def square(n):
            answer = n * n
            return answer
    """,
    "packages/web/pyproject.toml": MEMBER.format(
        name="web", more='dependencies = ["core"]\n    [tool.uv.sources]\n    core = { workspace = true }'
    ),
    "packages/web/src/web/__init__.py": "",
    "packages/web/src/web/api.py": """
        from core.maths import square

        def handler(event, context):
            return square(3)
    """,
}
Pool = concurrent.futures.ThreadPoolExecutor
LONGER = 2.2
"""Seconds that are more than the timeout of the functions."""


@pytest.fixture(name="live", scope="module")
def _live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with session(tmp_path_factory.mktemp("debug"), FILES, "--debug=0") as one:
        yield one


@pytest.fixture(name="pool")
def _pool() -> Iterator[Pool]:
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        yield pool


def port(live: Session) -> int:
    line = next(line for line in live.wait_output("attach to 127.0.0.1:").splitlines() if "attach to" in line)
    return int(line.split("127.0.0.1:")[1].split()[0])


def points(live: Session, name: str, line: int, **more: object) -> Breakpoints:
    return {live.folder / name: [{"line": line, **more}]}


def place(frames: list[dict[str, Any]]) -> tuple[str, int]:
    return Path(frames[0]["source"]["path"]).name, frames[0]["line"]


def test_nothing_waits_without_a_client(live: Session) -> None:
    """Calls are answered, and no worker has loaded a debugger."""
    assert http(live.url("Api", "?n=2")).json()["doubled"] == 4
    workers = live.refresh()["workers"]["Api"]["workers"]
    maps = Path(f"/proc/{workers[0]['pid']}/maps").read_text()

    assert "pydevd" not in maps and "debugpy" not in maps


def test_a_breakpoint_stops_the_call_and_the_time(live: Session, pool: Pool) -> None:
    """A pause longer than the function's timeout: the status says where, the clock stands, the answer is right."""
    with ide(port(live), points(live, "functions/helper.py", HELPER_LINE)) as debugger:
        call = pool.submit(http, live.url("Api", "?n=21"))
        worker, thread, frames = debugger.stop()
        assert [frame["name"] for frame in frames] == ["double", "handler"]  # the worker's own frames are hidden
        assert frames[0]["source"]["path"] == str(live.folder / "functions/helper.py")
        assert worker.evaluate("n", frames[0]) == "21"
        remaining = int(worker.evaluate("context.get_remaining_time_in_millis()", frames[1]))
        time.sleep(LONGER)  # only the clock can show that it stands
        assert int(worker.evaluate("context.get_remaining_time_in_millis()", frames[1])) == remaining
        paused = [f["paused"] for f in live.refresh()["functions"] if f["name"] == "Api"]
        assert paused == [[f"functions/helper.py:{HELPER_LINE}"]]
        worker.request("setExpression", expression="answer", value="100", frameId=frames[0]["id"])
        worker.resume(thread)
        answer = call.result(timeout=30).json()

    assert answer["doubled"] == 100
    assert answer["passed"] < 2000


def test_two_functions_are_sessions_of_one_connection(live: Session, pool: Pool) -> None:
    """Workers of both stop at the same time, each in its own session."""
    both = points(live, "functions/other.py", OTHER_LINE) | points(live, "functions/api.py", HANDLER_LINE)
    with ide(port(live), both) as debugger:
        calls = [pool.submit(http, live.url("Api", "?n=1")), pool.submit(http, live.url("Other"))]
        stops = [debugger.stop(), debugger.stop()]
        for worker, thread, _ in stops:
            worker.resume(thread)
        statuses = [call.result(timeout=30).status for call in calls]

    assert {place(frames)[0] for _, _, frames in stops} == {"api.py", "other.py"}
    names = {name.rpartition(" ")[0] for name in debugger.names}
    assert {"λ Api", "λ Other"} <= names, debugger.names
    assert statuses == [200, 200]


def test_parallel_workers_of_one_function_stand_at_once(live: Session, pool: Pool) -> None:
    """Two calls of one function are two environments: both stop, each with its own values."""
    with ide(port(live), points(live, "functions/api.py", HANDLER_LINE)) as debugger:
        calls = [pool.submit(http, live.url("Api", f"?n={n}")) for n in (1, 2)]
        stops = [debugger.stop(), debugger.stop()]
        values = {worker.evaluate("n", frames[0]) for worker, _, frames in stops}
        for worker, thread, _ in stops:
            worker.resume(thread)
        doubled = sorted(call.result(timeout=30).json()["doubled"] for call in calls)

    assert values == {"1", "2"}
    assert doubled == [2, 4]


def test_breakpoints_survive_a_reload(live: Session, pool: Pool) -> None:
    """A new worker on new code announces itself to the same connection, and the breakpoint binds in it."""
    with ide(port(live), points(live, "functions/other.py", OTHER_LINE)) as debugger:
        first = pool.submit(http, live.url("Other"))
        worker, thread, _ = debugger.stop()
        worker.resume(thread)
        assert first.result(timeout=30).body == b"other"
        live.edit("functions/other.py", FILES["functions/other.py"].replace('"other"', '"edited"'))
        call = pool.submit(http, live.url("Other"))
        worker, thread, frames = debugger.stop()
        value = worker.evaluate("answer", frames[0])
        worker.resume(thread)

        assert value == "'edited'"
        assert call.result(timeout=30).body == b"edited"


@pytest.mark.parametrize(
    ("name", "line", "stops", "body"), [("Async", 6, 1, b"1"), ("Callable", 13, 1, b"called"), ("Stream", 20, 2, b"ab")]
)
def test_handlers_of_every_shape(live: Session, pool: Pool, name: str, line: int, stops: int, body: bytes) -> None:
    """A coroutine, an instance, a generator between its pieces: for longer than the timeout, and answered."""
    with ide(port(live), points(live, "functions/shapes.py", line)) as debugger:
        call = pool.submit(http, live.url(name))
        for _ in range(stops):
            worker, thread, frames = debugger.stop()
            assert place(frames) == ("shapes.py", line)
            time.sleep(LONGER / stops)
            worker.resume(thread)

        assert call.result(timeout=30).body == body


def test_a_module_that_stands_keeps_its_call_waiting(live: Session, pool: Pool) -> None:
    """The call that waits for the import is the one that stands, and has its time afterwards."""
    with ide(port(live), points(live, "functions/module.py", 1)) as debugger:
        call = pool.submit(http, live.url("Module"))
        worker, thread, _ = debugger.stop()
        paused = [f["paused"] for f in live.refresh()["functions"] if f["name"] == "Module"]
        worker.resume(thread)

        assert paused == [["functions/module.py:1"]]
        assert call.result(timeout=30).body == b"set"


def test_the_pause_button_stops_the_time(live: Session) -> None:
    """As a breakpoint does, wherever the handler is."""
    case = stay(live, port(live), at_pause_button, LONGER, "Pause", "pause.py")

    assert case["place"].startswith("pause.py:")
    assert case["passed_ms"] < 2000


def test_a_queue_that_does_not_wait(live: Session) -> None:
    """What gives up, for how long the queue hid the message, and that it comes again: when it happens."""
    queues = live.client("sqs").list_queues()["QueueUrls"]
    (queue,) = (url for url in queues if "Jobs" in url)
    with ide(port(live), points(live, "functions/jobs.py", 3)) as debugger:
        live.client("sqs").send_message(QueueUrl=queue, MessageBody="one")
        worker, thread, _ = debugger.stop()
        name = queue.rpartition("/")[2]
        said = live.wait_output(f"queue {name} delivers its messages again 2 s after it delivered them")
        worker.resume(thread)
        worker, thread, frames = debugger.stop()
        count = worker.evaluate("record['attributes']['ApproximateReceiveCount']", frames[0])
        worker.resume(thread)
        live.wait_output("delivered 2")

        assert "delivered 1" not in said.partition("Lambda has ended")[0]
        assert count == "'2'"


def test_time_stands_through_steps(live: Session, pool: Pool) -> None:
    """Over a line and out of a helper, with a stay at each."""
    with ide(port(live), points(live, "functions/helper.py", 2)) as debugger:
        call = pool.submit(http, live.url("Api", "?n=4"))
        worker, thread, _ = debugger.stop()
        for command in ("next", "stepOut"):
            worker.request(command, threadId=thread)
            worker, thread, frames = debugger.stop()
            time.sleep(LONGER / 2)
        worker.resume(thread)

        assert place(frames)[0] == "api.py"
        assert call.result(timeout=30).json()["passed"] < 2000


def test_a_condition_that_does_not_hold_stops_nothing(live: Session, pool: Pool) -> None:
    """Only the call for which it holds stops."""
    with ide(port(live), points(live, "functions/api.py", HANDLER_LINE, condition="n == 7")) as debugger:
        assert http(live.url("Api", "?n=6")).json()["doubled"] == 12
        call = pool.submit(http, live.url("Api", "?n=7"))
        worker, thread, frames = debugger.stop()
        value = worker.evaluate("n", frames[0])
        worker.resume(thread)

        assert value == "7"
        assert call.result(timeout=30).json()["doubled"] == 14


def test_a_logpoint_logs_and_does_not_stop(live: Session, pool: Pool) -> None:
    """The message is the IDE's, with the values of the moment."""
    with ide(port(live), points(live, "functions/api.py", HANDLER_LINE, logMessage="n is {n}")) as debugger:
        call = pool.submit(http, live.url("Api", "?n=8"))
        said = debugger.output("n is 8")

        assert call.result(timeout=30).json()["doubled"] == 16
        assert said == "n is 8"


def test_an_uncaught_exception_stops_where_it_was_raised(live: Session, pool: Pool) -> None:
    """With the filter VS Code has on by default, though the worker catches everything to answer it."""
    with ide(port(live), {}, "uncaught") as debugger:
        call = pool.submit(http, live.url("Api", "?n=-1"))
        worker, thread, frames = debugger.stop()
        value = worker.evaluate("n", frames[0])
        worker.resume(thread)

        assert place(frames) == ("api.py", RAISE_LINE)
        assert value == "-1"
        assert call.result(timeout=30).status == 502


def test_a_crash_keeps_the_connection(live: Session, pool: Pool) -> None:
    """The worker that takes the place of one that ended is a session of the same connection."""
    with ide(port(live), points(live, "functions/end.py", 6)) as debugger:
        assert http(live.url("End", "?die=1")).status == 502
        call = pool.submit(http, live.url("End"))
        worker, thread, _ = debugger.stop()
        worker.resume(thread)

        assert call.result(timeout=30).body == b"alive"


def test_an_ide_that_opens_no_sessions_keeps_nobody_waiting(live: Session) -> None:
    """A worker whose session is not opened goes on without."""
    with ide(port(live), points(live, "functions/helper.py", HELPER_LINE), children=False):
        assert http(live.url("Api", "?n=4")).json()["doubled"] == 8


def test_an_ide_that_leaves_lets_the_worker_go(live: Session, pool: Pool) -> None:
    """A call that stands at a breakpoint when the IDE goes away is answered."""
    with ide(port(live), points(live, "functions/helper.py", HELPER_LINE)) as debugger:
        call = pool.submit(http, live.url("Api", "?n=5"))
        debugger.stop()

    assert call.result(timeout=30).json()["doubled"] == 10


def test_the_newest_ide_has_the_workers(live: Session, pool: Pool) -> None:
    """Another one that attaches, or the same after a restart, takes over; what stood in the old one goes on."""
    with ide(port(live), points(live, "functions/helper.py", HELPER_LINE)) as old:
        before = pool.submit(http, live.url("Api", "?n=5"))
        old.stop()
        with ide(port(live), points(live, "functions/api.py", HANDLER_LINE)) as new:
            assert before.result(timeout=30).json()["doubled"] == 10
            call = pool.submit(http, live.url("Api", "?n=9"))
            worker, thread, frames = new.stop()
            worker.resume(thread)

            assert place(frames) == ("api.py", HANDLER_LINE)
            assert call.result(timeout=30).json()["doubled"] == 18


def test_a_client_that_leaves_leaves_nothing_waiting(live: Session) -> None:
    """After the last detach calls run through, on workers without a debugger; its chatter is in nobody's log."""
    with ide(port(live), points(live, "functions/helper.py", HELPER_LINE)):
        """Attached, and gone."""

    assert http(live.url("Api", "?n=3")).json()["doubled"] == 6
    assert json.loads(live.sst("invoke", "Other").stdout) == "edited"
    assert "frozen" not in live.output and "pydevd" not in live.output


def test_a_killed_session_leaves_no_adapter(tmp_path: Path) -> None:
    """Nor the anchor that the IDE has attached to."""
    with session(tmp_path, FILES, "--debug=0") as one:
        with ide(port(one), points(one, "functions/helper.py", HELPER_LINE)):
            started = {pid for pid in descendants(one.process.pid) if b"debugpy" in command_line(pid)}
            one.process.kill()
            one.process.wait(30)
        deadline = time.monotonic() + 30
        while alive(started) and time.monotonic() < deadline:
            time.sleep(0.02)

    assert started and not alive(started)


def command_line(pid: int) -> bytes:
    """Of a process; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_in_a_workspace_member_on_another_python(tmp_path: Path, pool: Pool) -> None:
    """The project's environment has no debugpy, its helper is a member of the workspace: the breakpoint binds there."""
    running = "{}.{}".format(*sys.version_info)
    version, python = next((item for item in interpreters().items() if item[0] != running), (running, sys.executable))
    with session(tmp_path, WORKSPACE | {".python-version": str(python)}, "--debug=0") as live:
        assert http(live.url("Api")).body == b"9", live.output  # the environment is made
        with ide(port(live), points(live, "packages/core/src/core/maths.py", 3)) as debugger:
            call = pool.submit(http, live.url("Api"))
            worker, thread, frames = debugger.stop()
            ran = worker.evaluate("'%d.%d' % __import__('sys').version_info[:2]", frames[0])
            worker.resume(thread)

            assert ran == f"'{version}'"
            assert call.result(timeout=30).body == b"9"
        assert list((tmp_path / ".venv").glob("**/debugpy")) == []


def test_a_session_that_a_debugger_launched(tmp_path: Path, pool: Pool) -> None:
    """`sst dev` under VS Code's debugger, with `subProcess`: workers are its descendants' sessions, time stands, what
    else the session starts does its work, and the stop button ends it all."""
    write(tmp_path, FILES)
    with socket.create_server(("127.0.0.1", 0)) as free:
        there = free.getsockname()[1]
    adapter = subprocess.Popen([sys.executable, "-m", "debugpy.adapter", "--host", "127.0.0.1", "--port", str(there)])
    launch = {
        "request": "launch",
        "python": [sys.executable],
        "program": str(Path(sys.executable).with_name("sst")),
        "args": ["dev", "--mode=basic"],
        "cwd": str(tmp_path),
        "env": environment(),
        "console": "internalConsole",
    }
    points = {tmp_path / "functions/helper.py": [{"line": HELPER_LINE}]}
    try:
        with when_it_listens(there, points, **launch) as debugger:
            status = json.loads(sst("status", "--json", "--wait=90", cwd=tmp_path).stdout)
            url = next(function["url"] for function in status["functions"] if function["name"] == "Api")
            call = pool.submit(http, url + "?n=3")
            worker, thread, frames = debugger.stop()
            time.sleep(LONGER)
            worker.resume(thread)
            answer = call.result(timeout=30).json()

            assert [frame["name"] for frame in frames] == ["double", "handler"]
            assert answer["doubled"] == 6 and answer["passed"] < 2000
            log = (tmp_path / ".sst/log/functions.log").read_text()
            assert "paused at" in log and "frozen" not in log
            started = descendants(adapter.pid) | descendants(status["pid"])
            assert status["pid"] in started
            debugger.terminate()
            until_ended(started - {adapter.pid})
    finally:
        adapter.kill()
        adapter.wait()


def when_it_listens(port: int, breakpoints: Breakpoints, **launch: Any) -> Ide:
    """Attach as soon as that is possible."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return ide(port, breakpoints, **launch)
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def until_ended(pids: set[int]) -> None:
    """Wait for the end of all of them."""
    deadline = time.monotonic() + 40
    while left := alive(pids):
        assert time.monotonic() < deadline, [Path(f"/proc/{pid}/cmdline").read_text() for pid in left]
        time.sleep(0.05)
