"""Tasks that code starts, against a real MiniStack."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from sst_dev.app.task_runs import TaskRuns
from sst_dev.core import commands as c
from sst_dev.core.bootstrap import Bootstrap
from sst_dev.core.events import Event, ProcessChanged, ProcessOutput
from sst_dev.core.manifest import App, Manifest, Task
from sst_dev.core.settings import Settings
from sst_dev.core.stream import Stream

from tests.support.ministack import client, running_ministack


class Stage:
    """A MiniStack with one task, what follows it, and what it published."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.ecs = client("ecs", endpoint)
        self.cluster = self.ecs.create_cluster(clusterName="tasks")["cluster"]["clusterArn"]
        self.ecs.register_task_definition(family="job", containerDefinitions=[{"name": "Job", "image": "local"}])
        command = 'echo "key $KEY"; [ "$KEY" = wait ] && exec sleep 600; exit 3'
        task = Task(name="Job", command=command, cluster=self.cluster)
        self.manifest = Manifest(app=App(name="notes", stage="test", home="local"), tasks=[task])
        self.bootstrap = Bootstrap(
            endpoint=endpoint, region="us-east-1", account="000000000000", access_key_id="test",
            secret_access_key="test", http_host="h", realtime_host="r", api_arn="a", asset_bucket="b", stub_key="s",
            bridge_key="k",
        )  # fmt: skip
        self.events: list[Event] = []
        stream = Stream()
        settings = Settings(config=folder / "sst_config.py", stage="test")
        self.runs = TaskRuns(settings, stream, lambda task: {"PATH": os.environ["PATH"]})
        stream.observe(self.events.append)

    def start(self, key: str) -> str:
        """Start the task as code does; its ARN."""
        override = {"name": "Job", "environment": [{"name": "KEY", "value": key}]}
        answer = self.ecs.run_task(
            cluster=self.cluster, taskDefinition="job", overrides={"containerOverrides": [override]}
        )
        return str(answer["tasks"][0]["taskArn"])

    def record(self, arn: str) -> dict[str, Any]:
        return dict(self.ecs.describe_tasks(cluster=self.cluster, tasks=[arn])["tasks"][0])

    async def ended(self, arn: str) -> str:
        """Why the record has ended, once it has."""
        async with asyncio.timeout(60):
            while (record := await asyncio.to_thread(self.record, arn))["lastStatus"] != "STOPPED":
                await asyncio.sleep(0.05)
        return str(record["stoppedReason"])

    async def until(self, name: str, status: str) -> None:
        """Wait until the process *name* has *status*."""
        async with asyncio.timeout(60):
            while (name, status) not in [(e.name, e.status) for e in self.events if isinstance(e, ProcessChanged)]:
                await asyncio.sleep(0.05)


@pytest_asyncio.fixture(name="stage")
async def fixture_stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with running_ministack(tmp_path) as cloud:
        stage = Stage(tmp_path, cloud.endpoint)
        try:
            yield stage
        finally:
            await stage.runs.close()


async def test_a_started_task_runs_here(stage: Stage) -> None:
    """With the variables of its start; several run side by side, and the record says how each ended."""
    stage.runs.update(stage.manifest, stage.bootstrap)
    waits = stage.start("wait")
    await stage.until("Job 1", "running")
    fails = stage.start("a")

    assert await stage.ended(fails) == "Essential container in task exited: exit 3"
    written = {e.name: e.data for e in stage.events if isinstance(e, ProcessOutput)}
    assert written["Job 2"].split() == [b"key", b"a"]
    stage.ecs.stop_task(cluster=stage.cluster, task=waits)
    await stage.until("Job 1", "exited")
    assert [e.kind for e in stage.events if isinstance(e, ProcessChanged)].count("command") == 0


async def test_a_person_may_end_a_run(stage: Stage) -> None:
    """The record follows; names of other processes are not its business."""
    stage.runs.update(stage.manifest, stage.bootstrap)
    waits = stage.start("wait")
    await stage.until("Job 1", "running")

    assert not stage.runs.take(c.StopProcess("Web"))
    assert stage.runs.take(c.StopProcess("Job 1"))
    assert (await stage.ended(waits)).startswith("Essential container in task exited")
    assert stage.runs.take(c.StopProcess("Job 1")), "a front end that still shows it may ask"


async def test_the_end_of_the_session_ends_runs(stage: Stage) -> None:
    """Nothing goes on, neither on the machine nor in the records."""
    stage.runs.update(stage.manifest, stage.bootstrap)
    waits = stage.start("wait")
    await stage.until("Job 1", "running")
    await stage.runs.close()

    assert stage.record(waits)["stoppedReason"] == "The session of sst dev ended"
    await stage.until("Job 1", "exited")


async def test_what_ran_before_the_session_is_over(tmp_path: Path) -> None:
    """A session that was killed left the record; its process is gone."""
    async with running_ministack(tmp_path) as cloud:
        before = Stage(tmp_path, cloud.endpoint)
        orphan = before.start("wait")
        await asyncio.sleep(1.1)  # ECS knows the time to the second
        now = Stage(tmp_path, cloud.endpoint)
        now.runs.update(now.manifest, now.bootstrap)
        try:
            assert await now.ended(orphan) == "The session of sst dev that ran it was killed"
            assert not [e for e in now.events if isinstance(e, ProcessChanged)]
        finally:
            await now.runs.close()
