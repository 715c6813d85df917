"""The files under `.sst/log/`."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from sst_dev.console import logfiles
from sst_dev.console.logfiles import LogFiles, pane_file
from sst_dev.core import events as e
from sst_dev.core.settings import Settings
from sst_dev.core.state import State
from sst_dev.core.stream import Stream

from tests.support.history import failing, finished, log, output, process, started, starting


async def written(tmp_path: Path, events: Iterable[e.Event]) -> dict[str, str]:
    settings = Settings(config=tmp_path / "sst_config.py", stage="alice")
    stream, state = Stream(), State()
    files = LogFiles(settings, state)
    stream.observe(state.apply)
    stream.observe(files.observe)
    for event in events:
        stream.publish(event)
    files.close()
    return {path.name: path.read_text() for path in settings.log_dir.iterdir()}


def texts(content: str) -> list[str]:
    """The lines without their times."""
    return [line.partition(" ")[2] for line in content.splitlines()]


async def test_each_pane_has_its_file(tmp_path: Path) -> None:
    """SST, Functions, the tunnel, the tasks and each command write to files of their own."""
    processes = [
        event
        for name, kind in [("Web", "command"), ("Vpc", "tunnel"), ("Report", "task")]
        for event in (process(name, "running", kind), output(name, f"\x1b[32m{name}\x1b[0m says\n"))
    ]
    files = await written(tmp_path, [*starting(), started("a"), log("a", "hello"), finished("a"), *processes])

    assert set(files) == {
        "sst.log", "functions.log", "invocations.jsonl", "Web.log", "tunnel.log", "tasks.log",
    }  # fmt: skip
    assert texts(files["functions.log"])[1] == "λ Api    a    │ hello"
    assert texts(files["Web.log"]) == ["Web │ started", "Web says"]
    assert "✓ ready in 2.00 s" in texts(files["sst.log"])


async def test_why_a_command_restarts_is_in_the_log_of_the_deploy(tmp_path: Path) -> None:
    """Beside the deploy that is the reason, as on the screen, and in the command's own file."""
    again = process("Web", "stopping", reason="command changed")
    files = await written(tmp_path, [*starting(), process("Web", "running"), again])

    assert texts(files["sst.log"])[-1] == texts(files["Web.log"])[-1] == "Web │ restarting: command changed"
    assert "Web │ started" not in texts(files["sst.log"])


async def test_each_line_begins_with_its_time(tmp_path: Path) -> None:
    """Times are ISO 8601 with milliseconds and offset, so that files can be merged and sorted."""
    files = await written(tmp_path, [log("a", "hello")])

    assert files["functions.log"].startswith("20") and files["functions.log"][19] == "."


async def test_an_invocation_is_one_json_line(tmp_path: Path) -> None:
    """Event, response, error, frames, log lines, memory, code hash and phases of each invocation."""
    files = await written(tmp_path, [started("a"), log("a", "one"), log("a", "two"), failing("a")])

    (document,) = map(json.loads, files["invocations.jsonl"].splitlines())
    assert document["function"] == "Api"
    assert document["trigger"] == "url GET /notes"
    assert document["event"] == {"rawPath": "/notes"}
    assert document["response"]["errorType"] == "KeyError"
    assert document["lines"] == ["one", "two"]
    assert document["status"] == "error"
    assert document["phases"]["handler_ms"] == 8.2


async def test_a_payload_that_is_not_json_is_kept_as_text(tmp_path: Path) -> None:
    """Cut or foreign bytes never break the line."""
    event = e.InvocationFinished(
        0.0, id="a", request_id="r", function="Api", environment="e", status="ok", duration_ms=1.0,
        response=b'{"cut": "\xc3',
    )  # fmt: skip
    files = await written(tmp_path, [event])

    assert json.loads(files["invocations.jsonl"])["response"] == '{"cut": "�'


async def test_files_are_private(tmp_path: Path) -> None:
    """Logs hold the user's data: mode 0600 in a folder of mode 0700."""
    await written(tmp_path, starting())

    folder = tmp_path / ".sst" / "log"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


async def test_a_new_session_starts_new_files(tmp_path: Path) -> None:
    """What the last session wrote is replaced, not continued."""
    await written(tmp_path, [log("a", "old")])

    assert "old" not in (await written(tmp_path, [log("a", "new")]))["functions.log"]


async def test_a_full_file_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the limit the file becomes `.1` and a new one begins: at most two limits on disk."""
    monkeypatch.setattr(logfiles, "FILE_LIMIT", 1000)

    files = await written(tmp_path, [log("a", f"line {n}") for n in range(100)])

    assert set(files) == {"functions.log", "functions.log.1"}
    assert all(len(content) < 1100 for content in files.values())
    assert "line 99" in files["functions.log"]


@pytest.mark.parametrize(
    ("name", "expected"), [("Web", "Web"), ("my site/../x", "my_site_.._x"), ("functions", "command-functions")]
)
def test_a_command_cannot_take_another_file(name: str, expected: str) -> None:
    """A name with slashes stays in the folder, and no command overwrites the file of a pane."""
    assert pane_file(process(name, "running")) == expected


async def test_a_disk_that_is_full_ends_the_files_not_the_session(tmp_path: Path) -> None:
    """The first failure is said once, as a warning; publishing goes on."""
    settings = Settings(config=tmp_path / "sst_config.py", stage="alice")
    stream, state = Stream(), State()
    files = LogFiles(settings, state, stream)
    seen: list[e.Event] = []
    stream.observe(seen.append)
    stream.observe(files.observe)
    (settings.log_dir / "functions.log").symlink_to("/dev/full")

    for n in range(3):
        stream.publish(log("a", str(n)))
        await asyncio.sleep(0)
    files.close()

    notices = [event for event in seen if isinstance(event, e.Notice)]
    assert [(notice.level, "No space left on device" in notice.text) for notice in notices] == [("warning", True)]


async def test_the_log_of_an_unhandled_error_is_in_the_files(tmp_path: Path) -> None:
    """Screens show the user's frames instead; files keep what Lambda would have logged."""
    trace = replace(log("a", "[ERROR] KeyError: 'title'"), unhandled=True)
    files = await written(tmp_path, [started("a"), log("a", "one"), trace, failing("a")])

    assert "λ Api a    │ [ERROR] KeyError: 'title'" in texts(files["functions.log"])
    assert json.loads(files["invocations.jsonl"])["lines"] == ["one", "[ERROR] KeyError: 'title'"]
