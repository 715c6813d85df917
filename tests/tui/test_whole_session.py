"""The real `sst dev` at a real terminal: two functions, a node server and a FastAPI app."""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.session import SST, STAGE, config, http, sst, write

from .drivers import Driver, Pty, Tmux, children, until

RUN = """
    notes = sst.aws.Bucket("Notes")
    api = sst.aws.Function("Api", handler="api.handler", link=[notes], url=True)
    sst.aws.Function("Worker", handler="worker.handler")
    sst.x.DevCommand("Web", dev={"command": WEB, "title": "Frontend"}, link=[notes])
    sst.x.DevCommand("Fast", dev={"command": FAST}, link=[notes])
    sst.x.DevCommand("Later", dev={"command": "echo now it runs", "autostart": False})
    return {"api": api.url}
"""
WEB = (
    "node server.js"
    if shutil.which("node")
    else f"echo VITE ready $SST_RESOURCE_Notes; exec {sys.executable} -m http.server 0"
)
FAST = f"{sys.executable} -m uvicorn fast:app --port 0"
FILES = {
    "sst_config.py": config(RUN).replace("WEB", repr(WEB)).replace("FAST", repr(FAST)),
    "api.py": """
        def handler(event, context):
            print("asked for", event["rawPath"])
            return {"version": 1}
    """,
    "worker.py": "def handler(event, context):\n    return None\n",
    "server.js": """
        require("http").createServer((_, r) => r.end("ok")).listen(0, "127.0.0.1", () =>
          console.log("\\x1b[32mVITE\\x1b[0m ready", JSON.parse(process.env.SST_RESOURCE_Notes).type));
    """,
    "fast.py": """
        from fastapi import FastAPI
        from sst import Resource
        print("linked to", Resource.Notes.type, flush=True)
        app = FastAPI()
    """,
}  # fmt: skip


@pytest.mark.scenario
async def test_a_day_with_a_real_session(tmp_path: Path) -> None:
    """Panes come up with their links, calls appear, an edit is replayed, and nothing is left at the end."""
    app = tmp_path / "app"
    write(app, FILES)
    driver: Driver = Tmux(tmp_path) if shutil.which("tmux") else Pty(tmp_path)
    await driver.open([*SST, "dev", "--stage", STAGE], 120, 40, cwd=app)
    try:
        await until(lambda: "✓ ready" in driver.screen(), driver)
        url = re.search(r"api: (http\S+)", driver.screen())
        assert url is not None
        await driver.press("3")
        await until(lambda: "VITE ready" in driver.screen() and "sst.aws.Bucket" in driver.screen(), driver)
        await driver.press("4")
        await until(lambda: "linked to sst.aws.Bucket" in driver.screen(), driver)
        await driver.press("5")
        await until(lambda: "press enter to start" in driver.screen(), driver)
        await driver.press("Enter")
        await until(lambda: "now it runs" in driver.screen() and "[exit 0]" in driver.screen(), driver)

        await driver.press("2")
        assert http(url[1] + "hello").json() == {"version": 1}
        await until(lambda: "url GET /hello" in driver.screen() and "┃ asked for /hello" in driver.screen(), driver)
        (app / "api.py").write_text((app / "api.py").read_text().replace('"version": 1', '"version": 2'))
        await until(lambda: "↻ api.py → Api" in driver.screen(), driver)
        await driver.press("r")
        await until(lambda: '-  "version": 1' in driver.screen() and '+  "version": 2' in driver.screen(), driver)

        await driver.press("q", "y")
        await until(lambda: children(app) == [], driver)
    finally:
        await driver.close()


@pytest.mark.scenario
@pytest.mark.parametrize("keys", [("C-c",), ("q", "y")])
async def test_ctrl_c_after_quitting_skips_the_waiting(keys: tuple[str, ...], tmp_path: Path) -> None:
    """However the screen was left, the next Ctrl-C ends what is deaf to the first, and says 130."""
    app = tmp_path / "app"
    deaf = """
        import signal
        for number in (1, 2, 15):
            signal.signal(number, signal.SIG_IGN)
        print("deaf")
        while True:
            signal.pause()
    """
    run = f'sst.x.DevCommand("Deaf", dev={{"command": "exec {sys.executable} -u deaf.py"}})'
    write(app, {"sst_config.py": config(run), "deaf.py": deaf})
    driver: Driver = Tmux(tmp_path) if shutil.which("tmux") else Pty(tmp_path)
    command = f"trap : INT; {shlex.join([*SST, 'dev', '--stage', STAGE])}; echo ended with $?"
    await driver.open(["/bin/sh", "-c", command], 100, 30, cwd=app)
    try:
        await until(lambda: "✓ ready" in driver.screen(), driver)
        await driver.press("3")
        await until(lambda: "▕ deaf" in driver.screen(), driver)

        await driver.press(*keys)
        await until(lambda: "Stopping: quit" in driver.screen(), driver)
        await driver.press("C-c")
        await until(lambda: "ended with 130" in driver.screen(), driver)
        await until(lambda: not any("deaf.py" in line for line in children(app)), driver)
    finally:
        await driver.close()


@pytest.mark.scenario
async def test_stop_from_elsewhere_ends_the_screen_too(tmp_path: Path) -> None:
    """`sst stop` leaves no process and gives the terminal back."""
    app = tmp_path / "app"
    write(app, {"sst_config.py": config("pass")})
    driver: Driver = Tmux(tmp_path) if shutil.which("tmux") else Pty(tmp_path)
    await driver.open([*SST, "dev", "--stage", STAGE], 100, 30, cwd=app)
    try:
        await until(lambda: "✓ ready" in driver.screen(), driver)
        stopped = await asyncio.to_thread(sst, "stop", cwd=app)
        assert stopped.returncode == 0
        await until(lambda: children(app) == [], driver)
    finally:
        await driver.close()
