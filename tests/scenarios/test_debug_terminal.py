"""`breakpoint()` without an IDE: pdb where the person sits, in a real terminal."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sst_dev.cli.serving import ECHO

from tests.support.markdown import blocks
from tests.support.session import SST, STAGE, config, session, sst, write
from tests.tui.drivers import Driver, Pty, Tmux, until

pytestmark = pytest.mark.scenario

FILES = {
    "sst_config.py": config("""
        sst.aws.Function("Api", handler="api.handler", timeout="2 seconds")
        sst.aws.Function("Quick", handler="quick.handler")
    """),
    "quick.py": """
        def handler(event, context):
            return "quick"
    """,
    "api.py": """
        def handler(event, context):
            if event.get("raise"):
                raise ValueError("no good")
            n = 4
            breakpoint()
            print("answer is", n)
            return n
    """,
}
PAGE = (Path(__file__).parents[2] / "docs/debugging.md").read_text()


async def sit_at(tmp_path: Path, *arguments: str) -> tuple[Driver, Path]:
    """A terminal with a session that is ready, and the app's folder."""
    app = tmp_path / "app"
    write(app, FILES)
    driver: Driver = Tmux(tmp_path) if shutil.which("tmux") else Pty(tmp_path)
    await driver.open([*SST, "dev", "--stage", STAGE, *arguments], 110, 60, cwd=app)
    await until(lambda: "✓ ready" in driver.screen(), driver)
    return driver, app


async def converse(driver: Driver) -> None:
    """Change a value at the prompt, stay there longer than the function's timeout, and go on."""
    await until(lambda: re.search(r"\(pdb [0-9a-f]{4}\)", driver.screen()), driver)
    pane = "".join(line.rpartition("▕")[2].strip(" ▐") for line in driver.screen().splitlines())
    assert "api.py" in pane  # a long path breaks across lines
    await driver.press("!n = 7", "Enter")
    await asyncio.sleep(2.5)  # longer than the function's timeout: its time stands still
    await driver.press("p n * 100", "Enter")
    await until(lambda: "700" in driver.screen(), driver)
    await driver.press("c", "Enter")


async def test_pdb_in_a_pane_of_the_multiplexer(tmp_path: Path) -> None:
    """A pane called Debug appears; what is typed there goes to pdb, and the call has the changed value."""
    driver, app = await sit_at(tmp_path)
    try:
        call = asyncio.create_task(asyncio.to_thread(sst, "invoke", "Api", cwd=app))
        await until(lambda: "→ Debug" in driver.screen(), driver)
        await driver.press("3", "Enter")
        await until(lambda: "(pdb" in driver.screen(), driver)
        await driver.press("half a line", "C-c")
        await until(lambda: "q ends the call" in driver.screen(), driver)
        await converse(driver)
        done = await call

        assert done.stdout.strip() == b"7", done
    finally:
        await driver.close()


async def test_pdb_in_the_terminal_of_a_basic_session(tmp_path: Path) -> None:
    """Between the lines of the log; and so does a post mortem, from the moment it is asked for."""
    driver, app = await sit_at(tmp_path, "--mode=basic")
    try:
        call = asyncio.create_task(asyncio.to_thread(sst, "invoke", "Api", cwd=app))
        await converse(driver)
        assert (await call).stdout.strip() == b"7"
        await until(lambda: "answer is 7" in driver.screen(), driver)

        assert (await asyncio.to_thread(sst, "debug", "post-mortem", cwd=app)).returncode == 0
        call = asyncio.create_task(asyncio.to_thread(sst, "invoke", "Api", '--event={"raise": 1}', cwd=app))
        await until(lambda: "ValueError: no good" in driver.screen(), driver)
        await driver.press("p event", "Enter")
        await until(lambda: "{'raise': 1}" in driver.screen(), driver)
        await driver.press("c", "Enter")

        assert b"ValueError" in (await call).stderr
    finally:
        await driver.close()


