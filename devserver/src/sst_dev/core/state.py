"""What the events add up to: the snapshot that front ends and `sst status` read."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from . import events as e
from .manifest import Manifest

INVOCATIONS_KEPT = 1_000
"""Finished invocations kept for the Functions pane and for replay; at most about 0.5 GB of events by
`EVENT_KEPT`, in practice a few MB."""
FIRST_LINES_KEPT, LAST_LINES_KEPT = 500, 1_500
"""Log lines kept of the begin and of the end of an invocation: a loud one has its reason at its end, and about 0.3 MB
of lines. The files under `.sst/log/` keep them all."""
TRACE_KEPT = 200
"""Lines kept of Lambda's log of an unhandled error: twice the frames people read."""

LINES_KEPT_IN_ALL = 200_000
"""Log lines kept of all invocations together, about 30 MB: then the oldest invocations lose theirs."""

SessionState = Literal["starting", "deploying", "ready", "stopping"]


@dataclass
class Invocation:
    """One invocation as far as it is known."""

    started: e.InvocationStarted
    finished: e.InvocationFinished | None = None
    lines: list[str] = field(default_factory=list)
    """The first lines it wrote."""
    lines_dropped: int = 0
    """How many after those are no longer kept."""
    last_lines: deque[str] = field(default_factory=deque)
    """The last lines it wrote, when there are more than fit into `lines`."""
    trace: list[str] = field(default_factory=list)
    """Lambda's log of its unhandled error."""
    paused: str = ""
    """`functions/api.py:41` while it stands at a breakpoint."""

    def told(self) -> list[str]:
        """The lines that are kept; between them, how many are not."""
        gap = [lines_left_out(self.lines_dropped)] if self.lines_dropped else []
        return [*self.lines, *gap, *self.last_lines]


def lines_left_out(count: int) -> str:
    """What stands in place of *count* lines."""
    return f"… {count:,} lines left out here; .sst/log/functions.log has them …"


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
    heard_at: float = 0.0
    """When the channel last proved itself alive (seconds since the epoch): connected, a heartbeat, an invocation."""
    beats: bool = False
    """Whether heartbeats are reported; where they are not, silence means nothing."""
    invocations: OrderedDict[str, Invocation] = field(default_factory=OrderedDict)
    import_errors: dict[str, e.ReloadFailed] = field(default_factory=dict)
    """By function: code that does not import at the moment."""
    processes: dict[str, e.ProcessChanged] = field(default_factory=dict)
    lines_kept: int = 0
    """Of all invocations together."""

    def history(self) -> Iterator[e.Event]:
        """The invocations it remembers, as the events that told of them."""
        for invocation in self.invocations.values():
            started, finished = invocation.started, invocation.finished
            yield started
            for text in invocation.told():
                yield e.LogLine(started.at, started.function, started.environment, started.id, text)
            for text in invocation.trace:
                yield e.LogLine(started.at, started.function, started.environment, started.id, text, unhandled=True)
            if finished is not None:
                yield finished

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
                self._forget_processes(event.manifest)
            case e.DeployFailed():
                self.deploy_error = event
            case e.BridgeConnected():
                self.connected, self.connection, self.heard_at = True, event.host, event.at
            case e.BridgeHeartbeat():
                self.heard_at, self.beats = event.at, True
            case e.BridgeDisconnected():
                self.connected, self.connection = False, event.reason
            case e.InvocationStarted():
                self._remember(event)
            case e.LogLine(invocation=str(id)) if id in self.invocations:
                self._keep_line(self.invocations[id], event)
            case e.InvocationFinished() if event.id in self.invocations:
                self.invocations[event.id].finished = event
                self.invocations[event.id].paused = ""
            case e.InvocationPaused() if event.id in self.invocations:
                self.invocations[event.id].paused = f"{event.file}:{event.line}"
            case e.InvocationResumed() if event.id in self.invocations:
                self.invocations[event.id].paused = ""
            case e.Reloaded():
                for name in event.functions:
                    self.import_errors.pop(name, None)
            case e.ReloadFailed():
                self.import_errors[event.function] = event
            case e.ProcessChanged():
                self.processes[event.name] = event
                if self.manifest is not None:
                    self._forget_processes(self.manifest)
            case _:
                """Notices, output and finished business change no state."""

    def _forget_processes(self, manifest: Manifest) -> None:
        """Drop those that the app no longer has, once they have ended."""
        declared = {one.name for one in manifest.dev_commands} | {one.name for one in manifest.tasks}
        declared |= {one.name for one in manifest.tunnels}
        for name, process in list(self.processes.items()):
            if name not in declared and process.status in ("idle", "exited", "failed"):
                del self.processes[name]

    def _remember(self, event: e.InvocationStarted) -> None:
        if not event.replay_of:
            self.heard_at = event.at
        self.invocations[event.id] = Invocation(event)
        while len(self.invocations) > INVOCATIONS_KEPT:
            oldest = next((i for i, v in self.invocations.items() if v.finished), None)
            if oldest is None:
                break
            self._drop_lines(self.invocations.pop(oldest))

    def _keep_line(self, invocation: Invocation, line: e.LogLine) -> None:
        if line.unhandled:
            if len(invocation.trace) < TRACE_KEPT:
                invocation.trace.append(line.text)
            return
        self.lines_kept += 1
        if not invocation.lines_dropped and len(invocation.lines) < FIRST_LINES_KEPT:
            invocation.lines.append(line.text)
        else:
            invocation.last_lines.append(line.text)
            if len(invocation.last_lines) > LAST_LINES_KEPT:
                invocation.last_lines.popleft()
                invocation.lines_dropped += 1
                self.lines_kept -= 1
        if self.lines_kept > LINES_KEPT_IN_ALL:
            self._drop_lines(next(v for v in self.invocations.values() if v.lines or v.last_lines))

    def _drop_lines(self, invocation: Invocation) -> None:
        count = len(invocation.lines) + len(invocation.last_lines)
        self.lines_kept -= count
        invocation.lines_dropped += count
        invocation.lines = []
        invocation.last_lines.clear()
