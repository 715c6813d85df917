"""`sst_bridge.appsync.discover`: hosts and credentials as boto3 has them, without boto3."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from dataclasses import dataclass

import boto3
import pytest
from botocore.credentials import ReadOnlyCredentials, RefreshableCredentials
from sst_bridge.appsync.discover import FRESH, USABLE, ChainCredentials, event_api
from sst_bridge.appsync.signing import Credentials

from tests.bridge.appsync.conftest import DEV, joined
from tests.support.broker import Broker
from tests.support.event_service import Principal


def test_hosts_are_taken_as_they_are() -> None:
    """The hosts of `get_api` are signed letter by letter, so nothing is made of the id."""
    described = {"apiId": "x", "apiArn": "arn:x", "dns": {"HTTP": "h.example", "REALTIME": "r.example"}}
    api = event_api(described, "eu-west-1")

    assert (api.http_host, api.realtime_host, api.region, api.arn) == ("h.example", "r.example", "eu-west-1", "arn:x")


def test_another_kind_of_api_is_named() -> None:
    """An API without event hosts is an error that says which API."""
    with pytest.raises(ValueError, match=r"no HTTP host of relay: it is not an Event API"):
        event_api({"name": "relay", "dns": {}}, "eu-west-1")


@dataclass
class Chain:
    """A chain of credentials that counts, and can be made to wait or to fail."""

    asked: int = 0
    failing: bool = False

    def __post_init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.done = threading.Event()

    def fetch(self) -> ReadOnlyCredentials:
        self.open.wait()
        self.asked += 1
        self.done.set()
        if self.failing:
            raise RuntimeError("the SSO session has expired")
        return ReadOnlyCredentials(f"AKID{self.asked}", "secret", "token")


def test_fresh_credentials_are_not_fetched_again() -> None:
    """Within a minute every frame is signed with what was fetched."""
    chain, now = Chain(), [0.0]
    provider = ChainCredentials(chain.fetch, clock=lambda: now[0])
    first = provider()
    now[0] = FRESH - 1

    assert provider() == first == Credentials("AKID1", "secret", "token")
    assert chain.asked == 1


def test_a_refresh_does_not_hold_up_a_frame() -> None:
    """After a minute newer ones are fetched in a thread; until they are there the old ones sign."""
    chain, now = Chain(), [0.0]
    provider = ChainCredentials(chain.fetch, clock=lambda: now[0])
    provider()
    chain.open.clear()
    chain.done.clear()
    now[0] = FRESH + 1

    assert provider().access_key_id == "AKID1"
    chain.open.set()
    chain.done.wait()
    assert provider._fetcher is not None
    provider._fetcher.join()
    assert provider().access_key_id == "AKID2"


def test_stale_credentials_are_never_used() -> None:
    """After a sleep of the machine the caller waits for valid ones, and is told when there are none."""
    chain, now = Chain(), [0.0]
    provider = ChainCredentials(chain.fetch, clock=lambda: now[0])
    provider()
    now[0] = USABLE + 1
    assert provider().access_key_id == "AKID2"
    now[0] += USABLE + 1
    chain.failing = True

    with pytest.raises(RuntimeError, match="SSO session has expired"):
        provider()


def test_a_failed_refresh_keeps_what_is_valid() -> None:
    """A chain that fails ahead of need leaves the credentials at hand in use."""
    chain, now = Chain(), [0.0]
    provider = ChainCredentials(chain.fetch, clock=lambda: now[0])
    provider()
    chain.failing = True
    now[0] = FRESH + 1
    provider()
    assert provider._fetcher is not None
    provider._fetcher.join()

    assert provider().access_key_id == "AKID1"


def test_botocore_is_such_a_chain() -> None:
    """The frozen credentials of botocore's own refreshing chain fit."""
    from datetime import UTC, datetime, timedelta

    metadata = {
        "access_key": "AKID", "secret_key": "s", "token": "t",
        "expiry_time": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    chain = RefreshableCredentials.create_from_metadata(metadata, lambda: metadata, "sts-assume-role")

    assert ChainCredentials(chain.get_frozen_credentials)() == Credentials("AKID", "s", "t")


async def test_from_boto3_to_an_event(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole AWS mode: hosts from boto3's `get_api`, temporary credentials from its chain, an event that arrives."""
    broker.service.principals = {"AKID": Principal("secret", "token")}
    for name, value in (("ACCESS_KEY_ID", "AKID"), ("SECRET_ACCESS_KEY", "secret"), ("SESSION_TOKEN", "token")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    session = boto3.Session(region_name="us-east-1")
    appsync = session.client("appsync", endpoint_url=f"http://127.0.0.1:{broker.port}")
    described = await asyncio.to_thread(appsync.get_api, apiId="xyz")
    found = session.get_credentials()
    assert found is not None
    credentials = ChainCredentials(found.get_frozen_credentials)

    async with joined(event_api(described["api"], session.region_name), DEV, credentials=credentials) as dev:
        dev.channel.publish(DEV, ['"x"'])
        assert await dev.heard() == ['"x"']


def test_boto3_is_not_needed() -> None:
    """Importing the discovery of an API loads no SDK of AWS."""
    program = "import sys, sst_bridge.appsync.discover; sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
