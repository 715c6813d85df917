"""Events as lines of text: what `basic` and `mono` print, and what the log files hold.

| Line | Meaning |
|---|---|
| `+ ~ -` | a component is created, updated or replaced, deleted |
| `λ Api 3f2a → url GET /` | an invocation starts; `3f2a` ties its lines together |
| `λ Api 3f2a │ text` | it wrote a line (`init` before the first invocation) |
| `λ Api 3f2a ✓ 12 ms` | it ended; `✗` when it failed, then the user's own frames |
| `λ Api 3f2a ⏸ paused at api.py:41` | it stands at a breakpoint; `▶` when it goes on |
| `web │ text` | a child process wrote a line (`mono`) |
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sst_dev.core import events as e

from .output import Lines
from .text import Line, bar_style, duration, line

_SIGNS = {
    "create": ("+", "good"),
    "update": ("~", "warn"),
    "replace": ("~", "warn"),
    "delete": ("-", "bad"),
    "read": (" ", "dim"),
}


class Plain:
    """Renders events in order. Holds only what later lines depend on."""

    def __init__(self, *, verbose: bool = False, root: Path | None = None, traces: bool = False) -> None:
        """*traces* renders Lambda's own log of unhandled errors too, beside the user's frames."""
        self._verbose = verbose
        self._traces = traces
        self._root = root
        self._announced: set[str] = set()
        """Components that have their line in the deploy under way."""
        self._failed = False
        """Whether a resource of the deploy under way has failed."""
        self._width = 0
        """Of the longest function name so far."""
        self._down = False
        self._installing = False
        self._outputs: dict[str, Lines] = {}
        self._stepping: set[str] = set()
        """Invocations on their way to the next line, which pdb shows: neither going on nor stopping is told."""

    def lines(self, event: e.Event) -> list[Line]:
        """The lines of one event, often none. An event this renderer does not know has none."""
        render: Callable[[Plain, Any], list[Line]] | None = _RENDERERS.get(type(event))
        return render(self, event) if render else []

    # --- the session

    def _session_started(self, event: e.SessionStarted) -> list[Line]:
        facts = {"App": event.app, "Stage": event.stage, "Home": event.home}
        return [line((f"{name + ':':8}", "dim"), (value, "bold")) for name, value in facts.items()] + [()]

    def _session_ready(self, event: e.SessionReady) -> list[Line]:
        return [line(("✓ ready", "good"), (f" in {duration(event.duration)}", "dim")), ()]

    def _session_stopping(self, event: e.SessionStopping) -> list[Line]:
        return [line(("Stopping: ", "dim"), event.reason)]

    def _notice(self, event: e.Notice) -> list[Line]:
        if event.level == "debug" and not self._verbose:
            return []
        style = {"debug": "dim", "info": "", "warning": "warn", "error": "bad"}[event.level]
        return [*_block(event.text, style), *_hint(event.hint)]

    # --- the embedded cloud and the channel

    def _cloud_installing(self, event: e.CloudInstalling) -> list[Line]:
        first = not self._installing
        self._installing = True
        head = [line(("Installing the local cloud (once per machine)", "dim"))] if first else []
        return [*head, line(("  " + event.line, "dim"))]

    def _cloud_ready(self, event: e.CloudReady) -> list[Line]:
        return [line(("Cloud:  ", "dim"), event.endpoint, (f" in {duration(event.duration)}", "dim"))]

    def _cloud_died(self, event: e.CloudDied) -> list[Line]:
        return [line((f"✗ The local cloud ended with status {event.status}", "bad")), *_hint(f"See {event.log}")]

    def _connected(self, event: e.BridgeConnected) -> list[Line]:
        shown = self._down or self._verbose
        word = "Connected again" if self._down else "Connected"
        self._down = False
        return [line((f"{word}: {event.host}", "good"))] if shown else []

    def _disconnected(self, event: e.BridgeDisconnected) -> list[Line]:
        self._down = True
        return [line((f"! Connection lost: {event.reason}; connecting again", "warn"))]

    # --- deploying

    def _deploy_started(self, event: e.DeployStarted) -> list[Line]:
        self._announced.clear()
        self._failed = False
        return [] if event.trigger in ("start", "remove") else [line(("Deploying: ", "dim"), self._path(event.trigger))]

    def _resource_started(self, event: e.ResourceStarted) -> list[Line]:
        detail = [line((f"  {event.action} {event.type} {event.name}", "dim"))] if self._verbose else []
        if event.component in self._announced or event.action == "read":
            return detail
        self._announced.add(event.component)
        sign, style = _SIGNS[event.action]
        return [line((sign + " ", style), event.component, (f"  {_kind(event.component_type)}", "dim")), *detail]

    def _resource_failed(self, event: e.ResourceFailed) -> list[Line]:
        what = f"✗ {event.component}  {_kind(event.component_type)}"
        if not self._failed:
            # The deploy fails with this one's message, which is printed then, in full.
            self._failed = True
            return [line((what, "bad"), (f"  {event.action} {event.type} failed", "dim"))]
        first, *rest = event.message.splitlines() or [""]
        head = line((what, "bad"), (f"  {event.action} {event.type}: ", "dim"), first)
        return [head, *(line("  " + more) for more in rest)]

    def _deploy_finished(self, event: e.DeployFinished) -> list[Line]:
        self._width = max([self._width, *(len(f.name) for f in event.manifest.functions)])
        count = event.changed
        what = f"{count} resource{'s' * (count != 1)} changed" if count else "no resource changed"
        done = line(("✓ deployed", "good"), f": {what}", (f" in {duration(event.duration)}", "dim"))
        return [done, *(line(f"  {k}: ", v) for k, v in map(_output, event.manifest.outputs.items())), ()]

    def _deploy_failed(self, event: e.DeployFailed) -> list[Line]:
        head = _block("✗ Deploy failed: " + event.message, "bad")
        return [*head, *(line("  " + frame) for frame in event.trace.splitlines()), *_hint(event.hint), ()]

    # --- functions

    def _invocation_started(self, event: e.InvocationStarted) -> list[Line]:
        return [self._of(event.function, event.id, ("→ ", "bold"), event.trigger)]

    def _log_line(self, event: e.LogLine) -> list[Line]:
        if event.unhandled and not self._traces:
            return []  # what the invocation ends with says the same
        return [self._of(event.function, event.invocation, ("│ ", bar_style(event.invocation or "")), event.text)]

    def _invocation_paused(self, event: e.InvocationPaused) -> list[Line]:
        if event.id in self._stepping:
            self._stepping.discard(event.id)
            return []
        return [self._of(event.function, event.id, ("⏸ ", "warn"), f"paused at {self._path(event.file)}:{event.line}")]

    def _invocation_resumed(self, event: e.InvocationResumed) -> list[Line]:
        if event.stepping:
            self._stepping.add(event.id)
            return []
        return [self._of(event.function, event.id, ("▶ ", "dim"), "goes on")]

    def _invocation_finished(self, event: e.InvocationFinished) -> list[Line]:
        self._stepping.discard(event.id)
        took = duration(event.duration_ms / 1000)
        memory = f" · {event.memory_mb:.0f} MB" if event.memory_mb else ""
        if event.status == "ok":
            return [self._of(event.function, event.id, ("✓ ", "good"), took, (memory, "dim"))]
        head, *rest = _error(event.error_type, event.error_message) or [event.status]
        first = self._of(event.function, event.id, ("✗ ", "bad"), f"{took}{memory}  ", (head, "bad"))
        return [first, *(line(("  " + more, "bad")) for more in rest), *self._frames(event.frames)]

    def _reloaded(self, event: e.Reloaded) -> list[Line]:
        paths = ", ".join(map(self._path, event.paths))
        names = ", ".join(event.functions)
        took = (f" in {duration(event.duration_ms / 1000)}", "dim")
        return [line(("↻ ", "accent"), paths, (" → ", "dim"), names, took)]

    def _reload_failed(self, event: e.ReloadFailed) -> list[Line]:
        where = f" ({self._path(event.file)}:{event.line})" if event.file else ""
        head, *rest = _error(event.error_type, event.error_message)
        first = line((f"✗ {event.function} does not import: {head}{where}", "bad"))
        return [first, *(line(("  " + more, "bad")) for more in rest), *self._frames(event.frames)]

    # --- processes

    def _process_changed(self, event: e.ProcessChanged) -> list[Line]:
        ended = event.status in ("exited", "failed")
        rest = self._outputs.pop(event.name, Lines()).flush() if ended else []
        if event.reason:
            what = line(("restarting: ", "warn"), event.reason)
        elif event.status == "running":
            what = line(("started", "dim"))
        elif ended:
            what = line((event.outcome or event.status, "dim" if event.well else "bad"))
        else:
            return []
        return [_prefixed(event.name, line(text)) for text in rest] + [_prefixed(event.name, what)]

    def _process_output(self, event: e.ProcessOutput) -> list[Line]:
        texts = self._outputs.setdefault(event.name, Lines()).feed(event.data)
        return [_prefixed(event.name, line(text)) for text in texts]

    # --- parts of lines

    def _of(self, function: str, invocation: str | None, *rest: str | tuple[str, str]) -> Line:
        tag = invocation[:4] if invocation else "init"
        self._width = max(self._width, len(function))
        return line(("λ ", "accent"), f"{function:{self._width}} ", (f"{tag:4} ", "dim"), *rest)

    def _frames(self, frames: tuple[str, ...]) -> list[Line]:
        """Where, and what stands there in bold: that is what one looks for."""
        out = []
        for frame in frames:
            text = frame.replace(f'"{self._root}/', '"') if self._root is not None else frame
            where, *code = text.rstrip("\n").split("\n")
            out += [line("  " + where), *(line(("  " + part, "bold")) for part in code)]
        return out

    def _path(self, path: str) -> str:
        """Relative to the app's root where that is shorter."""
        if self._root is not None and Path(path).is_relative_to(self._root):
            return str(Path(path).relative_to(self._root))
        return path


