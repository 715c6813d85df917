"""What a stage that no session runs is asked: to be made sure of, and what an apply would change."""

from __future__ import annotations

from typing import Any

from ..cloud.secrets import SecretStore
from ..core.settings import Settings
from ..core.stream import Stream
from ..engine.program import REFRESH, Program
from .removing import find_bootstrap, held, refuse_aws


async def refresh_stage(settings: Settings, stream: Stream) -> bool:
    """Apply every resource again, so that what others deleted or changed is put right; whether there was any to apply.

    Raises `UserError` while a session runs: it is asked itself then, with the command Redeploy.
    """
    async with held(settings, stream) as (cloud, program):
        if not cloud.known:
            return False
        app = await program.load()
        refuse_aws(app, settings, "refresh")
        stream.publish(await cloud.start(app.region))
        await program.apply(await find_bootstrap(cloud, settings, app.region), trigger=REFRESH)
    return True


async def diff_stage(settings: Settings, stream: Stream) -> list[dict[str, Any]]:
    """What an apply would do, one dictionary a resource: `action`, `component`, `name`, `type`, `changed` inputs.

    Nothing is called and nothing changed; a session may run. Raises what is wrong with the configuration.
    """
    program = Program(settings, stream, secrets=SecretStore(settings).values)
    try:
        refuse_aws(await program.load("diff"), settings, "diff")
        return await program.diff()
    finally:
        await program.close()
