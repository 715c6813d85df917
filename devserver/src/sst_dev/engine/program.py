"""The config program as the session sees it: one child process a run, its messages as events and a manifest."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Literal, TextIO

from ..core import errors
from ..core import events as e
from ..core.bootstrap import Bootstrap
from ..core.dotenv import read_dotenv
from ..core.errors import BugError, SstError, UserError
from ..core.files import private_dir
from ..core.manifest import App, Manifest
from ..core.settings import Settings
from ..core.stream import Stream
from ..core.tasks import cancel_all, spawn
from .types import write_types

MESSAGE_LIMIT = 64 * 1024 * 1024
"""Bytes of one message: the manifest of an app with thousands of functions stays far below."""
OUTPUT_KEPT = 20
"""Lines of the program's output that explain an end without a message."""
STOP_GRACE = 5.0
"""Seconds a program gets to notice that nobody wants it any more, before it is killed."""


REFRESH = "refresh"
"""The trigger of an apply that makes every resource again, whether or not it has changed."""


class Program:
    """The config program of one app and stage. Owns its processes; used from one event loop."""

    def __init__(self, settings: Settings, stream: Stream, *, secrets: Callable[[], Mapping[str, str]] = dict) -> None:
        """*secrets* is asked at the start of each run for the values of `sst secret`, by name."""
        self._settings = settings
        self._stream = stream
        self._secrets = secrets
        self._run: _Run | None = None
        self._spare: _Run | None = None
        self._modules: list[str] = []
        self._said: set[str] = set()
        """Notices that are for once in a session: a line for each thing that its config names."""

    async def load(self, command: Literal["apply", "remove", "diff"] = "apply") -> App:
        """Start the program for *command* and return what its `app(input)` says. Raises `SstError`."""
        self._run = await self._started(command)
        return self._run.app

    async def apply(self, bootstrap: Bootstrap, *, trigger: str) -> Manifest:
        """Apply the app and return its manifest; publishes the deployment's events up to `DeployFinished`.

        Raises `SstError` when the configuration is wrong or a resource fails; nothing is published for that.
        """
        began = time.monotonic()
        self._stream.publish(e.DeployStarted(time.time(), trigger))
        run, self._run = self._run or await self._started("apply"), None
        try:
            run.send({"kind": "apply", "bootstrap": bootstrap.model_dump(), "refresh": trigger == REFRESH})
            answer = await run.answer("manifest")
        finally:
            await run.close()
        if answer["gone"]:
            text = f"Deleted outside sst, made anew: {', '.join(answer['gone'])}."
            self._stream.publish(e.Notice(time.time(), text, "warning"))
        manifest = Manifest.model_validate(_with_urls(answer["manifest"]))
        write_types(manifest, self._settings.root)
        self._modules = answer["modules"]
        duration = time.monotonic() - began
        self._stream.publish(e.DeployFinished(time.time(), manifest, answer["changed"], duration))
        await self._warm()
        return manifest

    async def remove(self, bootstrap: Bootstrap) -> int:
        """Delete what the app has made, as its removal policy says; return how many resources went."""
        self._stream.publish(e.DeployStarted(time.time(), "remove"))
        run, self._run = self._run or await self._started("remove"), None
        try:
            run.send({"kind": "remove", "bootstrap": bootstrap.model_dump()})
            return int((await run.answer("removed"))["changed"])
        finally:
            await run.close()

    async def diff(self) -> list[dict[str, Any]]:
        """What an apply would do: for each resource its action, component, name, type and the inputs that change."""
        run, self._run = self._run or await self._started("diff"), None
        try:
            steps: list[dict[str, Any]] = (await run.answer("steps"))["steps"]
            return steps
        finally:
            await run.close()

    async def close(self) -> None:
        """End what runs. A run that is at work ends where it is: the next one goes on from its record."""
        for run in (self._run, self._spare):
            if run is not None:
                await run.close()
        self._run = self._spare = None

    # --- private ----------------------------------------------------------------------------------

    async def _started(self, command: str) -> _Run:
        config = self._settings.config
        if not config.is_file():
            raise UserError(f"There is no {config.name} in {config.parent}.", hint="Run `sst init` to write one.")
        spare, self._spare = self._spare, None
        if spare is not None and not spare.alive:
            await spare.close()
            spare = None
        run = spare or await _Run.spawn(self._settings, self._stream, self._said)
        try:
            run.send(
                {
                    "kind": "start",
                    "command": command,
                    "config": str(config),
                    "stage": self._settings.stage,
                    "dev": True,
                    "force_local": self._settings.force_local,
                    "state_dir": str(private_dir(self._settings.stage_home)),
                    "secrets": dict(self._secrets()),
                    "environment": read_dotenv(self._settings.root, self._settings.stage),
                }
            )
            run.app = App.model_validate((await run.answer("app"))["app"])
        except BaseException:
            await run.close()
            raise
        return run

    async def _warm(self) -> None:
        """Have the next run's process import Pulumi now, while nobody waits for it."""
        self._spare = await _Run.spawn(self._settings, self._stream, self._said)
        self._spare.send({"kind": "warm", "modules": self._modules})


