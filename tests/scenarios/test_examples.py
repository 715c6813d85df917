"""The example apps, each driven through its real triggers as a user of it would."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import websockets

from tests.support.mqtt import Device
from tests.support.session import Session, http, session

pytestmark = pytest.mark.scenario
EXAMPLES = Path(__file__).parents[2] / "examples"


@contextmanager
def example(name: str, folder: Path) -> Iterator[Session]:
    """A session on a copy of the example *name*."""
    copied = folder / name
    shutil.copytree(EXAMPLES / name, copied, ignore=shutil.ignore_patterns(".sst", ".venv", "__pycache__"))
    with session(copied) as one:
        try:
            yield one
        finally:
            print(one.output)  # pytest shows it when the test fails


def until(answer: Any, wanted: Any, timeout: float = 60) -> None:
    """Ask again and again until the answer is *wanted*: what happens behind a queue has no other sign."""
    deadline = time.monotonic() + timeout
    while (found := answer()) != wanted:
        assert time.monotonic() < deadline, f"still {found!r} instead of {wanted!r}"
        time.sleep(0.05)


def test_orders(tmp_path: Path) -> None:
    """An order goes from the API through queue, table, stream and bus; one too large ends among the refused."""
    with example("orders", tmp_path) as shop:
        url, refused = shop.status["outputs"]["api"], shop.status["outputs"]["refused"]
        small = http(f"{url}/orders", b'{"amount": 10}', **{"content-type": "application/json"})
        large = http(f"{url}/orders", b'{"amount": 5000}', **{"content-type": "application/json"})
        wrong = http(f"{url}/orders", b'{"amount": -1}', **{"content-type": "application/json"})

        assert (small.status, large.status, wrong.status) == (202, 202, 400), shop.output
        until(lambda: http(f"{url}/orders/{small.json()['id']}").json()["status"], "shipped")
        [message] = shop.client("sqs").receive_message(QueueUrl=refused, WaitTimeSeconds=20)["Messages"]
        assert json.loads(message["Body"])["id"] == large.json()["id"]
        assert http(f"{url}/orders/{large.json()['id']}").json()["status"] == "taken"
        assert http(f"{url}/orders/nothing").status == 404


async def test_chat(tmp_path: Path) -> None:
    """Who knows the password gets in; what one says everybody hears; who has left is forgotten."""

    def open_session() -> tuple[Any, Session]:
        manager = example("chat", tmp_path)
        return manager, manager.__enter__()

    manager, room = await asyncio.to_thread(open_session)
    try:
        url = room.status["outputs"]["room"]
        for wrong, status in (("", 401), ("?name=eve&password=guess", 403)):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await websockets.connect(url + wrong, open_timeout=60)
            assert refused.value.response.status_code == status
        ada, bob = (f"{url}?name={name}&password=open%20sesame" for name in ("ada", "bob"))
        async with websockets.connect(ada, open_timeout=60) as one, websockets.connect(bob, open_timeout=60) as two:
            await one.send(json.dumps({"action": "say", "text": "hello"}))
            heard = [json.loads(await asyncio.wait_for(person.recv(), 60)) for person in (one, two)]
        table = next(t for t in room.client("dynamodb").list_tables()["TableNames"] if "People" in t)

        assert heard == [{"from": "ada", "text": "hello"}] * 2
        count = lambda: room.client("dynamodb").scan(TableName=table)["Count"]  # noqa: E731
        await asyncio.to_thread(until, count, 0)
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)


def test_workspace(tmp_path: Path) -> None:
    """A handler in one package of a uv workspace uses another: an edit there answers the next call."""
    with example("workspace", tmp_path) as app:
        url = app.status["outputs"]["api"]
        assert http(url).json() == {"greeting": "Hello, workspace!", "foo": "Hello World"}, app.output
        app.edit("core/src/core/__init__.py", "def greeting(name):\n    return f'Goodbye, {name}!'\n")
        assert http(url).json()["greeting"] == "Goodbye, workspace!"


def test_gallery(tmp_path: Path) -> None:
    """An upload reaches a function, a queue, a task or a topic, by where it goes; what no filter matches, none."""
    with example("gallery", tmp_path) as gallery:
        s3, bucket = gallery.client("s3"), gallery.status["outputs"]["bucket"]
        dynamodb, table = gallery.client("dynamodb"), gallery.status["outputs"]["catalog"]

        def catalog() -> dict[str, str]:
            items = dynamodb.scan(TableName=table)["Items"]
            return {item["key"]["S"]: item["status"]["S"] for item in items}

        for key in ("other/a.png", "pictures/my dog.png", "prints/b.png", "films/c.mov"):
            s3.put_object(Bucket=bucket, Key=key, Body=b"12345")
        kept = {"pictures/my dog.png": "measured", "films/c.mov": "archived"}
        until(catalog, {**kept, "prints/b.png": "printed"})
        s3.delete_object(Bucket=bucket, Key="prints/b.png")
        until(catalog, kept)

        packed = s3.get_object(Bucket=bucket, Key="archive/films/c.mov.gz")["Body"].read()
        assert gzip.decompress(packed) == b"12345"


def test_sensors(tmp_path: Path) -> None:
    """What a sensor says over MQTT goes through rule, stream and filter and back to it; the schedule reports it."""
    with example("sensors", tmp_path) as sensors:
        outputs = sensors.status["outputs"]
        topics, who = outputs["topics"], {"authorizer": outputs["authorizer"], "token": "t"}
        with Device(outputs["endpoint"], f"{topics}/alarms/#", **who) as device:
            for sensor, celsius in (("cellar", 12), ("attic", 41)):
                reading = json.dumps({"sensor": sensor, "celsius": celsius}).encode()
                device.publish(f"{topics}/readings/{sensor}", reading)
            assert device.hear() == (f"{topics}/alarms/attic", b'{"celsius": 41}')
        dynamodb = sensors.client("dynamodb")
        until(lambda: [i["sensor"]["S"] for i in dynamodb.scan(TableName=outputs["alarms"])["Items"]], ["attic"])

        # The schedule is every minute, and MiniStack looks at schedules every ten seconds.
        sqs = sensors.client("sqs")

        def report() -> object:
            found = sqs.receive_message(QueueUrl=outputs["reports"], WaitTimeSeconds=10).get("Messages", ())
            return [json.loads(message["Body"]) for message in found][-1:]

        until(report, [{"title": "Alarms", "sensors": ["attic"]}], timeout=90)
