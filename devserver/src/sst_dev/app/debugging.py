"""Debugging in a session: the port for an IDE, and a terminal on which `breakpoint()` opens pdb.

The terminal is a pane called Debug in the multiplexer, and the session's own terminal in `mono` and `basic`. Without
either, `breakpoint()` says how to attach and goes on.
"""

from __future__ import annotations

import asyncio
import os
import re
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
from ..processes.keys import END, Keys
from ..processes.tty import Tty
from .patience import patience

PANE = c.DEBUG_PANE
"""A dev command of this name would share it."""
_PROMPT = re.compile(rb"\(+[\w ]+\)+ ")
"""pdb's own, of a debugger inside it, and the one of its command `commands`."""
LINE = 4096
"""Bytes kept of pdb's last line, to know a prompt: the kernel takes no longer line either."""
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
        self._keys: Keys | None = None
        """Of the session's own terminal, where that is pdb's."""
        self._shown = False
        self._line = b""
        """The last line of the conversation with pdb, while it has no end."""
        self._prompt = b""
        """pdb's, while a call stands at it."""
        self._talking = False
        """Whether there was a prompt since last nobody stood."""
        self._ending = False
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
        if self._settings.pycharm_port is not None:
            text = f"Debugger: workers connect to PyCharm when it listens on 127.0.0.1:{self._settings.pycharm_port}"
            more = "`sst debug pycharm` writes its run configuration; the project needs pydevd-pycharm"
            self._stream.publish(e.Notice(time.time(), f"{text} ({more})"))
        if self._settings.mode is Mode.MULTI:
            self._tty = Tty(self._shows)
        elif all(os.isatty(number) for number in range(3)):
            self._tty = Tty(self._shows)
            self._keys = Keys(self._typed)
        self._functions.debug_with(self._worker)
        self._stream.observe(self._heard)

    @property
    def port(self) -> int | None:
        """To which an IDE attaches, while it is open."""
        return (self._debugger.port or None) if self._debugger else None

    def take(self, command: c.Command) -> bool:
        """Perform *command* if it is about the Debug pane."""
        match command:
            case c.WriteProcess(name=name, data=b"\x03") if name == PANE and self._tty is not None:
                self._drop_line(_WAYS)
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
        if self._keys is None or not self._prompt or self._warned:
            return False
        self._warned = True
        self._drop_line(f"Ctrl-C again ends the session; {_WAYS}")
        return True

    async def close(self) -> None:
        """Give everything back."""
        await cancel_all(self._tasks)
        if self._debugger is not None:
            await self._debugger.close()
        if self._keys is not None:
            self._keys.close()
        if self._tty is not None:
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
        if self._settings.pycharm_port is not None:
            return f"no PyCharm is connected on 127.0.0.1:{self._settings.pycharm_port}; see `sst debug pycharm`"
        return "start with `sst dev --debug` to attach an IDE, or run `sst dev` in a terminal for pdb"

    # --- pdb's terminal ---------------------------------------------------------------------------

    def _shows(self, data: bytes) -> None:
        """What the terminal would show: pdb's words, and what is typed."""
        self._line = (self._line + data).rpartition(b"\n")[2][-LINE:]
        if self._settings.mode is Mode.MULTI and not self._shown:
            self._shown = True
            self._stream.publish(e.ProcessChanged(time.time(), PANE, PANE, "command", "running"))
        self._stream.publish(e.ProcessOutput(time.time(), PANE, data))
        self._ask()

    def _ask(self) -> None:
        """Have a line typed, if pdb waits for one."""
        if not _PROMPT.fullmatch(self._line):
            return
        self._prompt = self._line
        if self._keys is not None:
            self._keys.ask(afresh=not self._talking)
        self._talking = True

    def _typed(self, key: bytes) -> None:
        self._warned = False
        if key in END:
            self._prompt = b""
        assert self._tty is not None
        self._tty.type(key or b"\x04")

    def _drop_line(self, says: str) -> None:
        """Forget what was typed; *says* is what else can be."""
        assert self._tty is not None
        self._tty.flush_input()
        if self._prompt:
            self._line = b""
            self._shows(f"^C\r\n{says}\r\n".encode() + self._prompt)

    def _hang_up(self) -> None:
        """Nobody stands any more: the keys are somebody else's again."""
        self._prompt, self._warned, self._talking = b"", False, False
        if self._keys is not None:
            self._keys.give_back()

    def _somebody_stands(self) -> bool:
        return any(invocation.paused for invocation in self._state.invocations.values())

    # --- callers that give up ---------------------------------------------------------------------

    def _heard(self, event: e.Event) -> None:
        match event:
            case e.InvocationResumed(stepping=False) | e.InvocationFinished() if not self._somebody_stands():
                self._hang_up()
            case e.SessionStopping():
                self._ending = True
                self._functions.end_standing()
            case e.InvocationPaused():
                self._ask()  # it may have stood before the last one was heard to go on
                if self._ending:
                    self._functions.end_standing()
                self._watch_over(event)

    def _watch_over(self, event: e.InvocationPaused) -> None:
        """Each invocation that pauses, once."""
        known = self._state.invocations.get(event.id)
        if known is not None and event.id not in self._watched:
            self._watched.add(event.id)
            spawn(self._watch(known), name=f"patience of {event.id}", owner=self._tasks)

    async def _watch(self, invocation: Invocation) -> None:
        """Say when somebody's patience ends while *invocation* stands at a breakpoint."""
        queues = self._queues(invocation.started.function)
        for at, text in patience(invocation.started, queues, local=self._state.home == "local"):
            await asyncio.sleep(max(0.0, at - time.time()))
            if invocation.finished is not None:
                break
            if invocation.paused:
                self._stream.publish(e.Notice(time.time(), text, "warning"))

    def _queues(self, function: str) -> dict[str, float]:
        """Visibility timeouts of the queues that feed *function*, by ARN."""
        known = self._state.manifest.functions if self._state.manifest else []
        return {arn: seconds for one in known if one.name == function for arn, seconds in one.queues}
