"""What the events add up to: the snapshot that front ends and `sst status` read."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal

from . import events as e
from .manifest import Manifest

INVOCATIONS_KEPT = 1_000
"""Finished invocations kept for the Functions pane and for replay; at most about 0.5 GB of events by
`EVENT_KEPT`, in practice a few MB."""
LINES_KEPT = 2_000
"""Log lines kept per invocation; the files under `.sst/log/` keep them all."""

SessionState = Literal["starting", "deploying", "ready", "stopping"]


@dataclass
class Invocation:
    """One invocation as far as it is known."""

    started: e.InvocationStarted
    finished: e.InvocationFinished | None = None
    lines: list[str] = field(default_factory=list)
    paused: str = ""
    """`functions/api.py:41` while it stands at a breakpoint."""


@dataclass
class Resource:
    """One resource the engine is working on or has failed at."""

    event: e.ResourceStarted
    error: str = ""


@dataclass
class State:
    """The session at this moment. Only `apply` changes it."""

    state: SessionState = "starting"
    app: str = ""
    stage: str = ""
    home: str = ""
    pid: int = 0
    endpoint: str | None = None
    """The AWS endpoint URL in local mode."""
    manifest: Manifest | None = None
    deploying: dict[str, Resource] = field(default_factory=dict)
    """Resources in work or failed, by urn."""
    deploy_error: e.DeployFailed | None = None
    connected: bool = False
    connection: str = ""
    """Why the channel is down, or the host it is up on."""
    invocations: OrderedDict[str, Invocation] = field(default_factory=OrderedDict)
    import_errors: dict[str, e.ReloadFailed] = field(default_factory=dict)
    """By function: code that does not import at the moment."""
    processes: dict[str, e.ProcessChanged] = field(default_factory=dict)

    def apply(self, event: e.Event) -> None:
        """Take one event into account."""
        match event:
            case e.SessionStarted():
                self.app, self.stage, self.home, self.pid = event.app, event.stage, event.home, event.pid
            case e.SessionReady():
                self.state = "ready"
            case e.SessionStopping():
                self.state = "stopping"
            case e.CloudReady():
                self.endpoint = event.endpoint
            case e.DeployStarted():
                self.deploying.clear()
                if self.state == "starting":
                    self.state = "deploying"
            case e.ResourceStarted():
                self.deploying[event.urn] = Resource(event)
            case e.ResourceFinished():
                self.deploying.pop(event.urn, None)
            case e.ResourceFailed():
                if event.urn in self.deploying:
                    self.deploying[event.urn].error = event.message
            case e.DeployFinished():
                self.manifest, self.deploy_error = event.manifest, None
                self.deploying.clear()
            case e.DeployFailed():
                self.deploy_error = event
            case e.BridgeConnected():
                self.connected, self.connection = True, event.host
            case e.BridgeDisconnected():
                self.connected, self.connection = False, event.reason
            case e.InvocationStarted():
                self._remember(event)
            case e.LogLine(invocation=str(id)) if id in self.invocations:
                lines = self.invocations[id].lines
                if len(lines) < LINES_KEPT:
                    lines.append(event.text)
            case e.InvocationFinished() if event.id in self.invocations:
                self.invocations[event.id].finished = event
            case e.Reloaded():
                for name in event.functions:
                    self.import_errors.pop(name, None)
            case e.ReloadFailed():
                self.import_errors[event.function] = event
            case e.ProcessChanged():
                self.processes[event.name] = event
            case _:
                """Notices, output and finished business change no state."""

    def _remember(self, event: e.InvocationStarted) -> None:
        self.invocations[event.id] = Invocation(event)
        while len(self.invocations) > INVOCATIONS_KEPT:
            oldest = next((i for i, v in self.invocations.items() if v.finished), None)
            if oldest is None:
                break
            del self.invocations[oldest]
