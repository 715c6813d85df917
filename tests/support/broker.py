"""An AppSync Events server of the tests' own: `event_service` on a loopback port, WebSocket and HTTP alike.

In process: `async with Broker() as broker: …`. As a process: `python -m tests.support.broker --drop 0.2`, which
prints one JSON line with its hosts and ends with its standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import json
import os
import ssl as ssl_module
import sys
import time
from typing import Any, Self

# Session tokens make long handshake headers; read by websockets when it is imported.
os.environ.setdefault("WEBSOCKETS_MAX_LINE_LENGTH", "65536")

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from tests.support.event_service import Effect, EventService, Faults, Principal, Quotas, Send, Session

SUBPROTOCOL = "aws-appsync-event-ws"
LABEL = "abcdefghijklmnopqrstuvwxyz"
SLOW_CONSUMER = 64 * 1024 * 1024
"""Bytes that may wait for one reader before it is cut off."""


class Broker:
    """One Event API on 127.0.0.1, with root credentials `test`/`test` unless *principals* says otherwise."""

    def __init__(
        self,
        *,
        port: int = 0,
        hosts: tuple[str, str] | None = None,
        ssl: ssl_module.SSLContext | None = None,
        **service: Any,
    ) -> None:
        self._requested_port = port
        self._hosts = hosts
        self._ssl = ssl
        self._service_options = service
        self._peers: set[Peer] = set()
        self._by_session: dict[Session, Peer] = {}
        self.port = 0
        self.http_host = ""
        self.realtime_host = ""
        self.service: EventService

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Peer(self), "127.0.0.1", self._requested_port, ssl=self._ssl, backlog=500
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self.http_host, self.realtime_host = self._hosts or (
            f"{LABEL}.appsync-api.us-east-1.localhost:{self.port}",
            f"{LABEL}.appsync-realtime-api.us-east-1.localhost:{self.port}",
        )
        self.service = EventService(self.http_host, **self._service_options)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    @property
    def sessions(self) -> list[Session]:
        """The open sockets, oldest first."""
        return sorted(self.service.sessions, key=lambda session: session.number)

    def cut(self) -> None:
        """Abort every connection, as a failing network does."""
        for peer in list(self._peers):
            peer.transport.abort()

    def close(self) -> None:
        """Close every socket in order, with the code that the service uses for everything."""
        for peer in list(self._peers):
            peer.end()

    def mute(self) -> None:
        """From now on the open sockets neither answer nor end, as those of a machine that was asleep."""
        for session in self.service.sessions:
            session.muted = True

    def perform(self, effects: list[Effect]) -> None:
        """Do what the service decided; what is due goes out now."""
        now = time.time()
        for effect in effects:
            peer = self._by_session.get(effect.session)
            if peer is None:
                continue
            if not isinstance(effect, Send):
                peer.end()
            elif effect.at <= now:
                peer.send(effect.frame)
            else:
                asyncio.get_running_loop().call_later(effect.at - now, peer.send, effect.frame)


class Peer(asyncio.Protocol):
    """One TCP connection: a WebSocket, or HTTP requests one after the other."""

    transport: asyncio.Transport

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.session: Session | None = None
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._socket: ServerProtocol | None = None
        self._fragments: list[bytes] = []
        self._timers: set[asyncio.TimerHandle] = set()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.broker._peers.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self.broker._peers.discard(self)
        for timer in self._timers:
            timer.cancel()
        if self.session is not None:
            self.broker.service.disconnect(self.session)
            del self.broker._by_session[self.session]

    def data_received(self, data: bytes) -> None:
        if self._socket is not None:
            self._socket.receive_data(data)
            self._read_socket()
            return
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0 and self._socket is None:
            head = bytes(self._buffer[:end]).decode("latin-1")
            if "\r\nupgrade: websocket" in head.lower():
                self._socket = ServerProtocol(subprotocols=[SUBPROTOCOL], max_size=8 * 1024 * 1024)
                self._socket.receive_data(bytes(self._buffer))
                self._buffer.clear()
                self._read_socket()
            elif not self._read_request(head, end + 4):
                return

    def eof_received(self) -> bool:
        if self._socket is not None:
            self._socket.receive_eof()
            self._flush()
        return False

    # HTTP

    def _read_request(self, head: str, body_at: int) -> bool:
        """Answer one request; False when its body is not complete."""
        request, *lines = head.split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
        length = int(headers.get("content-length", "0"))
        if len(self._buffer) < body_at + length:
            return False
        body = bytes(self._buffer[body_at : body_at + length])
        del self._buffer[: body_at + length]
        method, path, _ = request.split(" ", 2)
        status, answer, effects = self._answer(method, path, headers, body)
        text = json.dumps(answer).encode()
        self.transport.write(
            f"HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {len(text)}\r\n\r\n".encode()
            + text
        )
        self.broker.perform(effects)
        return True

    def _answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, Any], list[Effect]]:
        service = self.broker.service
        if method == "POST" and path == "/event":
            return service.publish_http(headers, body, time.time())
        if method == "GET" and path.startswith("/v2/apis/"):
            identifier = path.rpartition("/")[2]
            arn = f"arn:aws:appsync:{service.region}:000000000000:apis/{identifier}"
            dns = {"HTTP": self.broker.http_host, "REALTIME": self.broker.realtime_host}
            return 200, {"api": {"apiId": identifier, "name": "broker", "apiArn": arn, "dns": dns}}, []
        if method == "GET" and path == "/seen":
            return 200, {"seen": dict(service.seen), "metered": dict(service.metered)}, []
        return 404, {"message": "not found"}, []

    # WebSocket

    def _read_socket(self) -> None:
        assert self._socket is not None
        for event in self._socket.events_received():
            if isinstance(event, Request):
                self._shake_hands(event)
            elif isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                self._fragments.append(bytes(event.data))
                if event.fin and self.session is not None:
                    text, self._fragments = b"".join(self._fragments), []
                    if not self.session.ended:
                        self.broker.perform(self.broker.service.receive(self.session, text, time.time()))
        self._flush()

    def _shake_hands(self, request: Request) -> None:
        assert self._socket is not None
        offered = [o.strip() for line in request.headers.get_all("sec-websocket-protocol") for o in line.split(",")]
        if request.path.partition("?")[0] != "/event/realtime":
            self._socket.send_response(self._socket.reject(404, "no such path\n"))
        elif SUBPROTOCOL not in offered:
            self._socket.send_response(self._socket.reject(400, "the literal subprotocol is missing\n"))
        else:
            self._socket.send_response(self._socket.accept(request))
            self._flush()
            self.session, effects = self.broker.service.connect(offered, time.time())
            self.broker._by_session[self.session] = self
            self.broker.perform(effects)
            self._keep_alive()
            service = self.broker.service
            self._later(service.quotas.lifetime, self.end)
            if service.faults.close_every:
                self._later(service.random.expovariate(1 / service.faults.close_every), self.end)
            if service.faults.cut_every:
                self._later(service.random.expovariate(1 / service.faults.cut_every), self.transport.abort)

    def _keep_alive(self) -> None:
        assert self.session is not None
        self._later(self.broker.service.quotas.keep_alive, self._keep_alive_now)

    def _keep_alive_now(self) -> None:
        assert self.session is not None
        self.broker.perform(self.broker.service.keep_alive(self.session, time.time()))
        self._keep_alive()

    def _later(self, seconds: float, call: Any) -> None:
        def run() -> None:
            self._timers.discard(timer)
            call()

        timer = self._loop.call_later(seconds, run)
        self._timers.add(timer)

    def send(self, frame: dict[str, Any]) -> None:
        """Send *frame* as one text frame."""
        assert self._socket is not None and self.session is not None
        if self.session.muted or self._socket.state is not OPEN or self.transport.is_closing():
            return
        if self.transport.get_write_buffer_size() > SLOW_CONSUMER:
            self.broker.service.seen["slow consumer"] += 1
            self.transport.abort()
            return
        self._socket.send_text(json.dumps(frame, separators=(",", ":")).encode())
        self._flush()

    def end(self) -> None:
        """Close with code 1000."""
        if self._socket is None:
            self.transport.close()
        elif self._socket.state is OPEN:
            self._socket.send_close(1000)
            self._flush()

    def _flush(self) -> None:
        assert self._socket is not None
        for data in self._socket.data_to_send():
            if data:
                self.transport.write(data)
            else:
                self.transport.close()


# --- as a process ---------------------------------------------------------------------------------


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.support.broker", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    for kind in (Faults, Quotas):
        for field in dataclasses.fields(kind):
            flag = f"--{field.name.replace('_', '-')}"
            if field.type == "bool":
                parser.add_argument(flag, action="store_true")
            elif field.type == "tuple[float, float]":
                parser.add_argument(flag, type=float, nargs=2, default=field.default)
            else:
                parser.add_argument(flag, type=int if field.type == "int" else float, default=field.default)
    return parser.parse_args(arguments)


def _pick(kind: type[Any], options: argparse.Namespace) -> Any:
    values = {field.name: getattr(options, field.name) for field in dataclasses.fields(kind)}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


async def main(arguments: list[str]) -> None:
    """Serve until standard input ends."""
    options = _options(arguments)
    async with Broker(
        port=options.port,
        principals={"test": Principal("test")},
        api_keys=["da2-test"],
        quotas=_pick(Quotas, options),
        faults=_pick(Faults, options),
        seed=options.seed,
    ) as broker:
        hosts = {"port": broker.port, "http_host": broker.http_host, "realtime_host": broker.realtime_host}
        print(json.dumps(hosts), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1:]))
