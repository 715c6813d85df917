"""`--json` prints one object per event."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sst_dev.console.json_lines import json_lines
from sst_dev.core import events as e

from tests.support.history import MANIFEST, START, failing, finished, log, output, started, starting


@pytest.mark.parametrize("event", [*starting(), started("a"), log("a", "x"), failing("a"), output("Web", "\x1b[1m")])
def test_each_event_is_one_line_of_json(event: e.Event) -> None:
    """Every event is one line that parses, with its kind and its time."""
    (text,) = json_lines(event)

    assert "\n" not in text
    document = json.loads(text)
    assert (document["event"], document["at"]) == (type(event).__name__, event.at)


def test_phases_are_an_object() -> None:
    """The phases of an invocation are numbers by name."""
    assert json.loads(json_lines(finished("a"))[0])["phases"]["handler_ms"] == 8.2


def test_outputs_that_json_cannot_say_become_strings() -> None:
    """A value that is not JSON does not break the stream."""
    manifest = MANIFEST.model_copy(update={"outputs": {"path": Path("/x")}})
    event = e.DeployFinished(START, manifest=manifest, changed=0, duration=0.0)

    assert json.loads(json_lines(event)[0])["manifest"]["outputs"] == {"path": "/x"}
