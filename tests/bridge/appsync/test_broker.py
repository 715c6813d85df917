"""The tests' own server is as strict as the specification says (`tests/support/event_service.py`, `broker.py`).

Requests are signed by botocore here, so that neither the client's signing nor the server's is its own witness.
"""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
import sys
import time
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from websockets.asyncio.client import connect

from tests.support.broker import Broker
from tests.support.event_service import (
    ALL,
    CONNECT,
    PUBLISH,
    SUBSCRIBE,
    Effect,
    End,
    EventService,
    Faults,
    Principal,
    Quotas,
    Send,
    Session,
)

HOST = "abc.appsync-api.us-east-1.localhost:1"
DEV = "/sst/notes/test/dev"


def signed(
    body: str, *, host: str = HOST, secret: str = "test", key: str = "test", token: str | None = None
) -> dict[str, str]:
    """The authorization of *body* by botocore."""
    headers = {
        "accept": "application/json, text/javascript",
        "content-encoding": "amz-1.0",
        "content-type": "application/json",
    }
    request = AWSRequest("POST", f"http://{host}/event", data=body.encode(), headers={**headers, "host": host})
    SigV4Auth(Credentials(key, secret, token), "appsync", "us-east-1").add_auth(request)
    return dict(request.headers.items())


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def offer(authorization: dict[str, str]) -> list[str]:
    token = base64.urlsafe_b64encode(json.dumps(authorization).encode()).decode().rstrip("=")
    return ["aws-appsync-event-ws", f"header-{token}"]


class Client:
    """One socket on a service, driven by hand."""

    def __init__(self, service: EventService, **credentials: Any) -> None:
        self.service = service
        self.now = time.time()
        self.credentials = credentials
        self.session, self.effects = service.connect(offer(signed("{}", **credentials)), self.now)
        self.number = 0

    def frames(self, effects: list[Effect]) -> list[dict[str, Any]]:
        """What this socket is sent."""
        return [e.frame for e in effects if isinstance(e, Send) and e.session is self.session]

    def say(self, **frame: Any) -> list[dict[str, Any]]:
        return self.frames(self.service.receive(self.session, compact(frame), self.now))

    def subscribe(self, channel: Any, identifier: str | None = None) -> dict[str, Any]:
        self.number += 1
        authorization = signed(compact({"channel": channel}), **self.credentials)
        named = identifier or f"S{self.number}"
        (answer,) = self.say(type="subscribe", id=named, channel=channel, authorization=authorization)
        return answer

    def publish(self, channel: Any, events: Any, signed_as: Any = None) -> list[dict[str, Any]]:
        self.number += 1
        body = compact({"channel": channel, "events": events}) if signed_as is None else signed_as
        authorization = signed(body, **self.credentials)
        return self.say(
            type="publish", id=f"P{self.number}", channel=channel, events=events, authorization=authorization
        )

    def published(self, *events: str) -> dict[str, Any]:
        """The answer to a publish of *events* to the dev channel, without deliveries."""
        (answer,) = [frame for frame in self.publish(DEV, list(events)) if frame["type"] != "data"]
        return answer


def error_type(frame: dict[str, Any]) -> str:
    return str(frame["errors"][0]["errorType"])


@pytest.fixture(name="service")
def _service() -> EventService:
    return EventService(HOST)


@pytest.fixture(name="client")
def _client(service: EventService) -> Client:
    return Client(service)


def test_botocore_is_let_in(client: Client) -> None:
    """What botocore signs is accepted for every operation."""
    assert client.effects == []
    assert client.say(type="connection_init") == [{"type": "connection_ack", "connectionTimeoutMs": 300000}]
    assert client.subscribe(DEV) == {"type": "subscribe_success", "id": "S1"}
    kinds = sorted(frame["type"] for frame in client.publish(DEV, ['{"k":1}']))
    assert kinds == ["data", "publish_success"]
    assert client.say(type="unsubscribe", id="S1") == [{"type": "unsubscribe_success", "id": "S1"}]


@pytest.mark.parametrize(
    "credentials", [{"secret": "wrong"}, {"key": "nobody"}, {"host": "other.example"}], ids=["secret", "key", "host"]
)
def test_who_signs_wrongly_is_refused_after_the_handshake(service: EventService, credentials: dict[str, str]) -> None:
    """A bad signature, an unknown key and another host end in `connection_error` and an ordinary close."""
    session, effects = service.connect(offer(signed("{}", **credentials)), time.time())

    assert [type(effect) for effect in effects] == [Send, End]
    assert isinstance(effects[0], Send) and effects[0].frame["type"] == "connection_error"
    assert session.ended


