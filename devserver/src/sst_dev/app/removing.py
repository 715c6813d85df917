"""The removal of a stage: what `sst dev` comes up with, as far as deleting needs it."""

from __future__ import annotations

import asyncio

from ..cloud.ministack import MiniStack
from ..core.bootstrap import Bootstrap
from ..core.errors import UserError
from ..core.settings import Settings
from ..core.stream import Stream
from ..engine.program import Program
from .control import ControlServer


async def remove_stage(settings: Settings, stream: Stream) -> int:
    """Delete what the app has made on its stage, as its removal policy says; return how many resources went.

    Raises `UserError` while a session runs, for a protected app or resource, and for an app that lives on AWS.
    """
    # The stage is held as a session holds it, so that none can start meanwhile.
    control = ControlServer(settings.socket, stream, {})
    await control.start()
    cloud, program = MiniStack(settings, stream), Program(settings, stream)
    try:
        if not cloud.known:
            return 0
        app = await program.load(removing=True)
        if app.home == "aws" and not settings.force_local:
            raise UserError(
                f'{settings.config.name}: app {app.name!r} has home="aws"; this version removes home="local" only.',
                hint="Run `sst remove --local` to remove what `sst dev --local` has made.",
            )
        stream.publish(await cloud.start())
        return await program.remove(await asyncio.to_thread(_bootstrap, cloud, settings))
    finally:
        await program.close()
        await cloud.stop()
        await control.close()


def _bootstrap(cloud: MiniStack, settings: Settings) -> Bootstrap:
    from ..cloud.bootstrap import LocalCloud
    from ..cloud.stub_zip import build_stub

    return LocalCloud(cloud.endpoint, settings.stage_home).bootstrap(build_stub("local"), trust_cache=cloud.resumed)
