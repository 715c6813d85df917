"""What signals do to a session."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sst_dev.app.session import Session
from sst_dev.cli.serving import _stop_on_signals
from sst_dev.core.commands import StopSession
from sst_dev.core.settings import Settings
from sst_dev.core.tasks import cancel_all, spawn


@pytest.fixture(name="session")
def _session(tmp_path: Path) -> Session:
    return Session(Settings(config=tmp_path / "sst_config.py", stage="ada"))


@pytest.fixture(name="loop_signals", autouse=True)
def _loop_signals() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


async def heard(number: int) -> None:
    """Send this process *number* and wait until the loop has performed its handler."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    reported = signal.SIGUSR1  # delivered after *number*: Python's handlers write in the order of the signals
    loop.add_signal_handler(reported, told.set)
    os.kill(os.getpid(), number)
    os.kill(os.getpid(), reported)
    await told.wait()
    loop.remove_signal_handler(reported)


@pytest.mark.parametrize(
    ("stopping", "number", "cancelled"),
    [
        (False, signal.SIGINT, False),
        (False, signal.SIGTERM, False),
        (True, signal.SIGINT, True),
        (True, signal.SIGTERM, False),
        (True, signal.SIGHUP, False),
    ],
)
async def test_a_signal_asks_unless_the_end_was_asked_for(
    session: Session, stopping: bool, number: int, cancelled: bool
) -> None:
    """A first signal asks; Ctrl-C in a session that stops already, by a key or from elsewhere, skips the waiting. The
    hangup that comes with the end of a window does not."""
    ready = asyncio.Event()

    async def main() -> None:
        _stop_on_signals(session)
        ready.set()
        await asyncio.Event().wait()

    tasks: set[asyncio.Task[None]] = set()
    running = spawn(main(), name="main", owner=tasks)
    await ready.wait()
    if stopping:
        session.send(StopSession("quit"))

    await heard(number)

    await asyncio.wait({running}, timeout=0)
    assert running.cancelled() is cancelled
    assert session.stopping
    await cancel_all(tasks)
