"""One execution environment, driven through a real zygote."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest

from tests.worker.conftest import Start
from tests.worker.zygotes import Gone, zygote


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


def test_a_late_import_is_reported_before_the_reply(start: Start, tmp_path: Path) -> None:
    """Files and modules that a call imports make the worker depend on them from then on."""
    (tmp_path / "late.py").write_text("import colorsys")
    worker = start("def handler(event, context):\n    import late\n    return 1")
    assert str(tmp_path / "late.py") not in worker.ready["files"]
    reply = worker.invoke()
    [report] = reply.reports
    assert list(report["files"]) == [str(tmp_path / "late.py")]
    assert "colorsys" in report["modules"]
    assert report["code_hash"] != worker.ready["code_hash"]
    assert worker.invoke().reports == []


def test_files_carry_the_stamp_from_before_they_were_read(start: Start, tmp_path: Path) -> None:
    """A file that changes while it is imported is known by what it was before."""
    (tmp_path / "helper.py").write_text("import os, pathlib\nos.utime(__file__, (1, 1))")
    before = (tmp_path / "helper.py").stat()
    worker = start("import helper\ndef handler(event, context): ...")
    stamp = worker.ready["files"][str(tmp_path / "helper.py")]
    assert stamp == [before.st_mtime_ns, before.st_size, before.st_ino]


def test_data_read_while_importing_is_a_source_too_except_where_ignored(start: Start, tmp_path: Path) -> None:
    """Files opened under the root during import count; those written, and those in ignored folders, do not."""
    (tmp_path / "rules.json").write_text("{}")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "x").write_text("")
    worker = start(
        "open('rules.json').read(); open('cache/x').read(); open('made', 'w').close()\n"
        "def handler(event, context): open('later', 'w+').read()",
        ignore=[str(tmp_path / "cache")],
    )
    assert {Path(path).name for path in worker.ready["files"]} == {"api.py", "rules.json"}


def test_an_import_that_was_caught_is_sought(start: Start, tmp_path: Path) -> None:
    """The file that would satisfy it is named, though the handler works without it."""
    worker = start("try:\n    import local_settings\nexcept ImportError: pass\ndef handler(event, context): ...")
    assert worker.ready["type"] == "ready"
    assert str(tmp_path / "local_settings.py") in worker.ready["sought"]


def test_the_dev_servers_copy_of_the_sdk_is_the_last_resort(start: Start, tmp_path: Path) -> None:
    """`import sst` finds the copy, nothing beside it is importable, and a project's own `sst` wins."""
    copy = tmp_path / "copy"
    (copy / "sst").mkdir(parents=True)
    (copy / "sst" / "__init__.py").write_text("where = 'copy'")
    (copy / "sst" / "extra.py").write_text("x = 1")
    (copy / "beside.py").write_text("")
    source = (
        "import importlib.util, sst\ndef handler(event, context):\n"
        "    import sst.extra\n    return [sst.where, sst.extra.x, importlib.util.find_spec('beside') is None]"
    )
    with zygote(sys._base_executable) as bare:  # in the tests' own environment the SDK is installed
        assert start(source, of=bare, sdk=str(copy / "sst")).invoke().value == ["copy", 1, True]
        (tmp_path / "sst.py").write_text("where = 'project'")
        own = start("import sst\ndef handler(event, context): return sst.where", of=bare, sdk=str(copy / "sst"))
        assert own.invoke().value == "project"


def test_the_module_the_dev_server_resolved_is_imported(start: Start, tmp_path: Path) -> None:
    """`module` says what to import, `handler` what Lambda's errors call it."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text("def handler(event, context): return __name__")
    worker = start("", "src/app.handler", module="app", paths=[str(tmp_path / "src"), str(tmp_path)])
    assert worker.invoke().value == "app"
    failed = start("", "src/nope.handler", module="nope")
    assert "Unable to import module 'src/nope'" in json.loads(failed.init_error)["errorMessage"]


def test_pieces_of_a_stream_arrive_while_the_handler_still_runs(start: Start, tmp_path: Path) -> None:
    """A piece is sent before the next one exists: here the next one waits for us to have seen the first."""
    import os

    os.mkfifo(tmp_path / "seen")
    worker = start(
        "def handler(event, context):\n    yield {'statusCode': 201}\n    yield 'first'\n"
        "    open('seen').read()\n    yield b'second'\nhandler.__sst_stream__ = True"
    )
    assert worker.ready["streaming"] is True

    def see(piece: object) -> None:
        if piece == b"first":
            threading.Thread(target=(tmp_path / "seen").write_text, args=("x",)).start()

    reply = worker.invoke(on_piece=see)
    assert [body for _, body in reply.pieces] == [b'{"statusCode": 201}' + b"\0" * 8, b"first", b"second"]
    assert {head["content_type"] for head, _ in reply.pieces} == {"application/vnd.awslambda.http-integration-response"}
    assert [head["index"] for head, _ in reply.pieces] == [0, 1, 2]
    assert (reply.head["type"], reply.head["final"], reply.head["index"], reply.body) == ("stream", True, 3, b"")


def test_a_stream_that_fails_ends_with_the_error_or_is_one(start: Start) -> None:
    """Before the first piece it is an ordinary error; after it, the end of the stream carries the error object."""
    worker = start(
        "def handler(event, context):\n    if event: yield 'begun'\n    raise ValueError('late')\n"
        "handler.__sst_stream__ = True"
    )
    early, late = worker.invoke(0), worker.invoke(1)
    assert (early.head["type"], early.head["error_type"], early.pieces) == ("error", "ValueError", [])
    assert (late.head["type"], late.head["final"], late.head["error_type"]) == ("stream", True, "ValueError")
    assert late.value["errorMessage"] == "late" and [body for _, body in late.pieces] == [b"begun"]
    assert b"[ERROR] ValueError: late" in late.output


def test_the_environment_is_exactly_what_was_given(start: Start) -> None:
    """Nothing of the zygote's or the developer's variables is left, and the time zone follows."""
    worker = start(
        "import os, time\ndef handler(event, context): return [dict(os.environ), time.tzname[0]]",
        environment={"ONLY": "this", "TZ": "Asia/Tokyo"},
    )
    assert worker.invoke().value == [{"ONLY": "this", "TZ": "Asia/Tokyo"}, "JST"]


def test_a_closed_channel_ends_the_worker_whatever_its_threads_do(start: Start) -> None:
    """It does not wait for threads or run exit handlers: Lambda kills an environment it no longer needs."""
    worker = start(
        "import atexit, threading\natexit.register(print, 'atexit')\n"
        "threading.Thread(target=threading.Event().wait).start()\ndef handler(event, context): ..."
    )
    worker.close()
    assert worker.exited()["code"] == 0
    assert worker.output.rest() == b""
