"""The panes of a session and their order, from events and state. No widget."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..core import events as e
from ..core.manifest import Manifest
from ..core.state import State
from .deploy_log import DeployLog
from .emulator import Emulator
from .rows import Document, Place, Row, row
from .search import Search
from .task_log import TaskLog
from .timeline import Timeline

Kind = Literal["sst", "functions", "tasks", "terminal", "details"]

Anchor = tuple[int, Place]
"""A row's number when it was painted, and what stood there."""

DEAD = ("exited", "failed", "idle")

PENDING = 512 * 1024
"""Bytes of output a terminal may be behind: a second of the loudest child, and more than the loop's pace lets it be.
Beyond, the oldest is skipped: nobody could read it, and the log file has it."""
PIECE = 2 * 1024
"""Bytes emulated without a look at the clock: some 5 ms if each is a line, and far less of ordinary text."""

_MODE = re.compile(rb"\x1b\[\?([0-9]+)([hl])")


@dataclass
class Pane:
    """One line of the sidebar and what it shows."""

    name: str
    icon: str
    title: str
    kind: Kind
    document: Document
    top: int = 0
    """The first row on the screen, while `follow` is off."""
    anchor: Anchor | None = None
    """`top` as it was painted: what stood there stays there, whatever happens above it."""
    left: int = 0
    follow: bool = True
    """Whether the last row stays in sight."""
    wrap: bool = False
    search: Search = field(default_factory=Search)
    process: e.ProcessChanged | None = None
    pending: deque[bytes] = field(default_factory=deque)
    """Output that was not fed to the emulator yet."""
    behind: int = 0
    """Bytes in `pending`."""
    skipped: int = 0
    """Lines that were never fed."""
    _modes: dict[bytes, bytes] = field(default_factory=dict)
    """Of the skipped output what lasts: the modes it left the terminal in."""

    @property
    def emulator(self) -> Emulator | None:
        """The terminal, of panes that are one."""
        return self.document if isinstance(self.document, Emulator) else None

    @property
    def dead(self) -> bool:
        """Whether its process does not run."""
        return self.process is not None and self.process.status in DEAD

    def receive(self, data: bytes) -> None:
        """Keep *data* until `feed`, or only its end when there is too much."""
        self.pending.append(data)
        self.behind += len(data)
        while self.behind > PENDING and len(self.pending) > 1:
            lost = self.pending.popleft()
            self.behind -= len(lost)
            self.skipped += lost.count(b"\n")
            self._modes.update((match[1], match[0]) for match in _MODE.finditer(lost))

    def feed(self) -> bytes:
        """Show the next piece of what was received; what the terminal answers."""
        emulator = self.emulator
        if emulator is None or not self.pending:
            return b""
        data = self.pending.popleft()
        if len(data) > PIECE:
            data, rest = data[:PIECE], data[PIECE:]
            self.pending.appendleft(rest)
        self.behind -= len(data)
        if self.skipped or self._modes:
            emulator.note(f"… {self.skipped:,} lines skipped, see .sst/log …")
            # CAN ends a sequence that was cut, and SGR 0 the colour it may have left.
            data = b"".join([b"\x18\x1b[0m", *self._modes.values(), b"\r\n", data])
            self.skipped = 0
            self._modes.clear()
        return emulator.feed(data)


