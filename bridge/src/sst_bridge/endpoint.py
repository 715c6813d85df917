"""The two ends of the bridge: asyncio shells around `delivery`, which decides everything.

Events of the channel and the clock go in, effects come out, and one `match` in each endpoint performs them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol, assert_never

from .channel import Channel, Connect, ConnectionState, Paths
from .delivery import dev, stub
from .delivery.dev import DevDelivery, Environment
from .delivery.failures import MAX_RESPONSE, no_reply, too_large
from .delivery.link import Arrival, Link
from .delivery.stage import SessionInfo
from .delivery.stage import State as StageState
from .delivery.stub import ACCEPT_WINDOW, StubDelivery
from .errors import Replayed, WireError
from .messages import Error, Hello, Invoke, Message, Response, Stream
from .spool import Spool
from .tasks import cancel_all, spawn

__all__ = [
    "DevEndpoint",
    "Environment",
    "InvocationHandler",
    "Reply",
    "SessionInfo",
    "StageHeld",
    "StubEndpoint",
    "Unreachable",
]

STUB_INCOMING = STUB_OUTGOING = 32 * 1024 * 1024
"""Bytes: one message of 8 MB at most, and some of earlier invocations; the smallest function has 128 MB."""
DEV_INCOMING = DEV_OUTGOING = 256 * 1024 * 1024
"""Bytes: forty 6 MB messages at once on a developer's machine."""
MAX_PIECE = 128 * 1024
"""Bytes of a stream piece: it fits one event, whatever its head holds."""
CLAIM_WINDOW = 1.0
"""Seconds a starting dev server waits for one that is there: three claims, and a round trip for the last."""
CLOSE_GRACE = 10.0
"""Seconds that handlers have to answer when their dev server leaves; less than `dev.ELSEWHERE_AGE`."""
MAX_CONCURRENCY = 1_000
"""Handlers at once: Lambda's default account concurrency. Those above wait, and their stubs know."""
PROBLEM_EVERY = 60.0
"""Seconds before the same problem is reported again."""


class Unreachable(Exception):
    """There is no answer to an invocation; the message is one clause that says why."""


class StageHeld(Exception):
    """Another dev server holds the stage."""

    def __init__(self, holder: SessionInfo) -> None:
        self.host = holder.host
        self.user = holder.user
        self.started_at = holder.started_at
        """Seconds since the epoch."""
        started = time.strftime("%Y-%m-%d %H:%M", time.localtime(holder.started_at))
        super().__init__(f"{holder.user} runs sst dev on this stage, on {holder.host} since {started}")


class _Endpoint:
    """What both ends share: a link on a channel, and one timer."""

    def __init__(self, connect: Connect, paths: Sequence[str], link: Link) -> None:
        self._link = link
        self._channel: Channel = connect(paths, on_event=self._on_event, on_state=self._on_state)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._problems: dict[str, float] = {}

    def _on_event(self, path: str, event: str) -> None:
        now = asyncio.get_running_loop().time()
        try:
            arrival = self._link.receive(path, event, now=now, at=time.time())
        except Replayed:
            return
        except WireError as error:
            self._problem(str(error), now)
            return
        if arrival is not None:
            for to, events in arrival.replies:
                self._channel.publish(to, events)
            self._arrived(path, arrival, now)
        self._schedule()

    def _publish(self, path: str, messages: Sequence[Message], *, again: bool = False) -> None:
        now = asyncio.get_running_loop().time()
        self._channel.publish(path, self._link.send(path, messages, now=now, at=time.time(), again=again))

    def _schedule(self) -> None:
        """Arm the timer for the next deadline; a late or needless tick does nothing."""
        times = [time for time in (self._link.next_deadline(), self._next_deadline()) if time is not None]
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(min(times), self._tick) if times else None

    def _tick(self) -> None:
        now = asyncio.get_running_loop().time()
        for path, events in self._link.tick(now=now, at=time.time()):
            self._channel.publish(path, events)
        self._due(now)
        self._schedule()

    def _problem(self, sentence: str, now: float) -> None:
        """Report *sentence* now and then; keep at most a hundred in mind."""
        if now - self._problems.get(sentence, -PROBLEM_EVERY) >= PROBLEM_EVERY:
            if len(self._problems) >= 100:
                self._problems.clear()
            self._problems[sentence] = now
            self._report(sentence)

    async def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._channel.close()
        await cancel_all(self._tasks)

    # Each end has its own:

    def _arrived(self, path: str, arrival: Arrival, now: float) -> None:
        raise NotImplementedError

    def _on_state(self, state: ConnectionState) -> None:
        raise NotImplementedError

    def _next_deadline(self) -> float | None:
        raise NotImplementedError

    def _due(self, now: float) -> None:
        raise NotImplementedError

    def _report(self, sentence: str) -> None:
        raise NotImplementedError


