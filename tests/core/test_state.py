"""State: what the events add up to."""

from sst_dev.core import events as e
from sst_dev.core import state as state_module
from sst_dev.core.manifest import App, DevCommand, Manifest
from sst_dev.core.state import State

STARTED = e.ResourceStarted(1, "urn:b", "Bucket", "sst:aws:Bucket", "aws:s3/bucket:Bucket", "b", "create")
FAILED = e.ResourceFailed(2, "urn:b", "Bucket", "sst:aws:Bucket", "aws:s3/bucket:Bucket", "b", "create", "denied")


def add(*events: e.Event) -> State:
    state = State()
    for event in events:
        state.apply(event)
    return state


def test_a_session_goes_from_starting_to_ready_to_stopping() -> None:
    """The state follows the session's own events."""
    state = add(e.SessionStarted(1, "a", "s", "local", 1))
    seen = [state.state]
    for event in (e.DeployStarted(1, "start"), e.SessionReady(1, 1.0), e.SessionStopping(1, "x")):
        state.apply(event)
        seen.append(state.state)

    assert seen == ["starting", "deploying", "ready", "stopping"]


def test_a_failed_resource_stays_until_the_next_deploy() -> None:
    """Errors stay until mended."""
    state = add(STARTED, FAILED)
    assert state.deploying["urn:b"].error == "denied"

    state.apply(e.DeployStarted(3, "sst_config.py"))
    assert state.deploying == {}


def test_a_good_deploy_clears_the_error_and_keeps_the_manifest() -> None:
    """After a failure the next good apply is what counts."""
    manifest = Manifest(app=App(name="a", stage="s", home="local"))
    state = add(e.DeployFailed(1, "no"), e.DeployFinished(2, manifest, 1, 0.1))

    assert (state.deploy_error, state.manifest) == (None, manifest)


def test_lines_are_filed_under_their_invocation() -> None:
    """A line belongs to the invocation that wrote it; init lines to none."""
    start = e.InvocationStarted(1, "n", "r", "Api", "e", "invoke", b"{}")
    state = add(start, e.LogLine(2, "Api", "e", "n", "mine"), e.LogLine(2, "Api", "e", None, "init"))

    assert state.invocations["n"].lines == ["mine"]


def test_finished_invocations_are_forgotten_first(monkeypatch) -> None:
    """Past the bound the oldest finished one goes, never one that runs."""
    monkeypatch.setattr(state_module, "INVOCATIONS_KEPT", 2)
    state = State()
    for id in "abc":
        state.apply(e.InvocationStarted(1, id, id, "Api", "e", "invoke", b""))
        if id == "b":
            state.apply(e.InvocationFinished(1, "b", "b", "Api", "e", "ok", 1.0, b""))

    assert list(state.invocations) == ["a", "c"]


def test_an_import_error_lasts_until_the_function_reloads() -> None:
    """`Reloaded` names the functions that import again."""
    state = add(e.ReloadFailed(1, "Api", "E", "m"))
    assert list(state.import_errors) == ["Api"]

    state.apply(e.Reloaded(2, ("Api",), ("a.py",), 1.0))
    assert state.import_errors == {}


def test_the_first_and_the_last_lines_of_an_invocation_are_kept(monkeypatch) -> None:
    """What a loud one ends with matters most; between them stands how many are missing."""
    monkeypatch.setattr(state_module, "FIRST_LINES_KEPT", 2)
    monkeypatch.setattr(state_module, "LAST_LINES_KEPT", 3)
    state = add(e.InvocationStarted(1, "a", "a", "Api", "e", "invoke", b""))
    for n in range(1004):
        state.apply(e.LogLine(2, "Api", "e", "a", str(n)))

    *first, gap, x, y, z = state.invocations["a"].told()
    assert (first, x, y, z) == (["0", "1"], "1001", "1002", "1003")
    assert gap == "… 999 lines left out here; .sst/log/functions.log has them …"
    assert state.lines_kept == 5


def test_an_invocation_that_lost_its_lines_keeps_the_order_of_those_to_come(monkeypatch) -> None:
    """What was dropped came before them."""
    monkeypatch.setattr(state_module, "LINES_KEPT_IN_ALL", 3)
    state = add(e.InvocationStarted(1, "a", "a", "Api", "e", "invoke", b""))
    for n in range(5):
        state.apply(e.LogLine(2, "Api", "e", "a", str(n)))

    assert state.invocations["a"].told() == ["… 4 lines left out here; .sst/log/functions.log has them …", "4"]


def test_lines_are_bounded_over_all_invocations(monkeypatch) -> None:
    """Past the bound the oldest invocation loses its lines, and says how many."""
    monkeypatch.setattr(state_module, "LINES_KEPT_IN_ALL", 5)
    state = State()
    for id in "ab":
        state.apply(e.InvocationStarted(1, id, id, "Api", "e", "invoke", b""))
        for n in range(3):
            state.apply(e.LogLine(2, "Api", "e", id, str(n)))

    assert (state.invocations["a"].lines, state.invocations["a"].lines_dropped) == ([], 3)
    assert state.invocations["b"].lines == ["0", "1", "2"]
    assert state.lines_kept == 3


def test_the_channel_is_heard_by_heartbeats_and_calls() -> None:
    """What the cloud sends proves the channel alive; a replay of our own proves nothing."""
    state = add(e.BridgeConnected(1, "host"), e.BridgeHeartbeat(5))
    assert state.heard_at == 5
    state.apply(e.InvocationStarted(6, "a", "a", "Api", "e", "invoke", b""))
    state.apply(e.InvocationStarted(9, "b", "b", "Api", "e", "invoke", b"", replay_of="a"))

    assert state.heard_at == 6


def test_history_tells_again_what_is_remembered() -> None:
    """A state that is told the history of another remembers the same invocations."""
    start = e.InvocationStarted(1, "n", "r", "Api", "e", "invoke", b"{}")
    end = e.InvocationFinished(3, "n", "r", "Api", "e", "ok", 1.0, b"1")
    trace = e.LogLine(2, "Api", "e", "n", "[ERROR] E", unhandled=True)
    state = add(start, e.LogLine(2, "Api", "e", "n", "mine"), trace, end)

    assert add(*state.history()).invocations == state.invocations


def test_processes_that_the_app_no_longer_has_are_forgotten_when_they_have_ended() -> None:
    """A dev server edited for a week does not remember every name a command ever had."""
    app = App(name="a", stage="s", home="local")
    both = Manifest(app=app, dev_commands=[DevCommand(name=name, command="x") for name in ("Web", "Docs")])
    less = Manifest(app=app, dev_commands=[DevCommand(name="Docs", command="x")])
    state = add(e.DeployFinished(1, both, 0, 0.1))
    for name in ("Web", "Docs"):
        state.apply(e.ProcessChanged(2, name, name, "command", "running", 1))

    state.apply(e.DeployFinished(3, less, 0, 0.1))
    assert list(state.processes) == ["Web", "Docs"]
    state.apply(e.ProcessChanged(4, "Web", "Web", "command", "exited", None, 0, "stopped"))
    assert list(state.processes) == ["Docs"]
    state.apply(e.ProcessChanged(5, "Docs", "Docs", "command", "exited", None, 0, "exit 0"))
    assert list(state.processes) == ["Docs"]
