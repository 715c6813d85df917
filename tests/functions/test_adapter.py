"""debugpy's adapter and its anchor."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sst_dev.functions.adapter import package, start_adapter

from tests.support.dap import Session
from tests.support.session import alive


async def test_an_adapter_is_ready_for_an_ide_and_ends_with_its_anchor(tmp_path: Path) -> None:
    """An IDE attaches to the anchor; workers are told of it; when the anchor ends nothing is left."""
    adapter = await start_adapter(tmp_path)
    told = adapter.for_workers()
    assert not adapter.anchored
    assert Path(told["debugpy"]) == package()
    ide = await asyncio.to_thread(Session, adapter._client_port)
    await asyncio.to_thread(ide.attach, {}, name="x", connect={"host": "127.0.0.1", "port": adapter._client_port})
    assert await adapter.attached()
    await adapter.close()
    await asyncio.to_thread(ide.ended)
    await asyncio.to_thread(ide.close)

    assert alive({told["anchor"], adapter._process.pid}) == set()


async def test_an_anchor_that_ends_attaches_nobody(tmp_path: Path) -> None:
    """Whoever waits for an IDE is told."""
    adapter = await start_adapter(tmp_path)
    waiting = asyncio.ensure_future(adapter.attached())
    await adapter.close()

    assert not await waiting