class Panes:
    """All panes, and which one is shown."""

    def __init__(self, state: State, root: Path = Path("/")) -> None:
        """Paths under *root*, the app's folder, are shown without it."""
        self.state = state
        self.deploy_log = DeployLog(state)
        self.timeline = Timeline(state, root)
        self.tasks = TaskLog()
        self.size = (80, 24)
        """Columns and rows that a terminal gets."""
        self.light = False
        """Whether the user's terminal is light."""
        self._fixed = [
            Pane("sst", "⑆", "SST", "sst", self.deploy_log, wrap=True),
            Pane("functions", "λ", "Functions", "functions", self.timeline, wrap=True),
        ]
        self._tasks = Pane("tasks", "⧉", "Tasks", "tasks", self.tasks)
        self._processes: dict[str, Pane] = {}
        self._numbers = {"sst": 1, "functions": 2}
        """Of each pane there ever was, by name: one gets used to them."""
        self._declared: set[str] = set()
        self._gone: set[str] = set()
        """Processes the app no longer has: their panes go when they have ended."""
        self.current: Pane = self._fixed[0]

    def apply(self, event: e.Event) -> None:
        """Take one event into account. The state has seen it already."""
        match event:
            case e.ProcessOutput():
                pane = self._processes.get(event.name)
                if pane is not None:
                    pane.receive(event.data)
                else:
                    self.tasks.receive(event.name, event.data)
            case e.ProcessChanged():
                self._process(event)
                if event.reason:
                    self.deploy_log.apply(event)
            case e.LogLine() | e.InvocationStarted() | e.InvocationFinished() | e.Reloaded():
                self.timeline.apply(event)
            case e.ReloadFailed():
                self.timeline.apply(event)
            case _:
                self.deploy_log.apply(event)
        if isinstance(event, e.DeployFinished):
            self._declare(event.manifest)

    def catch_up(self) -> None:
        """Show what happened before anyone watched, as far as the state remembers it."""
        state = self.state
        if state.app:
            self.apply(e.SessionStarted(0, state.app, state.stage, state.home, state.pid))
        if state.manifest is not None:
            self.deploy_log.outputs(state.manifest)
            self._declare(state.manifest)
        for process in state.processes.values():
            self._process(process)
        for invocation in state.invocations.values():
            self.timeline.apply(invocation.started)

    def ordered(self) -> list[Pane]:
        """By number what runs, then what does not."""
        panes = [*self._processes.values(), *([self._tasks] if self.tasks.names else [])]
        panes.sort(key=self.number)
        return [*self._fixed, *(p for p in panes if not p.dead), *(p for p in panes if p.dead)]

    def number(self, pane: Pane) -> int:
        """The pane's number, the same as long as the session lasts."""
        key = pane.name if pane.kind != "terminal" else f"process {pane.name}"
        return self._numbers.setdefault(key, len(self._numbers) + 1)

    def move(self, step: int) -> None:
        """Show the pane *step* places further down."""
        panes = self.ordered()
        at = panes.index(self.current) if self.current in panes else 0
        self.current = panes[max(0, min(at + step, len(panes) - 1))]

    def choose(self, number: int) -> None:
        """Show the pane with *number*, if there is one."""
        self.current = next((pane for pane in self.ordered() if self.number(pane) == number), self.current)

    def resize(self, columns: int, rows: int) -> list[str]:
        """Terminals have another size now; the names of their processes."""
        self.size = (columns, rows)
        for pane in self._processes.values():
            if pane.emulator is not None:
                pane.emulator.resize(columns, rows)
        return list(self._processes)

    @property
    def terminals(self) -> list[Pane]:
        """The panes of single processes."""
        return list(self._processes.values())

    @property
    def behind(self) -> list[Pane]:
        """Terminals with output to feed, the one on the screen first."""
        waiting = [pane for pane in self._processes.values() if pane.pending]
        return sorted(waiting, key=lambda pane: pane is not self.current)

    def _declare(self, manifest: Manifest) -> None:
        self.tasks.declare([task.name for task in manifest.tasks])
        if self.tasks.names:
            self.number(self._tasks)
        names = {part.name for part in manifest.dev_commands} | {part.name for part in manifest.tunnels}
        self._gone = (self._gone | self._declared) - names
        self._declared = names
        self._forget()

    def _forget(self) -> None:
        """Drop what the app no longer has, once it has ended."""
        for name, pane in list(self._processes.items()):
            if pane.dead and name in self._gone:
                del self._processes[name]

    def _process(self, event: e.ProcessChanged) -> None:
        if event.kind == "task":
            self.tasks.changed(event)
            return
        pane = self._processes.get(event.name)
        if pane is None:
            icon = "⇌" if event.kind == "tunnel" else "→"
            emulator = Emulator(*self.size)
            emulator.light = self.light
            pane = Pane(event.name, icon, event.title, "terminal", emulator)
            self._processes[event.name] = pane
            self.number(pane)
        before = pane.process
        pane.process, pane.title = event, event.title
        if event.status == "starting" and before is not None and before.status != "idle" and pane.emulator is not None:
            pane.receive(b"\x18\x1b[0m\r\n")
        self._forget()


def standing(pane: Pane) -> Row:
    """What a pane without a running process says below its output."""
    process = pane.process
    if process is None or process.status not in DEAD:
        return ()
    if process.status == "idle":
        return row(("press enter to start", "accent"))
    words = process.outcome or process.status
    return row((f"[{words}]", "dim" if process.well else "bad"), ("  press enter to start", "dim"))
