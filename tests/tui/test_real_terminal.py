"""The multiplexer in a real terminal: tmux, and a bare pty, with real children."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sst_dev.processes.spawn import group_members

from .drivers import Driver, Pty, Tmux, children, until

NODE = """
const server = require("http").createServer((request, response) => response.end("ok"));
server.listen(0, "127.0.0.1", () => {
  process.stdout.write("\\x1b[2J\\x1b[H\\n  \\x1b[32mVITE\\x1b[0m ready");
  process.stdout.write("  http://localhost:" + server.address().port + "/\\n");
});
"""
FASTAPI = """
from fastapi import FastAPI
app = FastAPI()
"""
CHATTY = "import time\nfor n in range(10**9):\n    print('tick', n, flush=True)\n    time.sleep(0.01)\n"


@pytest_asyncio.fixture(name="driver", params=["tmux", "pty"])
async def make_driver(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Driver]:
    if request.param == "tmux" and shutil.which("tmux") is None:
        pytest.skip("tmux is not installed; the same test runs in a bare pty")
    driver: Driver = Tmux(tmp_path) if request.param == "tmux" else Pty(tmp_path)
    yield driver
    await driver.close()


def session(tmp_path: Path) -> list[str]:
    """The command line of a fake session with a node server, a FastAPI app, a shell and a failing command."""
    (tmp_path / "server.js").write_text(NODE)
    (tmp_path / "main.py").write_text(FASTAPI)
    (tmp_path / "chatty.py").write_text(CHATTY)
    python = sys.executable
    return [
        python, "-m", "tests.support.fake_session", str(tmp_path),
        "Web=node server.js" if shutil.which("node") else f"Web=echo VITE ready; exec {python} -m http.server 0",
        f"Api={python} -m uvicorn main:app --port 0", "Shell=exec sh -i", f"Chatty={python} chatty.py",
        "Broken=echo no such thing; exit 3",
    ]  # fmt: skip


async def test_a_day_at_the_screen(driver: Driver, tmp_path: Path) -> None:
    """Panes come up, keys go where they should, a program is typed into, and at the end nothing is left running."""
    await driver.open(session(tmp_path), 110, 32)
    await until(lambda: "Broken" in driver.screen() and "exit 3" in driver.screen(), driver)

    await driver.press("3")
    await until(lambda: "VITE" in driver.screen(), driver)
    await driver.press("4")
    await until(lambda: "Uvicorn running on" in driver.screen(), driver)
    await driver.press("7")
    await until(lambda: "[exit 3]" in driver.screen(), driver)

    await driver.press("5", "Enter")
    await until(lambda: "typing into Shell" in driver.screen(), driver)
    await driver.press("stty size; echo $((40+2))q", "Enter")
    await until(lambda: "42q" in driver.screen() and "31 82" in driver.screen(), driver)
    await driver.press("C-z", "2")
    await until(lambda: "listing notes" in driver.screen(), driver)
    await driver.press("r")
    await until(lambda: "↻ url GET" in driver.screen() and '+  "body"' in driver.screen(), driver)

    await driver.press("6", "x")
    await until(lambda: "[stopped]" in driver.screen(), driver)
    await driver.press("C-c")
    await until(lambda: "session closed" in driver.screen(), driver)
    await until(lambda: children(tmp_path) == [], driver)


async def test_a_search_that_arrives_in_one_piece(driver: Driver, tmp_path: Path) -> None:
    """`/`, what to search for and Enter in one write, as a paste or fast fingers send them: nothing goes astray."""
    await driver.open(session(tmp_path), 110, 32)
    await until(lambda: "Broken" in driver.screen() and "exit 3" in driver.screen(), driver)
    await driver.press("2")
    await until(lambda: "listing notes" in driver.screen(), driver)

    await driver.press("/listing")
    await until(lambda: "/listing" in driver.screen() and "1/1" in driver.screen(), driver)
    await driver.press("Enter", "5", "Enter")
    await until(lambda: "typing into Shell" in driver.screen(), driver)


@pytest.mark.skipif(shutil.which("vim") is None, reason="vim is not installed")
async def test_a_full_screen_program(driver: Driver, tmp_path: Path) -> None:
    """vim in a pane: its screen, typing, saving, and the shell as it was before."""
    await driver.open(session(tmp_path), 110, 32)
    await until(lambda: "Broken" in driver.screen(), driver)
    await driver.press("5", "Enter")
    await until(lambda: "typing into Shell" in driver.screen(), driver)

    await driver.press("vim -u NONE -N note.txt", "Enter")
    await until(lambda: driver.screen().count("~") > 20, driver)
    await driver.press("i", "hello from vim", "Escape")
    await until(lambda: "hello from vim" in driver.screen(), driver)
    await driver.press(":wq", "Enter")
    await until(lambda: driver.screen().count("~") < 5 and "vim -u NONE" in driver.screen(), driver)

    assert (tmp_path / "note.txt").read_text() == "hello from vim\n"


async def test_nothing_survives_when_the_screen_is_killed(tmp_path: Path) -> None:
    """SIGKILL of the program that runs everything: its children, deaf ones too, are gone soon after."""
    driver = Pty(tmp_path)
    await driver.open(session(tmp_path), 110, 32)
    await until(lambda: "Broken" in driver.screen() and len(children(tmp_path)) >= 3, driver)

    driver._terminal.child.signal(signal.SIGKILL)
    await driver._terminal.wait()

    await until(lambda: children(tmp_path) == [], driver)
    assert not group_members(driver._terminal.child.pid)
