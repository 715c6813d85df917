"""Does VS Code itself stop in the handlers? A scenario by hand, too heavy for CI.

    uv run python -m tests.benchmarks.vscode --code DIR [--shots DIR]

DIR has `code-server` (4.100 runs on Node 20) and `playwright-core` from npm; Chromium is Debian's. Where the
marketplace is out of reach, a small extension of our own gives VS Code debugpy's type; everything else is VS Code: its
debug client, its sessions, its breakpoints. `sst debug vscode` writes the launch configuration that is started.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # runs as a script, too

from tests.support.session import Session, config, descendants, http, session

HERE = Path(__file__).parents[1] / "support" / "vscode"
APP = {
    "sst_config.py": config("""
        sst.aws.Function("Api", handler="functions/api.handler", url=True, timeout="3 seconds")
        sst.aws.Function("Other", handler="functions/other.handler", url=True)
    """),
    "functions/helper.py": """
        def double(n):
            answer = n * 2
            return answer
    """,
    "functions/api.py": """
        from functions import helper

        def handler(event, context):
            n = int(event["queryStringParameters"]["n"])
            doubled = helper.double(n)
            return {"doubled": doubled, "left": context.get_remaining_time_in_millis()}
    """,
    "functions/other.py": """
        def handler(event, context):
            answer = "other"
            return answer
    """,
}
HANDLER, HELPER, OTHER = ("functions/api.py", 5), ("functions/helper.py", 3), ("functions/other.py", 3)


class Code:
    """A running VS Code, through the door of the test extension."""

    def __init__(self, door: int, browser: subprocess.Popen[str], shots: Path) -> None:
        self._door = door
        self._browser = browser
        self._shots = shots
        self._heard = 0

    def run(self, code: str) -> Any:
        """Run JavaScript in the extension host; what it returns."""
        request = urllib.request.Request(f"http://127.0.0.1:{self._door}/", data=code.encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def until(self, event: str, **fields: Any) -> dict[str, Any]:
        """Wait for the next event of a session."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for one in self.run(f"return heard.slice({self._heard})"):
                self._heard += 1
                if one["event"] == event and fields.items() <= one.items():
                    return dict(one)
            time.sleep(0.05)
        raise AssertionError(f"VS Code did not report {event}: {self.run('return heard')}")

    def breakpoints(self, folder: Path, *places: tuple[str, int]) -> None:
        """Have these breakpoints and no others."""
        wanted = [[str(folder / name), line] for name, line in places]
        self.run(f"""
            vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
            vscode.debug.addBreakpoints({json.dumps(wanted)}.map(([file, line]) => new vscode.SourceBreakpoint(
                new vscode.Location(vscode.Uri.file(file), new vscode.Position(line - 1, 0)))));
            await new Promise((done) => setTimeout(done, 300));""")

    def ask(self, stop: dict[str, Any], command: str, arguments: str) -> Any:
        """A request of a session that stands at *stop*."""
        return self.run(f"return sessions.get({stop['session']!r}).customRequest({command!r}, {arguments})")

    def frame(self, stop: dict[str, Any]) -> dict[str, Any]:
        """Where it stands."""
        found = self.ask(stop, "stackTrace", f"{{threadId: {stop['body']['threadId']}}}")["stackFrames"][0]
        return dict(found)

    def resume(self, stop: dict[str, Any]) -> None:
        """Go on."""
        self.ask(stop, "continue", f"{{threadId: {stop['body']['threadId']}}}")

    def shot(self, name: str) -> None:
        """A picture of the window."""
        self.browser(f"shot {self._shots / name}.png")

    def browser(self, line: str) -> None:
        """Have the browser do something, and wait until it is done."""
        assert self._browser.stdin is not None and self._browser.stdout is not None
        print(line, file=self._browser.stdin, flush=True)
        assert self._browser.stdout.readline() == "done\n", line


