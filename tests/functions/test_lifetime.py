"""Nothing outlives the session."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.functions import serve

ROOT = Path(__file__).parents[2]
API = """
    import os, subprocess

    def handler(event, context):
        child = subprocess.Popen(["sleep", "600"])
        return [os.getpid(), child.pid]
"""
PARENT = """
import asyncio, sys
from pathlib import Path
from tests.support.functions import serve

async def main():
    async with serve(Path(sys.argv[1])) as project:
        await project.call()
        pids = [(await project.call(environment=f"env-{n}")).value for n in range(2)]
        zygote = project.functions.describe()["Api"]["zygote"]["pid"]
        print(*[pid for pair in pids for pid in pair], zygote, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""

pytestmark = pytest.mark.usefixtures("each_kind")


def children(root: Path) -> set[int]:
    """Processes whose working directory is *root*: zygotes, spares, workers and what they started."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cwd").resolve() == root and "Z" not in _state(entry):
                    found.add(int(entry.name))
            except OSError:
                continue
    return found


def _state(process: Path) -> str:
    return (process / "stat").read_text().rpartition(")")[2].split()[0]


async def ended(pids: set[int]) -> None:
    """Returns once every one of *pids* has ended."""
    for pid in pids:
        try:
            watch = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        over = asyncio.Event()
        asyncio.get_running_loop().add_reader(watch, over.set)
        await over.wait()
        asyncio.get_running_loop().remove_reader(watch)
        os.close(watch)


async def none_left(root: Path) -> None:
    """Returns once no process of *root* is left; what was killed may take the kernel a moment."""
    async with asyncio.timeout(10):
        while running := children(root):
            await ended(running)


async def test_close_leaves_no_process(tmp_path: Path) -> None:
    """Workers, what they started, zygotes and spares are gone after `close`."""
    async with serve(tmp_path, files={"functions/api.py": API}) as project:
        for n in range(3):
            await project.call(environment=f"env-{n}")
        running = children(tmp_path)
    await none_left(tmp_path)

    assert len(running) >= 7


async def test_close_during_an_invocation(tmp_path: Path) -> None:
    """A caller in the middle gets an error, and nothing is left."""
    api = """
        import threading

        def handler(event, context):
            print("begun")
            threading.Event().wait()
    """
    async with serve(tmp_path, files={"functions/api.py": api}) as project:
        call = asyncio.create_task(project.call())
        await project.until_line("begun")
    answer = await call

    assert answer.failure is not None
    await none_left(tmp_path)


async def test_a_replaced_worker_takes_its_children_along(tmp_path: Path) -> None:
    """A subprocess that a handler left behind ends with its worker."""
    async with serve(tmp_path, files={"functions/api.py": API}) as project:
        worker, child = (await project.call()).value
        project.write("functions/api.py", "def handler(e, c): return 1")
        await project.call()
        async with asyncio.timeout(10):
            await ended({worker, child})


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_killed_parent_leaves_no_process(tmp_path: Path, each_kind: str, how: signal.Signals) -> None:
    """Zygotes, spares and workers end with the dev server, however it dies."""
    (tmp_path / "functions").mkdir()
    # A spare is the worker itself: the kernel ends it with the dev server, and nobody is left to end its children.
    code = (
        API if each_kind == "zygote" else API.replace('subprocess.Popen(["sleep", "600"])', "None").replace(".pid", "")
    )
    (tmp_path / "functions/api.py").write_text(textwrap.dedent(code))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PARENT,
        str(tmp_path),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env={**os.environ, "SST_WORKERS": each_kind, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    await process.stdout.readline()
    running = children(tmp_path)
    process.send_signal(how)
    await process.wait()
    await none_left(tmp_path)

    assert len(running) >= (6 if each_kind == "zygote" else 3)
