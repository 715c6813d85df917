"""The pool over real workers, where `Functions` does not reach."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from sst_dev.core import events as e
from sst_dev.functions import pool

from tests.functions.test_lifetime import ended
from tests.support.functions import function, serve

pytestmark = pytest.mark.usefixtures("each_kind")


async def test_a_file_that_changes_at_every_import_starves_nobody(tmp_path: Path) -> None:
    """After a few tries the call runs, on what the last import found."""
    api = """
        from pathlib import Path
        counter = Path(__file__).parent / "counter.txt"
        N = int(counter.read_text()) + 1
        counter.write_text(str(N))

        def handler(event, context):
            return N
    """
    files = {"functions/api.py": api, "functions/counter.txt": "0"}
    async with serve(tmp_path, files=files) as project:
        answer = await project.call()

        assert answer.value == pool.RESTARTS_MAX + 1


async def test_a_worker_killed_while_idle_is_replaced_by_the_next_call(tmp_path: Path) -> None:
    """Nobody hears of it, not even the call that comes before the dev server has noticed."""
    files = {"functions/api.py": "import os\ndef handler(e, c): return os.getpid()"}
    async with serve(tmp_path, files=files) as project:
        first = (await project.call()).value
        os.kill(first, signal.SIGKILL)
        await ended({first})
        second = (await project.call()).value

        assert first != second
        assert [event.status for event in project.of(e.InvocationFinished)] == ["ok", "ok"]


async def test_a_killed_zygote_is_replaced_by_the_next_call(tmp_path: Path) -> None:
    """Whoever ends it, and whether or not workers lived: the function answers again, and in time."""
    async with serve(tmp_path, files={"functions/api.py": "def handler(event, context):\n    return 1\n"}) as project:
        assert (await project.call()).value == 1
        for _ in range(2):
            pid = next(iter(project.functions.describe().values()))["zygote"]["pid"]
            if pid is not None:  # a spare may be in use
                os.kill(pid, signal.SIGKILL)
                await ended({pid})
            first, second = await project.call(), await project.call()

            assert second.value == 1
            assert first.failure is None or first.failure["errorType"] == "Runtime.ExitError"


async def test_an_exit_while_importing_is_lambdas_exit_error(tmp_path: Path) -> None:
    """`sys.exit` at the top of a module ends the process, and the call hears how."""
    async with serve(tmp_path, files={"functions/api.py": "import sys; sys.exit(5)"}) as project:
        failure = (await project.call()).failure

        assert failure is not None
        assert failure["errorType"] == "Runtime.ExitError"
        assert failure["errorMessage"].endswith("Runtime exited with error: exit status 5")


async def test_an_import_that_never_ends_times_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Lambda, with the message of a timeout."""
    monkeypatch.setattr("sst_dev.functions.router.INIT_LIMIT", 0.1)
    code = "import threading\nprint('importing')\nthreading.Event().wait()"
    async with serve(tmp_path, function(timeout=0.2), files={"functions/api.py": code}) as project:
        failure = (await project.call()).failure

        assert failure is not None
        assert failure["errorType"] == "Sandbox.Timedout"
        assert project.lines(None) == ["importing"]


async def test_environments_are_remembered_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are forgotten first are the ones without a worker, oldest first."""
    monkeypatch.setattr(pool, "ENVIRONMENTS_MAX", 2)
    async with serve(tmp_path, files={"functions/api.py": "def handler(e, c): return 1"}) as project:
        for n in range(3):
            await project.call(environment=f"env-{n}")
            project.functions._pool.perform(project.functions._pool.router.gone(f"env-{n}"))

        assert list(project.functions._pool._environments) == ["env-1", "env-2"]
