"""Run a config program's `run()` in this process: against a recorder, or against a real MiniStack."""

from __future__ import annotations

import asyncio
import contextvars
import io
import json
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sst.infra.app import App
from sst.infra.context import Cloud, Context
from sst_dev.engine.embedded.apply import Applier
from sst_dev.engine.embedded.aws import Aws
from sst_dev.engine.embedded.kind import Made
from sst_dev.engine.embedded.state import Entry, State
from sst_dev.engine.passes import program

from tests.support.ministack import ministack_process

ACCOUNT = "000000000000"


@dataclass
class Recorder:
    """Stands for the cloud: every resource exists at once, its outputs follow from its name."""

    entries: list[Entry] = field(default_factory=list)

    def resource(self, wanted: Entry, options: Any) -> Made:
        self.entries.append(wanted)
        outputs = {
            "arn": f"arn:{wanted.name}",
            "functionUrl": f"http://url/{wanted.name}/",
            "executionArn": f"arn:run:{wanted.name}",
            "apiEndpoint": f"ws://api/{wanted.name}",
            "invokeUrl": f"http://api/{wanted.name}",
        }
        return Made(f"id-{wanted.name}", outputs)

    def read(self, wanted: Entry) -> Made:
        self.entries.append(wanted)
        return Made(wanted.id, {"arn": f"arn:{wanted.id}", "bucket": wanted.id, "name": wanted.id})

    def lookup(self, name: str) -> dict[str, Any] | None:
        return {"endpointAddress": f"answer to {name}", "id": "x"}


@dataclass
class Declared:
    """What a program declared."""

    entries: list[Entry]
    manifest: Mapping[str, Any]
    notices: list[str]

    def inputs(self, name: str) -> dict[str, Any]:
        """The inputs of the resource called *name*."""
        return next(entry.inputs for entry in self.entries if entry.name == name)

    def types(self) -> dict[str, str]:
        """Name → type of every resource."""
        return {entry.name: entry.type for entry in self.entries}

    def function(self, name: str) -> dict[str, Any]:
        """The manifest's entry of the function *name*."""
        return next(f for f in self.manifest["functions"] if f["name"] == name)

    def link(self, name: str) -> dict[str, Any]:
        """The properties of the link *name*."""
        return next(link["properties"] for link in self.manifest["links"] if link["name"] == name)


def declare(run: Callable[[], Any], *, stage: str = "dev", **facts: Any) -> Declared:
    """Run *run* once against a `Recorder`; *facts* are fields of `Context` that differ from a local `sst dev`."""
    recorder, notices = Recorder(), []
    manifest = _run(run, recorder, stage=stage, notice=notices.append, **facts)
    return Declared(recorder.entries, manifest, notices)


def _run(run: Callable[[], Any], resources: Any, *, preview: bool = False, **facts: Any) -> Mapping[str, Any]:
    facts = {"app": App(name="notes", home="local"), "root": Path("/nowhere"), "dev": True, "local": True, **facts}
    return contextvars.Context().run(asyncio.run, program(Context(**facts), run, resources, preview=preview))


@dataclass
class CloudUnderTest:
    """A MiniStack and what the engine needs of it."""

    endpoint: str
    folder: Path
    """Where its data is, and the events that reached functions."""
    records: Path | None = None
    """Where the engine's records go; *folder* when left out."""

    @property
    def bootstrap(self) -> dict[str, Any]:
        return {
            "endpoint": self.endpoint,
            "region": "us-east-1",
            "account": ACCOUNT,
            "access_key_id": "test",
            "secret_access_key": "test",
            "asset_bucket": "assets",
            "stub_key": "stub.zip",
            "api_arn": f"arn:aws:appsync:us-east-1:{ACCOUNT}:apis/test",
            "http_host": "localhost",
            "realtime_host": "localhost",
            "bridge_key": "key",
        }

    def client(self, service: str, **options: Any) -> Any:
        """A root client."""
        from tests.support.ministack import client

        return client(service, self.endpoint, **options)

    def as_role(self, arn: str, service: str, endpoint: str | None = None) -> Any:
        """A client, for *endpoint* if it is another, with the credentials of the role *arn*, which must trust the
        account."""
        import boto3

        given = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return boto3.client(
            service,
            endpoint_url=endpoint or self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    def events(self, stage: str, function: str, count: int = 1, timeout: float = 30.0) -> list[dict[str, Any]]:
        """The events that reached *function*, once *count* have."""
        folder = self.folder / "events" / stage / function
        deadline = time.monotonic() + timeout
        while len(found := sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(found)} of {count} events reached {function} within {timeout} s")
            time.sleep(0.02)
        return [json.loads(path.read_text()) for path in found]

    def apply(
        self, run: Callable[[], Any], *, stage: str = "dev", record: str = "state", **facts: Any
    ) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
        """Apply *run* as the engine's child does; the manifest and the messages about resources."""
        messages: list[dict[str, Any]] = []
        state = State((self.records or self.folder) / f"{record}.jsonl")
        state.open()
        try:
            applier = Applier(Aws(self.bootstrap), state, messages.append)
            cloud = Cloud(**{k: v for k, v in self.bootstrap.items() if k in Cloud.__dataclass_fields__})
            try:
                manifest = _run(run, applier, stage=stage, cloud=cloud, **facts)
            except Exception as error:
                raise applier.failure or error from None
            applier.delete_undeclared()
        finally:
            state.close()
        return manifest, messages


_RECORDER = """#!{python}
import json, os, pathlib, urllib.request, uuid
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
folder = pathlib.Path({folder!r}, os.environ["SST_STAGE"], os.environ["SST_FUNCTION_ID"])
folder.mkdir(parents=True, exist_ok=True)
while True:
    with urllib.request.urlopen(api + "next") as answer:
        event, request_id = answer.read(), answer.headers["Lambda-Runtime-Aws-Request-Id"]
    (folder / "part").write_bytes(event)
    (folder / "part").rename(folder / (uuid.uuid4().hex + ".json"))
    fails = os.environ.get("FAIL")
    body = fails or os.environ.get("ANSWER", "{{}}")
    if os.environ.get("FAIL_LAST"):
        last = json.loads(event)["Records"][-1]
        last = last.get("kinesis") or {{"sequenceNumber": last["dynamodb"]["SequenceNumber"]}}
        body = json.dumps({{"batchItemFailures": [{{"itemIdentifier": last["sequenceNumber"]}}]}})
    url = api + request_id + ("/error" if fails else "/response")
    urllib.request.urlopen(urllib.request.Request(url, data=body.encode(), method="POST")).close()
"""
"""A stub that writes each event to a file and answers with the variable ANSWER, or with the error object FAIL; with
FAIL_LAST it reports the last record of a stream's batch as failed."""


@contextmanager
def cloud_under_test(folder: Path) -> Iterator[CloudUnderTest]:
    """A MiniStack with an asset bucket that holds a stub which does nothing."""
    with ministack_process(folder) as endpoint:
        cloud = CloudUnderTest(endpoint, folder)
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            info = zipfile.ZipInfo("bootstrap")
            info.external_attr = 0o755 << 16
            file.writestr(info, _RECORDER.format(python=sys.executable, folder=str(folder / "events")))
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket="assets")
        s3.put_object(Bucket="assets", Key="stub.zip", Body=archive.getvalue())
        yield cloud


def actions(messages: list[dict[str, Any]], phase: str = "finished") -> list[tuple[str, str]]:
    """(action, resource name) of each message of *phase*, sorted."""
    return sorted((m["action"], m["name"]) for m in messages if m.get("phase") == phase)
