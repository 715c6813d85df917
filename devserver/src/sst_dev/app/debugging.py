"""Debugging in a session: the port for an IDE, and a terminal on which `breakpoint()` opens pdb.

The terminal is a pane called Debug in the multiplexer, and the session's own terminal in `mono` and `basic`. Without
either, `breakpoint()` says how to attach and goes on.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from typing import Any

from ..core import commands as c
from ..core import events as e
from ..core.settings import Mode, Settings
from ..core.state import Invocation, State
from ..core.stream import Stream
from ..core.tasks import cancel_all, spawn
from ..functions.debugger import NO_CONFIG, Debugger
from ..functions.functions import Functions
from ..processes.tty import Tty
from .patience import patience

PANE = c.DEBUG_PANE
"""A dev command of this name would share it."""
_PROMPT = re.compile(rb"\(pdb \w+\) \Z")
_WAYS = "q ends the call, c lets it go on."


class Debugging:
    """Owner of the debugger's port and of pdb's terminal."""

    def __init__(self, settings: Settings, state: State, stream: Stream, functions: Functions) -> None:
        self._settings = settings
        self._state = state
        self._stream = stream
        self._functions = functions
        self._debugger: Debugger | None = None
        self._tty: Tty | None = None
        self._shown = False
        self._prompt = b""
        """pdb's, while a call stands at it."""
        self._warned = False
        """Ctrl-C was the last that was typed at the prompt."""
        self._watched: set[str] = set()
        """Ids of the invocations that ever paused: as many as somebody stood at."""
        self._tasks: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Open what the settings and the terminal allow. Raises `UserError` when the port cannot be had."""
        port = self._settings.debug_port
        if port is None and os.environ.get(NO_CONFIG):
            port = 0
        if port is not None:
            self._debugger = Debugger(self._settings.root, self._stream, self._changed, self._functions.name_of)
            await self._debugger.open(port)
        if self._settings.mode is Mode.MULTI:
            self._tty = Tty(self._to_pane, echo=True)
        elif sys.stdin.isatty() and sys.stdout.isatty():
            self._tty = Tty(self._to_terminal, echo=False)
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._from_terminal)
        self._functions.debug_with(self._worker)
        self._stream.observe(self._heard)

    def take(self, command: c.Command) -> bool:
        """Perform *command* if it is about the Debug pane."""
        match command:
            case c.WriteProcess(name=name, data=b"\x03") if name == PANE and self._tty is not None:
                self._tty.flush_input()
                if self._prompt:
                    self._to_pane(f"^C\r\n{_WAYS}\r\n".encode() + self._prompt)
            case c.WriteProcess(name=name, data=data) if name == PANE and self._tty is not None:
                self._tty.type(data)
            case c.StopProcess(name=name) if name == PANE and self._tty is not None:
                self._tty.type(b"\ncontinue\n")
            case c.ResizeProcess(name=name) | c.StartProcess(name=name) | c.RestartProcess(name=name) if name == PANE:
                """A pane without a program: there is nothing to start and nothing that minds its size."""
            case _:
                return False
        return True

    def interrupt(self) -> bool:
        """Ctrl-C on the session's terminal, which has dropped the line that was typed. True when that is all it is
        to do: a call stands at the prompt there, and it is the first one in a row."""
        if not self._prompt or self._warned or self._settings.mode is Mode.MULTI:
            return False
        self._warned = True
        self._to_terminal(f"\nCtrl-C again ends the session; {_WAYS}\n".encode() + self._prompt)
        return True

    async def close(self) -> None:
        """Give everything back."""
        await cancel_all(self._tasks)
        if self._debugger is not None:
            await self._debugger.close()
        if self._tty is not None:
            if self._settings.mode is not Mode.MULTI:
                asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            self._tty.close()

    def _changed(self, attached: bool) -> None:
        text = "Debugger: an IDE has attached" if attached else "Debugger: the IDE has left"
        self._stream.publish(e.Notice(time.time(), text))
        self._functions.renew(eager=attached)

    def _worker(self) -> dict[str, Any]:
        return {
            "debugger": self._debugger.worker() if self._debugger else None,
            "pycharm": self._settings.pycharm_port,
            "tty": self._tty.path if self._tty else None,
            "attach": self._hint(),
        }

    def _hint(self) -> str:
        if self._debugger is not None:
            return f"no debugger is attached to 127.0.0.1:{self._debugger.port}; see `sst debug vscode`"
        return "start with `sst dev --debug` to attach an IDE, or run `sst dev` in a terminal for pdb"

    # --- pdb's terminal ---------------------------------------------------------------------------

    def _to_pane(self, data: bytes) -> None:
        self._look_for_prompt(data)
        if not self._shown:
            self._shown = True
            self._stream.publish(e.ProcessChanged(time.time(), PANE, PANE, "command", "running"))
        self._stream.publish(e.ProcessOutput(time.time(), PANE, data))

    def _to_terminal(self, data: bytes) -> None:
        self._look_for_prompt(data)
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def _from_terminal(self) -> None:
        data = os.read(sys.stdin.fileno(), 4096)
        self._warned = False
        if self._tty is not None and self._somebody_stands():
            self._tty.type(data or b"\x04")

    def _look_for_prompt(self, data: bytes) -> None:
        if found := _PROMPT.search(data):
            self._prompt = found[0]

    def _somebody_stands(self) -> bool:
        return any(invocation.paused for invocation in self._state.invocations.values())

    # --- callers that give up ---------------------------------------------------------------------

    def _heard(self, event: e.Event) -> None:
        """Watch over each invocation that pauses, once. The prompt is gone when nobody stands any more."""
        if isinstance(event, (e.InvocationResumed, e.InvocationFinished)) and not self._somebody_stands():
            self._prompt, self._warned = b"", False
        if not isinstance(event, e.InvocationPaused) or event.id in self._watched:
            return
        if known := self._state.invocations.get(event.id):
            self._watched.add(event.id)
            spawn(self._watch(known), name=f"patience of {event.id}", owner=self._tasks)

    async def _watch(self, invocation: Invocation) -> None:
        """Say when somebody's patience ends while *invocation* stands at a breakpoint."""
        for at, text in patience(invocation.started, self._queues(invocation.started.function)):
            await asyncio.sleep(max(0.0, at - time.time()))
            if invocation.finished is not None:
                break
            if invocation.paused:
                self._stream.publish(e.Notice(time.time(), text, "warning"))

    def _queues(self, function: str) -> dict[str, float]:
        """Visibility timeouts of the queues that feed *function*, by ARN."""
        known = self._state.manifest.functions if self._state.manifest else []
        return {arn: seconds for one in known if one.name == function for arn, seconds in one.queues}
