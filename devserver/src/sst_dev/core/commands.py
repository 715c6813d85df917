"""What front ends may ask of the session: one small frozen value per wish."""

from __future__ import annotations

from dataclasses import dataclass

DEBUG_PANE = "Debug"
"""Name of the process that is no process: the terminal on which `breakpoint()` opens pdb."""


@dataclass(frozen=True)
class Command:
    """The base of every command."""


@dataclass(frozen=True)
class StopSession(Command):
    """End the session in order; a second one skips the grace periods."""

    reason: str = "asked to stop"


@dataclass(frozen=True)
class Redeploy(Command):
    """Run the config program and apply the app again."""

    trigger: str = "asked to deploy"


@dataclass(frozen=True)
class StartProcess(Command):
    """Start the dev command, task or tunnel called *name*."""

    name: str


@dataclass(frozen=True)
class StopProcess(Command):
    """Stop it; *hard* skips the grace period."""

    name: str
    hard: bool = False


@dataclass(frozen=True)
class RestartProcess(Command):
    """Stop it and start it again."""

    name: str


@dataclass(frozen=True)
class RestartCommands(Command):
    """Restart every dev command that runs or has crashed; what waits, was stopped or is done stays as it is."""


@dataclass(frozen=True)
class WriteProcess(Command):
    """Send *data* to the terminal of a process."""

    name: str
    data: bytes


@dataclass(frozen=True)
class ResizeProcess(Command):
    """The terminal of a process is now *columns* by *rows* cells."""

    name: str
    columns: int
    rows: int


@dataclass(frozen=True)
class ReplayInvocation(Command):
    """Run the recorded invocation *id* again on the current code."""

    id: str


@dataclass(frozen=True)
class StopAtExceptions(Command):
    """From now on stop at uncaught exceptions of handlers in pdb, or do not."""

    wanted: bool = True
