"""A session without a cloud: real stream, state, child processes and TUI; functions that answer by themselves.

Run as a program it is what the TUI tests start in a real terminal:
`python -m tests.support.fake_session ROOT [COMMAND…]`, each COMMAND as `Name=shell line`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sst_dev.core import commands as c
from sst_dev.core import events as e
from sst_dev.core.manifest import DevCommand, Manifest
from sst_dev.core.settings import Mode, Settings
from sst_dev.core.state import State
from sst_dev.core.stream import Stream
from sst_dev.processes.panes import process_specs
from sst_dev.processes.supervisor import Supervisor

from tests.support.history import FULL, START, finished, log, started, starting


class FakeSession:
    """Stream, state and supervisor, with the commands a real session takes."""

    def __init__(self, root: Path, manifest: Manifest = FULL) -> None:
        self.settings = Settings(config=root / "sst_config.py", stage="alice", mode=Mode.MULTI)
        self.manifest = manifest
        self.stream, self.state = Stream(), State()
        self.stream.observe(self.state.apply)
        self.supervisor = Supervisor(self.stream)
        self.sent: list[c.Command] = []
        self._replays = 0

    def publish(self, events: Iterable[e.Event]) -> None:
        """Publish recorded events as if they happened now."""
        shift = time.time() - START
        for event in events:
            self.stream.publish(replace(event, at=event.at + shift - 12))

    def start(self) -> None:
        """Come up with the manifest and its processes."""
        self.publish(starting(self.manifest))
        environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
        self.supervisor.update(process_specs(self.manifest, self.settings.root, lambda part: environment))

    def send(self, command: c.Command) -> None:
        """What the TUI asks for."""
        self.sent.append(command)
        if isinstance(command, c.ReplayInvocation):
            self._replay(command.id)
        else:
            self.supervisor.take(command)

    def _replay(self, id: str) -> None:
        self._replays += 1
        fresh = f"re{self._replays:02}{id}"
        before = self.state.invocations[id].started
        self.publish([replace(started(fresh, before.function, at=11.9), replay_of=id), log(fresh, "again", at=11.95)])
        self.publish([finished(fresh, before.function, at=12, response={"statusCode": 200, "body": "[1]"})])


async def main(root: Path, lines: list[str]) -> None:
    from sst_dev.tui import run_tui

    commands = [DevCommand(name=name, command=line) for name, _, line in (text.partition("=") for text in lines)]
    session = FakeSession(root, FULL.model_copy(update={"dev_commands": commands, "tasks": [], "tunnels": []}))
    session.start()
    session.publish([started("a1b2c3"), log("a1b2c3", "listing notes"), finished("a1b2c3")])
    await run_tui(session.stream, session.state, session.settings, session.send)
    await session.supervisor.close()
    print("session closed")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
