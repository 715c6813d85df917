"""The SST pane as a document."""

from __future__ import annotations

from sst_dev.core import events as e
from sst_dev.core.state import State
from sst_dev.tui.deploy_log import DeployLog
from sst_dev.tui.rows import plain

from tests.support.history import API, FRAMES, ROLE, START, UPLOADS, URL, starting


class Watched:
    """A deploy log behind a state, as in the app."""

    def __init__(self) -> None:
        self.state = State()
        self.log = DeployLog(self.state)

    def see(self, *events: e.Event) -> Watched:
        for event in events:
            self.state.apply(event)
            self.log.apply(event)
        return self

    def shown(self, width: int = 80) -> list[str]:
        self.log.layout(width, START + 5, wrap=True)
        return [plain(self.log.row(y)) for y in range(self.log.first, self.log.end)]


def test_the_start_of_a_session() -> None:
    """Where it runs, each component with its duration, what the app offers, ready."""
    assert Watched().see(*starting()).shown() == [
        "App    notes",
        "Stage  alice",
        "Home   local",
        "Cloud  http://127.0.0.1:4566  800 ms",
        "",
        "Deploying",
        "  + Uploads          Bucket         100 ms",
        "  + Api              Function       700 ms",
        "✓ deployed  3 changed  900 ms",
        f"  api: {URL}",
        "",
        "Channel 127.0.0.1:4566",
        "✓ ready in 2.0 s",
        "",
    ]


def test_a_component_in_work_shows_its_age() -> None:
    """While any of its resources is in work, so is the component."""
    watched = Watched().see(e.DeployStarted(START, "start"), e.ResourceStarted(START, **ROLE))
    watched.see(e.ResourceFinished(START + 1, **ROLE, duration=1.0), e.ResourceStarted(START + 1, **API))

    assert watched.shown()[-1] == "  + Api              Function       creating 5.0 s"
    assert watched.log.running


def test_errors_stand_below_until_they_are_mended() -> None:
    """A failed resource and a failed deploy stay last on the screen until the next good deploy."""
    watched = Watched().see(
        e.DeployStarted(START, "/app/sst_config.py"),
        e.ResourceStarted(START, **UPLOADS),
        e.ResourceFailed(START, **UPLOADS, message="AccessDenied: no"),
        e.DeployFailed(START, "Uploads was not created", hint="Ask for rights.", trace="".join(FRAMES)),
        e.Notice(START, "something later"),
    )

    text = "\n".join(watched.shown())
    assert "Deploying: sst_config.py" in text
    assert text.endswith(
        "✗ Uploads  Bucket\n  AccessDenied: no\n✗ Deploy failed\n  Uploads was not created\n"
        '    File "functions/api.py", line 12, in handler\n      return notes[key]\n  Ask for rights.'
    )
    watched.see(*list(starting())[2:])
    assert "AccessDenied" not in "\n".join(watched.shown())


def test_the_failure_that_ended_the_deploy_is_told_once() -> None:
    """A resource that failed with the deploy's own message is not told of beside it."""
    watched = Watched().see(
        e.DeployStarted(START, "/app/sst_config.py"),
        e.ResourceStarted(START, **UPLOADS),
        e.ResourceFailed(START, **UPLOADS, message="Uploads: AccessDenied"),
        e.DeployFailed(START, "Uploads: AccessDenied"),
    )

    assert "\n".join(watched.shown()).count("AccessDenied") == 1


def test_a_restart_of_a_command_says_why() -> None:
    """One row with the names of what changed."""
    watched = Watched().see(e.ProcessChanged(START, "Web", "Frontend", "command", "stopping", 1, reason="MODE changed"))

    assert watched.shown()[-1] == "↻ Frontend  restarting: MODE changed"


def test_code_that_does_not_import_stands_too() -> None:
    """Until the function reloads."""
    watched = Watched().see(e.ReloadFailed(START, "Api", "SyntaxError", "bad", "api.py", 3))
    assert watched.shown()[-2:] == ["✗ Api does not import", "  SyntaxError: bad (api.py:3)"]

    watched.see(e.Reloaded(START, ("Api",), ("api.py",), 1.0))
    assert watched.shown() == []


def test_a_lost_connection_stands_while_it_lasts() -> None:
    """In the log for ever, below it until the channel is back."""
    watched = Watched().see(e.BridgeConnected(START, "h"), e.BridgeDisconnected(START, "closed"))
    assert watched.shown()[-2:] == ["! Not connected", "  closed"]

    watched.see(e.BridgeConnected(START, "h"))
    assert watched.shown()[-1] == "Channel h"


def test_long_lines_wrap() -> None:
    """An AWS error is read, not scrolled sideways."""
    watched = Watched().see(e.Notice(START, "x" * 25))

    assert watched.shown(10) == ["x" * 10, "x" * 10, "x" * 5]


def test_search_and_clear() -> None:
    """Every line that matches; clearing keeps the numbers of rows."""
    watched = Watched().see(*(e.Notice(START, f"note {n}") for n in range(5)))
    watched.shown()

    assert watched.log.matches("NOTE 3") == [3]
    assert watched.log.matches("other") == []
    watched.log.clear()
    assert watched.shown() == []
    assert watched.log.first == 5
    watched.log.note("mark")
    assert watched.shown() == ["mark"]
