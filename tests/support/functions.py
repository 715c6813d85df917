"""A project on disk and a `Functions` that serves it, for tests of invocations and reload."""

from __future__ import annotations

import asyncio
import itertools
import json
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sst_dev.core import events as e
from sst_dev.core.manifest import App, Function, Manifest
from sst_dev.core.settings import Settings
from sst_dev.core.stream import Stream
from sst_dev.functions.functions import Functions
from sst_dev.functions.model import EnvironmentInfo, InvocationRequest

E = TypeVar("E", bound=e.Event)
ROLE = {
    "AWS_ACCESS_KEY_ID": "ASIAROLE",
    "AWS_SECRET_ACCESS_KEY": "role-secret",
    "AWS_SESSION_TOKEN": "role-token",
    "AWS_REGION": "us-east-1",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef",
}


@dataclass
class Answer:
    """A `Replies` that remembers."""

    body: bytes = b""
    content_type: str = ""
    failure: dict[str, Any] | None = None
    """The error object."""
    error_type: str = ""
    pieces: list[tuple[bytes, dict[str, Any]]] = field(default_factory=list)

    async def response(self, body: bytes, content_type: str) -> None:
        self.body, self.content_type = body, content_type

    async def error(self, body: bytes, error_type: str, xray_cause: str) -> None:
        self.body, self.failure, self.error_type = body, json.loads(body), error_type

    async def stream(self, body: bytes, **more: Any) -> None:
        self.pieces.append((body, more))

    @property
    def value(self) -> Any:
        """The response as a value; fails when the handler failed."""
        assert self.failure is None, self.failure
        return json.loads(self.body)


@dataclass
class Project:
    """Files under a root, and what was published about its functions."""

    root: Path
    functions: Functions
    stream: Stream
    events: list[e.Event] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def write(self, path: str, text: str) -> Path:
        """Write a file as an editor would that writes in place."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
        return file

    async def call(
        self,
        event: Any = None,
        *,
        function: str = "Api",
        environment: str = "env-1",
        variables: dict[str, str] | None = None,
        request_id: str = "",
        **fields: Any,
    ) -> Answer:
        """Invoke *function* in *environment*; the answer, response or error."""
        number = next(self._ids)
        answer = Answer()
        request = InvocationRequest(
            id=f"nonce-{number}",
            request_id=request_id or f"request-{number}",
            deadline_ms=int(time.time() * 1000) + 900_000,
            arn=f"arn:aws:lambda:us-east-1:000000000000:function:{function}",
            sent_at=time.time(),
            body=json.dumps(event if event is not None else {}).encode(),
            **fields,
        )
        info = EnvironmentInfo(environment, function, variables if variables is not None else ROLE)
        await self.functions.invoke(info, request, answer)
        return answer

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, kind: type[E], check: Callable[[E], bool] = lambda event: True) -> E:
        """The first event of *kind* that passes *check*, past or to come."""
        with self.stream.subscribe() as subscription:
            for event in self.of(kind):
                if check(event):
                    return event
            async for event in subscription:
                if isinstance(event, kind) and check(event):
                    return event
        raise AssertionError("the stream ended")

    async def until_reloads(self, count: int) -> e.Reloaded:
        """The reload number *count* of all, once it has happened."""
        await self.until(e.Reloaded, lambda _: len(self.of(e.Reloaded)) >= count)
        return self.of(e.Reloaded)[count - 1]

    async def until_line(self, text: str) -> e.LogLine:
        """The first log line that is *text*."""
        return await self.until(e.LogLine, lambda line: line.text == text)

    @property
    def last(self) -> e.InvocationFinished:
        """How the last invocation ended."""
        return self.of(e.InvocationFinished)[-1]

    def lines(self, invocation: str | None = "") -> list[str]:
        """The log lines, of one invocation if named (None: init)."""
        return [line.text for line in self.of(e.LogLine) if invocation == "" or line.invocation == invocation]


def manifest(*functions: Function, **more: Any) -> Manifest:
    """A manifest of *functions*."""
    return Manifest(app=App(name="test", stage="dev", home="local"), functions=list(functions), **more)


def function(name: str = "Api", handler: str = "functions/api.handler", **more: Any) -> Function:
    """A function of the manifest."""
    lambda_name = f"test-dev-{name}"
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{lambda_name}"
    more = {"runtime": "python3.11", **more}
    return Function(name=name, lambda_name=lambda_name, arn=arn, handler=handler, **more)


@asynccontextmanager
async def serve(root: Path, *functions: Function, files: dict[str, str] | None = None, **more: Any):
    """A `Project` at *root* with *files*, served until the block ends."""
    stream = Stream()
    settings = Settings(config=root / "sst_config.py", stage="dev")
    served = Functions(settings, stream)
    project = Project(root, served, stream)
    stream.observe(project.events.append)
    for path, text in (files or {}).items():
        project.write(path, text)
    await served.update(manifest(*(functions or (function(),)), **more), endpoint="http://127.0.0.1:4566")
    try:
        yield project
    finally:
        async with asyncio.timeout(30):
            await served.close()
