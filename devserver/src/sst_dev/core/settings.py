"""Where a session lives and how it was started: decided once by the CLI, read by everyone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ENGINE_STATE = "resources.jsonl"
"""Name of the engine's record in a stage's folder: MiniStack's data is saved and put back with it."""


class Mode(StrEnum):
    """How `sst dev` shows itself."""

    MULTI = "multi"
    """The Textual multiplexer; the default on a terminal."""
    MONO = "mono"
    """One stream, child processes run, lines are prefixed."""
    BASIC = "basic"
    """One stream, no child processes."""


@dataclass(frozen=True)
class Settings:
    """The facts of one session that never change while it runs."""

    config: Path
    """Absolute path of `sst_config.py`."""
    stage: str
    mode: Mode = Mode.BASIC
    force_local: bool = False
    """`--local`: run an app with `home="aws"` on the embedded cloud."""
    json_events: bool = False
    """`--json`: print a JSON line per event instead of words."""
    color: bool = False
    """Whether what is printed may use colours, and so may child processes."""
    verbose: bool = False
    print_logs: bool = False
    takeover: bool = False
    """`--takeover`: replace a dev server that already holds this stage."""
    debug_port: int | None = None
    """`--debug[=PORT]`: let a debugger attach to every worker through this port (0 picks one)."""
    pycharm_port: int | None = None
    """`--debug=pycharm[:PORT]`: workers connect to PyCharm's debug server on this port of 127.0.0.1."""

    @property
    def root(self) -> Path:
        """The folder of `sst_config.py`: the root of the app and of every relative path in it."""
        return self.config.parent

    @property
    def home(self) -> Path:
        """`.sst/` (mode 0700): state, logs and sockets of this app on this machine."""
        return self.root / ".sst"

    @property
    def stage_home(self) -> Path:
        """`.sst/stages/<stage>/`: the engine's state, MiniStack's data and the key of one stage."""
        return self.home / "stages" / self.stage

    @property
    def engine_state(self) -> Path:
        """What the embedded engine knows to exist; it agrees with MiniStack's data or is put back with it."""
        return self.stage_home / ENGINE_STATE

    @property
    def log_dir(self) -> Path:
        """`.sst/log/`: one file per pane, MiniStack's log, and `invocations.jsonl`."""
        return self.home / "log"

    @property
    def socket(self) -> Path:
        """The control socket of the running session (mode 0600)."""
        return self.home / f"{self.stage}.sock"
