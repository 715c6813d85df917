"""`sst status` for people."""

from pathlib import Path

from sst_dev.app.status import status_document
from sst_dev.cli.status import left_out, lines
from sst_dev.core import events as e
from sst_dev.core.settings import Settings
from sst_dev.core.state import State

from tests.support.history import starting


def test_where_a_call_stands_is_said_below_its_function() -> None:
    """A line for each call that stands at a breakpoint, and none when it has gone on."""
    state = State()
    for event in starting():
        state.apply(event)
    name = state.manifest.functions[0].name if state.manifest else ""
    settings = Settings(config=Path("/app/sst_config.py"), stage="test")

    def shown() -> str:
        return "\n".join(lines(status_document(state, settings, {})))

    state.apply(e.InvocationStarted(1.0, "1", "r", name, "env", "invoke", b"{}"))
    state.apply(e.InvocationPaused(1.0, "1", name, "functions/api.py", 41))
    assert "\n  ⏸ paused at functions/api.py:41" in shown().partition(f"λ {name}")[2]
    state.apply(e.InvocationResumed(2.0, "1", name))
    assert "paused" not in shown()


def test_what_is_not_preloaded_is_named_once_with_its_reason() -> None:
    """Modules of one package and one reason are one name on one line; functions without any say nothing."""
    workers = {
        "Api": {"zygote": {"left_out": {"gevent": "breaks", "gevent.hub": "breaks", "t": "threads"}}},
        "Other": {"zygote": {"left_out": {}}},
        "Cold": {"zygote": None},
    }

    assert left_out(workers) == [
        "! Api: not preloaded: gevent (breaks)",
        "! Api: not preloaded: t (threads)",
    ]