class StubEndpoint(_Endpoint):
    """The stub's end: one execution environment, one invocation at a time."""

    def __init__(
        self,
        connect: Connect,
        *,
        app: str,
        stage: str,
        key: bytes,
        environment: str,
        function: str,
        variables: dict[str, str],
        accept_window: float = ACCEPT_WINDOW,
        on_problem: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        paths = Paths(app, stage)
        self._paths = paths
        self._own_path = paths.environment(environment)
        self._delivery = StubDelivery(Hello(environment, function, variables), accept_window=accept_window)
        self._environment = environment
        self._on_problem = on_problem
        self._connection = ConnectionState(ready=False, host="", reason="the channel is not connected yet")
        self._connecting: asyncio.Task[None] | None = None
        self._refused: Exception | None = None
        # Bounded by the dev server, which sends at most `dev.STREAM_WINDOW` bytes ahead of the caller.
        self._replies: asyncio.Queue[stub.Deliver | stub.GiveUp] = asyncio.Queue()
        link = Link(
            key,
            environment,
            route=lambda sender: paths.dev,
            max_incoming=STUB_INCOMING,
            max_outgoing=STUB_OUTGOING,
        )
        super().__init__(connect, [self._own_path, paths.all], link)

    async def start(self) -> None:
        """Begin to connect; invocations may come at once."""
        self._connecting = spawn(self._connect(), name=f"connect {self._environment}", owner=self._tasks)

    async def connected(self) -> None:
        """Wait, after `start`, until the channel is proven. Raises what it raises when the service refuses for good."""
        assert self._connecting is not None, "start() comes first"
        await asyncio.shield(self._connecting)
        if self._refused is not None:
            raise self._refused

    async def invoke(self, invoke: Invoke) -> AsyncGenerator[Response | Error | Stream]:
        """Send *invoke*; yield its response or error, or the pieces of its stream in order.

        Raises Unreachable when nobody answers. Closing the generator forgets the invocation: a late reply goes nowhere.
        """
        now = asyncio.get_running_loop().time()
        replies: asyncio.Queue[stub.Deliver | stub.GiveUp] = asyncio.Queue()
        self._replies = replies
        self._perform(self._delivery.invoke(replace(invoke, sender=self._environment), now))
        spawn(self._prove(invoke.nonce), name=f"prove {self._environment}", owner=self._tasks)
        try:
            while True:
                match await replies.get():
                    case stub.GiveUp(reason):
                        raise Unreachable(self._explain(reason))
                    case stub.Deliver(reply):
                        yield reply
                        if not isinstance(reply, Stream) or reply.final:
                            return
                        self._perform(self._delivery.taken(reply))
        finally:
            if self._delivery.nonce == invoke.nonce:
                self._delivery.forget()

    async def close(self) -> None:
        """Disconnect."""
        await self._stop()

    async def _connect(self) -> None:
        try:
            await self._channel.start()
        except Exception as error:
            self._refused = error
            self._connection = ConnectionState(ready=False, host="", reason=str(error))
            self._report(str(error))

    async def _prove(self, nonce: str) -> None:
        if not await self._channel.prove() and self._delivery.nonce == nonce:
            self._perform(self._delivery.repeat(asyncio.get_running_loop().time()))

    def _explain(self, reason: str) -> str:
        return reason if self._connection.ready else f"{reason} ({self._connection.reason})"

    def _perform(self, effects: Iterable[stub.Effect]) -> None:
        for effect in effects:
            match effect:
                case stub.Send(messages, again):
                    self._publish(self._paths.dev, messages, again=again)
                case stub.Deliver() | stub.GiveUp():
                    self._replies.put_nowait(effect)
                case _:
                    assert_never(effect)
        self._schedule()

    def _arrived(self, path: str, arrival: Arrival, now: float) -> None:
        if path == self._own_path:
            self._delivery.heard(arrival.sender, now)
        if arrival.message is not None:
            self._perform(self._delivery.receive(arrival.message, now))

    def _on_state(self, state: ConnectionState) -> None:
        self._connection = state
        if not state.ready:
            self._delivery.missed()
        else:
            self._perform(self._delivery.repeat(asyncio.get_running_loop().time()))

    def _next_deadline(self) -> float | None:
        return self._delivery.next_deadline()

    def _due(self, now: float) -> None:
        self._perform(self._delivery.tick(now))

    def _report(self, sentence: str) -> None:
        self._on_problem(sentence)


class Reply:
    """Where the answer of one invocation goes: one `response`, one `error`, or `stream` up to `final`. What comes after
    the answer is ignored, as Lambda does.
    """

    def __init__(self, endpoint: DevEndpoint, session: str, nonce: str) -> None:
        self._endpoint = endpoint
        self._session = session
        self._nonce = nonce
        self._index = 0
        self.answered = False

    async def response(self, body: bytes, content_type: str = "application/json") -> None:
        """The bytes the handler returned; above Lambda's limit the caller gets Lambda's own error."""
        if len(body) > MAX_RESPONSE:
            self._answer(too_large(self._session, self._nonce))
        else:
            self._answer(Response(self._session, self._nonce, content_type, body))

    async def error(self, body: bytes, error_type: str = "", xray_cause: str = "") -> None:
        """The handler's own error object, already JSON, with the values of the Runtime API's two error headers."""
        if len(body) > MAX_RESPONSE:
            self._answer(too_large(self._session, self._nonce))
        else:
            # Lambda drops a cause of 1 MiB and more.
            cause = xray_cause if len(xray_cause) < 1024 * 1024 else ""
            self._answer(Error(self._session, self._nonce, error_type, cause, body))

    async def stream(
        self,
        body: bytes,
        *,
        content_type: str = "",
        final: bool = False,
        error_type: str = "",
        error_body: bytes = b"",
    ) -> None:
        """The next piece of a streamed response; waits while the caller is slow."""
        if self.answered:
            return
        cuts = range(0, max(len(body), 1), MAX_PIECE)
        for start in cuts:
            last = final and start == cuts[-1]
            piece = Stream(
                self._session,
                self._nonce,
                self._index,
                last,
                content_type if self._index == 0 else "",
                error_type if last else "",
                error_body if last else b"",
                body[start : start + MAX_PIECE],
            )
            self._index += 1
            await self._endpoint.stream(piece)
        self.answered = final

    async def fail(self, why: str) -> None:
        """The dev server's own code failed: say so, unless the answer is out."""
        error = no_reply(self._session, self._nonce, why)
        if self._index:
            await self.stream(b"", final=True, error_type=error.error_type, error_body=error.body)
        else:
            self._answer(error)

    def _answer(self, reply: Response | Error) -> None:
        if not self.answered:
            self.answered = True
            self._endpoint.reply(reply)


class InvocationHandler(Protocol):
    """Runs one invocation: the one and only time for its nonce."""

    async def __call__(self, environment: Environment, invoke: Invoke, reply: Reply) -> None:
        """Answer through *reply* before returning. Cancelled when the session ends before it has."""


class DevEndpoint(_Endpoint):
    """The dev server's end: every environment of one stage."""

    def __init__(
        self,
        connect: Connect,
        *,
        app: str,
        stage: str,
        key: bytes,
        session: SessionInfo,
        handler: InvocationHandler,
        on_state: Callable[[ConnectionState], None] = lambda state: None,
        on_taken: Callable[[SessionInfo], None] = lambda holder: None,
        on_problem: Callable[[str], None] = lambda sentence: None,
        spool: Spool | None = None,
        claim_window: float = CLAIM_WINDOW,
        max_concurrency: int = MAX_CONCURRENCY,
    ) -> None:
        """*on_taken* is called when another dev server has taken the stage: this one must then be closed. *on_problem*
        gets one sentence about frames that had to be dropped.
        """
        paths = Paths(app, stage)
        self._delivery = DevDelivery(session, paths, claim_window=claim_window)
        self._session = session
        self._handler = handler
        self._state_changed = on_state
        self._on_taken = on_taken
        self._on_problem = on_problem
        self._spool = spool
        self._slots = asyncio.Semaphore(max_concurrency)
        self._invocations: set[asyncio.Task[Any]] = set()
        self._room: dict[str, asyncio.Event] = {}
        self._claimed: asyncio.Future[None] | None = None
        self._was_ready = False
        link = Link(key, session.id, route=paths.environment, max_incoming=DEV_INCOMING, max_outgoing=DEV_OUTGOING)
        super().__init__(connect, [paths.dev], link)

    async def start(self, *, takeover: bool = False) -> None:
        """Connect and hold the stage. Raises StageHeld when another dev server does and *takeover* is false, and what
        the channel raises when the service refuses for good.
        """
        loop = asyncio.get_running_loop()
        await self._channel.start()
        if self._spool is not None:
            for environment, kept in self._spool.load():
                self._delivery.restore(environment, kept, loop.time())
        self._claimed = loop.create_future()
        self._perform(self._delivery.claim(loop.time(), takeover=takeover))
        await self._claimed

    async def close(self, *, grace: float = CLOSE_GRACE) -> None:
        """Take nothing new, give what runs *grace* seconds to answer, say bye and disconnect."""
        held = self._delivery.stage.state in (StageState.HOLDING, StageState.TAKEN)
        if held:
            self._perform(self._delivery.leave())
            if self._invocations:
                await asyncio.wait(self._invocations, timeout=grace)
        await cancel_all(self._invocations)
        if held:
            self._perform(self._delivery.gone())
        await self._stop()

    # --- for Reply --------------------------------------------------------------------------------

    def reply(self, reply: Response | Error) -> None:
        """Send the answer of one invocation."""
        self._perform(self._delivery.reply(reply, asyncio.get_running_loop().time()))

    async def stream(self, piece: Stream) -> None:
        """Send one piece, when its caller has taken enough of those before."""
        while not self._delivery.may_stream(piece.nonce):
            await self._room.setdefault(piece.nonce, asyncio.Event()).wait()
            self._room.pop(piece.nonce, None)
        self._perform(self._delivery.stream(piece, asyncio.get_running_loop().time()))

    # --- effects ----------------------------------------------------------------------------------

    def _perform(self, effects: Iterable[dev.Effect]) -> None:
        for effect in effects:
            match effect:
                case dev.Send(path, messages, again):
                    self._publish(path, messages, again=again)
                case dev.Run(environment, invoke):
                    spawn(self._run(environment, invoke), name=f"invocation {invoke.nonce}", owner=self._invocations)
                case dev.Resume(nonce):
                    if (room := self._room.get(nonce)) is not None:
                        room.set()
                case dev.Release(pieces):
                    for piece in pieces:
                        self._link.release(piece)
                case dev.Forget(repeat):
                    self._link.forget(repeat)
                case dev.Keep(environment_id, reply):
                    if self._spool is not None:
                        self._spool.keep(environment_id, reply)
                case dev.Lost(holder):
                    self._on_taken(holder)
                case _:
                    assert_never(effect)
        self._settle_claim()
        self._schedule()

    async def _run(self, environment: Environment, invoke: Invoke) -> None:
        reply = Reply(self, self._session.id, invoke.nonce)
        async with self._slots:
            try:
                await self._handler(environment, invoke, reply)
                if not reply.answered:
                    await reply.fail("the invocation handler returned without an answer")
            except Exception as error:
                await reply.fail(repr(error))
                raise

    def _settle_claim(self) -> None:
        if self._claimed is None or self._claimed.done():
            return
        match self._delivery.stage.state:
            case StageState.HOLDING:
                self._claimed.set_result(None)
            case StageState.REFUSED:
                self._claimed.set_exception(StageHeld(self._delivery.stage.holder))

    # --- the channel and the clock ----------------------------------------------------------------

    def _arrived(self, path: str, arrival: Arrival, now: float) -> None:
        if arrival.message is not None:
            self._perform(self._delivery.receive(arrival.message, now, arrival.sent_at))

    def _on_state(self, state: ConnectionState) -> None:
        if state.ready and self._was_ready:
            self._perform(self._delivery.reclaim())
        self._was_ready = self._was_ready or state.ready
        self._state_changed(state)

    def _next_deadline(self) -> float | None:
        return self._delivery.next_deadline()

    def _due(self, now: float) -> None:
        self._perform(self._delivery.tick(now))

    def _report(self, sentence: str) -> None:
        self._on_problem(sentence)
