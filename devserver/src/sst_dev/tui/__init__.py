"""The Textual multiplexer: an observer of the session's stream and state that sends commands."""

from __future__ import annotations

from collections.abc import Callable

from ..core.commands import Command
from ..core.errors import BugError
from ..core.settings import Settings
from ..core.state import State
from ..core.stream import Stream


async def run_tui(stream: Stream, state: State, settings: Settings, send: Callable[[Command], None]) -> None:
    """Show the session until the user quits or the stream closes.

    The terminal is put back in order in every case. Quitting sends nothing: the caller decides what it means.
    Raises `BugError` when the screen itself failed; Textual has printed where.
    """
    from .app import Multiplexer
    from .terminal import prepare

    prepare()
    with stream.subscribe() as subscription:
        app = Multiplexer(subscription, state, settings, send)
        await app.run_async()
    if app.return_code:
        raise BugError("The screen of sst dev failed; the traceback is above.", hint="Go on with --mode=mono.")
