"""A list to choose one name from, narrowed by typing."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from .rows import STYLES


class Chooser(ModalScreen[str | None]):
    """Returns the chosen name, "" for all of them, None when the user changed their mind.

    j and k move, `/` narrows by typing, Enter chooses, Escape leaves.
    """

    CSS = """
    Chooser { align: center middle; }
    Chooser Vertical { width: 60; max-width: 90%; height: auto; max-height: 80%; border: round ansi_blue; }
    Chooser Input { height: 1; border: none; display: none; }
    Chooser Input.open { display: block; }
    Chooser OptionList { height: auto; border: none; }
    """

    def __init__(self, everything: str, choices: list[tuple[str, str]]) -> None:
        """*choices* are names with a word about each; *everything* stands for no choice."""
        super().__init__()
        self._everything = everything
        self._choices = choices

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Input(placeholder="type to narrow", compact=True)
            yield OptionList()

    def on_mount(self) -> None:
        self._fill("")
        self.query_one(OptionList).focus()

    def _fill(self, words: str) -> None:
        found = [(n, about) for n, about in self._choices if words.casefold() in f"{n} {about}".casefold()]
        options = [Option(Text(self._everything), id="all")] if not words else []
        for number, (name, about) in enumerate(found):
            options.append(Option(Text.assemble(name, (f"  {about}", STYLES["dim"])), id=f"choice-{number}"))
        self._found = [name for name, _ in found]
        listing = self.query_one(OptionList)
        listing.set_options(options)
        listing.highlighted = 0 if options else None

    def on_key(self, event: events.Key) -> None:
        listing, line = self.query_one(OptionList), self.query_one(Input)
        narrowing = self.focused is line
        if event.key == "escape":
            self.dismiss(None)
        elif event.key == "slash" and not narrowing:
            line.add_class("open")
            line.focus()
        elif event.key == "down" or (event.key == "j" and not narrowing):
            listing.action_cursor_down()
        elif event.key == "up" or (event.key == "k" and not narrowing):
            listing.action_cursor_up()
        else:
            return
        event.stop()
        event.prevent_default()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._fill(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.query_one(OptionList).action_select()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        id = event.option.id or "all"
        self.dismiss("" if id == "all" else self._found[int(id.removeprefix("choice-"))])
