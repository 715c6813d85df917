"""What `basic` and `mono` print for each event."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sst_dev.console.plain import _RENDERERS, Plain
from sst_dev.console.text import paint
from sst_dev.core import events as e

from tests.support.history import (
    API,
    FRAMES,
    ROLE,
    START,
    UPLOADS,
    URL,
    failing,
    finished,
    log,
    output,
    process,
    started,
    starting,
)


def shown(events: Iterable[e.Event], plain: Plain | None = None) -> list[str]:
    plain = plain or Plain(root=Path("/app"))
    return [paint(spans, color=False) for event in events for spans in plain.lines(event)]


def test_one_block_tells_how_the_session_came_up() -> None:
    """App, stage, each component once (not its resources), the outputs, ready."""
    assert shown(starting()) == [
        "App:    notes",
        "Stage:  alice",
        "Home:   local",
        "",
        "Cloud:  http://127.0.0.1:4566 in 800 ms",
        "+ Uploads  Bucket",
        "+ Api  Function",
        "✓ deployed: 3 resources changed in 900 ms",
        f"  api: {URL}",
        "",
        "✓ ready in 2.00 s",
        "",
    ]


def test_an_invocation_is_a_line_its_logs_and_an_end() -> None:
    """Start with function and trigger, then its lines, then status with duration, tied by a tag."""
    events = [started("3f2a99"), log("3f2a99", "hello"), finished("3f2a99")]

    assert shown(events) == [
        "λ Api 3f2a → url GET /notes",
        "λ Api 3f2a │ hello",
        "λ Api 3f2a ✓ 12 ms · 61 MB",
    ]


def test_lines_before_the_first_invocation_are_init() -> None:
    """What a handler prints while it is imported belongs to `init`."""
    assert shown([log(None, "loading")]) == ["λ Api init │ loading"]


def test_a_failure_shows_the_users_own_frames() -> None:
    """The error's type and message, then the frames as Python prints them."""
    assert shown([failing("3f2a")]) == [
        "λ Api 3f2a ✗ 12 ms · 61 MB  KeyError: 'title'",
        '    File "functions/api.py", line 12, in handler',
        "      return notes[key]",
    ]


def test_frames_of_the_app_are_told_from_its_folder() -> None:
    """As short as they can be."""
    frames = ('  File "/app/functions/api.py", line 12, in handler\n    return notes[key]\n',)

    assert shown([replace(failing("3f2a"), frames=frames)])[1] == '    File "functions/api.py", line 12, in handler'


def test_lambdas_log_of_an_error_is_not_shown_beside_the_users_frames() -> None:
    """The same error stands in what the invocation ends with; a log file has both."""
    trace = replace(log("3f2a", "[ERROR] KeyError: 'title'"), unhandled=True)

    assert shown([trace]) == []
    assert [paint(spans, color=False) for spans in Plain(traces=True).lines(trace)] == [
        "λ Api 3f2a │ [ERROR] KeyError: 'title'"
    ]


def test_a_failure_without_an_error_object_says_its_status() -> None:
    """A crash has no exception; the status is what is known."""
    assert shown([finished("3f2a", status="crash", memory_mb=None)]) == ["λ Api 3f2a ✗ 12 ms  crash"]


def test_a_breakpoint_is_told() -> None:
    """Where the invocation stands, and that it goes on."""
    events = [e.InvocationPaused(START, "3f2a", "Api", "/app/api.py", 41), e.InvocationResumed(START, "3f2a", "Api")]

    assert shown(events) == ["λ Api 3f2a ⏸ paused at api.py:41", "λ Api 3f2a ▶ goes on"]


def test_the_way_to_the_next_line_is_not_told() -> None:
    """pdb shows by itself where a step leads; the next stop that is not a step's is told again."""
    steps = [
        e.InvocationResumed(START, "3f2a", "Api", stepping=True),
        e.InvocationPaused(START, "3f2a", "Api", "h.py", 1),
    ]
    after = [e.InvocationResumed(START, "3f2a", "Api"), e.InvocationPaused(START, "3f2a", "Api", "h.py", 9)]

    assert shown([*steps, *steps, *after]) == ["λ Api 3f2a ▶ goes on", "λ Api 3f2a ⏸ paused at h.py:9"]


def test_function_names_line_up() -> None:
    """Names are padded to the longest of the app once it is known."""
    plain = Plain()
    shown(starting(), plain)

    assert shown([started("3f2a")], plain) == ["λ Api    3f2a → url GET /notes"]


