"""One WebSocket to AppSync Events: opened, subscribed, proven, read, published on, closed."""

from __future__ import annotations

import asyncio
import math
import random
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from ..tasks import cancel_all, spawn
from .api import LOOPBACK, EventApi, tls_context
from .limiter import Limiter
from .protocol import (
    MAX_FRAME_BYTES,
    Acknowledged,
    Batch,
    ConnectionFailed,
    Conversation,
    Data,
    ErrorReported,
    Event,
    Published,
    PublishFailed,
    ServiceError,
    Subscribed,
    SubscribeFailed,
    subprotocols,
)
from .refusal import ServiceRefused, refusal
from .signing import Signer, body_text
from .timing import Timing
from .vitals import Verdict, Vitals

SOCKET_OPTIONS = {
    "SO_KEEPALIVE": 1,
    "TCP_KEEPIDLE": 15,
    "TCP_KEEPALIVE": 15,  # macOS's name for it
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 20_000,
    "TCP_NOTSENT_LOWAT": 128 * 1024,
}
"""What the kernel does for us, by the names a system has. It asks after the other end when that was silent for 15 s and
gives up after three questions, or when nothing is acknowledged for 20 s (in milliseconds): a laptop that changed its
network notices within half a minute. And it takes no more than 128 KiB beyond what the network takes, so that a publish
counts as written when it has really left."""

MAX_IN_FLIGHT = 64
"""Publishes without an answer before the socket takes no more: over two seconds' worth at the service's own rate."""


class LinkLost(Exception):
    """The socket could not be opened, or ended; the message says why."""