class _Run:
    """One child process and the conversation with it."""

    app: App

    def __init__(self, process: asyncio.subprocess.Process, settings: Settings, stream: Stream, said: set[str]) -> None:
        self._process = process
        self._said = said
        self._config = settings.config
        self._stream = stream
        self._output: deque[str] = deque(maxlen=OUTPUT_KEPT)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._incoming: asyncio.StreamReader
        self._transport: asyncio.ReadTransport
        self._outgoing: TextIO

    @classmethod
    async def spawn(cls, settings: Settings, stream: Stream, said: set[str]) -> _Run:
        """Start the child in a process group of its own."""
        to_child, outgoing = os.pipe()
        incoming, from_child = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "sst_dev.engine.child", str(to_child), str(from_child),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                cwd=settings.root,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                pass_fds=(to_child, from_child),
                start_new_session=True,
            )  # fmt: skip
        except BaseException:
            os.close(outgoing)
            os.close(incoming)
            raise
        finally:
            os.close(to_child)
            os.close(from_child)
        self = cls(process, settings, stream, said)
        self._outgoing = os.fdopen(outgoing, "w", encoding="utf-8")
        self._incoming = asyncio.StreamReader(limit=MESSAGE_LIMIT)
        loop = asyncio.get_running_loop()
        protocol = asyncio.StreamReaderProtocol(self._incoming)
        self._transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(incoming, "rb"))
        spawn(self._follow_output(), name="output of the config program", owner=self._tasks)
        return self

    @property
    def alive(self) -> bool:
        """Whether the child still runs."""
        return self._process.returncode is None

    def send(self, message: dict[str, Any]) -> None:
        """Send one message. A child that has ended says so when its answer is awaited."""
        # A message is far smaller than the pipe's buffer and the child reads at once, so this does not block.
        with contextlib.suppress(BrokenPipeError):
            self._outgoing.write(json.dumps(message) + "\n")
            self._outgoing.flush()

    async def answer(self, kind: str) -> dict[str, Any]:
        """The next message of *kind*; publishes what comes before it. Raises the `SstError` the child reports."""
        async for line in self._incoming:
            message: dict[str, Any] = json.loads(line)
            if message["kind"] == kind:
                return message
            if message["kind"] == "error":
                raise _error(message)
            self._publish(message)
        status = await self._process.wait()
        await asyncio.gather(*self._tasks)
        raise UserError(
            f"{self._config.name} ended its process with status {status}: " + "\n".join(self._output),
            hint="The configuration must not end its own process.",
        )

    async def close(self) -> None:
        """Let the child end, or end it, with everything it started."""
        with contextlib.suppress(BrokenPipeError):
            self._outgoing.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), STOP_GRACE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        self._transport.close()
        await cancel_all(self._tasks)

    async def _follow_output(self) -> None:
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            self._output.append(line)
            self._stream.publish(e.Notice(time.time(), line))

    def _publish(self, message: dict[str, Any]) -> None:
        now = time.time()
        if message["kind"] == "notice":
            if message.get("once"):
                if message["text"] in self._said:
                    return
                self._said.add(message["text"])
            self._stream.publish(e.Notice(now, message["text"], message["level"]))
            return
        facts = {k: message[k] for k in ("urn", "component", "component_type", "type", "name", "action")}
        match message["phase"]:
            case "started":
                self._stream.publish(e.ResourceStarted(now, **facts))
            case "finished":
                self._stream.publish(e.ResourceFinished(now, **facts, duration=message["duration"]))
            case "failed":
                self._stream.publish(e.ResourceFailed(now, **facts, message=message["message"]))


def _with_urls(document: dict[str, Any]) -> dict[str, Any]:
    """*document* with the URLs of its commands among the outputs, each under its component's name.

    Those that the app gives out itself are not given out twice.
    """
    outputs = document.get("outputs", {})
    urls = {command["name"]: command["url"] for command in document.get("dev_commands", []) if command.get("url")}
    more = {name: url for name, url in urls.items() if name not in outputs and url not in outputs.values()}
    return {**document, "outputs": {**outputs, **more}}


def _error(message: dict[str, Any]) -> SstError:
    kind = getattr(errors, message["error"], None)
    if not (isinstance(kind, type) and issubclass(kind, SstError)):
        kind = BugError
    return kind(message["message"], hint=message["hint"], trace=message["trace"])
