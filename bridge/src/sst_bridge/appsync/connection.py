"""The channel over AppSync Events: a proven socket at any time, more of them when its rate is used up.

A supervisor keeps one socket, the primary, subscribed and proven: it replaces one that is lost, silent or about to
reach its age limit. Additional sockets only publish. What a dead socket leaves unanswered is published again; receivers
drop what they have seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..channel import Channel, Connect, ConnectionState
from ..tasks import cancel_all, spawn
from .api import EventApi
from .backoff import Backoff
from .limiter import Limiter
from .link import Link, LinkLost
from .protocol import Data, ErrorReported, Event, Published, PublishFailed
from .publishing import Publisher
from .refusal import ServiceRefused
from .signing import CredentialsProvider, Signer
from .timing import Timing
from .vitals import Verdict

log = logging.getLogger("sst_bridge.appsync")

MAX_ADDITIONAL = 3
"""Additional sockets: with the primary 100 publishes a second, a twentieth of the account's quota (§11)."""


def connector(
    api: EventApi,
    credentials: CredentialsProvider,
    *,
    timing: Timing = Timing(),  # noqa: B008 — frozen
    make_limiter: Callable[[], Limiter] = Limiter,
    wall: Callable[[], float] = time.time,
    on_heard: Callable[[], None] = lambda: None,
) -> Connect:
    """What makes an endpoint's channel on *api*; to be called on the event loop.

    *credentials* is asked for every frame and must not block; whatever it raises is a reason to try again later.
    *on_heard* is called for every frame of the service.
    """

    def connect(
        paths: Sequence[str],
        *,
        on_event: Callable[[str, str], None],
        on_state: Callable[[ConnectionState], None],
    ) -> Channel:
        signer = Signer(api.http_host, api.region, credentials)
        return AppSyncChannel(
            api,
            signer,
            paths,
            on_event=on_event,
            on_state=on_state,
            timing=timing,
            make_limiter=make_limiter,
            wall=wall,
            on_heard=on_heard,
        )

    return connect