class Link:
    """One socket. *on_event* gets every event of the service that the link does not deal with itself.

    Everything that waits on the socket ends when it does, with the reason: LinkLost, or ServiceRefused.
    """

    def __init__(
        self,
        api: EventApi,
        signer: Signer,
        *,
        name: str,
        timing: Timing,
        limiter: Limiter,
        on_event: Callable[[Link, Event], None],
        wall: Callable[[], float] = time.time,
        on_heard: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_heard = on_heard
        self.name = name
        self.limiter = limiter
        self._api = api
        self._signer = signer
        self._timing = timing
        self._on_event = on_event
        self._wall = wall
        self._loop = asyncio.get_running_loop()
        self._conversation = Conversation(signer)
        self._vitals = Vitals(timing, self._loop.time(), wall())
        self._socket: ClientConnection | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.lost: asyncio.Future[LinkLost | ServiceRefused] = self._loop.create_future()
        """Why the socket ended, once it has, whoever ended it."""
        self._acknowledged: asyncio.Future[None] = self._loop.create_future()
        # One future for each subscription and probe under way: as many as the channel has paths, and one.
        self._subscribing: dict[str, asyncio.Future[None]] = {}
        self._echoes: dict[str, asyncio.Future[None]] = {}
        # One for each caller of `prove`.
        self._proofs: list[tuple[Batch, asyncio.Future[None]]] = []
        self.answered_at = -math.inf
        """When the service last answered a publish, whatever it said, by the loop's clock."""
        self._room = asyncio.Event()
        self._room.set()

    # Opening.

    async def open(self) -> None:
        """Connect and wait for the acknowledgement."""
        try:
            async with asyncio.timeout(self._timing.answer):
                self._socket = await self._connect()
                _set_options(self._socket.transport.get_extra_info("socket"))
                spawn(self._read(self._socket), name=f"{self.name} reader", owner=self._tasks)
                await self._send(self._conversation.connection_init())
                await self.until(self._acknowledged)
        except TimeoutError as error:
            raise LinkLost(f"{self._api.realtime_host} did not answer within the time limit") from error
        except InvalidStatus as error:
            raise self._rejected(error) from error
        except (OSError, WebSocketException) as error:
            raise LinkLost(f"cannot connect to {self._api.realtime_host}: {_words(error)}") from error

    async def _connect(self) -> ClientConnection:
        # Names below `localhost` resolve in browsers and curl, not here: dial loopback, send the name.
        local: dict[str, Any] = {"host": LOOPBACK, "proxy": None}
        options = local if self._api.local else {"ssl": tls_context()}
        try:
            authorization = self._signer.sign(body_text().encode())
        except Exception as error:  # whatever the source of credentials raises
            raise LinkLost(f"no credentials to connect with: {_words(error)}") from error
        return await connect(
            self._api.realtime_url,
            subprotocols=[Subprotocol(offer) for offer in subprotocols(authorization)],
            compression=None,  # events are compressed and sealed already
            max_size=MAX_FRAME_BYTES,
            open_timeout=None,  # `open` has one for the whole opening
            ping_interval=None,  # the service documents no pings; `ka` is its sign of life
            close_timeout=1.0,
            **options,
        )

    async def subscribe(self, channels: Sequence[str]) -> None:
        """Subscribe to all *channels* and wait for the answers."""
        self._subscribing = {channel: self._loop.create_future() for channel in channels}
        for channel in channels:
            await self._send(self._conversation.subscribe(channel))
        try:
            async with asyncio.timeout(self._timing.answer):
                for channel in channels:
                    await self.until(self._subscribing[channel])
        except TimeoutError as error:
            raise LinkLost(f"no answer to the subscription to {channel}") from error

    async def prove_echo(self, channel: str) -> None:
        """Publish a nonce to *channel* until it comes back: only then is nothing swallowed any more (§10)."""
        nonce = str(random.getrandbits(48))
        echo = self._echoes[nonce] = self._loop.create_future()
        interval = self._timing.echo
        try:
            async with asyncio.timeout(self._timing.answer):
                while not echo.done():
                    await self.probe(channel, nonce)
                    await self.until(echo, interval)
                    interval *= 2
        except TimeoutError as error:
            raise LinkLost(f"{channel} does not return its own events") from error
        finally:
            del self._echoes[nonce]

    async def probe(self, channel: str, nonce: str = "0") -> None:
        """Publish a number, which no endpoint takes for an event of its own."""
        await self.publish(Batch(channel, (nonce,)))

    # Working.

    async def until(self, future: asyncio.Future[None] | None, timeout: float | None = None) -> None:
        """Wait for *future*, at most *timeout* seconds; raises why the socket ended if that comes first."""
        futures: list[asyncio.Future[Any]] = [self.lost] if future is None else [self.lost, future]
        await asyncio.wait(futures, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if self.lost.done() and not (future is not None and future.done()):
            raise self.lost.result()

    async def room(self) -> None:
        """Wait until fewer than `MAX_IN_FLIGHT` publishes wait for their answer."""
        await self._room.wait()
        if self.lost.done():
            raise self.lost.result()

    async def publish(self, batch: Batch) -> None:
        """Send *batch*; its answer goes to *on_event*. Its fate is in `give_up` when this raises."""
        self.limiter.take(self._loop.time())
        try:
            identifier, frame = self._conversation.publish(batch)
        except Exception as error:  # whatever the source of credentials raises
            self._end(LinkLost(f"no credentials to publish with: {_words(error)}"))
            raise self.lost.result() from error
        if self._conversation.unanswered >= MAX_IN_FLIGHT:
            self._room.clear()
        await self._send(frame)
        self._conversation.written(identifier, self._loop.time())

    def give_up(self, written_before: float | None = None) -> list[Batch]:
        """The batches without an answer (and written before then), to be sent again; the link forgets them."""
        batches = self._conversation.give_up(written_before)
        if self._conversation.unanswered < MAX_IN_FLIGHT:
            self._room.set()
        return [batch for batch in batches if batch.attempts]

    async def prove(self, channel: str) -> None:
        """Wait for the answer to the latest publish, or to a probe of *channel* when none is on its way.

        Answers to earlier ones prove nothing: they may have lain in a buffer while the machine slept.
        """
        if self._conversation.latest is None:
            await self.probe(channel)
        if (latest := self._conversation.latest) is not None:
            proof = (latest, self._loop.create_future())
            self._proofs.append(proof)
            try:
                await self.until(proof[1])
            finally:
                self._proofs.remove(proof)

    def look(self) -> Verdict:
        """What the clock says about the socket."""
        return self._vitals.look(self._loop.time(), self._wall())

    @property
    def silent(self) -> float:
        """Seconds since a frame came in."""
        return self._vitals.silent(self._loop.time())

    @property
    def age(self) -> float:
        """Seconds since it was made."""
        return self._vitals.age(self._loop.time())

    # Ending.

    def abort(self, why: str | ServiceRefused) -> None:
        """The socket is dead, or no use: give it up without a farewell."""
        self._end(LinkLost(why) if isinstance(why, str) else why)
        if self._socket is not None:
            self._socket.transport.abort()

    async def close(self) -> None:
        """End the socket in order, and every task with it."""
        self._end(LinkLost("closed by us"))
        if self._socket is not None:
            await self._socket.close()
        await cancel_all(self._tasks)

    # Private.

    async def _read(self, connection: ClientConnection) -> None:
        try:
            async for text in connection:
                self._vitals.heard(self._loop.time(), self._wall())
                self._on_heard()
                self._handle(self._conversation.receive(text))
        except (OSError, WebSocketException) as error:
            self._end(LinkLost(f"the socket broke: {_words(error)}"))
        finally:
            self._end(LinkLost(f"the service closed the socket (code {connection.close_code})"))

    def _handle(self, event: Event) -> None:
        match event:
            case Data(_, text) if not text.startswith('"'):
                _resolve(self._echoes.get(text.strip()))
            case Published(batch) | PublishFailed(batch):
                self._answered(event, batch)
            case Acknowledged(timeout):
                self._vitals.limit_silence(timeout)
                _resolve(self._acknowledged)
            case Subscribed(channel):
                _resolve(self._subscribing.get(channel))
            case SubscribeFailed(channel, error):
                refused = refusal(self._api, "EventSubscribe", error, channel)
                self._end(refused or LinkLost(f"no subscription to {channel} ({error})"))
            case ConnectionFailed(error):
                refused = refusal(self._api, "EventConnect", error)
                self._end(refused or LinkLost(f"the service ended the connection ({error})"))
            case _:
                self._on_event(self, event)

    def _answered(self, event: Published | PublishFailed, batch: Batch) -> None:
        self._room.set()
        self.answered_at = self._loop.time()
        for latest, proven in self._proofs:
            if latest is batch:
                _resolve(proven)
        if batch.attempts:
            self._on_event(self, event)
        elif isinstance(event, PublishFailed):
            # A probe: what refuses it would refuse everything, and throttling ends by its own repetition.
            if refused := refusal(self._api, "EventPublish", event.error, batch.channel):
                self._end(refused)
            else:
                self._on_event(self, ErrorReported(event.error))

    async def _send(self, frame: str) -> None:
        if self.lost.done():
            raise self.lost.result()
        assert self._socket is not None, "open() comes first"
        try:
            await self._socket.send(frame)
        except (OSError, WebSocketException) as error:
            self._end(LinkLost(f"the socket broke: {_words(error)}"))
            raise self.lost.result() from error

    def _end(self, why: LinkLost | ServiceRefused) -> None:
        if not self.lost.done():
            self.lost.set_result(why)
            self._room.set()

    def _rejected(self, error: InvalidStatus) -> LinkLost | ServiceRefused:
        """A handshake answered by plain HTTP."""
        status = error.response.status_code
        refused = refusal(self._api, "EventConnect", ServiceError(f"HTTP {status}", code=status))
        return refused or LinkLost(f"{self._api.realtime_host} answered the handshake with HTTP {status}")


def _set_options(sock: socket.socket) -> None:
    for name, value in SOCKET_OPTIONS.items():
        if (option := getattr(socket, name, None)) is not None:
            sock.setsockopt(socket.SOL_SOCKET if name.startswith("SO_") else socket.IPPROTO_TCP, option, value)


def _resolve(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