def test_what_aws_said_of_failed_resources_is_printed_once() -> None:
    """The first failure is the deploy's, which tells it in full; others have nobody else to tell of them."""
    event = e.ResourceFailed(START, **API, message="AccessDenied: not you\nRequestId: 1")
    failed = e.DeployFailed(START, event.message)

    assert shown([event, event, failed]) == [
        "✗ Api  Function  create aws:lambda/function:Function failed",
        "✗ Api  Function  create aws:lambda/function:Function: AccessDenied: not you",
        "  RequestId: 1",
        "✗ Deploy failed: AccessDenied: not you",
        "RequestId: 1",
        "",
    ]
    again = [e.DeployStarted(START, trigger="start"), event]
    assert shown([event, *again])[-1].endswith("failed")


def test_each_deploy_announces_its_components_again() -> None:
    """A component that changes twice has a line in each deploy."""
    update = {**ROLE, "action": "update"}
    deploy = [e.DeployStarted(START, trigger="/app/sst_config.py"), e.ResourceStarted(START, **update)]

    assert shown(deploy * 2) == ["Deploying: sst_config.py", "~ Api  Function"] * 2


def test_a_resource_that_is_only_read_is_not_announced() -> None:
    """Reading changes nothing, so it is no news."""
    assert shown([e.ResourceStarted(START, **{**UPLOADS, "action": "read"})]) == []


def test_nothing_changed_is_said() -> None:
    """A deploy that made no call says so."""
    event = next(event for event in starting() if isinstance(event, e.DeployFinished))
    same = e.DeployFinished(START, manifest=event.manifest, changed=0, duration=0.1)

    assert shown([same])[0] == "✓ deployed: no resource changed in 100 ms"


def test_a_failed_deploy_shows_the_users_frames_and_the_hint() -> None:
    """Message, the frames of `sst_config.py`, then what to do."""
    event = e.DeployFailed(START, "sst_config.py: boom", hint="Mend line 3.", trace="".join(FRAMES))

    assert shown([event]) == [
        "✗ Deploy failed: sst_config.py: boom",
        '    File "functions/api.py", line 12, in handler',
        "      return notes[key]",
        "  Mend line 3.",
        "",
    ]


def test_a_reload_names_paths_relative_to_the_app() -> None:
    """Which files changed, which functions run them now, how long it took."""
    event = e.Reloaded(START, functions=("Api", "Worker"), paths=("/app/lib/db.py",), duration_ms=4.0)

    assert shown([event]) == ["↻ lib/db.py → Api, Worker in 4 ms"]


def test_code_that_does_not_import_says_where() -> None:
    """File and line of a syntax error, and the function that needs it."""
    event = e.ReloadFailed(
        START, function="Api", error_type="SyntaxError", error_message="invalid syntax", file="/app/api.py", line=3
    )

    assert shown([event]) == ["✗ Api does not import: SyntaxError: invalid syntax (api.py:3)"]


def test_a_lost_connection_is_said_and_its_return_too() -> None:
    """Down, and up again; the first connection is not news."""
    up = e.BridgeConnected(START, host="h")
    down = e.BridgeDisconnected(START, reason="closed (1006)")

    assert shown([up, down, up, up]) == [
        "! Connection lost: closed (1006); connecting again",
        "Connected again: h",
    ]


def test_the_installer_is_introduced_once() -> None:
    """The first line says what is going on, the rest is progress."""
    events = [e.CloudInstalling(START, line="resolving"), e.CloudInstalling(START, line="done")]

    assert shown(events) == ["Installing the local cloud (once per machine)", "  resolving", "  done"]


def test_debug_notices_need_verbose() -> None:
    """`--verbose` shows what is hidden otherwise: debug notices, and the resources of a component."""
    events = [e.Notice(START, "detail", level="debug"), e.ResourceStarted(START, **ROLE)]

    assert shown(events) == ["+ Api  Function"]
    assert shown(events, Plain(verbose=True)) == ["detail", "+ Api  Function", "  create aws:iam/role:Role api-role"]


def test_output_of_child_processes_is_prefixed() -> None:
    """In `mono` each line says who wrote it, the unfinished last one too."""
    events = [process("Web", "running", pid=1), output("Web", "a\nb\nc"), process("Web", "exited", exit_code=1)]

    assert shown(events) == ["Web │ started", "Web │ a", "Web │ b", "Web │ c", "Web │ exit 1"]


def test_every_event_has_a_renderer() -> None:
    """No event is forgotten: those without a line of their own are named here."""
    silent = {e.ResourceFinished, e.BridgeHeartbeat}

    assert set(_RENDERERS) | silent == set(e.Event.__subclasses__())
