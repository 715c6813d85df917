"""The control socket: how other commands, and other programs, talk to a running session.

A Unix socket of mode 0600, `.sst/<stage>.sock`. A request is one JSON line `{"command": …}`; the answer is one JSON
line, or for `events` a line per event until the reader goes. A refusal is
`{"refused": sentence, "hint": …, "exit": code}`.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ..core.errors import NoSessionError, SstError, UserError
from ..core.events import Event, to_json
from ..core.files import private_dir
from ..core.stream import Stream

REQUEST_BOUND = 1024 * 1024
"""Bytes of a request line: a replayed event is the largest thing anyone sends."""
ANSWER_BOUND = 64 * 1024 * 1024
"""Bytes of an answer line a client accepts: the environment of a very large app."""

FAREWELL = 1.0
"""Seconds a follower that does not read may hold up the end of a session."""

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class ControlServer:
    """Serves the socket of one session."""

    def __init__(
        self,
        path: Path,
        stream: Stream,
        handlers: dict[str, Handler],
        history: Callable[[], Iterable[Event]] = tuple,
    ) -> None:
        """*history* is what a follower that asks for it is told first."""
        self._history = history
        self._path = path
        self._stream = stream
        self._handlers = handlers
        self._server: asyncio.Server | None = None
        self._lock: IO[str] | None = None
        self._connections: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}
        self._followers: set[asyncio.Future[None]] = set()

    async def start(self, *, takeover: bool = False) -> None:
        """Take the stage's lock and bind the socket.

        When another session holds it, raise `UserError`; with *takeover* have it end first.
        """
        private_dir(self._path.parent)
        self._lock = self._path.with_suffix(".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if not takeover:
                raise await self._held() from None
            await self._replace(self._lock)
        self._path.unlink(missing_ok=True)
        with short_address(self._path) as address:
            listener = socket.socket(socket.AF_UNIX)
            mask = os.umask(0o177)
            try:
                listener.bind(address)
            finally:
                os.umask(mask)
        self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=REQUEST_BOUND)

    async def _replace(self, lock: IO[str]) -> None:
        reason = {"reason": f"taken over by process {os.getpid()}"}
        await request(self._path, {"command": "command", "name": "StopSession", "arguments": reason})
        async for _ in follow(self._path):
            """Its events end when it does; then the lock is a matter of moments."""
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)

    async def _held(self) -> UserError:
        holder: dict[str, Any] = {}
        with contextlib.suppress(SstError):
            holder = await request(self._path, {"command": "status"})
        return UserError(
            f"`sst dev` already runs in {self._path.parent.parent} on stage {self._path.stem}"
            f" (process {holder.get('pid', 'unknown')}).",
            hint="Use it (`sst status`), end it with `sst stop`, or replace it with --takeover.",
        )

    async def close(self) -> None:
        """Stop answering, remove the socket, give the stage free.

        Close the stream first: followers are given a moment to read what it ended with.
        """
        if self._server is not None:
            self._server.close()
            if self._followers:
                await asyncio.wait(self._followers, timeout=FAREWELL)
            for writer in self._connections.values():
                writer.close()
            if self._connections:
                await asyncio.wait(self._connections)
            self._path.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        try:
            async for line in reader:
                await self._answer(line, writer)
        except (ConnectionError, ValueError):
            """The other side went away, or sent a line over the bound: nobody is there to tell."""
        finally:
            del self._connections[task]
            writer.close()

    async def _answer(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            asked = json.loads(line)
            command = asked["command"]
        except (ValueError, KeyError, TypeError):
            await _send(writer, {"refused": "A request is one JSON object with `command`."})
            return
        if command == "events":
            await self._follow(writer, history=bool(asked.get("history")))
        elif handler := self._handlers.get(command):
            try:
                await _send(writer, await handler(asked))
            except SstError as error:
                await _send(writer, {"refused": error.message, "hint": error.hint, "exit": error.exit_code})
        else:
            known = ", ".join(sorted([*self._handlers, "events"]))
            await _send(writer, {"refused": f"Unknown command {command!r}; known: {known}."})

    async def _follow(self, writer: asyncio.StreamWriter, *, history: bool) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._followers.add(done)
        try:
            with self._stream.subscribe() as subscription:
                await _send(writer, {"event": "Subscribed"})
                for event in list(self._history()) if history else ():
                    await _send(writer, to_json(event))
                async for event in subscription:
                    await _send(writer, to_json(event))
        finally:
            self._followers.discard(done)
            done.set_result(None)


async def request(path: Path, question: dict[str, Any]) -> dict[str, Any]:
    """Ask the session at *path* one thing. Raises `NoSessionError` without one, `SstError` on its refusal."""
    reader, writer = await connect(path)
    try:
        await _send(writer, question)
        answer: dict[str, Any] = json.loads(await reader.readline() or b"null") or {}
    except (ConnectionError, ValueError):
        answer = {}
    finally:
        writer.close()
    if not answer:
        raise no_session(path)
    if "refused" in answer:
        kind = UserError if answer.get("exit") == UserError.exit_code else SstError
        raise kind(answer["refused"], hint=answer.get("hint", ""))
    return answer


async def follow(path: Path, *, history: bool = False) -> AsyncIterator[dict[str, Any]]:
    """The events of the session at *path* until it ends; with *history*, first those of what it remembers."""
    reader, writer = await connect(path)
    try:
        await _send(writer, {"command": "events", "history": history})
        async for line in reader:
            yield json.loads(line)
    except ConnectionError:
        return
    finally:
        writer.close()


async def connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open the control socket. Raises `NoSessionError`."""
    try:
        with short_address(path) as address:
            return await asyncio.open_unix_connection(address, limit=ANSWER_BOUND)
    except OSError:
        raise no_session(path) from None


def no_session(path: Path) -> NoSessionError:
    """The error for a stage on which nothing runs."""
    return NoSessionError(
        f"No `sst dev` is running in {path.parent.parent} on stage {path.stem}.",
        hint=f"Start one with `sst dev --stage {path.stem}`.",
    )


async def _send(writer: asyncio.StreamWriter, document: dict[str, Any]) -> None:
    writer.write(json.dumps(document, default=str).encode() + b"\n")
    await writer.drain()


@contextmanager
def short_address(path: Path) -> Iterator[str]:
    """An address for *path* that fits: a Unix socket's path may have 107 bytes (unix(7)), a project's may be longer."""
    if len(os.fsencode(path)) <= 100:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