async def test_a_command_beside_the_session_has_its_own_keys(tmp_path: Path) -> None:
    """A REPL reads its lines before a breakpoint and after it, and pdb the ones between, though both wait for keys; a
    line that is logged meanwhile leaves the prompt last; `sst stop` does not wait for a call that stands."""
    driver, app = await sit_at(tmp_path, "--mode=basic", "--", sys.executable, "-q")
    try:
        await until(lambda: ">>>" in driver.screen(), driver)
        await driver.press("1 + 41", "Enter")
        await until(lambda: "\n42" in driver.screen(), driver)
        call = asyncio.create_task(asyncio.to_thread(sst, "invoke", "Api", cwd=app))
        await until(lambda: "(pdb" in driver.screen(), driver)
        await driver.press("n", "Enter")
        await until(lambda: driver.screen().count("(pdb") == 2, driver)
        await driver.press("p 'half")
        await asyncio.to_thread(sst, "invoke", "Quick", cwd=app)
        await until(lambda: re.search(r"✓.*\n\(pdb [0-9a-f]{4}\) p 'half\s*$", driver.screen()), driver)
        await driver.press("'", "Enter")
        await until(lambda: "\n'half'" in driver.screen(), driver)
        await driver.press("c", "Enter")
        assert (await call).stdout.strip() == b"4"
        await until(lambda: "goes on" in driver.screen(), driver)
        assert driver.screen().count("paused at") == 1
        await driver.press("2 + 75", "Enter")
        await until(lambda: "\n77" in driver.screen(), driver)

        call = asyncio.create_task(asyncio.to_thread(sst, "invoke", "Api", cwd=app))
        await until(lambda: driver.screen().count("paused at") == 2, driver)
        status = (await asyncio.to_thread(sst, "status", cwd=app)).stdout.decode()
        assert re.search(r"⏸ paused at api\.py:\d", status)
        assert (await asyncio.to_thread(sst, "stop", cwd=app)).returncode == 0
        assert b"InvocationDropped" in (await call).stderr
    finally:
        await driver.close()


def general(transcript: str) -> str:
    """Without what differs between two conversations of this kind: ids, folders, line numbers, width of names."""
    return re.sub(r" +", " ", re.sub(r"\b[0-9a-f]{4}\b", "ID", re.sub(r"/\S*/|(?<=[(:])\d+", "", transcript)))


async def test_what_is_typed_at_the_prompt_of_a_basic_session(tmp_path: Path) -> None:
    """An edit leaves the call on its code; q and Ctrl-D end it with an error; the first Ctrl-C drops the line, the
    second one in a row ends the session."""
    driver, app = await sit_at(tmp_path, "--mode=basic")

    def call() -> asyncio.Task[subprocess.CompletedProcess[bytes]]:
        return asyncio.create_task(asyncio.to_thread(sst, "invoke", "Api", cwd=app))

    stood: set[str] = set()

    async def stand() -> None:
        """Until another call is at the prompt."""
        await until(lambda: set(re.findall(r"\(pdb [0-9a-f]{4}\)", driver.screen())) - stood, driver)
        stood.update(re.findall(r"\(pdb [0-9a-f]{4}\)", driver.screen()))

    try:
        edited = call()
        await stand()
        write(app, {"api.py": FILES["api.py"].replace("n = 4", "n = 5")})
        await driver.press("half a line", "C-c")
        await until(lambda: "Ctrl-C again ends the session" in driver.screen(), driver)
        await driver.press("p n", "Enter")
        await until(lambda: re.search(r"^4\s*$", driver.screen(), re.MULTILINE), driver)
        await driver.press("c", "Enter")
        assert (await edited).stdout.strip() == b"4"
        await until(lambda: "goes on" in driver.screen(), driver)
        shown = general(driver.screen())
        (page,) = (block.text for block in blocks(PAGE) if "(pdb 2fa5)" in block.text)
        assert [line for line in general(page).splitlines() if line not in shown] == [], driver.screen()

        for keys in (["q", "Enter"], ["C-d"]):
            ended = call()
            await stand()
            await driver.press(*keys)
            assert b"BdbQuit" in (await ended).stderr

        stands = call()
        await stand()
        await driver.press("C-c")
        await until(lambda: driver.screen().count("Ctrl-C again ends the session") == 2, driver)
        await asyncio.sleep(ECHO)  # what comes sooner is the same Ctrl-C
        await driver.press("C-c")
        assert (await stands).returncode != 0
        await until(lambda: "Stopping: SIGINT" in driver.screen(), driver)
    finally:
        await driver.close()


def test_without_a_terminal_it_says_how_and_goes_on(tmp_path: Path) -> None:
    """The call is answered at once."""
    with session(tmp_path, FILES) as live:
        done = live.sst("invoke", "Api")

        assert done.stdout.strip() == b"4", done
        live.wait_output("sst dev --debug")
