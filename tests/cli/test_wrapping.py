"""A command beside a session: its environment, its terminal, its restarts."""

import asyncio
import sys
from pathlib import Path

import pytest
from sst_dev.cli.wrapping import _run
from sst_dev.core.settings import Settings


@pytest.fixture(name="settings")
def _settings(tmp_path: Path, monkeypatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return Settings(config=tmp_path / "sst_config.py", stage="ada")


async def never():
    await asyncio.Event().wait()
    yield


async def test_the_commands_exit_code_is_the_result(settings: Settings) -> None:
    """Plain codes pass through, a death by signal is 128 + its number, as in a shell."""

    async def fetch() -> dict[str, str]:
        return {"CODE": "3"}

    code = "import os, sys; sys.exit(int(os.environ['CODE']))"
    assert await _run(settings, [sys.executable, "-c", code], fetch, never()) == 3
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    assert await _run(settings, [sys.executable, "-c", killed], fetch, never()) == 128 + 15


async def test_it_starts_again_when_its_links_change_and_only_then(settings: Settings, tmp_path: Path) -> None:
    """A deploy that changes nothing for the command leaves it alone; one that does restarts it."""
    signals: asyncio.Queue[None] = asyncio.Queue()
    values = ["one", "one", "two"]
    fetched = 0

    async def fetch() -> dict[str, str]:
        nonlocal fetched
        fetched += 1
        return {"LINK": values[min(fetched, 3) - 1]}

    async def changes():
        while True:
            await signals.get()
            yield

    program = (
        "import os, pathlib, time\n"
        "with open('starts', 'a') as f: f.write(os.environ['LINK'] + '\\n')\n"
        "if os.environ['LINK'] == 'one': time.sleep(60)\n"
    )
    running = asyncio.get_running_loop().create_task(_run(settings, [sys.executable, "-c", program], fetch, changes()))
    while not ((tmp_path / "starts").exists() and (tmp_path / "starts").read_text()):
        await asyncio.sleep(0.01)
    signals.put_nowait(None)
    signals.put_nowait(None)

    assert await running == 0
    assert (tmp_path / "starts").read_text().split() == ["one", "two"]