class AppSyncChannel:
    """A `Channel` on one Event API. The first of *paths* is the endpoint's own: it is the one proven by echo."""

    def __init__(
        self,
        api: EventApi,
        signer: Signer,
        paths: Sequence[str],
        *,
        on_event: Callable[[str, str], None],
        on_state: Callable[[ConnectionState], None],
        timing: Timing,
        make_limiter: Callable[[], Limiter],
        wall: Callable[[], float],
        on_heard: Callable[[], None],
    ) -> None:
        self._on_heard = on_heard
        self._api = api
        self._signer = signer
        self._paths = tuple(paths)
        self._deliver = on_event
        self._on_state = on_state
        self._timing = timing
        self._make_limiter = make_limiter
        self._wall = wall
        self._loop = asyncio.get_running_loop()
        self._state: ConnectionState | None = None
        self._publisher = Publisher(api, signer, on_saturated=self._saturated)
        self._primary: Link | None = None
        self._candidate: Link | None = None
        # The primary, the one before it during a hand-over, one being opened, and at most MAX_ADDITIONAL others.
        self._links: set[Link] = set()
        self._senders: dict[Link, asyncio.Task[Any]] = {}
        self._links_made = 0
        self._additional = 0
        self._grown_at = self._saturated_at = 0.0
        self._backoff = Backoff(base=timing.backoff_base, cap=timing.backoff_cap)
        self._hurry = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._started: asyncio.Future[None] = self._loop.create_future()

    # The methods of `Channel`.

    async def start(self) -> None:
        """Connect, subscribe, prove. Raises ServiceRefused; anything else is retried, and reported to *on_state*."""
        supervisor = spawn(self._supervise(), name="appsync supervisor", owner=self._tasks)
        try:
            await asyncio.wait((self._started, supervisor), return_when=asyncio.FIRST_COMPLETED)
            if supervisor.done():
                supervisor.result()
            self._started.result()
        except BaseException:
            await self.close()
            raise

    def publish(self, path: str, events: Sequence[str]) -> None:
        """Enqueue *events* for *path*."""
        self._publisher.put(path, events)

    async def prove(self) -> bool:
        """Whether the service answers a publish on the primary socket now; if not, the socket is replaced at once."""
        # A socket serves before its echo has come back, and may die then too.
        link = self._primary or (self._candidate if self._candidate in self._senders else None)
        if link is None:
            self._hurry.set()
            return False
        try:
            async with asyncio.timeout(self._timing.proof):
                await asyncio.sleep(0)  # what was just enqueued leaves first
                await link.prove(self._paths[0])
            return True
        except TimeoutError:
            link.abort(f"no answer within {self._timing.proof:g} s of waking")
        except (LinkLost, ServiceRefused) as error:
            log.info("%s ended while it was proven: %s", link.name, error)
        self._hurry.set()
        return False

    async def close(self) -> None:
        """Send what is queued, for `Timing.flush` seconds, then end every socket and task."""
        if self._primary is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._timing.flush):
                    await self._publisher.flush()
        self._primary = None
        await cancel_all(self._tasks)
        await asyncio.gather(*(link.close() for link in self._links))
        await cancel_all(self._tasks)
        await self._publisher.close()

    # The primary socket.

    async def _supervise(self) -> None:
        while True:
            successor = await self._establish()
            previous, self._primary = self._primary, successor
            self._report(ready=True)
            if previous is not None:
                spawn(self._retire(previous), name=f"retire {previous.name}", owner=self._tasks)
            while (verdict := await self._watch(successor)) not in (Verdict.OLD, Verdict.DEAD):
                pass
            if verdict is Verdict.OLD:
                log.info("%s is %d s old: handing over to a new socket", successor.name, successor.age)
                continue
            if successor.age >= self._timing.steady:
                self._backoff.reset()
            await self._pause()

    async def _establish(self) -> Link:
        """Open sockets until one is subscribed and proven."""
        while True:
            link = self._candidate = self._new_link()
            try:
                await link.open()
                self._send_on(link)
                await link.subscribe(self._paths)
                await link.prove_echo(self._paths[0])
                if link.lost.done():  # with the echo still in hand
                    raise link.lost.result()
                if not self._started.done():
                    self._started.set_result(None)
                return link
            except ServiceRefused as refused:
                # While it starts, a refusal is for whoever waits. Later it may be a policy on its way, or expired
                # credentials that somebody renews: it is reported, and tried again.
                if not self._started.done():
                    raise
                await self._give_up(link, refused)
            except LinkLost as lost:
                await self._give_up(link, lost)
            await self._pause()

    async def _watch(self, link: Link) -> Verdict:
        """Look after *link* for one tick of the clock; DEAD when it has ended."""
        await asyncio.wait((link.lost,), timeout=self._timing.tick)
        if link.lost.done():
            return Verdict.DEAD
        late = link.give_up(self._loop.time() - self._timing.publish_answer)
        self._publisher.recover(late)
        verdict = link.look()
        if verdict is Verdict.DEAD or (late and link.silent > self._timing.publish_answer):
            link.abort("nothing was heard from the service for too long")
        elif verdict is Verdict.SLEPT and link is self._primary:
            spawn(self._prove_after_sleep(link), name="prove after sleep", owner=self._tasks)
        return verdict

    async def _prove_after_sleep(self, link: Link) -> None:
        """Prove *link*, unless an event on its way does it: a thawed stub has one, and publishes are billed."""
        log.info("the clock jumped: is %s alive?", link.name)
        noticed = self._loop.time()
        await asyncio.wait((link.lost,), timeout=self._timing.echo)
        if link.answered_at < noticed:
            await self.prove()

    async def _retire(self, link: Link) -> None:
        """Listen on *link* for what is still on its way, then close it."""
        if (sender := self._senders.pop(link, None)) is not None:
            sender.cancel()
        await asyncio.wait((link.lost,), timeout=self._timing.overlap)
        await link.close()

    async def _give_up(self, link: Link, why: Exception) -> None:
        await link.close()
        if self._primary is None:
            self._report(ready=False, reason=_sentence(why))

    async def _pause(self) -> None:
        """Wait before the next attempt, less if somebody needs the channel now."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._backoff.delay()):
                await self._hurry.wait()
        self._hurry.clear()

    # Additional sockets.

    def _saturated(self) -> None:
        """Publishes wait for the sockets' rate: open one more, some time after the last."""
        now = self._saturated_at = self._loop.time()
        if self._additional < MAX_ADDITIONAL and now - self._grown_at >= self._timing.grow:
            self._grown_at = now
            self._additional += 1
            spawn(self._add(), name="appsync additional socket", owner=self._tasks)

    async def _add(self) -> None:
        """Publish on one more socket until the rush is over."""
        link = self._new_link()
        try:
            await link.open()
            self._send_on(link)
            while self._loop.time() - self._saturated_at < self._timing.shrink:
                if await self._watch(link) in (Verdict.OLD, Verdict.DEAD):
                    break
            await self._retire(link)
        except (LinkLost, ServiceRefused) as error:
            log.info("no additional socket: %s", error)
            await link.close()
        finally:
            self._additional -= 1

    # All sockets.

    def _new_link(self) -> Link:
        self._links_made += 1
        link = Link(
            self._api,
            self._signer,
            name=f"socket {self._links_made}",
            timing=self._timing,
            limiter=self._make_limiter(),
            on_event=self._on_link_event,
            wall=self._wall,
            on_heard=self._on_heard,
        )
        self._links.add(link)
        link.lost.add_done_callback(lambda _: self._ended(link))
        return link

    def _send_on(self, link: Link) -> None:
        """From now on *link* takes its share of what is published."""
        self._senders[link] = spawn(self._publisher.send_on(link), name=f"{link.name} sender", owner=self._tasks)

    def _ended(self, link: Link) -> None:
        spawn(self._bury(link), name=f"bury {link.name}", owner=self._tasks)
        if (sender := self._senders.pop(link, None)) is not None:
            sender.cancel()
        self._publisher.recover(link.give_up())
        log.info("%s ended: %s", link.name, link.lost.result())
        if link is self._primary:
            self._primary = None
            self._report(ready=False, reason=_sentence(link.lost.result()))

    async def _bury(self, link: Link) -> None:
        """End what is left of a socket that has ended, whoever ended it."""
        await link.close()
        self._links.discard(link)

    def _on_link_event(self, link: Link, event: Event) -> None:
        match event:
            case Data(path, text):
                self._deliver(path, text)
            case Published() | PublishFailed():
                if refused := self._publisher.answered(event):
                    link.abort(refused)
            case ErrorReported(error):
                log.info("%s: the service reports %s", link.name, error)
                if error.throttled:
                    self._publisher.throttled()
            case _:
                log.debug("%s: %s", link.name, event)

    def _report(self, *, ready: bool, reason: str = "") -> None:
        state = ConnectionState(ready, self._api.realtime_host, reason)
        if state != self._state:
            self._state = state
            self._on_state(state)


def _sentence(why: Exception) -> str:
    text = str(why)
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
