"""MiniStack as a child: data that survives stops and kills, one port for a stage."""

import asyncio
import io
import json
import os
import signal
import socket
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sst_dev.cloud.ministack import MiniStack
from sst_dev.core.errors import UserError
from sst_dev.core.events import CloudDied
from sst_dev.core.settings import Settings
from sst_dev.core.stream import Stream

from tests.support.ministack import client, running_ministack

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


async def test_data_and_port_survive_an_orderly_stop(tmp_path: Path) -> None:
    """A bucket's object and the endpoint are the same in the next session, and it knows that it may trust them."""
    async with running_ministack(tmp_path) as first:
        s3 = client("s3", first.endpoint)
        s3.create_bucket(Bucket="kept")
        s3.put_object(Bucket="kept", Key="k", Body=b"v")

    async with running_ministack(tmp_path) as second:
        body = client("s3", second.endpoint).get_object(Bucket="kept", Key="k")["Body"].read()

        assert (second.endpoint, second.resumed, body) == (first.endpoint, True, b"v")


async def test_streams_of_tables_go_on_after_a_restart(tmp_path: Path) -> None:
    """The first record of the next session reaches the subscriber, as the last one of this session did."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as file:
        file.writestr("api.py", "import json\ndef handler(event, context):\n    return None\n")
    async with running_ministack(tmp_path) as first:
        role = client("iam", first.endpoint).create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        lambda_, table = client("lambda", first.endpoint), client("dynamodb", first.endpoint)
        lambda_.create_function(
            FunctionName="f", Runtime="python3.11", Handler="api.handler", Role=role, Code={"ZipFile": code.getvalue()}
        )
        stream = table.create_table(
            TableName="orders",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )["TableDescription"]["LatestStreamArn"]
        mapping = lambda_.create_event_source_mapping(
            FunctionName="f", EventSourceArn=stream, StartingPosition="LATEST"
        )["UUID"]
        for number in range(3):
            table.put_item(TableName="orders", Item={"id": {"S": str(number)}})
        logs = client("logs", first.endpoint)
        calls = await invocations(logs, after=0)

    async with running_ministack(tmp_path) as second:
        client("dynamodb", second.endpoint).put_item(TableName="orders", Item={"id": {"S": "again"}})

        assert await invocations(client("logs", second.endpoint), after=calls) > calls, mapping


async def invocations(logs: Any, after: int) -> int:
    """How often function `f` has run, once it has more often than *after*, and no more after a moment."""
    counts = [after]
    while counts[-1] == after or counts[-1] != counts[-2]:
        await asyncio.sleep(0.5)
        try:
            found = logs.filter_log_events(logGroupName="/aws/lambda/f", filterPattern="REPORT")["events"]
        except logs.exceptions.ResourceNotFoundException:
            found = []
        counts.append(len(found))
    return counts[-1]


async def test_a_kill_goes_back_to_the_last_orderly_stop(tmp_path: Path) -> None:
    """The engine's record is put back together with MiniStack's own data, so that the two agree."""
    record = tmp_path / ".sst/stages/test/resources.jsonl"
    async with running_ministack(tmp_path) as first:
        client("s3", first.endpoint).create_bucket(Bucket="early")
        record.write_text("early")
    async with running_ministack(tmp_path) as second:
        client("s3", second.endpoint).create_bucket(Bucket="late")
        record.write_text("late")
        os.kill(second.pid, signal.SIGKILL)
        await second.wait()

    async with running_ministack(tmp_path) as third:
        buckets = [b["Name"] for b in client("s3", third.endpoint).list_buckets()["Buckets"]]

        assert (third.resumed, record.read_text(), buckets) == (False, "early", ["early"])


async def test_a_kill_of_the_first_session_begins_anew(tmp_path: Path) -> None:
    """Nothing was ever saved, so nothing may be believed."""
    record = tmp_path / ".sst/stages/test/resources.jsonl"
    async with running_ministack(tmp_path) as first:
        record.write_text("half")
        os.kill(first.pid, signal.SIGKILL)
        await first.wait()

    async with running_ministack(tmp_path):
        assert not record.exists()


async def test_broken_data_does_not_keep_a_session_from_starting(tmp_path: Path, monkeypatch) -> None:
    """When MiniStack ends on its data, it begins anew and says so."""
    async with running_ministack(tmp_path):
        """Leaves data behind."""
    stream, events = Stream(), []
    stream.observe(events.append)
    cloud = MiniStack(Settings(config=tmp_path / "sst_config.py", stage="test"), stream)
    launch, tries = cloud._launch, []

    async def fail_once(python: Path) -> None:
        tries.append(python)
        await launch(python if len(tries) > 1 else Path("/bin/false"))

    monkeypatch.setattr(cloud, "_launch", fail_once)
    try:
        ready = await cloud.start()
    finally:
        await cloud.stop()

    assert len(tries) == 2
    assert [event.level for event in events] == ["warning"]
    assert ready.endpoint == cloud.endpoint


async def test_a_taken_port_is_named_and_nothing_starts(tmp_path: Path) -> None:
    """The URLs of a stage depend on its port, so another program on it is an error with a way out."""
    async with running_ministack(tmp_path) as first:
        port = first.port
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the connections of before are in TIME_WAIT
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(UserError) as caught:
            async with running_ministack(tmp_path):
                """Not reached."""

    assert str(port) in caught.value.message
    assert "record.json" in caught.value.hint


async def test_its_death_is_an_event(tmp_path: Path) -> None:
    """`wait` publishes the status and where the log is."""
    stream, events = Stream(), []
    stream.observe(events.append)
    cloud = MiniStack(Settings(config=tmp_path / "sst_config.py", stage="test"), stream)
    await cloud.start()
    os.kill(cloud.pid, signal.SIGKILL)
    await cloud.wait()
    await cloud.stop()

    died = [event for event in events if isinstance(event, CloudDied)]
    assert [(d.status, Path(d.log).exists()) for d in died] == [(-signal.SIGKILL, True)]


async def test_it_listens_on_loopback_and_keeps_its_data_private(tmp_path: Path) -> None:
    """No other interface is bound, and no other user reads the data."""
    async with running_ministack(tmp_path) as cloud:
        inodes = {os.readlink(p)[8:-1] for p in Path(f"/proc/{cloud.pid}/fd").iterdir() if "socket:" in os.readlink(p)}
        table = [line.split() for line in Path(f"/proc/{cloud.pid}/net/tcp").read_text().splitlines()[1:]]
        listening = {row[1].split(":")[0] for row in table if row[3] == "0A" and row[9] in inodes}

        assert listening == {"0100007F"}
        assert stat.S_IMODE((tmp_path / ".sst").stat().st_mode) == 0o700


async def test_it_sees_nothing_of_the_developers_environment(tmp_path: Path, monkeypatch) -> None:
    """Its environment, which every stub inherits, is built from nothing."""
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("MY_TOKEN", "secret")
    async with running_ministack(tmp_path) as cloud:
        variables = Path(f"/proc/{cloud.pid}/environ").read_text()

        assert "MY_TOKEN" not in variables and "AWS_PROFILE" not in variables


async def test_an_unreadable_record_is_no_record(tmp_path: Path) -> None:
    """A truncated record costs a new port, not a session."""
    record = tmp_path / ".sst/stages/test/cloud/record.json"
    record.parent.mkdir(parents=True)
    record.write_text("{")
    async with running_ministack(tmp_path) as cloud:
        assert json.loads(record.read_text())["port"] == cloud.port