def main() -> None:
    """Print what was seen and, last, one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--code", type=Path, required=True, help="folder with code-server and playwright-core")
    parser.add_argument("--shots", type=Path, default=Path.cwd(), help="where the pictures go")
    options = parser.parse_args()
    seen: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        app = Path(folder) / "app"
        with session(app, APP, "--debug=0") as live:
            port = live.wait_output("attach to 127.0.0.1:").split("attach to 127.0.0.1:")[1].split()[0]
            assert live.sst("debug", "vscode", f"--port={port}").returncode == 0
            with editor(options.code, Path(folder), app, options.shots) as code:
                for name, check in CHECKS.items():
                    with concurrent.futures.ThreadPoolExecutor(4) as pool:
                        try:
                            seen[name] = check(code, live, pool)
                        except Exception as error:
                            seen[name] = f"FAILED: {error}"
                            code.shot(name.replace(" ", "-"))
                    print(f"{name:>28}  {seen[name]}", flush=True)
    print(json.dumps({"benchmark": "vscode", "seen": seen}))


@contextlib.contextmanager
def editor(modules: Path, home: Path, folder: Path, shots: Path) -> Iterator[Code]:
    """VS Code in a headless browser with *folder* open."""
    door, port = _free(), _free()
    shutil.copytree(HERE / "extension", home / "extensions" / "sst-py-tests.debugpy-client-0.0.1")
    settings = home / "user" / "User" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"workbench.startupEditor": "none", "debug.openDebug": "openOnSessionStart"}))
    server = subprocess.Popen(
        ["node", modules / "node_modules/code-server/out/node/entry.js", "--auth=none", f"--bind-addr=127.0.0.1:{port}",
         "--user-data-dir", home / "user", "--extensions-dir", home / "extensions", "--disable-telemetry",
         "--disable-update-check", "--disable-workspace-trust", f"--config={home / 'config.yaml'}"],
        env={**os.environ, "SST_TEST_DOOR": str(door)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    browser = subprocess.Popen(
        ["node", HERE / "browser.mjs", modules, home / "chromium"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        _until(port)
        code = Code(door, browser, shots)
        code.browser(f"open http://127.0.0.1:{port}/?folder={folder}")
        _until(door)
        yield code
    finally:
        for process in (browser, server):
            for pid in (*descendants(process.pid), process.pid):  # code-server's own have groups of their own
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()


def attach(code: Code, live: Session, _: concurrent.futures.Executor) -> str:
    """Start the configuration that `sst debug vscode` wrote."""
    code.run('await vscode.debug.startDebugging(vscode.workspace.workspaceFolders[0], "sst dev")')
    code.until("start", name="sst dev")
    live.wait_output("an IDE has attached")
    return "the configuration of launch.json attached"


def stop_in(code: Code, live: Session, pool: concurrent.futures.Executor, place: tuple[str, int], picture: str) -> str:
    """One call, one stop, one answer."""
    code.breakpoints(live.folder, place)
    call = pool.submit(http, live.url("Api", "?n=21"))
    stop = code.until("stopped")
    frame = code.frame(stop)
    assert frame["source"]["path"].endswith(f"/{place[0]}") and frame["line"] == place[1], frame
    value = code.ask(stop, "evaluate", f"{{expression: 'n', frameId: {frame['id']}, context: 'repl'}}")["result"]
    time.sleep(4)  # longer than the function's timeout
    paused = [f["paused"] for f in live.refresh()["functions"] if f["name"] == "Api"]
    code.shot(picture)
    code.resume(stop)
    answer = call.result(timeout=30).json()
    assert value == "21" and answer["doubled"] == 42 and 0 < answer["left"] <= 3000, (value, answer)
    assert paused == [[f"{place[0]}:{place[1]}"]], paused
    return f"stopped at {place[0]}:{place[1]} for 4 s of a timeout of 3 s, answered {answer}"


def after_reload(code: Code, live: Session, pool: concurrent.futures.Executor) -> str:
    """The same, on code that was just saved."""
    code.breakpoints(live.folder, OTHER)
    live.edit("functions/other.py", APP["functions/other.py"].replace('"other"', '"edited"'))
    call = pool.submit(http, live.url("Other"))
    code.resume(code.until("stopped"))
    body = call.result(timeout=30).body
    assert body == b"edited", body
    return f"answered {body!r}"


def in_parallel(code: Code, live: Session, pool: concurrent.futures.Executor) -> str:
    """Two calls of one function stand side by side, in child sessions of one parent."""
    code.breakpoints(live.folder, HANDLER)
    calls = [pool.submit(http, live.url("Api", f"?n={n}")) for n in (1, 2)]
    stops = [code.until("stopped"), code.until("stopped")]
    assert len({stop["session"] for stop in stops}) == 2, stops
    ids = [stop["session"] for stop in stops]
    parents = code.run(f"return {json.dumps(ids)}.map((id) => sessions.get(id).parentSession?.name)")
    time.sleep(1)  # for the picture
    code.shot("parallel")
    for stop in stops:
        code.resume(stop)
    doubled = sorted(call.result(timeout=30).json()["doubled"] for call in calls)
    assert doubled == [2, 4] and parents == ["sst dev", "sst dev"], (doubled, parents)
    return f"two sessions, children of {parents[0]!r}; answers {doubled}"


def detach(code: Code, live: Session, pool: concurrent.futures.Executor) -> str:
    """VS Code's stop button: what stands is answered, and so are later calls."""
    call = pool.submit(http, live.url("Api", "?n=5"))
    code.until("stopped")
    code.run("await vscode.debug.stopDebugging()")
    first = call.result(timeout=30).json()["doubled"]
    live.wait_output("the IDE has left")
    return f"the call that stood answered {first}, the next {http(live.url('Api', '?n=6')).json()['doubled']}"


Check = Callable[[Code, Session, concurrent.futures.Executor], str]
CHECKS: dict[str, Check] = {
    "attach": attach,
    "in the handler": lambda *a: stop_in(*a, HANDLER, "handler"),
    "in a helper": lambda *a: stop_in(*a, HELPER, "helper"),
    "after a reload": after_reload,
    "in parallel workers": in_parallel,
    "detach": detach,
}


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _until(port: int) -> None:
    """Wait until somebody listens."""
    deadline = time.monotonic() + 90
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, f"nobody listens on {port}"
            time.sleep(0.1)


if __name__ == "__main__":
    main()
