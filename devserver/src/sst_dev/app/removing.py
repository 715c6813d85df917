"""The removal of a stage: what `sst dev` comes up with, as far as deleting needs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..cloud.ministack import MiniStack
from ..cloud.secrets import SecretStore
from ..core.bootstrap import Bootstrap
from ..core.errors import UserError
from ..core.manifest import App
from ..core.settings import Settings
from ..core.stream import Stream
from ..engine.program import Program
from .control import ControlServer


async def remove_stage(settings: Settings, stream: Stream) -> int:
    """Delete what the app has made on its stage, as its removal policy says; return how many resources went.

    Raises `UserError` while a session runs, for a protected app or resource, and for an app that lives on AWS.
    """
    async with held(settings, stream) as (cloud, program):
        if not cloud.known:
            return 0
        app = await program.load("remove")
        refuse_aws(app, settings, "remove")
        stream.publish(await cloud.start(app.region))
        return await program.remove(await find_bootstrap(cloud, settings, app.region))


@asynccontextmanager
async def held(settings: Settings, stream: Stream) -> AsyncIterator[tuple[MiniStack, Program]]:
    """A stage's cloud and program for one command, while no session can start on it.

    Raises `UserError` while a session runs.
    """
    control = ControlServer(settings.socket, stream, {})
    await control.start()
    cloud, program = MiniStack(settings, stream), Program(settings, stream, secrets=SecretStore(settings).values)
    try:
        yield cloud, program
    finally:
        await program.close()
        await cloud.stop()
        await control.close()


def refuse_aws(app: App, settings: Settings, command: str) -> None:
    """Raise for an app that lives where *command* cannot reach it."""
    if app.home == "aws" and not settings.force_local:
        raise UserError(
            f'{settings.config.name}: app {app.name!r} has home="aws"; this version can {command} home="local" only.',
            hint=f"Run `sst {command} --local` for what `sst dev --local` has made.",
        )


async def find_bootstrap(cloud: MiniStack, settings: Settings, region: str) -> Bootstrap:
    """What the started *cloud* offers the stage in *region*."""
    return await asyncio.to_thread(_bootstrap, cloud, settings, region)


def _bootstrap(cloud: MiniStack, settings: Settings, region: str) -> Bootstrap:
    from ..cloud.bootstrap import LocalCloud
    from ..cloud.stub_zip import build_stub

    local = LocalCloud(cloud.endpoint, settings.stage_home, region)
    return local.bootstrap(build_stub("local"), trust_cache=cloud.resumed)