@pytest.mark.parametrize("offered", [[], ["aws-appsync-event-ws"], ["header-%%%"], ["header-W10"]])
def test_who_shows_nothing_is_refused(service: EventService, offered: list[str]) -> None:
    """Without a readable authorization there is no connection."""
    _, effects = service.connect(offered, time.time())

    assert isinstance(effects[0], Send) and error_type(effects[0].frame) == "UnauthorizedException"


def test_an_old_signature_is_refused(service: EventService) -> None:
    """Five minutes of clock skew are tolerated, not more."""
    authorization = signed("{}")
    _, effects = service.connect(offer(authorization), time.time() + 290)
    assert effects == []
    _, effects = service.connect(offer(authorization), time.time() + 310)

    assert isinstance(effects[0], Send) and error_type(effects[0].frame) == "BadRequestException"


def test_a_session_token_is_part_of_the_credentials(service: EventService) -> None:
    """Temporary credentials are worth nothing without their token, and nothing after their time."""
    service.principals["temporary"] = Principal("s", "token", expires=time.time() + 60)

    assert Client(service, key="temporary", secret="s", token="token").effects == []
    assert Client(service, key="temporary", secret="s").effects
    assert Client(service, key="temporary", secret="s", token="stolen").effects
    service.principals["temporary"] = Principal("s", "token", expires=time.time() - 1)
    assert Client(service, key="temporary", secret="s", token="token").effects


def test_each_operation_has_its_permission(service: EventService) -> None:
    """Connect, subscribe and publish are allowed one by one."""
    service.principals["test"] = Principal("test", allowed=ALL - {SUBSCRIBE})
    client = Client(service)
    assert error_type(client.subscribe(DEV)) == "UnauthorizedException"
    assert client.published('"x"')["type"] == "publish_success"
    service.principals["test"] = Principal("test", allowed=ALL - {PUBLISH})
    assert error_type(client.published('"x"')) == "UnauthorizedException"
    service.principals["test"] = Principal("test", allowed=ALL - {CONNECT})
    assert Client(service).effects


@pytest.mark.parametrize("event", ['"<b>"', '"a & b"', '"\u2028"'])
def test_the_html_trap(client: Client, event: str) -> None:
    """Over WebSocket the body is hashed as an HTML-escaping writer writes it: such events fail, and only they."""
    answer = client.published(event)

    assert error_type(answer) == "BadRequestException"
    assert "Canonical String" in answer["errors"][0]["message"]
    assert client.published('"plain"')["type"] == "publish_success"


def test_the_html_trap_is_not_set_over_http(service: EventService) -> None:
    """The same event passes as an HTTP publish, whose very bytes are hashed."""
    body = compact({"channel": DEV, "events": ['"<b>"']})
    status, answer, _ = service.publish_http(
        {k.lower(): v for k, v in signed(body).items()}, body.encode(), time.time()
    )

    assert (status, len(answer["successful"])) == (200, 1)


def test_the_signature_covers_what_is_published(client: Client) -> None:
    """A signature for other events, another order of fields or spaces does not fit."""
    other = [
        compact({"channel": DEV, "events": ['"y"']}),
        compact({"events": ['"x"'], "channel": DEV}),
        json.dumps({"channel": DEV, "events": ['"x"']}),
    ]

    assert [error_type(client.publish(DEV, ['"x"'], body)[0]) for body in other] == ["BadRequestException"] * 3


@pytest.mark.parametrize("channel", ["/sst/a_b", "/sst/a/b/c/d/e", "/sst/" + "a" * 51, "/sst/-a", "", 7, None])
def test_bad_channels_are_refused(client: Client, channel: Any) -> None:
    """What is no channel can be neither published nor subscribed to; the socket stays usable."""
    assert error_type(client.subscribe(channel)) == "BadRequestException"
    assert error_type(client.publish(channel, ['"x"'])[0]) == "BadRequestException"
    assert client.subscribe(DEV)["type"] == "subscribe_success"


def test_an_undefined_namespace_is_unauthorized(client: Client) -> None:
    """A namespace that does not exist looks like a missing permission, without a message."""
    assert client.subscribe("/nowhere/x")["errors"] == [{"errorType": "UnauthorizedException"}]
    assert client.publish("/nowhere/x", ['"x"'])[0]["errors"] == [{"errorType": "UnauthorizedException"}]


