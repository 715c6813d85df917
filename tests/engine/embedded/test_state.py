"""The record survives a kill at any byte, and says what was under way."""

from __future__ import annotations

import json
import stat
import threading
import weakref
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sst_dev.core.errors import BugError
from sst_dev.engine.embedded.state import Entry, State, locked, read


def entry(name: str, **more: object) -> Entry:
    return Entry(urn=f"urn:{name}", type="aws:s3/bucket:Bucket", name=name, **{"id": name, **more})  # type: ignore[arg-type]


def opened(path: Path) -> State:
    """A state that writes; its file is closed with the object, as a kill closes it."""
    state = State(path)
    state.open()
    weakref.finalize(state, state._file.close)  # type: ignore[union-attr]
    return state


def test_what_was_put_is_read_again(tmp_path: Path) -> None:
    """Another process sees every resource as soon as `put` has returned."""
    state = opened(tmp_path / "r.jsonl")
    state.put(entry("a", inputs={"x": [1, {"y": None}]}, outputs={"arn": "arn:a"}))

    assert read(tmp_path / "r.jsonl") == {"urn:a": entry("a", inputs={"x": [1, {"y": None}]}, outputs={"arn": "arn:a"})}


def test_a_change_that_was_begun_is_pending(tmp_path: Path) -> None:
    """A resource whose change was begun and not ended keeps its old inputs and is marked."""
    state = opened(tmp_path / "r.jsonl")
    state.put(entry("a", inputs={"x": 1}))
    state.begin(entry("a", inputs={"x": 2}))

    assert read(tmp_path / "r.jsonl")["urn:a"] == entry("a", inputs={"x": 1}, pending=True)


def test_a_making_that_was_begun_has_no_id(tmp_path: Path) -> None:
    """A resource that may exist is in the record without an id, so that the next run looks for it."""
    state = opened(tmp_path / "r.jsonl")
    state.begin(entry("a", id="", inputs={"x": 1}))

    assert read(tmp_path / "r.jsonl")["urn:a"] == entry("a", id="", inputs={"x": 1}, pending=True)


def test_what_was_dropped_is_gone(tmp_path: Path) -> None:
    """A dropped resource is not read again."""
    state = opened(tmp_path / "r.jsonl")
    state.put(entry("a"))
    state.drop("urn:a")

    assert read(tmp_path / "r.jsonl") == {}


def test_closing_leaves_one_line_a_resource(tmp_path: Path) -> None:
    """The file is compact after `close`, whatever happened before."""
    state = opened(tmp_path / "r.jsonl")
    for size in range(5):
        state.put(entry("a", inputs={"size": size}))
    state.close()

    header, line = (tmp_path / "r.jsonl").read_text().splitlines()
    assert json.loads(header) == {"format": 1}
    assert json.loads(line)["put"]["inputs"] == {"size": 4}


def test_only_the_user_may_read_it(tmp_path: Path) -> None:
    """The record holds environment variables: mode 0600, before and after it is written anew."""
    state = opened(tmp_path / "r.jsonl")
    assert stat.S_IMODE((tmp_path / "r.jsonl").stat().st_mode) == 0o600
    state.close()

    assert stat.S_IMODE((tmp_path / "r.jsonl").stat().st_mode) == 0o600


@given(cut=st.integers(min_value=0, max_value=10_000))
def test_a_kill_while_writing_costs_at_most_the_last_line(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Cut off at any byte, the file reads as the changes up to some line."""
    path = tmp_path_factory.mktemp("cut") / "r.jsonl"
    state = opened(path)
    history: list[dict[str, Entry]] = [{}]
    for name in ("a", "b", "c"):
        state.put(entry(name, outputs={"text": "ä\n" * 20}))
        history.append(dict(state.entries))
    data = path.read_bytes()
    header = data.index(b"\n") + 1
    path.write_bytes(data[: max(header, cut % (len(data) + 1))])

    assert read(path) in history


def test_another_format_is_refused(tmp_path: Path) -> None:
    """A record of a later version is not misread."""
    (tmp_path / "r.jsonl").write_text('{"format": 99}\n')

    with pytest.raises(BugError, match="format 99"):
        read(tmp_path / "r.jsonl")


def test_the_second_holder_of_a_lock_learns_who_holds_it(tmp_path: Path) -> None:
    """The second engine says who has the lock, and goes on when it is released."""
    said, order = threading.Event(), []

    def second() -> None:
        def waiting(holder: str) -> None:
            order.append(holder)
            said.set()

        with locked(tmp_path, waiting):
            order.append("second")

    with locked(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        said.wait(10)
        order.append("first ends")
    thread.join(10)

    assert order[0].startswith("process ")
    assert order[1:] == ["first ends", "second"]
