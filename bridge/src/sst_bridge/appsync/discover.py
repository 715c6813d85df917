"""Hosts from `get_api`, credentials from a chain: what a developer's machine has to say about AWS.

boto3 is never imported here: the dev server hands in what it got from it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .api import EventApi
from .signing import Credentials

FRESH = 60.0
"""Seconds for which fetched credentials are used without asking the chain again."""
USABLE = 540.0
"""Seconds for which they may be used while newer ones are fetched: botocore renews ten minutes before they expire."""


def event_api(description: Mapping[str, Any], region: str) -> EventApi:
    """The API that `get_api(apiId=…)["api"]` describes. Raises ValueError when it is not an Event API."""
    dns = description.get("dns") or {}
    try:
        return EventApi(dns["HTTP"], dns["REALTIME"], region, str(description.get("apiArn", "")))
    except KeyError as error:
        name = description.get("name") or description.get("apiId") or "this API"
        raise ValueError(f"AppSync says no {error.args[0]} host of {name}: it is not an Event API") from None


class FrozenCredentials(Protocol):
    """What botocore's `get_frozen_credentials()` returns."""

    @property
    def access_key(self) -> str: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def token(self) -> str | None: ...


class ChainCredentials:
    """A credentials provider on a chain that may block, such as `session.get_credentials().get_frozen_credentials`.

    A chain refreshes by network calls (SSO, assumed roles), so it is asked in a thread before what is at hand expires;
    only when there is nothing usable, at the start or after the machine slept, the caller waits.
    """

    def __init__(self, fetch: Callable[[], FrozenCredentials], *, clock: Callable[[], float] = time.time) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._current: Credentials | None = None
        self._fetched_at = 0.0
        self._fetcher: threading.Thread | None = None

    def __call__(self) -> Credentials:
        """Credentials that are valid now; raises what the chain raises."""
        age = self._clock() - self._fetched_at
        current = self._current
        if current is None or not 0 <= age < USABLE:
            return self._refresh()
        if age >= FRESH and (self._fetcher is None or not self._fetcher.is_alive()):
            self._fetcher = threading.Thread(target=self._refresh_quietly, name="credentials", daemon=True)
            self._fetcher.start()
        return current

    def _refresh(self) -> Credentials:
        with self._lock:
            frozen = self._fetch()
            self._current = Credentials(frozen.access_key, frozen.secret_key, frozen.token)
            self._fetched_at = self._clock()
            return self._current

    def _refresh_quietly(self) -> None:
        """Refresh ahead of need: a failure now is raised by the caller that finds nothing usable."""
        try:
            self._refresh()
        except Exception:  # whatever the chain raises
            return
