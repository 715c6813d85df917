"""One execution environment, driven through a real zygote."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.worker.zygotes import Gone, Worker, Zygote, zygote

Start = Callable[..., Worker]


@pytest.fixture(scope="module")
def parent() -> Iterator[Zygote]:
    with zygote() as started:
        yield started


@pytest.fixture
def start(parent: Zygote, tmp_path: Path) -> Iterator[Start]:
    """Starts a worker for the source of `api.py` and its attribute `handler`."""
    workers = []

    def start(source: str, handler: str = "api.handler", **fields: object) -> Worker:
        (tmp_path / "api.py").write_text(source)
        worker = parent.fork()
        workers.append(worker)
        worker.ready, worker.init_error = worker.init(tmp_path, handler, **fields)
        return worker

    yield start
    for worker in workers:
        worker.close()


def test_a_response_is_what_the_handler_returned(start: Start) -> None:
    """The body is the JSON of the return value, with the event parsed from JSON."""
    worker = start("def handler(event, context): return {'got': event, 'id': context.aws_request_id}")
    reply = worker.invoke({"a": [1, None]}, request_id="r-1")
    assert (reply.head["type"], reply.head["content_type"]) == ("response", "application/json")
    assert reply.body == b'{"got": {"a": [1, null]}, "id": "r-1"}'


def test_module_globals_live_as_long_as_the_worker(start: Start) -> None:
    """Calls of one worker share state; another worker starts from none."""
    source = "n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n"
    worker = start(source)
    assert [worker.invoke().value for _ in range(3)] == [1, 2, 3]
    assert start(source).invoke().value == 1


def test_an_exception_is_lambdas_error_object_and_the_worker_goes_on(start: Start) -> None:
    """Type, message and the user's own frames reach the caller; the next call runs in the same worker."""
    worker = start("def handler(event, context):\n    if event: raise KeyError('k')\n    return 'fine'")
    reply = worker.invoke(1, request_id="r-2")
    assert (reply.head["type"], reply.head["error_type"]) == ("error", "KeyError")
    error = reply.value
    assert list(error) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert (error["errorMessage"], error["requestId"]) == ("'k'", "r-2")
    assert len(error["stackTrace"]) == 1 and "in handler" in error["stackTrace"][0]
    assert reply.head["line"] == 2 and reply.head["file"].endswith("api.py")
    assert json.loads(reply.head["xray_cause"])["exceptions"][0]["type"] == "KeyError"
    assert worker.invoke(0).value == "fine"


def test_output_stands_between_the_markers_of_its_invocation(start: Start) -> None:
    """What Python, its children and C code write while a call runs lies between that call's markers."""
    worker = start(
        "import os, subprocess, sys\nprint('at import')\n"
        "def handler(event, context):\n"
        "    print('out'); print('err', file=sys.stderr); os.write(1, b'raw\\n')\n"
        "    subprocess.run(['echo', 'child'])\n    sys.stdout.buffer.write(b'unflushed\\n')"
    )
    assert worker.invoke().output == b"out\nerr\nraw\nchild\nunflushed\n"
    worker.close()


@pytest.mark.parametrize(
    ("statement", "code", "signal"),
    [
        ("sys.exit(3)", 3, None),
        ("sys.exit()", 0, None),
        ("sys.exit('sorry')", 1, None),
        ("os._exit(7)", 7, None),
        ("raise KeyboardInterrupt", None, 2),
        ("os.kill(os.getpid(), 9)", None, 9),
        ("os.abort()", None, 6),
        ("raise BaseException('x')", 1, None),
    ],
)
def test_what_ends_a_program_ends_the_worker(
    start: Start, statement: str, code: int | None, signal: int | None
) -> None:
    """Nothing is answered; the zygote reports how the process ended, its output is complete."""
    worker = start(f"import os, sys\ndef handler(event, context):\n    print('last words')\n    {statement}")
    with pytest.raises(Gone):
        worker.invoke()
    report = worker.exited()
    assert (report["code"], report["signal"]) == (code, signal)
    assert b"last words\n" in worker.output.rest()


def test_a_failed_import_is_an_init_error_and_ends_the_worker(start: Start, tmp_path: Path) -> None:
    """It carries Lambda's error object, the files read, and the files whose appearance would mend it."""
    (tmp_path / "helper.py").write_text("import absent_module")
    worker = start("import helper\ndef handler(event, context): ...")
    assert worker.ready["type"] == "init_error"
    assert json.loads(worker.init_error) == {
        "errorMessage": "Unable to import module 'api': No module named 'absent_module'",
        "errorType": "Runtime.ImportModuleError",
        "requestId": "",
        "stackTrace": [],
    }
    assert set(worker.ready["files"]) == {str(tmp_path / "api.py"), str(tmp_path / "helper.py")}
    assert str(tmp_path / "absent_module.py") in worker.ready["sought"]
    assert (worker.ready["file"], worker.ready["line"]) == (str(tmp_path / "helper.py"), 1)
    assert worker.exited()["code"] == 1
