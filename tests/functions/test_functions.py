"""Invocations through `Functions`, on real workers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from sst_dev.core import events as e
from sst_dev.core.manifest import Link

from tests.support.functions import function, manifest, serve

pytestmark = pytest.mark.usefixtures("each_kind")

API = """
    import os
    calls = 0

    def handler(event, context):
        global calls
        calls += 1
        return {"event": event, "calls": calls, "id": context.aws_request_id, "pid": os.getpid()}
"""


async def test_answers_with_the_bytes_of_the_handler(tmp_path: Path) -> None:
    """The response is what the handler returned, as Lambda's runtime encodes it."""
    async with serve(tmp_path, files={"functions/api.py": API}) as project:
        answer = await project.call({"a": 1})

        assert answer.value["event"] == {"a": 1}
        assert answer.value["id"] == "request-1"
        assert answer.content_type == "application/json"
        assert project.last.status == "ok"
        assert project.last.phases.import_ms is not None


async def test_globals_live_as_long_as_the_environment(tmp_path: Path) -> None:
    """Calls in one environment share module globals, calls in two do not."""
    async with serve(tmp_path, files={"functions/api.py": API}) as project:
        first = [(await project.call()).value["calls"] for _ in range(3)]
        other = (await project.call(environment="env-2")).value["calls"]

        assert first == [1, 2, 3]
        assert other == 1


async def test_environments_run_at_the_same_time(tmp_path: Path) -> None:
    """Twenty calls in twenty environments overlap: each waits until all have begun."""
    barrier = """
        import pathlib, time
        here = pathlib.Path(__file__).parent

        def handler(event, context):
            (here / f"begun-{event['n']}").touch()
            while len(list(here.glob("begun-*"))) < 20:
                time.sleep(0.005)
            return event["n"]
    """
    async with serve(tmp_path, files={"functions/api.py": barrier}) as project:
        answers = await asyncio.gather(*(project.call({"n": n}, environment=f"env-{n}") for n in range(20)))

        assert list(range(20)) == [answer.value for answer in answers]


async def test_an_exception_reaches_the_caller_with_the_users_frames(tmp_path: Path) -> None:
    """The error object is the handler's own, and the event names the user's frames only."""
    broken = """
        import json

        def handler(event, context):
            return inner(event)

        def inner(event):
            return json.loads(event["text"])
    """
    async with serve(tmp_path, files={"functions/api.py": broken}) as project:
        answer = await project.call({"text": "{"})

        assert answer.failure["errorType"] == "JSONDecodeError"
        assert answer.failure["requestId"] == "request-1"
        assert project.last.status == "error"
        assert len(project.last.frames) == 2
        assert "in inner" in project.last.frames[-1]
        assert all("functions/api.py" in frame for frame in project.last.frames)


async def test_the_log_of_an_unhandled_error_is_told_from_the_handlers_own_lines(tmp_path: Path) -> None:
    """What looks like it but was printed is a line like any other."""
    broken = """
        def handler(event, context):
            print("[ERROR] printed")
            print("no newline", end="", flush=True)
            raise KeyError("title")
    """
    async with serve(tmp_path, files={"functions/api.py": broken}) as project:
        await project.call({})
        await project.call({})

        lines = [line for line in project.of(e.LogLine) if line.invocation == "nonce-2"]
        assert [line.text for line in lines if not line.unhandled] == ["[ERROR] printed", "no newline"]
        assert [line.text for line in lines if line.unhandled][:2] == [
            "[ERROR] KeyError: 'title'", "Traceback (most recent call last):",
        ]  # fmt: skip


async def test_the_log_of_a_failed_import_is_told_from_its_output(tmp_path: Path) -> None:
    """Both belong to no invocation."""
    files = {"functions/api.py": "print('importing')\nraise RuntimeError('no')\n"}
    async with serve(tmp_path, files=files) as project:
        await project.call({})

        lines = [(line.unhandled, line.text) for line in project.of(e.LogLine)]
        assert lines[:2] == [(False, "importing"), (True, "[ERROR] RuntimeError: no")]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import sys; sys.exit(0)", "Runtime exited without providing a reason"),
        ("import sys; sys.exit(3)", "Runtime exited with error: exit status 3"),
        ("import os; os._exit(4)", "Runtime exited with error: exit status 4"),
        ("import os; os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
        ("import os; os.abort()", "Runtime exited with error: signal: aborted"),
    ],
)
async def test_a_dead_worker_is_lambdas_exit_error(tmp_path: Path, code: str, message: str) -> None:
    """A process that ends without an answer gets Lambda's wording, and the next call a new worker."""
    api = f"""
        def handler(event, context):
            print("last words", flush=True)
            if event.get("die"):
                {code}
            return "alive"
    """
    async with serve(tmp_path, files={"functions/api.py": api}) as project:
        answer = await project.call({"die": True})
        again = await project.call({})

        assert {
            "errorType": "Runtime.ExitError",
            "errorMessage": f"RequestId: request-1 Error: {message}",
        } == answer.failure
        assert again.value == "alive"
        assert "last words" in project.lines("nonce-1")
        assert [event.status for event in project.of(e.InvocationFinished)] == ["crash", "ok"]


async def test_the_functions_own_timeout_is_enforced(tmp_path: Path) -> None:
    """A handler over its timeout gets Lambda's message; its output is kept and its worker replaced."""
    slow = """
        import threading

        def handler(event, context):
            if event.get("hang"):
                print("before")
                threading.Event().wait()
            return context.get_remaining_time_in_millis()
    """
    served = function(timeout=0.3)
    async with serve(tmp_path, served, files={"functions/api.py": slow}) as project:
        answer = await project.call({"hang": True})
        again = await project.call({})

        assert answer.failure == {
            "errorType": "Sandbox.Timedout",
            "errorMessage": "RequestId: request-1 Error: Task timed out after 0.30 seconds",
        }
        assert project.lines("nonce-1") == ["before"]
        assert project.of(e.InvocationFinished)[0].status == "timeout"
        assert 0 < again.value <= 300


