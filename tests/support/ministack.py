"""A real MiniStack for tests: installed once through the CLI's own installer, one process per use."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from sst_dev.cloud.ministack import MiniStack
from sst_dev.core.settings import Settings
from sst_dev.core.stream import Stream


@contextlib.asynccontextmanager
async def running_ministack(folder: Path, stage: str = "test") -> AsyncIterator[MiniStack]:
    """Start MiniStack with its data under *folder*`/.sst`, stop it in order at the end."""
    cloud = MiniStack(Settings(config=folder / "sst_config.py", stage=stage), Stream())
    await cloud.start()
    try:
        yield cloud
    finally:
        await cloud.stop()


@contextlib.contextmanager
def ministack_process(folder: Path) -> Iterator[str]:
    """The same for synchronous and session-scoped fixtures: yields the endpoint URL."""
    with asyncio.Runner() as runner:
        cloud = MiniStack(Settings(config=folder / "sst_config.py", stage="test"), Stream())
        runner.run(cloud.start())
        try:
            yield cloud.endpoint
        finally:
            runner.run(cloud.stop())


def client(service: str, endpoint: str, **options: Any) -> Any:
    """A boto3 client with root rights on MiniStack, free of the developer's own AWS settings."""
    import boto3

    os.environ.pop("AWS_PROFILE", None)
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        **options,
    )
