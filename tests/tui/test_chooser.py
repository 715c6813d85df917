"""The list to choose one name from."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sst_dev.tui.chooser import Chooser
from textual.app import App

CHOICES = [("Api", "functions/api.handler"), ("Worker", "functions/worker.handler"), ("Mailer", "mail/send.handler")]


class Host(App[None]):
    """An app that asks once."""

    answer: str | None = "none yet"

    def on_mount(self) -> None:
        self.push_screen(Chooser("All", CHOICES), self.take)

    def take(self, answer: str | None) -> None:
        self.answer = answer


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["enter"], ""),
        (["j", "enter"], "Api"),
        (["down", "down", "up", "enter"], "Api"),
        (["j", "j", "j", "k", "enter"], "Worker"),
        (["slash", *"mail", "enter"], "Mailer"),
        (["slash", *"handler", "down", "enter"], "Worker"),
        (["slash", *"jk", "backspace", "backspace", "enter"], ""),
        (["escape"], None),
        (["slash", *"mail", "escape"], None),
    ],
)
async def test_keys_choose(keys: Sequence[str], expected: str | None) -> None:
    """j, k and arrows move, `/` narrows by name or handler, Enter chooses, Escape changes nothing."""
    app = Host()
    async with app.run_test() as pilot:
        await pilot.press(*keys)
        await pilot.pause()

    assert app.answer == expected


async def test_nothing_found_chooses_nothing() -> None:
    """Enter on an empty list waits."""
    app = Host()
    async with app.run_test() as pilot:
        await pilot.press("slash", *"zzz", "enter")
        await pilot.pause()

        assert isinstance(app.screen, Chooser)