_RENDERERS: dict[type[e.Event], Callable[[Plain, Any], list[Line]]] = {
    e.SessionStarted: Plain._session_started,
    e.SessionReady: Plain._session_ready,
    e.SessionStopping: Plain._session_stopping,
    e.Notice: Plain._notice,
    e.CloudInstalling: Plain._cloud_installing,
    e.CloudReady: Plain._cloud_ready,
    e.CloudDied: Plain._cloud_died,
    e.BridgeConnected: Plain._connected,
    e.BridgeDisconnected: Plain._disconnected,
    e.DeployStarted: Plain._deploy_started,
    e.ResourceStarted: Plain._resource_started,
    e.ResourceFailed: Plain._resource_failed,
    e.DeployFinished: Plain._deploy_finished,
    e.DeployFailed: Plain._deploy_failed,
    e.InvocationStarted: Plain._invocation_started,
    e.LogLine: Plain._log_line,
    e.InvocationPaused: Plain._invocation_paused,
    e.InvocationResumed: Plain._invocation_resumed,
    e.InvocationFinished: Plain._invocation_finished,
    e.Reloaded: Plain._reloaded,
    e.ReloadFailed: Plain._reload_failed,
    e.ProcessChanged: Plain._process_changed,
    e.ProcessOutput: Plain._process_output,
}


def _prefixed(name: str, spans: Line) -> Line:
    return (*line((f"{name} │ ", bar_style(name))), *spans)


def _kind(component_type: str) -> str:
    """`sst:aws:Bucket` → `Bucket`."""
    return component_type.rpartition(":")[2]


def _output(item: tuple[str, Any]) -> tuple[str, str]:
    name, value = item
    return name, value if isinstance(value, str) else json.dumps(value, default=str)


def _error(kind: str, message: str) -> list[str]:
    return (f"{kind}: {message}" if kind and message else kind or message).splitlines()


def _block(text: str, style: str) -> list[Line]:
    return [line((part, style)) for part in text.splitlines()]


def _hint(hint: str) -> list[Line]:
    return [line(("  " + part, "dim")) for part in hint.splitlines()]
