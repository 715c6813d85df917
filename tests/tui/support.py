"""The multiplexer under a pilot, behind a fake session with a clock that stands still."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sst_dev.core import commands as c
from sst_dev.core import events as e
from sst_dev.core.errors import UserError
from sst_dev.core.settings import Mode, Settings
from sst_dev.core.state import State
from sst_dev.core.stream import Stream
from sst_dev.tui.app import Multiplexer
from textual.pilot import Pilot

from tests.support.history import FULL, START, starting

SNAPSHOTS = Path(__file__).parent / "snapshots"


class Deck:
    """The app, what it is told, and what it asks for."""

    def __init__(self, root: Path) -> None:
        self.settings = Settings(config=root / "sst_config.py", stage="alice", mode=Mode.MULTI)
        self.stream, self.state = Stream(), State()
        self.stream.observe(self.state.apply)
        self.sent: list[c.Command] = []
        self.now = START + 12
        self.app: Multiplexer
        self.pilot: Pilot[Any]

    def send(self, command: c.Command) -> None:
        if isinstance(command, c.StartProcess) and command.name == "Broken":
            raise UserError("There is no process called 'Broken'.", hint="`sst status` lists them.")
        self.sent.append(command)

    async def see(self, *events: e.Event | Iterable[e.Event]) -> None:
        """Publish events and wait until they are on the screen."""
        for event in events:
            for one in [event] if isinstance(event, e.Event) else event:
                self.stream.publish(one)
        await self.settle()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def settle(self) -> None:
        """Wait until the app has taken what was published and painted it."""
        await self.until(lambda: not self.app._subscription._events and not self.app.panes.behind)
        self.app.update_all()
        await self.pilot.pause()

    async def until(self, condition: Callable[[], Any]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, self.text()
            await self.pilot.pause(0.005)

    def asked(self, kind: type[c.Command] = c.Command) -> list[c.Command]:
        """The commands sent so far, without the resizes that come by themselves."""
        return [command for command in self.sent if isinstance(command, kind) and not _is_resize(command)]

    def lines(self) -> list[str]:
        """The screen as text."""
        return [
            "".join(segment.text for segment in strip).rstrip() for strip in self.app.screen._compositor.render_strips()
        ]

    def pane(self) -> list[str]:
        """The pane's part of the screen, without its scroll bar and empty rows."""
        rows = ["".join(segment.text for segment in strip)[:-1].rstrip() for strip in self.app.view._rows]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def text(self) -> str:
        return "\n".join(self.lines())

    def check_snapshot(self, name: str, tmp_path: Path, folder: Path = SNAPSHOTS) -> None:
        """Compare the screen with `<name>.svg` in *folder*; `UPDATE_SNAPSHOTS=1` writes it instead."""
        svg = self.app.export_screenshot(title="sst dev")
        expected = folder / f"{name}.svg"
        if os.environ.get("UPDATE_SNAPSHOTS"):
            expected.write_text(svg)
        actual = tmp_path / f"{name}.svg"
        actual.write_text(svg)
        if not expected.exists() or svg != expected.read_text():
            pytest.fail(f"The screen differs from {expected}: see {actual}, or run with UPDATE_SNAPSHOTS=1.")


def _is_resize(command: c.Command) -> bool:
    return isinstance(command, c.ResizeProcess)


@asynccontextmanager
async def deck(root: Path, size: tuple[int, int] = (100, 30), *, ready: bool = True) -> AsyncIterator[Deck]:
    """A running app; with *ready*, behind a session that came up with a tunnel, tasks and no commands yet."""
    deck = Deck(root)
    with deck.stream.subscribe() as subscription:
        deck.app = Multiplexer(subscription, deck.state, deck.settings, deck.send, clock=lambda: deck.now)
        async with deck.app.run_test(size=size) as deck.pilot:
            if ready:
                await deck.see(starting(FULL))
            yield deck
