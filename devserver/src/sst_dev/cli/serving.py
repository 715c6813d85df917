"""A session with its front end: what they share is the event stream and the commands, nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import IO, Any

from ..app.session import Session
from ..console.logfiles import LogFiles
from ..console.printer import run_console
from ..core.commands import StopSession
from ..core.settings import Mode, Settings
from ..core.tasks import cancel_all, spawn

ECHO = 0.5
"""Seconds in which another signal is the same Ctrl-C: the terminal sends it to all, and `uv run` passes its own on."""

Beside = Callable[[Session], Coroutine[Any, Any, None]]


async def run_session(settings: Settings, *, beside: Beside | None = None) -> None:
    """Run a session until it ends. *beside* runs from when it is ready, and ends it when it returns.

    With *beside* the narration goes to stderr: stdout is the command's. Raises what the session raises.
    """
    session = Session(settings)
    tasks: set[asyncio.Task[Any]] = set()
    _stop_on_signals(session)
    with contextlib.closing(LogFiles(settings, session.state, session.stream)) as log_files:
        session.stream.observe(log_files.observe)
        front_end = spawn(_front_end(session, sys.stderr if beside else sys.stdout), name="front end", owner=tasks)
        if beside is not None:
            spawn(_along(session, beside), name="command beside the session", owner=tasks)
        try:
            await session.run()
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None  # the second signal: whatever is left, the guard ends
        finally:
            await front_end
            await asyncio.gather(*tasks)


async def _front_end(session: Session, file: IO[str]) -> None:
    if session.settings.mode is Mode.MULTI:
        from ..processes.spawn import screen_on_terminal
        from ..tui import run_tui

        try:
            with screen_on_terminal():
                await run_tui(session.stream, session.state, session.settings, session.send)
        finally:
            session.send(StopSession("quit"))
        # The screen is gone and the end may take a moment: tell it in lines.
    with session.stream.subscribe() as subscription:
        await run_console(subscription, session.settings, file)


async def _along(session: Session, beside: Beside) -> None:
    """Run *beside* once the session is ready. Whichever ends first ends the other, the command before the session."""
    tasks: set[asyncio.Task[Any]] = set()
    ready = spawn(session.ready.wait(), name="session is ready", owner=tasks)
    ended = spawn(session.ended.wait(), name="session has ended", owner=tasks)
    try:
        await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            return
        command = spawn(beside(session), name="command", owner=tasks)
        session.before_end(partial(cancel_all, {command}))
        await asyncio.wait({command})
        session.send(StopSession("the command ended"))
        if not command.cancelled():
            command.result()
    finally:
        await cancel_all(tasks)


def _stop_on_signals(session: Session) -> None:
    """The first signal asks, the second cancels what still waits, the third leaves at once. A Ctrl-C that pdb's prompt
    takes does not count; once the session stops, for whatever reason, the next one is the second."""
    loop = asyncio.get_running_loop()
    main = asyncio.current_task()
    count, last = 0, -ECHO

    def on_signal(number: int) -> None:
        nonlocal count, last
        # A window that is closed right after a Ctrl-C is closed all the same.
        echo, last = number != signal.SIGHUP and loop.time() - last < ECHO, loop.time()
        if number == signal.SIGINT and session.stopping:
            count = max(count, 1)  # asked by a key of the screen, or by `sst stop`
        if echo or (count == 0 and number == signal.SIGINT and session.interrupt()):
            return
        count += 1
        if count == 1:
            session.send(StopSession(signal.Signals(number).name))
        elif count == 2 and main is not None:
            main.cancel()
        else:
            os._exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, on_signal, number)
