"""The session of `sst dev`: owns the cloud, the engine, the channel and the functions of one app and stage.

It comes up in the order config program ∥ MiniStack → bootstrap → (apply ∥ channel) → ready, and goes down in the
opposite order. Every long-lived task belongs to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from sst_bridge.endpoint import CLOSE_GRACE, DevEndpoint

from ..cloud.ministack import MiniStack
from ..cloud.secrets import SecretStore
from ..core import commands as c
from ..core.bootstrap import Bootstrap
from ..core.errors import RemoteError, SstError, UserError
from ..core.events import InvocationFinished, Notice, SessionReady, SessionStarted, SessionStopping
from ..core.manifest import App, DevCommand, Manifest, Task
from ..core.settings import Mode, Settings
from ..core.state import State
from ..core.stream import Stream
from ..core.tasks import cancel_all, spawn
from ..engine.program import Program
from ..functions.functions import Functions
from ..processes.panes import process_specs
from ..processes.supervisor import Supervisor
from .channel import open_channel
from .control import ControlServer
from .credentials import CredentialServer, assume_with
from .debugging import Debugging
from .deploying import Deploying
from .environment import command_environment, environment_for, find_target
from .invocations import Invocations
from .status import status_document
from .task_runs import TaskRuns


class Session:
    """One `sst dev`. `run` returns when it ended in order, and raises `SstError` when it could not begin or go on."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stream = Stream()
        self.state = State()
        self.stream.observe(self.state.apply)
        self._cloud = MiniStack(settings, self.stream)
        self._program = Program(settings, self.stream, secrets=SecretStore(settings).values)
        self._functions: Functions | None = None
        self._invocations: Invocations | None = None
        self._debugging: Debugging | None = None
        self._supervisor: Supervisor | None = None
        self._task_runs: TaskRuns | None = None
        self._bootstrap: Bootstrap | None = None
        self._credentials: CredentialServer | None = None
        self._deploying = Deploying(settings, self.stream, self._apply)
        self._control = ControlServer(
            settings.socket,
            self.stream,
            {"status": self._status, "environment": self._environment, "command": self._command},
            self.state.history,
        )
        self._stopping = asyncio.Event()
        self._reason = ""
        self._failure: SstError | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._exit = contextlib.AsyncExitStack()
        self.ready = asyncio.Event()
        """Set when the session serves."""
        self.ended = asyncio.Event()
        """Set when the session has ended, whether or not it ever served."""

    @property
    def stopping(self) -> bool:
        """Whether its end was asked for, or cannot be helped."""
        return self._stopping.is_set()

    def interrupt(self) -> bool:
        """Ctrl-C: whether pdb's prompt took it, so that the session goes on."""
        return self._debugging is not None and self._debugging.interrupt()

    def send(self, command: c.Command) -> None:
        """Take a wish of a front end."""
        match command:
            case c.StopSession():
                self._reason = self._reason or command.reason
                self._stopping.set()
            case c.Redeploy():
                self._deploying.request(command.trigger)
            case c.ReplayInvocation(id) if self._invocations is not None:
                self._attempt(self._invocations.replay(id), f"replay {id}")
            case c.StopAtExceptions(wanted) if self._functions is not None:
                self._functions.stop_at_exceptions(wanted)
                text = "Uncaught exceptions stop in pdb." if wanted else "Uncaught exceptions do not stop any more."
                self.stream.publish(Notice(time.time(), text))
            case _ if self._debugging is not None and self._debugging.take(command):
                """A wish about the Debug pane."""
            case _ if self._task_runs is not None and self._task_runs.take(command):
                """A wish about a task that runs."""
            case _ if self._supervisor is not None and self._take(command):
                """A wish about a process."""
            case _:
                self._warn(f"{type(command).__name__} is not possible in this session.")

    def _take(self, command: c.Command) -> bool:
        assert self._supervisor is not None
        try:
            return self._supervisor.take(command)
        except SstError as error:
            self._warn(error.message, error.hint)
            return True

    def _attempt(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Do what a front end wished for; a refusal is a notice."""

        async def attempt() -> None:
            try:
                await work
            except SstError as error:
                self._warn(error.message, error.hint)

        spawn(attempt(), name=name, owner=self._tasks)

    def _refused_from_thread(self) -> Callable[[SstError], None]:
        """Says what a role was refused for, once each time it is another thing; may be called from any thread."""
        loop, said = asyncio.get_running_loop(), ""

        def say(error: SstError) -> None:
            nonlocal said
            if error.message != said:
                said = error.message
                self._warn(error.message, error.hint)

        def refused(error: SstError) -> None:
            loop.call_soon_threadsafe(say, error)

        return refused

    def _warn(self, text: str, hint: str = "") -> None:
        self.stream.publish(Notice(time.time(), text, "warning", hint))

    def environment(self, target: str | None = None) -> dict[str, str]:
        """The variables for a command of the app, or for one part of it. Raises `SstError` before the first apply."""
        if self.state.manifest is None or self._bootstrap is None or self._credentials is None:
            raise SstError("The app is not applied yet.", hint="Wait with `sst status --wait 60`.")
        return environment_for(self.state.manifest, self._bootstrap, target, self._credentials.variables)

    async def checked_environment(self, target: str | None) -> dict[str, str]:
        """The same, for somebody who waits for the answer: raises `SstError` for a role that cannot be assumed, too."""
        environment = self.environment(target)
        assert self.state.manifest is not None and self._credentials is not None
        if target is not None and (arn := find_target(self.state.manifest, target).role_arn):
            await asyncio.to_thread(self._credentials.check, arn)
        return environment

    def before_end(self, callback: Callable[[], Awaitable[object]]) -> None:
        """Await *callback* when the session begins to end, while everything it offers still works."""
        self._exit.push_async_callback(callback)

    async def run(self) -> None:
        """Bring the session up, serve until a stop is asked for or something essential ends, go down in order."""
        try:
            await self._control.start(takeover=self.settings.takeover)
        except BaseException:
            self.stream.close()
            self.ended.set()
            raise
        try:
            self._exit.push_async_callback(self._control.close)
            self._exit.callback(self.stream.close)
            up = spawn(self._up(), name="session comes up", owner=self._tasks)
            stop = spawn(self._stopping.wait(), name="session stops", owner=self._tasks)
            await asyncio.wait({up, stop}, return_when=asyncio.FIRST_COMPLETED)
            if up.done():
                up.result()
            await stop
            if self._failure is not None:
                raise self._failure
        except SstError as error:
            self._failure = self._failure or error
            raise
        finally:
            why = self._failure.message if self._failure is not None else ""
            self.stream.publish(SessionStopping(time.time(), self._reason or "it could not go on", why))
            await cancel_all(self._tasks)
            await self._exit.aclose()
            self.ended.set()

    # --- coming up --------------------------------------------------------------------------------

    async def _up(self) -> None:
        began = time.monotonic()
        self._exit.push_async_callback(self._cloud.stop)
        self._exit.push_async_callback(self._program.close)
        # A stage that lived on the embedded cloud will do so again: have both started while Python imports Pulumi.
        early = spawn(self._cloud.start(), name="MiniStack starts", owner=self._tasks) if self._cloud.known else None
        app = await self._program.load()
        if app.home == "aws" and not self.settings.force_local:
            raise UserError(
                f'{self.settings.config.name}: app {app.name!r} has home="aws"; this version runs home="local" only.',
                hint='Run `sst dev --local`, or set home="local".',
            )
        self.stream.publish(SessionStarted(time.time(), app.name, app.stage, "local", os.getpid()))
        cloud_ready = await (early or self._cloud.start(app.region))
        if self._cloud.region != app.region:
            await self._cloud.stop()
            cloud_ready = await self._cloud.start(app.region)
        self.stream.publish(cloud_ready)
        spawn(self._watch_cloud(), name="MiniStack is watched", owner=self._tasks)
        self._bootstrap = await asyncio.to_thread(self._find_bootstrap, app.region)
        self._credentials = CredentialServer(assume_with(self._bootstrap), self._refused_from_thread())
        self._exit.callback(self._credentials.close)
        self._functions = Functions(self.settings, self.stream)
        self._invocations = Invocations(self.state, self._functions)
        self._exit.callback(self._finish_invocations)  # when the workers have gone, below
        self._exit.push_async_callback(self._functions.close)
        self._debugging = Debugging(self.settings, self.state, self.stream, self._functions)
        self._exit.push_async_callback(self._debugging.close)
        await self._debugging.open()
        self._task_runs = TaskRuns(self.settings, self.stream, self._process_environment)
        self._exit.push_async_callback(self._task_runs.close)
        if self.settings.mode is not Mode.BASIC:
            panes = self.settings.mode is Mode.MULTI
            # Without panes nobody sizes the terminals: lines break as late as possible.
            size = (80, 24) if panes else (200, 50)
            self._supervisor = Supervisor(self.stream, color=panes or self.settings.color, size=size)
            self._exit.push_async_callback(self._supervisor.close)
        channel = spawn(self._open_channel(app, self._bootstrap), name="channel opens", owner=self._tasks)
        try:
            await self._apply("start")
        finally:
            await asyncio.wait({channel})
        channel.result()
        self.stream.publish(SessionReady(time.time(), time.monotonic() - began))
        self.ready.set()
        spawn(self._deploying.watch(), name="config is watched", owner=self._tasks)

    def _finish_invocations(self) -> None:
        """Say of each call that was under way that it ended with the session."""
        for invocation in [one for one in self.state.invocations.values() if one.finished is None]:
            begun, now = invocation.started, time.time()
            self.stream.publish(
                InvocationFinished(
                    now, begun.id, begun.request_id, begun.function, begun.environment, "crash",
                    (now - begun.at) * 1000, b"", error_message="stopped: the session ended",
                )
            )  # fmt: skip

    def _find_bootstrap(self, region: str) -> Bootstrap:
        from ..cloud.bootstrap import LocalCloud
        from ..cloud.stub_zip import build_stub

        stub = build_stub("local")
        local = LocalCloud(self._cloud.endpoint, self.settings.stage_home, region)
        return local.bootstrap(stub, trust_cache=self._cloud.resumed)

    async def _open_channel(self, app: App, bootstrap: Bootstrap) -> None:
        assert self._invocations is not None
        endpoint = await open_channel(app, bootstrap, self.settings, self.stream, self._invocations, self._fail)
        self._exit.push_async_callback(self._close_channel, endpoint)

    async def _close_channel(self, endpoint: DevEndpoint) -> None:
        # Handlers get a moment to answer, unless the cloud that would take the answer is gone.
        await endpoint.close(grace=CLOSE_GRACE if self._failure is None else 0.0)

    async def _apply(self, trigger: str) -> None:
        assert self._bootstrap is not None and self._functions is not None
        manifest: Manifest = await self._program.apply(self._bootstrap, trigger=trigger)
        await self._functions.update(manifest, endpoint=self._bootstrap.endpoint)
        if self._supervisor is not None:
            self._supervisor.update(process_specs(manifest, self.settings.root, self._process_environment))
        assert self._task_runs is not None
        self._task_runs.update(manifest, self._bootstrap)

    def _process_environment(self, part: DevCommand | Task) -> dict[str, str]:
        directory = (self.settings.root / part.directory).resolve()
        return command_environment(os.environ, self.environment(part.name), self.settings, directory)

    async def _watch_cloud(self) -> None:
        status = await self._cloud.wait()
        self._fail(
            RemoteError(
                f"MiniStack ended with status {status} while the session needed it.",
                hint=f"Its log is {self.settings.log_dir / 'ministack.log'}.",
            )
        )

    def _fail(self, error: SstError) -> None:
        self._failure = self._failure or error
        self._reason = self._reason or error.message
        self._stopping.set()

    # --- the control socket -----------------------------------------------------------------------

    async def _status(self, _: dict[str, Any]) -> dict[str, Any]:
        workers = self._functions.describe() if self._functions else {}
        port = self._debugging.port if self._debugging else None
        return status_document(self.state, self.settings, workers, port)

    async def _environment(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"environment": await self.checked_environment(asked.get("target"))}

    async def _command(self, asked: dict[str, Any]) -> dict[str, Any]:
        name, arguments = asked.get("name", ""), asked.get("arguments", {})
        kind = getattr(c, str(name), None)
        if not (isinstance(kind, type) and issubclass(kind, c.Command)):
            raise SstError(f"There is no command {name!r}.")
        try:
            self.send(kind(**arguments))
        except TypeError as error:
            raise SstError(f"Command {name}: {error}") from error
        return {"ok": True}
