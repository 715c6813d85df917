"""Events as JSON: what `--json` prints and `sst logs` reads back."""

import dataclasses
import json

import pytest
from sst_dev.core import events as e

SAMPLES = [
    e.SessionStarted(1.0, "notes", "ada", "local", 7),
    e.SessionReady(1.0, 0.5),
    e.Notice(1.0, "text", "warning", "hint"),
    e.DeployFailed(1.0, "message", "hint", "trace"),
    e.InvocationStarted(1.0, "n", "r", "Api", "e1", "url GET /", b'{"a":1}'),
    e.LogLine(1.0, "Api", "e1", None, "hello"),
    e.InvocationFinished(
        1.0, "n", "r", "Api", "e1", "error", 12.5, b"{}", "E", "m", ("f",), 40.0, "h", e.Phases(handler_ms=3.0)
    ),
    e.Reloaded(1.0, ("Api",), ("/a.py",), 4.0),
    e.ReloadFailed(1.0, "Api", "E", "m", "/a.py", 3, ("f",)),
    e.ProcessChanged(1.0, "web", "Web", "command", "running", 9),
    e.ProcessOutput(1.0, "web", b"out"),
]


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: type(event).__name__)
def test_an_event_survives_its_json(event: e.Event) -> None:
    """`from_json(to_json(event))` through real JSON text is the event."""
    document = json.loads(json.dumps(e.to_json(event)))

    assert document["event"] == type(event).__name__
    assert e.from_json(document) == event


def test_no_event_has_a_field_called_event() -> None:
    """The key `event` of the JSON is the kind, so no field may take it."""
    kinds = [kind for kind in vars(e).values() if isinstance(kind, type) and issubclass(kind, e.Event)]

    assert not [kind for kind in kinds for field in dataclasses.fields(kind) if field.name == "event"]


@pytest.mark.parametrize("document", [{}, {"event": "Nothing"}, {"event": "LogLine"}, {"event": "to_json"}])
def test_unknown_documents_are_skipped(document: dict) -> None:
    """A kind or a shape that is not known is None, not an error."""
    assert e.from_json(document) is None