def test_wildcards_match_any_depth_and_only_to_listen(client: Client) -> None:
    """`/sst/notes/*` hears everything below, not its own stem, and nobody publishes to it."""
    client.subscribe("/sst/notes/*")
    heard = {}
    for channel in ("/sst/notes/a", "/sst/notes/a/b", "sst/notes/a/b/c/", "/sst/notes", "/sst/other/a", "/sst/Notes/a"):
        heard[channel] = [f["type"] for f in client.publish(channel, ['"x"'])].count("data")

    assert list(heard.values()) == [1, 1, 1, 0, 0, 0]
    assert error_type(client.publish("/sst/notes/*", ['"x"'])[0]) == "BadRequestException"


def test_each_subscription_gets_its_own_data(client: Client) -> None:
    """Two subscriptions that fit are two deliveries, and a batch is one frame for each event."""
    client.subscribe(DEV)
    client.subscribe("/sst/*")
    frames = [frame for frame in client.publish(DEV, ['"a"', '"b"']) if frame["type"] == "data"]

    assert sorted((frame["id"], frame["event"]) for frame in frames) == [
        ("S1", '"a"'), ("S1", '"b"'), ("S2", '"a"'), ("S2", '"b"'),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (['"x"'] * 6, "InvalidInputError"), ([], "BadRequestException"), ("x", "BadRequestException"),
        ([1], "BadRequestException"), (["not json"], "BadRequestException"),
        (['"' + "x" * 239_990 + '"'] * 5 , "BadRequestException"),
    ],
    ids=["six", "none", "no list", "no string", "no json", "1.2 MB"],
)  # fmt: skip
def test_what_a_publish_may_carry(client: Client, events: Any, expected: str) -> None:
    """One to five strings of JSON, 1.2 MB in all."""
    assert error_type(client.publish(DEV, events)[0]) == expected


def test_an_event_too_large_fails_alone(client: Client) -> None:
    """An event over 240 KB lands in `failed`; the rest of its batch is broadcast."""
    client.subscribe(DEV)
    frames = client.publish(DEV, ['"' + "x" * 240_000 + '"', '"fits"'])
    answer = next(frame for frame in frames if frame["type"] == "publish_success")

    assert [entry["index"] for entry in answer["successful"]] == [1]
    assert [(entry["index"], entry["code"]) for entry in answer["failed"]] == [(0, "EventTooLargeException")]
    assert [frame["event"] for frame in frames if frame["type"] == "data"] == ['"fits"']


def test_subscriptions_are_limited_and_unique(service: EventService) -> None:
    """The 201st subscription and a reused id fail, the socket goes on; an unknown id cannot be ended."""
    client = Client(service)
    answers = [client.subscribe(DEV)["type"] for _ in range(205)]
    assert answers.count("subscribe_success") == 200
    assert error_type(client.subscribe(DEV)) == "MaxSubscriptionsReachedError"
    assert error_type(client.subscribe(DEV, "S1")) == "DuplicatedOperationError"
    (answer,) = client.say(type="unsubscribe", id="S999")
    assert error_type(answer) == "UnknownOperationError"


@pytest.mark.parametrize("frame", ["nonsense", "[]", '{"type":"novelty"}', '{"type":"publish","id":"a b"}', "{}"])
def test_nonsense_is_an_error_without_id(client: Client, frame: str) -> None:
    """What is no known frame with a proper id is answered by `error`, and the socket goes on."""
    (answer,) = client.frames(client.service.receive(client.session, frame, client.now))

    assert answer["type"] == "error" and "id" not in answer
    assert client.subscribe(DEV)["type"] == "subscribe_success"


def test_publishes_are_limited_by_socket(service: EventService) -> None:
    """A burst of twenty-five passes, the next waits for its share of a second; HTTP and other sockets do not care."""
    first, second = Client(service), Client(service)
    answers = [first.published('"x"')["type"] for _ in range(26)]
    assert answers == ["publish_success"] * 25 + ["publish_error"]
    assert second.published('"x"')["type"] == "publish_success"
    first.now += 0.05
    assert first.published('"x"')["type"] == "publish_success"


def test_the_account_has_limits_too() -> None:
    """Tokens and inbound events are counted over all sockets and HTTP."""
    service = EventService(HOST, quotas=Quotas(tokens_per_second=3))
    clients = [Client(service) for _ in range(4)]

    assert [c.published('"x"')["type"] for c in clients] == ["publish_success"] * 3 + ["publish_error"]
    service = EventService(HOST, quotas=Quotas(inbound_events_per_second=6))
    client = Client(service)
    assert client.published(*['"x"'] * 5)["type"] == "publish_success"
    assert error_type(client.published(*['"x"'] * 5)) == "LimitExceededError"


