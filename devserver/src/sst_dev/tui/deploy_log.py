"""The SST pane as a document: what comes up, what is deployed, what went wrong. No widget."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from ..core import events as e
from ..core.manifest import Manifest
from ..core.state import State
from .rows import Lines, Row, row
from .timeline import duration

KEPT = 2_000
"""Rows kept: weeks of deploys; `.sst/log/sst.log` has them all."""

SIGNS = {"create": ("+", "good"), "update": ("~", "warn"), "replace": ("~", "warn"), "delete": ("-", "bad")}
WORDS = {"create": "creating", "update": "updating", "replace": "replacing", "delete": "deleting"}


@dataclass
class _Component:
    """One component in one deploy; its row changes until it is done."""

    name: str
    kind: str
    action: str
    since: float
    until: float = 0.0
    open: set[str] = field(default_factory=set)
    error: str = ""

    def row(self, now: float) -> Row:
        sign, style = SIGNS.get(self.action, (" ", "dim"))
        if self.error:
            tail = ("failed", "bad")
        elif self.open:
            tail = (f"{WORDS.get(self.action, self.action)} {duration(now - self.since)}", "warn")
        else:
            tail = (duration(self.until - self.since), "dim")
        return row((f"  {sign} ", style), f"{self.name:16} ", (f"{self.kind:14} ", "dim"), tail)


class DeployLog(Lines):
    """A `Document`: a log whose last rows are the errors that still stand."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self._log: deque[Row | _Component] = deque(maxlen=KEPT)
        self._components: dict[str, _Component] = {}

    def apply(self, event: e.Event) -> None:
        """Take one event into account. The state has seen it already."""
        match event:
            case e.SessionStarted():
                for name, value in (("App", event.app), ("Stage", event.stage), ("Home", event.home)):
                    self._put(row((f"{name:7}", "dim"), (value, "bold")))
            case e.CloudInstalling():
                self._put(row((f"  {event.line}", "dim")))
            case e.CloudReady():
                self._put(row(("Cloud  ", "dim"), event.endpoint, (f"  {duration(event.duration)}", "dim")))
            case e.CloudDied():
                self._put(
                    row((f"✗ The local cloud ended with status {event.status}", "bad"), (f"  {event.log}", "dim"))
                )
            case e.SessionReady():
                self._put(row(("✓ ready", "good"), (f" in {duration(event.duration)}", "dim")), ())
            case e.SessionStopping():
                self._put(row(("Stopping: ", "dim"), event.reason))
            case e.Notice() if event.level != "debug":
                style = {"info": "", "warning": "warn", "error": "bad"}[event.level]
                self._put(*(row((text, style)) for text in event.text.splitlines()))
                self._put(*(row(("  " + text, "dim")) for text in event.hint.splitlines()))
            case e.BridgeDisconnected():
                self._put(row((f"! Connection lost: {event.reason}; connecting again", "warn")))
            case e.BridgeConnected():
                self._put(row(("Channel ", "dim"), event.host))
            case e.ProcessChanged(reason=str(reason)) if reason:
                self._put(row(("↻ ", "accent"), event.title, (f"  restarting: {reason}", "dim")))
            case e.DeployStarted() | e.DeployFinished() | e.DeployFailed():
                self._deploy(event)
            case e.ResourceStarted() | e.ResourceFinished() | e.ResourceFailed() if event.action != "read":
                self._resource(event)
            case _:
                """The other events have panes of their own."""

    def note(self, text: str) -> None:
        """Add a row of our own."""
        self._put(row((text, "dim")))

    def clear(self) -> None:
        """Hide everything so far (Ctrl-L); errors that stand stay."""
        self.first += len(self._rows)
        self._log.clear()

    @property
    def running(self) -> bool:
        """Whether an age on the screen grows."""
        return any(component.open for component in self._components.values())

    def layout(self, width: int, now: float, *, wrap: bool) -> None:
        """Prepare rows of *width* cells."""
        logical = [item if isinstance(item, tuple) else item.row(now) for item in self._log] + self._standing()
        self.lay_out(logical, width, wrap=wrap)

    def _put(self, *rows: Row | _Component) -> None:
        for item in rows:
            if len(self._log) == KEPT:
                self.first += 1
            self._log.append(item)

    def _deploy(self, event: e.DeployStarted | e.DeployFinished | e.DeployFailed) -> None:
        if isinstance(event, e.DeployStarted):
            self._components.clear()
            what = "Deploying" if event.trigger == "start" else f"Deploying: {event.trigger.rpartition('/')[2]}"
            self._put((), row((what, "bold")))
            return
        for component in self._components.values():
            component.open.clear()
        if isinstance(event, e.DeployFailed):
            return  # it stands below the log until it is mended
        changed = f"{event.changed} changed" if event.changed else "no resource changed"
        self._put(row(("✓ deployed", "good"), f"  {changed}", (f"  {duration(event.duration)}", "dim")))
        self.outputs(event.manifest)

    def outputs(self, manifest: Manifest) -> None:
        """Show what the app offers: its outputs, and the URLs of its functions."""
        for name, value in manifest.outputs.items():
            shown = value if isinstance(value, str) else json.dumps(value, default=str)
            self._put(row((f"  {name}: ", "bold"), shown))
        for function in manifest.functions:
            if function.url and function.url not in manifest.outputs.values():
                self._put(row((f"  λ {function.name}: ", "dim"), function.url))
        self._put(())

    def _resource(self, event: e.ResourceStarted | e.ResourceFinished | e.ResourceFailed) -> None:
        component = self._components.get(event.component)
        if component is None:
            kind = event.component_type.rpartition(":")[2]
            component = self._components[event.component] = _Component(event.component, kind, event.action, event.at)
            self._put(component)
        if isinstance(event, e.ResourceStarted):
            component.open.add(event.urn)
            return
        component.open.discard(event.urn)
        component.until = event.at
        if isinstance(event, e.ResourceFailed):
            component.error = event.message

    def _standing(self) -> list[Row]:
        """The errors that stay until they are mended."""
        rows: list[Row] = []
        failed = self._state.deploy_error.message if self._state.deploy_error is not None else ""
        for component in self._components.values():
            if component.error and component.error != failed:
                rows += _block(f"✗ {component.name}  {component.kind}", component.error)
        if (error := self._state.deploy_error) is not None:
            rows += _block("✗ Deploy failed", error.message, error.trace, hint=error.hint)
        for broken in self._state.import_errors.values():
            where = f" ({broken.file}:{broken.line})" if broken.file else ""
            message = f"{broken.error_type}: {broken.error_message}{where}"
            rows += _block(f"✗ {broken.function} does not import", message, "".join(broken.frames))
        if self._state.connection and not self._state.connected:
            rows += _block("! Not connected", self._state.connection)
        return [(), *rows] if rows else []


def _block(title: str, message: str, trace: str = "", *, hint: str = "") -> list[Row]:
    parts: list[tuple[str, Any]] = [(message, "error"), (trace, "dim"), (hint, "")]
    return [row((title, "bad")), *(row(("  " + t, style)) for text, style in parts for t in text.splitlines())]
