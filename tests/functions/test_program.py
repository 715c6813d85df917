"""The process behind zygotes and spares."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from sst_dev.core.errors import UserError
from sst_dev.functions.program import Launch, Program


def how(root: Path, python: Path | None = None, modules: tuple[str, ...] = ()) -> Launch:
    return Launch(python or Path(sys.executable), root, {"PATH": "/usr/bin:/bin"}, None, modules)


async def test_it_preloads_before_it_is_started(tmp_path: Path) -> None:
    """`report` says what was imported, what was not, and the memory that took."""
    lines: list[str] = []
    program = await Program.start(
        how(tmp_path, modules=("colorsys", "no_such_module")),
        spare=False,
        on_message=lambda head: None,
        on_line=lines.append,
    )
    await program.close()

    assert program.report["modules"] == ["colorsys"]
    assert "no_such_module" in program.report["left_out"]
    assert program.report["rss_mb"] > 1


async def test_an_interpreter_that_cannot_run_it_is_the_users_error(tmp_path: Path) -> None:
    """With what it said last."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho this is no python >&2\nexit 1\n")
    python.chmod(0o755)
    lines: list[str] = []
    with pytest.raises(UserError, match="this is no python"):
        await Program.start(how(tmp_path, python), spare=False, on_message=lambda head: None, on_line=lines.append)

    assert lines == ["this is no python"]


async def test_closing_ends_the_process(tmp_path: Path) -> None:
    """Asked first, by the end of its control socket; killed when it does not listen."""
    ends: list[str] = []
    program = await Program.start(
        how(tmp_path), spare=False, on_message=lambda head: ends.append(head["type"]), on_line=ends.append
    )
    await program.close()

    assert await asyncio.wait_for(program.wait(), 10) == (0, None)
    assert ends == []


async def test_a_process_that_dies_says_so(tmp_path: Path) -> None:
    """`ended` comes in place of a message."""
    ended = asyncio.Event()
    program = await Program.start(
        how(tmp_path), spare=False, on_message=lambda head: ended.set(), on_line=lambda line: None
    )
    program.kill()
    await ended.wait()

    assert await program.wait() == (None, 9)
    await program.close()