@pytest.mark.parametrize(
    ("faults", "seen"),
    [
        (Faults(drop=0.5), "dropped"),
        (Faults(duplicate=0.5), "duplicated"),
        (Faults(reorder=0.5), "reordered"),
        (Faults(partial=0.5), "partial failure"),
        (Faults(throttle=0.5), "throttled"),
        (Faults(mute_throttle=0.5), "throttled without id"),
        (Faults(lose_answer=0.5), "answer lost"),
        (Faults(blackout=2.0), "lost in blackout"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_faults_follow_from_the_seed(faults: Faults, seen: str) -> None:
    """Each fault happens about as often as asked for, and the same seed makes the same ones happen."""

    def run(seed: int) -> list[Any]:
        service = EventService(HOST, quotas=Quotas(publishes_per_second=1e6), faults=faults, seed=seed)
        client = Client(service)
        client.subscribe(DEV)
        frames = []
        for number in range(100):
            client.now += 0.01
            frames += [(f["type"], f.get("event")) for f in client.publish(DEV, [f'"{number}"'])]
        assert 15 <= service.seen[seen] <= 100
        return frames

    assert run(1) == run(1) != run(2)


def test_operations_are_metered(client: Client) -> None:
    """Publishes and deliveries count in units of 5 kB, connects and subscribes one by one."""
    client.subscribe(DEV)
    client.publish(DEV, ['"small"', '"' + "x" * 9_998 + '"'])

    assert client.service.metered == {"connect": 1, "subscribe": 1, "publish": 3, "delivery": 3}


def test_who_has_left_hears_nothing(service: EventService) -> None:
    """With its socket a subscription is gone."""
    client, other = Client(service), Client(service)
    client.subscribe(DEV)
    service.disconnect(client.session)
    effects = service.receive(
        other.session,
        compact({
            "type": "publish", "id": "P1", "channel": DEV, "events": ['"x"'],
            "authorization": signed(compact({"channel": DEV, "events": ['"x"']})),
        }),
        time.time(),
    )  # fmt: skip

    assert {e.session for e in effects} == {other.session}


# On the wire.


async def test_an_ordinary_client_can_talk_to_it(broker: Broker) -> None:
    """A socket by hand: the subprotocol is echoed, init acknowledged, keep-alives come, the end is 1000."""
    broker.service.quotas = dataclasses.replace(broker.service.quotas, keep_alive=0.05, lifetime=0.4)
    url = f"ws://{broker.realtime_host}/event/realtime"
    authorization = signed("{}", host=broker.http_host)
    async with connect(url, host="127.0.0.1", subprotocols=offer(authorization), proxy=None) as socket:
        assert socket.subprotocol == "aws-appsync-event-ws"
        await socket.send('{"type":"connection_init"}')
        kinds = [json.loads(frame)["type"] async for frame in socket]

        assert socket.close_code == 1000
    assert kinds[0] == "connection_ack"
    assert set(kinds[1:]) == {"ka"}


@pytest.mark.parametrize(("path", "offered"), [("/event", None), ("/event/realtime", ["graphql-ws"])])
async def test_a_handshake_that_does_not_fit_is_refused(broker: Broker, path: str, offered: list[str] | None) -> None:
    """Another path or another subprotocol is answered by HTTP."""
    from websockets.exceptions import InvalidStatus

    with pytest.raises(InvalidStatus):
        await connect(f"ws://127.0.0.1:{broker.port}{path}", subprotocols=offered or offer(signed("{}")), proxy=None)


async def test_boto3_finds_its_hosts(broker: Broker) -> None:
    """`get_api` on the broker's endpoint describes the API, so that discovery can be tested end to end."""
    from tests.support.ministack import client

    appsync = client("appsync", f"http://127.0.0.1:{broker.port}")
    api = (await asyncio.to_thread(appsync.get_api, apiId="xyz"))["api"]

    assert api["dns"] == {"HTTP": broker.http_host, "REALTIME": broker.realtime_host}


async def test_it_runs_as_a_process() -> None:
    """`python -m tests.support.broker` says where it is, takes faults as flags, and ends with its standard input."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.broker", "--drop", "1.0", "--delay", "0.1", "0.2", "--seed", "7",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    where = json.loads(await process.stdout.readline())
    reader, writer = await asyncio.open_connection("127.0.0.1", where["port"])
    writer.write(b"GET /seen HTTP/1.1\r\nhost: x\r\n\r\n")
    answer = await reader.readuntil(b"}}")
    writer.close()
    process.stdin.close()

    assert await process.wait() == 0
    assert answer.startswith(b"HTTP/1.1 200")


def test_a_session_is_itself() -> None:
    """Sockets are told apart by identity, however alike they are."""
    service = EventService(HOST)
    sessions: set[Session] = {Client(service).session for _ in range(3)}

    assert len(sessions) == 3
