"""Tasks that code starts: what ECS of the embedded cloud says runs, runs here.

MiniStack keeps the record of a task and has no container for it, and it tells nobody of a new one: its lists are read
again and again. Each run is a process of its own, with what `task.run` adds to the environment; its end is written
into the record, and the end of the record ends it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..core import commands as c
from ..core.bootstrap import Bootstrap
from ..core.events import Event, Notice, ProcessChanged
from ..core.manifest import Manifest, Task
from ..core.settings import Mode, Settings
from ..core.stream import Stream
from ..core.tasks import cancel_all, spawn
from ..processes.graph import ProcessSpec
from ..processes.supervisor import Supervisor

LOOK = 1.0
"""Seconds between two looks. A look costs MiniStack 5 ms for each task; AWS takes some 15 s to start a container."""
LINES = (200, 50)
"""Columns and rows: what a task writes is shown as lines, which break as late as possible."""


@dataclass(frozen=True)
class Run:
    """One task of ECS, and the process that stands for it."""

    arn: str
    task: Task
    spec: ProcessSpec


@dataclass(frozen=True)
class Record:
    """What ECS says of one task that runs."""

    arn: str
    created: float
    """Unix time."""
    variables: Mapping[str, str]
    """What `task.run` adds to the environment."""


class TaskRuns:
    """The owner of the processes that stand for started tasks."""

    def __init__(self, settings: Settings, stream: Stream, environment: Callable[[Task], Mapping[str, str]]) -> None:
        """*environment* makes the whole environment of a task's command, without what a run adds to it."""
        self._settings = settings
        self._stream = stream
        self._environment = environment
        color = settings.mode is Mode.MULTI or settings.color
        self._supervisor = Supervisor(stream, color=color, size=LINES)
        self._declared: list[Task] = []
        self._runs: dict[str, Run] = {}
        """By the name of the process."""
        self._ending: set[str] = set()
        """Those of them that were told to end."""
        self._past: set[str] = set()
        """Names of runs that have ended, as many as ever ran at once: front ends still show them."""
        self._began = int(time.time())  # ECS, too, knows the time to the second
        self._ecs: Any = None
        self._said = ""
        self._tasks: set[asyncio.Task[Any]] = set()
        stream.observe(self._observe)

    def update(self, manifest: Manifest, bootstrap: Bootstrap) -> None:
        """The app has these tasks now. Runs go on as they were started."""
        self._declared = [task for task in manifest.tasks if task.cluster]
        if self._declared and self._ecs is None and bootstrap.endpoint is not None:
            self._ecs = _client(bootstrap)
            spawn(self._follow(), name="tasks are followed", owner=self._tasks)

    def take(self, command: c.Command) -> bool:
        """Perform *command* if it is about a run, else return False. Nothing is left to do about one that has ended:
        only code starts another."""
        name = getattr(command, "name", None)
        if name in self._runs:
            return self._supervisor.take(command)
        return name in self._past

    async def close(self) -> None:
        """End all runs, and say so in their records."""
        await cancel_all(self._tasks)
        if self._ecs is None:
            return
        left = list(self._runs.values())
        self._runs.clear()
        await self._supervisor.close()
        for run in left:
            await self._stop(run.task.cluster, run.arn, "The session of sst dev ended")

    # --- looking ----------------------------------------------------------------------------------

    async def _follow(self) -> None:
        while True:
            for task in self._declared:
                try:
                    records, gone = await asyncio.to_thread(self._look, task, dict(self._runs))
                except Exception as error:  # whatever boto3 raises: the next look may go well
                    self._say(f"The tasks of {task.name} cannot be listed: {error}")
                    continue
                for record in records:
                    await self._begin(task, record)
                for name in gone:
                    self._end(name)
            await asyncio.sleep(LOOK)

    def _look(self, task: Task, runs: Mapping[str, Run]) -> tuple[list[Record], list[str]]:
        """The records of *task* that no process stands for, and the processes whose record has ended."""
        ours = {run.arn: name for name, run in runs.items() if run.task.cluster == task.cluster}
        arns = self._ecs.list_tasks(cluster=task.cluster, desiredStatus="RUNNING")["taskArns"]
        gone = [name for arn, name in ours.items() if arn not in arns]
        new = [arn for arn in arns if arn not in ours]
        found = self._ecs.describe_tasks(cluster=task.cluster, tasks=new)["tasks"] if new else []
        return [_record(one) for one in found], gone

    async def _begin(self, task: Task, record: Record) -> None:
        if record.created < self._began:
            await self._stop(task.cluster, record.arn, "The session of sst dev that ran it was killed")
            return
        number = 1
        while (name := f"{task.name} {number}") in self._runs:
            number += 1
        spec = ProcessSpec(
            name=name,
            argv=("/bin/sh", "-c", task.command),
            directory=(self._settings.root / task.directory).resolve(),
            environment={**self._environment(task), **record.variables},
            kind="task",
        )
        self._runs[name] = Run(record.arn, task, spec)
        self._supervise()

    def _supervise(self) -> None:
        self._supervisor.update([run.spec for run in self._runs.values()])

    # --- ending -----------------------------------------------------------------------------------

    def _end(self, name: str) -> None:
        """End the process whose record has ended; asked once, since a second wish would take its time away."""
        if name in self._runs and name not in self._ending:
            self._ending.add(name)
            self._supervisor.take(c.StopProcess(name))

    def _observe(self, event: Event) -> None:
        if isinstance(event, ProcessChanged) and event.status in ("exited", "failed") and event.name in self._runs:
            ended = self._ended(event.name, event.outcome or event.status)
            spawn(ended, name=f"end of {event.name}", owner=self._tasks)

    async def _ended(self, name: str, outcome: str) -> None:
        run = self._runs[name]
        await self._stop(run.task.cluster, run.arn, f"Essential container in task exited: {outcome}")
        # Known until its record has ended: the next look must not take it for a new one.
        self._runs.pop(name, None)
        self._ending.discard(name)
        self._past.add(name)
        self._supervise()

    async def _stop(self, cluster: str, arn: str, reason: str) -> None:
        """Have the record say that the task has ended; nothing changes when it says so already."""
        try:
            await asyncio.to_thread(self._ecs.stop_task, cluster=cluster, task=arn, reason=reason)
        except Exception as error:  # whatever boto3 raises
            self._say(f"The end of task {arn} cannot be recorded: {error}")

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._stream.publish(Notice(time.time(), text, "warning"))


def _client(bootstrap: Bootstrap) -> Any:
    import boto3

    return boto3.session.Session().client(
        "ecs",
        endpoint_url=bootstrap.endpoint,
        region_name=bootstrap.region,
        aws_access_key_id=bootstrap.access_key_id,
        aws_secret_access_key=bootstrap.secret_access_key,
        aws_session_token=bootstrap.session_token,
    )


def _record(task: Mapping[str, Any]) -> Record:
    overrides = task.get("overrides", {}).get("containerOverrides", [])
    variables = {pair["name"]: pair["value"] for one in overrides for pair in one.get("environment", [])}
    return Record(task["taskArn"], task["createdAt"].timestamp(), variables)