async def test_an_edit_is_seen_by_the_very_next_call(tmp_path: Path) -> None:
    """A call that arrives after the write runs the new code, whatever the watcher has noticed."""
    async with serve(tmp_path, files={"functions/api.py": "def handler(e, c): return 0"}) as project:
        assert (await project.call()).value == 0
        for n in range(1, 10):
            project.write("functions/api.py", f"def handler(e, c): return {n}")

            assert n == (await project.call()).value
        assert len({event.code_hash for event in project.of(e.InvocationFinished)}) == 10


async def test_lines_are_filed_under_the_invocation_that_wrote_them(tmp_path: Path) -> None:
    """Output of the import is `init`, the rest belongs to its invocation, from C and children too."""
    chatty = """
        import ctypes, subprocess, sys
        print("importing")

        def handler(event, context):
            print("python", event["n"])
            subprocess.run(["echo", f"child {event['n']}"])
            sys.stderr.write("no newline")
            return None
    """
    async with serve(tmp_path, files={"functions/api.py": chatty}) as project:
        await project.call({"n": 1})
        await project.call({"n": 2})

        assert project.lines(None) == ["importing"]
        assert project.lines("nonce-1") == ["python 1", "child 1", "no newline"]
        assert project.lines("nonce-2") == ["python 2", "child 2", "no newline"]


async def test_the_role_of_the_stub_and_nothing_of_the_developer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handler sees the role's credentials and its links, never the developer's variables."""
    monkeypatch.setenv("AWS_PROFILE", "admin")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIADEVELOPER")
    monkeypatch.setenv("MY_SECRET", "developer")
    api = """
        import os

        def handler(event, context):
            return dict(os.environ)
    """
    link = Link(name="Notes", type="sst.aws.Bucket", properties={"name": "bucket-1"})
    served = function(environment={"TABLE": "t"}, links=["Notes"])
    async with serve(tmp_path, served, files={"functions/api.py": api}, links=[link]) as project:
        seen = (await project.call()).value

        assert seen["AWS_ACCESS_KEY_ID"] == "ASIAROLE"
        assert "AWS_PROFILE" not in seen
        assert "MY_SECRET" not in seen
        assert seen["TABLE"] == "t"
        assert json.loads(seen["SST_RESOURCE_Notes"])["name"] == "bucket-1"
        assert seen["SST_DEV"] == "true"
        assert seen["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.11"
        assert seen["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"


async def test_a_stream_arrives_piece_by_piece(tmp_path: Path) -> None:
    """Pieces of a streamed response come in order while the handler still runs, and `final` ends them."""
    api = """
        def handler(event, context):
            yield {"statusCode": 200}
            for n in range(100):
                yield f"piece {n}\\n"
        handler.__sst_stream__ = True
    """
    served = function(streaming=True)
    async with serve(tmp_path, served, files={"functions/api.py": api}) as project:
        answer = await project.call()

        assert b"".join(body for body, _ in answer.pieces).endswith(b"piece 99\n")
        assert answer.pieces[0][1]["content_type"] == "application/vnd.awslambda.http-integration-response"
        assert [more["final"] for _, more in answer.pieces[-2:]] == [False, True]
        assert project.last.status == "ok"


async def test_an_unknown_function_is_an_error(tmp_path: Path) -> None:
    """A call for a function that is not in the app is answered, not lost."""
    async with serve(tmp_path, files={"functions/api.py": API}) as project:
        failure = (await project.call(function="Nobody")).failure

        assert failure is not None
        assert failure["errorType"] == "Sst.WorkerNotStarted"
        assert "Nobody" in failure["errorMessage"]


async def test_the_end_of_an_environment_ends_its_worker(tmp_path: Path) -> None:
    """`gone` stops the process; another call in that environment starts anew."""
    async with serve(tmp_path, files={"functions/api.py": API}) as project:
        await project.call()
        await project.functions.gone("env-1")

        assert project.functions.describe()["Api"]["workers"] == []
        assert (await project.call()).value["calls"] == 1


async def test_changed_variables_replace_the_worker(tmp_path: Path) -> None:
    """After an `update` with another environment the next call sees it."""
    api = """
        import os

        def handler(event, context):
            return os.environ["NAME"]
    """
    files = {"functions/api.py": api}
    async with serve(tmp_path, function(environment={"NAME": "one"}), files=files) as project:
        assert (await project.call()).value == "one"
        await project.functions.update(manifest(function(environment={"NAME": "two"})), endpoint=None)

        assert (await project.call()).value == "two"


async def test_a_stream_that_times_out_ends_with_the_error(tmp_path: Path) -> None:
    """Pieces that were sent are sent; the last one carries Lambda's timeout."""
    api = """
        import threading

        def handler(event, context):
            yield "first"
            threading.Event().wait()
        handler.__sst_stream__ = True
    """
    served = function(streaming=True, timeout=0.3)
    async with serve(tmp_path, served, files={"functions/api.py": api}) as project:
        answer = await project.call()
        bodies = [body for body, _ in answer.pieces]
        last = answer.pieces[-1][1]

        assert bodies == [b"first", b""]
        assert last["final"]
        assert last["error_type"] == "Sandbox.Timedout"
        assert project.last.status == "timeout"
