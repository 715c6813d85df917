"""The table of keys."""

from __future__ import annotations

import pytest
from sst_dev.tui.actions import Actions
from sst_dev.tui.keys import KEYS, find, hints, name

KINDS = ("sst", "functions", "tasks", "terminal", "details")


def test_every_action_exists() -> None:
    """Each key names a method of `Actions`."""
    assert [entry.action for entry in KEYS if not callable(getattr(Actions, entry.action, None))] == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_key_means_two_things(kind: str) -> None:
    """In one kind of pane a key has one meaning."""
    keys = [key for entry in KEYS if kind in entry.where for key in entry.keys]

    assert sorted(keys) == sorted(set(keys))


def test_r_is_for_what_the_pane_shows() -> None:
    """It replays an invocation, restarts a command, deploys the app."""
    assert [(entry := find("r", kind)) and entry.action for kind in KINDS] == [
        "deploy", "replay", "restart", "restart", None,
    ]  # fmt: skip


def test_the_footer_shows_what_is_valid_now() -> None:
    """The way out is shown inside, start instead of stop for what does not run."""
    outside = dict(hints("terminal", inside=False, dead=False))
    inside = dict(hints("functions", inside=True, dead=False))
    dead = dict(hints("terminal", inside=False, dead=True))

    assert "^Z" not in outside and outside["Enter"] == "open" and outside["x"] == "stop"
    assert inside["Enter"] == "details" and "^Z" in inside
    assert dead["Enter"] == "start" and "x" not in dead
    assert list(hints("details", inside=True, dead=False))[:6] == [
        ("?", "help"), ("^C", "quit"), ("^Z", "back"), ("p", "raw"), ("y", "copy"), ("Y", "event"),
    ]  # fmt: skip


def test_keys_are_called_as_people_call_them() -> None:
    """Textual's names are not for people."""
    assert [name(key) for key in ("ctrl+z", "slash", "pageup", "G", "question_mark")] == ["^Z", "/", "PgUp", "G", "?"]
