"""Deploying again: one at a time, the latest wish wins, a failure keeps what serves."""

import asyncio
from pathlib import Path

import pytest
from sst_dev.app.deploying import Deploying
from sst_dev.core.errors import UserError
from sst_dev.core.events import DeployFailed
from sst_dev.core.settings import Settings
from sst_dev.core.stream import Stream


class Applies:
    """Records triggers; each apply waits until it is let go."""

    def __init__(self) -> None:
        self.triggers: asyncio.Queue[str] = asyncio.Queue()
        self.go = asyncio.Semaphore(0)
        self.error: UserError | None = None

    async def __call__(self, trigger: str) -> None:
        self.triggers.put_nowait(trigger)
        await self.go.acquire()
        if self.error:
            raise self.error


@pytest.fixture(name="setup")
async def _setup(tmp_path: Path):
    config = tmp_path / "sst_config.py"
    config.write_text("")
    applies, stream = Applies(), Stream()
    deploying = Deploying(Settings(config=config, stage="ada"), stream, applies)
    task = asyncio.get_running_loop().create_task(deploying.watch())
    yield deploying, applies, stream, config
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_wishes_during_an_apply_become_one(setup) -> None:
    """Three requests while one runs are one more apply, with the last trigger."""
    deploying, applies, _, _ = setup
    deploying.request("a")
    assert await applies.triggers.get() == "a"
    for trigger in "bcd":
        deploying.request(trigger)
    applies.go.release()

    assert await applies.triggers.get() == "d"
    applies.go.release()
    await asyncio.sleep(0)
    assert applies.triggers.empty()


async def test_a_failed_apply_is_published_and_the_next_one_runs(setup) -> None:
    """The session goes on after an error in the config."""
    deploying, applies, stream, _ = setup
    with stream.subscribe() as subscription:
        applies.error = UserError("broken", hint="mend", trace="frames")
        deploying.request("a")
        applies.go.release()
        await subscription.ready()
        assert [type(e) for e in subscription.drain()] == [DeployFailed]

        applies.error = None
        await applies.triggers.get()
        deploying.request("b")
        assert await applies.triggers.get() == "b"


@pytest.mark.parametrize("name", ["sst_config.py", ".env", ".env.ada"])
async def test_a_saved_configuration_file_deploys(setup, name: str) -> None:
    """The config and the dotenv files of this stage count; an atomic save counts too."""
    _, applies, _, config = setup
    while applies.triggers.empty():  # the watcher gives no sign of being armed: write until it sees one
        temporary = config.with_name("tmp~")
        temporary.write_text("x")
        temporary.rename(config.with_name(name))
        await asyncio.wait([asyncio.get_running_loop().create_task(asyncio.sleep(0.05))])

    assert applies.triggers.get_nowait() == name
