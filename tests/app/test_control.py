"""The control socket: one session a stage, one line a question."""

import asyncio
import json
import stat
from pathlib import Path

import pytest
from sst_dev.app import control
from sst_dev.core.errors import NoSessionError, UserError
from sst_dev.core.events import Notice
from sst_dev.core.stream import Stream


async def answer(asked: dict) -> dict:
    if asked.get("fail"):
        raise UserError("no", hint="do")
    return {"pid": 7, "asked": asked}


def server(path: Path, stream: Stream | None = None) -> control.ControlServer:
    return control.ControlServer(path, stream or Stream(), {"status": answer})


async def test_a_question_gets_its_answer(tmp_path: Path) -> None:
    """The handler of the command answers."""
    path = tmp_path / ".sst" / "ada.sock"
    one = server(path)
    await one.start()
    try:
        assert (await control.request(path, {"command": "status"}))["pid"] == 7
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        await one.close()
    assert not path.exists()


async def test_a_refusal_arrives_with_its_hint(tmp_path: Path) -> None:
    """An `SstError` of the handler is the same sentence for the asker, and says as much of whose fault it is."""
    one = server(tmp_path / "a.sock")
    await one.start()
    try:
        with pytest.raises(UserError, match=r"^no$") as caught:
            await control.request(tmp_path / "a.sock", {"command": "status", "fail": True})
        assert caught.value.hint == "do"
    finally:
        await one.close()


async def test_unknown_and_broken_questions_are_answered(tmp_path: Path) -> None:
    """Neither ends the connection nor the server."""
    path = tmp_path / "a.sock"
    one = server(path)
    await one.start()
    try:
        reader, writer = await control.connect(path)
        for line in (b"{", b"[]", b'{"command":"nope"}', b'{"command":"status"}'):
            writer.write(line + b"\n")
        answers = [json.loads(await reader.readline()) for _ in range(4)]
        writer.close()

        assert ["refused" in each for each in answers] == [True, True, True, False]
        assert "events, status" in answers[2]["refused"] or "status, events" in answers[2]["refused"]
    finally:
        await one.close()


async def test_events_come_as_lines_until_the_end(tmp_path: Path) -> None:
    """A follower sees each event and ends with the stream."""
    stream, path = Stream(), tmp_path / "a.sock"
    one = server(path, stream)
    await one.start()
    seen: list[str] = []
    subscribed = asyncio.Event()

    async def read() -> None:
        async for event in control.follow(path):
            seen.append(event["event"])
            subscribed.set()

    reading = asyncio.get_running_loop().create_task(read())
    await subscribed.wait()
    stream.publish(Notice(1, "x"))
    stream.close()
    await one.close()
    await reading

    assert seen == ["Subscribed", "Notice"]


async def test_a_second_session_is_refused_by_name(tmp_path: Path) -> None:
    """The error names the process that holds the stage; the first keeps its socket."""
    path = tmp_path / "ada.sock"
    first, second = server(path), server(path)
    await first.start()
    try:
        with pytest.raises(UserError, match=r"stage ada \(process 7\)"):
            await second.start()
        await second.close()
        assert (await control.request(path, {"command": "status"}))["pid"] == 7
    finally:
        await first.close()


async def test_a_dead_sessions_socket_is_taken_over(tmp_path: Path) -> None:
    """A socket file without a process behind it is in nobody's way."""
    path = tmp_path / "a.sock"
    path.write_text("")
    one = server(path)
    await one.start()
    try:
        assert (await control.request(path, {"command": "status"}))["pid"] == 7
    finally:
        await one.close()


async def test_without_a_session_the_hint_starts_one(tmp_path: Path) -> None:
    """The error names folder and stage, the hint the command."""
    with pytest.raises(NoSessionError) as caught:
        await control.request(tmp_path / ".sst" / "ada.sock", {"command": "status"})

    assert str(tmp_path) in caught.value.message
    assert "sst dev --stage ada" in caught.value.hint


async def test_a_very_long_path_still_gets_a_socket(tmp_path: Path) -> None:
    """Unix socket addresses end at 107 bytes; projects lie deeper."""
    path = tmp_path / ("d" * 100) / ".sst" / "ada.sock"
    one = server(path)
    await one.start()
    try:
        assert (await control.request(path, {"command": "status"}))["pid"] == 7
    finally:
        await one.close()
