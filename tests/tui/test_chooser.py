"""The list to choose one name from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest
from sst_dev.tui.chooser import Choice, Chooser
from textual import events
from textual.app import App, ComposeResult

CHOICES = [("Api", "functions/api.handler"), ("Worker", "functions/worker.handler"), ("Mailer", "mail/send.handler")]


class Host(App[None]):
    """An app that asks once, with one doorway for keys."""

    CSS = "Screen { layers: base over; }"
    answer = "none"

    def compose(self) -> ComposeResult:
        self.chooser = Chooser()
        yield self.chooser

    def ask(self, choices: Sequence[tuple[str, str]] = CHOICES) -> None:
        self.chooser.offer("Show", [Choice(*choice, partial(setattr, self, "answer", choice[0])) for choice in choices])

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.chooser.press(event.key, event.character)
        else:
            await super().on_event(event)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["enter"], "Api"),
        (["down", "enter"], "Worker"),
        (["down", "down", "up", "enter"], "Worker"),
        (["ctrl+n", "ctrl+n", "ctrl+n", "ctrl+p", "enter"], "Worker"),
        ([*"mail", "enter"], "Mailer"),
        (["slash", *"mail", "enter"], "Mailer"),
        ([*"handler", "down", "enter"], "Worker"),
        ([*"hand work", "enter"], "Worker"),
        ([*"jk", "backspace", "backspace", "pagedown", "enter"], "Mailer"),
        (["escape"], "none"),
        ([*"mail", "escape"], "none"),
    ],
)
async def test_keys_choose(keys: Sequence[str], expected: str) -> None:
    """Letters narrow by name or handler, arrows move, Enter chooses, Escape changes nothing."""
    app = Host()
    async with app.run_test() as pilot:
        app.ask()
        await pilot.press(*keys)

        assert (app.answer, app.chooser.open) == (expected, False)


async def test_nothing_found_chooses_nothing() -> None:
    """Enter on an empty list waits, and the line says why."""
    app = Host()
    async with app.run_test() as pilot:
        app.ask()
        await pilot.press(*"zzz", "enter")

        assert app.chooser.open and "zzz   nothing" in app.chooser.render().plain


async def test_a_click_chooses_and_the_wheel_moves() -> None:
    """Rows are under the line and the border."""
    app = Host()
    async with app.run_test() as pilot:
        app.ask()
        await pilot.pause()
        await pilot.click(Chooser, offset=(4, 3))

        assert app.answer == "Worker"


async def test_a_long_list_scrolls() -> None:
    """What is chosen is in sight."""
    app = Host()
    async with app.run_test(size=(40, 12)) as pilot:
        app.ask([(f"name {n}", "") for n in range(50)])
        await pilot.press(*["down"] * 30)
        assert "❯ name 30" in app.chooser.render().plain
        await pilot.press("enter")

        assert app.answer == "name 30"
