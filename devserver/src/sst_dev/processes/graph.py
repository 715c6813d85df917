"""Which processes should run, which do, and what to do about the difference. Pure: no I/O, time is an argument.

Intent (`wanted`, `generation`) is what the app and the user asked for; fact (`status`, `ran`, `epoch`) is what was
reported. Every call changes one of them and returns the effects that bring fact towards intent. A report carries the
epoch of the start it belongs to; a stale one is ignored.

| status | next, and why |
|---|---|
| idle, exited, failed | starting, when a wanted generation has not run yet |
| starting | running or failed, as the start reports |
| running | stopping, when it is unwanted or of an old generation; exited, when it ends by itself |
| stopping | exited, when it is gone; failed, when it survived the ladder |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals
from typing import Literal

from ..core.events import ProcessStatus
from .ladder import RUNGS, Ladder, Rung
from .words import changed, changes, outcome


@dataclass(frozen=True)
class ProcessSpec:
    """What to run in one pane."""

    name: str
    argv: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str] = field(repr=False)
    title: str = ""
    kind: Literal["command", "task", "tunnel"] = "command"
    autostart: bool = True

    def differs(self, other: ProcessSpec) -> list[str]:
        """What a process of *other* must be restarted for: `command`, `folder`, names in its environment."""
        command = ["command"] if self.argv != other.argv else []
        folder = ["folder"] if self.directory != other.directory else []
        return [*command, *folder, *changes(other.environment, self.environment)]


@dataclass(frozen=True)
class Start:
    """Start *spec*; report `started` or `failed`, later `exited`, with *epoch*."""

    spec: ProcessSpec
    epoch: int


@dataclass(frozen=True)
class Signal:
    """Send *number* to the group of the process started in *epoch*."""

    name: str
    epoch: int
    number: Signals


@dataclass(frozen=True)
class Report:
    """Tell the front ends."""

    spec: ProcessSpec
    status: ProcessStatus
    pid: int | None
    exit_code: int | None
    outcome: str = ""
    """How it ended, in words."""
    reason: str = ""
    """Why it starts again, when it does so by itself."""


Effect = Start | Signal | Report


@dataclass
class _Process:
    spec: ProcessSpec
    wanted: bool
    generation: int = 1
    """The run that is wanted: a restart, or a changed spec, makes it another one."""
    declared: bool = True
    """False once the app no longer has it: it goes when it has ended."""
    status: ProcessStatus = "idle"
    ran: int = 0
    """The generation of the last start."""
    epoch: int = 0
    pid: int | None = None
    exit_code: int | None = None
    outcome: str = ""
    reason: str = ""
    """Why the wanted generation is another one; told once."""
    ladder: Ladder | None = None

    @property
    def due(self) -> bool:
        return self.wanted and self.declared and self.ran < self.generation

    @property
    def down(self) -> bool:
        return self.status in ("idle", "exited", "failed")

    @property
    def crashed(self) -> bool:
        return self.status == "failed" or (self.status == "exited" and self.exit_code != 0)

    @property
    def current(self) -> bool:
        return self.wanted and self.declared and self.ran == self.generation


class Graph:
    """All processes of a session."""

    def __init__(self, rungs: tuple[Rung, ...] = RUNGS) -> None:
        self._rungs = rungs
        self._processes: dict[str, _Process] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._processes

    @property
    def idle(self) -> bool:
        """True when nothing runs, nor is about to."""
        return all(process.down for process in self._processes.values())

    @property
    def next_deadline(self) -> float | None:
        """When to call `tick`."""
        ladders = [p.ladder for p in self._processes.values() if p.ladder]
        return min((ladder.deadline for ladder in ladders if ladder.deadline is not None), default=None)

    def stopping(self, name: str) -> bool:
        """Whether it was asked to end."""
        return name in self._processes and self._processes[name].status == "stopping"

    # --- intent

    def update(self, specs: list[ProcessSpec], now: float) -> list[Effect]:
        """The app has these processes now. Restarts those whose command, folder or environment changed."""
        effects: list[Effect] = []
        for spec in specs:
            process = self._processes.get(spec.name)
            if process is None:
                process = self._processes[spec.name] = _Process(spec, wanted=spec.autostart)
                effects.append(_report(process))
            else:
                if (names := spec.differs(process.spec)) or not process.declared:
                    process.generation += 1
                    process.reason = changed(names) if names and process.ran else ""
                process.spec, process.declared = spec, True
        declared = {spec.name for spec in specs}
        for process in self._processes.values():
            process.declared = process.spec.name in declared
        return effects + self._reconcile(now)

    def start(self, name: str, now: float) -> list[Effect]:
        """The user wants it to run; nothing happens when it does."""
        process = self._processes[name]
        if not (process.current and process.status in ("starting", "running")):
            process.generation = process.ran + 1
        process.wanted = True
        return self._reconcile(now)

    def stop(self, name: str, now: float, *, hard: bool = False) -> list[Effect]:
        """The user wants it gone; asked again, or *hard*, it goes sooner."""
        process = self._processes[name]
        again = process.status == "stopping" and not process.wanted
        process.wanted = False
        effects = self._reconcile(now)
        if hard:
            return effects + self._hurry(process, now, to_the_top=True)
        return effects + (self._hurry(process, now) if again else [])

    def restart(self, name: str, now: float) -> list[Effect]:
        """The user wants a fresh run of it."""
        process = self._processes[name]
        process.wanted = True
        process.generation = process.ran + 1
        return self._reconcile(now)

    def restart_commands(self, now: float) -> list[Effect]:
        """The user wants a fresh run of each command that runs or has crashed, not of what is meant to be down."""
        for process in self._processes.values():
            if process.spec.kind == "command" and process.wanted and (not process.down or process.crashed):
                process.generation = process.ran + 1
        return self._reconcile(now)

    def close(self, now: float) -> list[Effect]:
        """Nothing is wanted any more; called again, everything goes sooner."""
        effects: list[Effect] = []
        for name in list(self._processes):
            effects += self.stop(name, now)
        return effects

    # --- fact

    def started(self, name: str, epoch: int, pid: int, now: float) -> list[Effect]:
        """The start of *epoch* succeeded."""
        process = self._of(name, epoch)
        if process is None or process.status != "starting":
            return []
        process.status, process.pid = "running", pid
        return [_report(process), *self._reconcile(now)]

    def failed(self, name: str, epoch: int, now: float) -> list[Effect]:
        """The start of *epoch* failed."""
        return self._ended(name, epoch, None, "failed", now)

    def exited(self, name: str, epoch: int, code: int, now: float) -> list[Effect]:
        """The process of *epoch* and its whole group are gone."""
        return self._ended(name, epoch, code, "exited", now)

    def tick(self, now: float) -> list[Effect]:
        """Time passed: climb the ladders that are due."""
        effects: list[Effect] = []
        for process in list(self._processes.values()):
            if process.ladder is None:
                continue
            number = process.ladder.tick(now)
            if number is not None:
                effects.append(Signal(process.spec.name, process.epoch, number))
            elif process.ladder.exhausted:
                effects += self._ended(process.spec.name, process.epoch, None, "failed", now)
        return effects

    # --- the difference

    def _reconcile(self, now: float) -> list[Effect]:
        effects: list[Effect] = []
        for name, process in list(self._processes.items()):
            match process.status:
                case "idle" | "exited" | "failed":
                    if not process.declared:
                        del self._processes[name]
                    elif process.due:
                        effects += self._start(process)
                case "running":
                    if not process.current:
                        process.status, process.ladder = "stopping", Ladder(self._rungs)
                        effects += [_report(process), *self._hurry(process, now)]
                case "starting" | "stopping":
                    pass  # the report that ends this state reconciles again
        return effects

    def _start(self, process: _Process) -> list[Effect]:
        process.epoch += 1
        process.ran = process.generation
        process.status, process.pid, process.exit_code, process.outcome = "starting", None, None, ""
        return [_report(process), Start(process.spec, process.epoch)]

    def _hurry(self, process: _Process, now: float, *, to_the_top: bool = False) -> list[Effect]:
        last = number = process.ladder.request(now) if process.ladder else None
        while to_the_top and process.ladder and (number := process.ladder.request(now)) is not None:
            last = number
        return [] if last is None else [Signal(process.spec.name, process.epoch, last)]

    def _ended(self, name: str, epoch: int, code: int | None, status: ProcessStatus, now: float) -> list[Effect]:
        process = self._of(name, epoch)
        if process is None:
            return []
        process.outcome = outcome(code, asked=process.status == "stopping")
        process.status, process.exit_code, process.pid, process.ladder = status, code, None, None
        return [_report(process), *self._reconcile(now)]

    def _of(self, name: str, epoch: int) -> _Process | None:
        process = self._processes.get(name)
        alive = process is not None and process.status in ("starting", "running", "stopping")
        return process if process is not None and alive and process.epoch == epoch else None


def _report(process: _Process) -> Report:
    reason = ""
    if process.status in ("starting", "stopping"):
        reason, process.reason = process.reason, ""
    return Report(process.spec, process.status, process.pid, process.exit_code, process.outcome, reason)
