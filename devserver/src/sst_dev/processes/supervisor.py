"""Runs the processes of a session: dev commands, tasks and tunnels, each on a terminal of its own.

A shell around `Graph`: it performs the effects, reports what came of them, and keeps the one timer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from signal import SIGHUP, SIGINT, SIGKILL, SIGTERM
from typing import Any, assert_never

from ..core import commands as c
from ..core.errors import UserError
from ..core.events import ProcessChanged, ProcessOutput
from ..core.stream import Stream
from ..core.tasks import cancel_all, spawn
from .graph import Effect, Graph, ProcessSpec, Report, Signal, Start
from .ladder import Rung
from .spawn import end_family
from .terminal import Terminal, open_terminal

SIZE = (80, 24)
"""Columns and rows of a terminal that no front end has sized yet."""


TERMINAL_RUNGS = (
    Rung(SIGINT, 3.0),
    Rung(SIGHUP, 1.0),
    Rung(SIGTERM, 3.0),
    Rung(SIGKILL, 2.0),
)
"""What a command on a terminal gets: Ctrl-C, then what closing its window would send, since an interactive shell ends
by nothing else, then the rest of the ladder."""


class Supervisor:
    """The owner of every child process that has a pane."""

    def __init__(
        self,
        stream: Stream,
        *,
        color: bool = True,
        size: tuple[int, int] = SIZE,
        rungs: tuple[Rung, ...] = TERMINAL_RUNGS,
    ) -> None:
        """With *color* false the children are told not to use any. *size* is columns and rows until a front end
        asks for another; a stream of lines wants more columns than a screen."""
        self._size = size
        self._stream = stream
        self._graph = Graph(rungs)
        self._terminals: dict[str, tuple[int, Terminal]] = {}
        """By name: the epoch it was started in, and its terminal."""
        self._sizes: dict[str, tuple[int, int]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._quiet = asyncio.Event()
        self._color = (
            {"TERM": "xterm-256color", "COLORTERM": "truecolor"} if color else {"TERM": "dumb", "NO_COLOR": "1"}
        )

    def update(self, specs: list[ProcessSpec]) -> None:
        """The app has these processes now: start, stop, and restart only what changed."""
        self._perform(self._graph.update(specs, self._now()))

    def take(self, command: c.Command) -> bool:
        """Perform *command* if it is about a process, else return False.

        Raises `UserError` when there is no process of that name.
        """
        match command:
            case c.StartProcess(name):
                self._ask(name, self._graph.start)
            case c.StopProcess(name, hard):
                self._ask(name, lambda n, now: self._graph.stop(n, now, hard=hard))
                if name not in self._terminals:
                    spawn(end_family(name), name=f"end what {name} left behind", owner=self._tasks)
            case c.RestartProcess(name):
                self._ask(name, self._graph.restart)
            case c.RestartCommands():
                self._perform(self._graph.restart_commands(self._now()))
            case c.WriteProcess(name, data):
                if name in self._terminals:
                    self._terminals[name][1].write(data)
            case c.ResizeProcess(name, columns, rows):
                self._sizes[name] = (columns, rows)
                if name in self._terminals:
                    self._terminals[name][1].resize(columns, rows)
            case _:
                return False
        return True

    async def close(self) -> None:
        """Stop everything and wait for its end. Called again meanwhile, it skips the graces."""
        self._perform(self._graph.close(self._now()))
        while not self._graph.idle:
            self._quiet.clear()
            await self._quiet.wait()
        await end_family()
        for _, terminal in self._terminals.values():
            terminal.close()
        self._terminals.clear()
        await cancel_all(self._tasks)

    def _ask(self, name: str, wish: Callable[[str, float], list[Effect]]) -> None:
        if name not in self._graph:
            raise UserError(f"There is no process called {name!r}.", hint="`sst status` lists them.")
        self._perform(wish(name, self._now()))

    def _perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Start():
                    spawn(self._run(effect), name=f"run {effect.spec.name}", owner=self._tasks)
                case Signal():
                    epoch, terminal = self._terminals.get(effect.name, (0, None))
                    if terminal is not None and epoch == effect.epoch:
                        terminal.child.signal(effect.number)
                case Report(spec):
                    self._stream.publish(
                        ProcessChanged(
                            time.time(), spec.name, spec.title or spec.name, spec.kind, effect.status, effect.pid,
                            effect.exit_code, effect.outcome, effect.reason,
                        )
                    )  # fmt: skip
                case _:
                    assert_never(effect)
        self._arm()
        self._quiet.set()

    async def _run(self, start: Start) -> None:
        spec, epoch, name = start.spec, start.epoch, start.spec.name
        if epoch > 1:
            await end_family(name)  # what an earlier run, which has ended by itself, has left behind
        columns, rows = self._sizes.get(name, self._size)
        try:
            terminal = await open_terminal(
                spec.argv,
                name=name,
                cwd=spec.directory,
                environment={**spec.environment, **self._color},
                columns=columns,
                rows=rows,
                on_output=lambda data: self._output(name, data),
            )
        except (UserError, OSError) as error:  # OSError: no more processes, terminals or memory to be had
            hint = error.hint if isinstance(error, UserError) else "Close some programs."
            self._output(name, f"{error}\r\n{hint}\r\n".encode())
            self._perform(self._graph.failed(name, epoch, self._now()))
            return
        self._terminals[name] = (epoch, terminal)
        self._perform(self._graph.started(name, epoch, terminal.child.pid, self._now()))
        code = await terminal.wait()
        if self._graph.stopping(name):
            await end_family(name)
        if self._terminals.get(name, (0,))[0] == epoch:
            del self._terminals[name]
        self._perform(self._graph.exited(name, epoch, code, self._now()))

    def _output(self, name: str, data: bytes) -> None:
        self._stream.publish(ProcessOutput(time.time(), name, data))

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        deadline = self._graph.next_deadline
        loop = asyncio.get_running_loop()
        self._timer = None if deadline is None else loop.call_at(deadline, self._tick)

    def _tick(self) -> None:
        self._perform(self._graph.tick(self._now()))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
