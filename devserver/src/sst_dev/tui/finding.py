"""The keys `/`, `n` and `N`: a search that is seen while it is typed, and that Escape undoes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .panes import Pane
from .prompt import Prompt
from .search import Search
from .timeline import Timeline

if TYPE_CHECKING:
    from .app import Multiplexer


class Finding:
    """Searches the pane on the screen."""

    def __init__(self, app: Multiplexer) -> None:
        self._app = app
        self._last = ""
        """What was sought last, in whatever pane."""

    def open(self) -> None:
        """Let the user type what to search for."""
        view = self._app.view
        pane, before, follow = view.pane, view.pane.search, view.pane.follow
        bottom = min(view.top + view.size.height, pane.document.end) - 1
        origin, end = pane.document.place(view.top), pane.document.place(bottom)
        marked = pane.document.selected if isinstance(pane.document, Timeline) else None

        def back() -> None:
            pane.document.reach(None)
            top = pane.document.locate(origin)
            pane.follow, pane.top = follow, view.top if top is None else top
            if isinstance(pane.document, Timeline):
                pane.document.selected = marked
            view.update_content()

        def changed(words: str) -> None:
            back()
            pane.search = Search(words)
            pane.search.begin(pane.document, pane.document.locate(end) or bottom)
            self._reveal(pane)
            prompt.note = pane.search.count

        def done(words: str | None) -> None:
            if words is None:
                back()
                pane.search = before
            elif words:
                self._last = words
            else:
                pane.search = Search()

        prompt = Prompt("/", done, changed, before=self._last)
        pane.search = Search()
        self._app.prompt(prompt)

    def step(self, step: int) -> None:
        """Go to the next match; around the end, if need be."""
        pane = self._app.view.pane
        if not pane.search.words:
            return
        pane.search.step(pane.document, step)
        if not self._reveal(pane):
            self._app.say(f"Nothing here contains “{pane.search.words}”", "warning")

    def clear(self) -> None:
        """Search for nothing; what a match unfolded folds."""
        pane = self._app.view.pane
        pane.document.reach(None)
        pane.search = Search()

    def _reveal(self, pane: Pane) -> bool:
        """Show the match one is at, if there is one; otherwise everything stays as it is."""
        view = self._app.view
        row = pane.document.reach(pane.search.place) if pane.search.place is not None else None
        if row is None:
            return False
        pane.follow = False
        view.reveal(row)
        return True
