"""A running `sst_worker`: the process behind a zygote or a spare, its control socket and its own output."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sst_worker import launch
from sst_worker.wire import Head

from ..core.errors import UserError
from .channel import Channel
from .output import Line, Output

PRELOAD_LIMIT = 60.0
"""Seconds the preload may take: ten times the slowest import we know of (torch, cold disk)."""

END_GRACE = 1.0
"""Seconds a process may take to end after its control socket closed; only one that is importing takes any."""


@dataclass(frozen=True)
class Launch:
    """How the workers of one function are started; two equal ones can share a process."""

    python: Path
    root: Path
    environment: Mapping[str, str]
    """Without credentials: see `environment.zygote_environment`."""
    sdk: Path | None
    """The package folder of the CLI's own copy of `sst`."""
    modules: tuple[str, ...]
    """Third-party modules to import before a worker is needed."""


@dataclass(frozen=True)
class Child:
    """A new worker's process: this side's end of its channel, and the reading end of its output."""

    channel: socket.socket
    output: int

    def close(self) -> None:
        """Let go of a process that nobody took."""
        self.channel.close()
        os.close(self.output)


class Program:
    """One process of the user's interpreter that runs `sst_worker`. Ends when its control socket closes."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        control: socket.socket,
        output: int,
        python: Path,
        *,
        on_message: Callable[[Head], None],
        on_line: Callable[[str], None],
    ) -> None:
        self._process = process
        self._python = python
        self._on_message = on_message
        self._on_line = on_line
        self._said = ""
        self._preloaded: asyncio.Future[Head] = asyncio.get_running_loop().create_future()
        self._control = Channel(control, self._message, self._closed)
        self._output = Output(output, secrets.token_hex(16), self._line)

    @classmethod
    async def start(
        cls,
        how: Launch,
        *,
        spare: bool,
        on_message: Callable[[Head], None],
        on_line: Callable[[str], None],
    ) -> Program:
        """Start it and preload; returns when `how.modules` are imported."""
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *launch.command(str(how.python), theirs.fileno(), spare=spare),
                cwd=how.root,
                env=dict(how.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            os.close(reading)
            raise
        finally:
            theirs.close()
            os.close(writing)
        program = cls(process, ours, reading, how.python, on_message=on_message, on_line=on_line)
        try:
            await program._preload(how)
        except BaseException:
            await program.close()
            raise
        return program

    @property
    def alive(self) -> bool:
        """Whether it still takes messages."""
        return not self._control.closed

    @property
    def pid(self) -> int:
        """Of the zygote or spare itself."""
        return self._process.pid

    @property
    def report(self) -> Head:
        """What `preloaded` said: `modules`, `left_out`, `rss_mb`."""
        return self._preloaded.result()

    def fork(self, worker: int) -> Child:
        """Make a worker: a fork of a zygote, or the spare itself."""
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        self._control.send({"type": "fork", "worker": worker}, fds=(os.dup(theirs.fileno()), writing))
        theirs.close()
        return Child(ours, reading)

    def load_debugger(self, folder: str) -> None:
        """Import the debugpy in *folder* before the next fork."""
        self._control.send({"type": "debugger", "debugpy": folder})

    async def wait(self) -> tuple[int | None, int | None]:
        """Exit code or signal number of the process, once it has ended."""
        status = await self._process.wait()
        return (status, None) if status >= 0 else (None, -status)

    def kill(self) -> None:
        """Kill the process and its group."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def close(self) -> None:
        """End the process and everything forked from it: it sees to that itself, unless it is stuck."""
        self._control.close()
        try:
            async with asyncio.timeout(END_GRACE):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()
        self._output.close()
        if not self._preloaded.done():
            self._preloaded.cancel()

    async def _preload(self, how: Launch) -> None:
        self._control.send(
            {
                "type": "preload",
                "modules": list(how.modules),
                "sdk": str(how.sdk) if how.sdk else None,
            }
        )
        async with asyncio.timeout(PRELOAD_LIMIT):
            await self._preloaded

    def _message(self, head: Head, _body: bytes) -> None:
        if head["type"] == "preloaded":
            if not self._preloaded.done():
                self._preloaded.set_result(head)
        else:
            self._on_message(head)

    def _line(self, line: Line) -> None:
        self._said = line.text
        self._on_line(line.text)

    def _closed(self) -> None:
        if not self._preloaded.done():
            self._output.read_now()
            self._preloaded.set_exception(
                UserError(
                    f"a worker of {self._python} ended before it was ready: {self._said or 'it said nothing'}",
                    hint="Look at its output above; workers need Python 3.9 or newer.",
                )
            )
        self._on_message({"type": "ended"})
