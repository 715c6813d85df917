"""The keys of a terminal that another program has: a line of them, and no more."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.tui.drivers import Pty, until

ASKS = """
import asyncio, os, subprocess, sys
from pathlib import Path
from sst_dev.processes.keys import Keys
from sst_dev.processes.spawn import start, reclaim_terminal

async def main():
    ended, line = asyncio.Event(), bytearray()

    def typed(key):
        line.extend(key)
        if key in (b"", b"\\n", b"\\x04"):
            ended.set()

    keys = Keys(typed)
    command = sys.argv[1:]
    child = await start(
        command, name="reader", cwd=Path.cwd(), environment=dict(os.environ), stdin=None, foreground=True
    ) if command else None
    while not os.path.exists("ask"):
        await asyncio.sleep(0.01)
    for number in range(2):
        ended.clear()
        keys.ask(afresh=number == 0)
        print(f"asked {number}", flush=True)
        await ended.wait()
    print("ours", bytes(line), flush=True)
    if child:
        await child.wait()
        reclaim_terminal()
    keys.close()
    print("over", flush=True)

asyncio.run(main())
"""
READS = ["sh", "-c", 'echo reads; while read -r line && [ "$line" != end ]; do echo "theirs $line"; done']
"""A program that waits in a read for its next line."""


@pytest.mark.parametrize("command", [READS, []], ids=["beside a program that reads", "alone"])
async def test_only_lines_that_are_asked_for_are_taken(tmp_path: Path, command: list[str]) -> None:
    """Not a key before and none after, though the other program waits in a read all the time; what was typed ahead of
    the first line is dropped, what was typed ahead of the second is not."""
    program = tmp_path / "asks.py"
    program.write_text(ASKS)
    driver = Pty(tmp_path)
    await driver.open([sys.executable, str(program), *command], 80, 24, cwd=tmp_path)
    try:
        if command:
            await until(lambda: "reads" in driver.screen(), driver)
            await driver.press("one", "Enter")
            await until(lambda: "theirs one" in driver.screen(), driver)
        else:
            await driver.press("dropped", "Enter")
            await until(lambda: "dropped" in driver.screen(), driver)
        (tmp_path / "ask").touch()
        await until(lambda: "asked 0" in driver.screen(), driver)
        await driver.press("a", "b", "Enter")
        await until(lambda: "asked 1" in driver.screen(), driver)
        await driver.press("c", "Enter")
        await until(lambda: r"ours b'ab\nc\n'" in driver.screen(), driver)
        if command:
            await driver.press("two", "Enter", "end", "Enter")
            await until(lambda: "theirs two" in driver.screen(), driver)
        await until(lambda: "over" in driver.screen(), driver)
    finally:
        await driver.close()


async def test_a_terminal_of_another_job_is_left_alone(tmp_path: Path) -> None:
    """In the background of a shell nothing is taken, and nothing stops."""
    program = tmp_path / "asks.py"
    program.write_text(ASKS)
    (tmp_path / "ask").touch()
    driver = Pty(tmp_path)
    await driver.open(["bash", "-m", "-c", f"{sys.executable} {program} & read line; echo got $line"], 80, 24, tmp_path)
    try:
        await until(lambda: "asked 0" in driver.screen(), driver)
        await driver.press("mine", "Enter")
        await until(lambda: "got mine" in driver.screen(), driver)
        assert "ours" not in driver.screen()
    finally:
        await driver.close()
