"""Publishing over HTTP: for what the sockets' own rate does not let through (AppSync Events §8).

Connections persist, and each does one request at a time in a thread, with the standard library's client: overflow is
rare, bounded, and in no hurry for a third of a millisecond. Threads start with the first overflow.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.client
import socket
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote, urlsplit

from .api import LOOPBACK, EventApi, tls_context
from .protocol import Batch, Published, PublishFailed, ServiceError, publish_answer
from .signing import Signer, body_text

CONNECTIONS = 8
"""Requests at once: with 30 ms each, ten times the rate of one socket, and an eighth of the account's quota (§11)."""
TIMEOUT = 5.0
"""Seconds for each step of a request; delivery has repeated the events by then."""
MAX_ANSWER = 1024 * 1024
"""Bytes of an answer that are read; five results take less than one kilobyte."""


class HttpPublisher:
    """A bounded set of persistent connections to one API."""

    def __init__(self, api: EventApi, signer: Signer) -> None:
        self._api = api
        self._signer = signer
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="appsync-publish")
        self._idle: list[http.client.HTTPConnection] = []
        # As many as there are threads.
        self._exchanging: set[http.client.HTTPConnection] = set()
        self._busy = 0

    @property
    def free(self) -> bool:
        """Whether a connection is free."""
        return self._busy < CONNECTIONS

    async def publish(self, batch: Batch) -> Published | PublishFailed:
        """Publish *batch*; a network error is a `PublishFailed` that may be tried again."""
        self._busy += 1
        try:
            body = body_text(batch.channel, batch.events).encode()
            headers = self._signer.sign(body)
            loop = asyncio.get_running_loop()
            status, answer = await loop.run_in_executor(self._threads, self._post, body, headers)
        except Exception as error:  # the network, or whatever the source of credentials raises
            return PublishFailed(batch, ServiceError("NetworkError", str(error) or type(error).__name__))
        finally:
            self._busy -= 1
        return publish_answer(batch, status, answer)

    def close(self) -> None:
        """Drop every connection, those that wait for an answer too: a process does not end before its threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for connection in list(self._exchanging):
            if (sock := connection.sock) is not None:
                with contextlib.suppress(OSError):  # it ended by itself
                    sock.shutdown(socket.SHUT_RDWR)
        while self._idle:
            self._idle.pop().close()

    # In a thread. What the threads share are single operations on lists and sets, which are atomic.

    def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        try:
            connection, fresh = self._idle.pop(), False
        except IndexError:
            connection, fresh = self._new_connection(), True
        try:
            return self._exchange(connection, body, headers)
        except (http.client.HTTPException, OSError):
            connection.close()
            if fresh:
                raise
        # The service closes idle connections without a word; a new one tells whether it is more than that.
        connection = self._new_connection()
        try:
            return self._exchange(connection, body, headers)
        except BaseException:
            connection.close()
            raise

    def _exchange(
        self, connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        self._exchanging.add(connection)
        try:
            connection.request("POST", "/event", body, headers)
            response = connection.getresponse()
            answer = response.read(MAX_ANSWER)
        finally:
            self._exchanging.discard(connection)
        if response.will_close or not response.isclosed():
            connection.close()
        else:
            self._idle.append(connection)
        return response.status, answer

    def _new_connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self._api.publish_url)
        host = parts.hostname or ""
        if self._api.local:
            return http.client.HTTPConnection(LOOPBACK, parts.port, timeout=TIMEOUT)
        options: dict[str, Any] = {"timeout": TIMEOUT, "context": tls_context()}
        proxy = None if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get("https")
        if proxy is None:
            return http.client.HTTPSConnection(host, parts.port, **options)
        through = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        if through.scheme != "http":
            raise OSError(f"cannot publish over HTTP through a proxy of type {through.scheme!r}")
        connection = http.client.HTTPSConnection(through.hostname or "", through.port or 80, **options)
        tunnel: dict[str, str] = {}
        if through.username is not None:
            user = f"{unquote(through.username)}:{unquote(through.password or '')}"
            tunnel["Proxy-Authorization"] = f"Basic {base64.b64encode(user.encode()).decode()}"
        connection.set_tunnel(host, parts.port or 443, tunnel)
        return connection
