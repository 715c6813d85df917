"""Zygotes: when they start, what they share, when they are replaced."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sst_dev.core import events as e
from sst_dev.core.errors import UserError
from sst_dev.functions.interpreter import Interpreters
from sst_dev.functions.launcher import ZYGOTE_IDLE_LIMIT, sdk_folder, worker_kind

from tests.support.functions import Project, function, serve

API = """
    import email.mime.text, sys

    def handler(event, context):
        return "email.mime.text" in sys.modules
"""
PROJECT = '[project]\nname = "app"\nversion = "0"\n'


def zygote(project: Project, name: str = "Api") -> int | None:
    """The process the next worker of a function comes from."""
    held = project.functions.describe()[name]["zygote"]
    return held["pid"] if held else None


async def test_zygotes_start_lazily(tmp_path: Path) -> None:
    """Fifty functions are not fifty interpreters: only what is called is started."""
    names = [f"F{n}" for n in range(50)]
    served = [function(name, "functions/api.handler") for name in names]
    async with serve(tmp_path, *served, files={"functions/api.py": API}) as project:
        assert not [name for name in names if zygote(project, name)]
        await project.call(function="F7")

        assert [name for name in names if zygote(project, name)] == ["F7"]


async def test_environments_of_a_function_share_a_zygote(tmp_path: Path) -> None:
    """However many start at once, and whatever differs in the stub's own variables."""
    async with serve(tmp_path, files={"functions/api.py": API}) as project:
        await project.call()
        await project.until(e.Notice, lambda notice: "modules imported" in notice.text)
        first = zygote(project)
        await asyncio.gather(
            *(project.call(environment=f"env-{n}", variables={"HOSTNAME": f"host-{n}"}) for n in range(5))
        )

        assert zygote(project) == first


async def test_the_next_worker_finds_the_imports_of_the_last(tmp_path: Path) -> None:
    """What a worker imported is preloaded for its successor, in the next session too."""
    files = {"functions/api.py": API}
    async with serve(tmp_path, files=files) as project:
        await project.call()
        await project.until(e.Notice, lambda notice: "modules imported" in notice.text)
        preloaded = project.functions.describe()["Api"]["zygote"]["preloaded"]

        assert "email.mime.text" in preloaded
    async with serve(tmp_path, files=files) as project:
        await project.call()

        assert "email.mime.text" in project.functions.describe()["Api"]["zygote"]["preloaded"]


async def test_what_cannot_be_preloaded_is_named(tmp_path: Path) -> None:
    """A library that leaves a thread running is imported by each worker itself."""
    async with serve(tmp_path, files={"pyproject.toml": PROJECT}) as project:
        file = project.write("functions/api.py", "import threaded\ndef handler(e, c): return 1")
        found = await Interpreters(tmp_path, lambda line: None).of(file)
        assert found.virtual_env is not None
        (site,) = found.virtual_env.glob("lib/python*/site-packages")
        code = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
        (site / "threaded.py").write_text(code)
        await project.call()
        await project.until(e.Notice, lambda notice: "modules imported" in notice.text)
        held = project.functions.describe()["Api"]["zygote"]

        assert "thread" in held["left_out"]["threaded"]
        assert "threaded" not in held["preloaded"]
        assert (await project.call(environment="env-2")).value == 1


async def test_a_change_of_the_environment_restarts_the_zygote(tmp_path: Path) -> None:
    """After `uv add` the next call finds the new package, without anyone restarting anything."""
    files = {"pyproject.toml": PROJECT, "functions/api.py": "import added\ndef handler(e, c): return added.VALUE"}
    async with serve(tmp_path, files=files) as project:
        failure = (await project.call()).failure
        first = zygote(project)
        (site,) = tmp_path.glob(".venv/lib/python*/site-packages")
        (site / "added.py").write_text("VALUE = 5")
        (site / "added-1.0.dist-info").mkdir()

        assert failure is not None
        assert failure["errorType"] == "Runtime.ImportModuleError"
        assert (await project.call()).value == 5
        assert zygote(project) != first


async def test_an_upgraded_package_replaces_idle_workers(tmp_path: Path) -> None:
    """A worker that holds the old version is stale, and is replaced before anyone calls."""
    files = {"pyproject.toml": PROJECT, "functions/api.py": "import added\ndef handler(e, c): return added.VALUE"}
    async with serve(tmp_path, files=files) as project:
        found = await Interpreters(tmp_path, lambda line: None).of(tmp_path / "functions/api.py")
        assert found.virtual_env is not None
        (site,) = found.virtual_env.glob("lib/python*/site-packages")
        (site / "added.py").write_text("VALUE = 1")
        (site / "added-1.0.dist-info").mkdir()
        assert (await project.call()).value == 1
        (site / "added.py").write_text("VALUE = 22")
        (site / "added-1.0.dist-info").rename(site / "added-2.0.dist-info")
        reloaded = await project.until(e.Reloaded)

        assert reloaded.functions == ("Api",)
        assert (await project.call()).value == 22


async def test_a_runtime_that_differs_from_the_interpreter_is_one_warning(tmp_path: Path) -> None:
    """Said once, however many workers start."""
    served = function(runtime="python3.9")
    async with serve(tmp_path, served, files={"functions/api.py": API}) as project:
        await project.call()
        await project.call(environment="env-2")
        warnings = [notice.text for notice in project.of(e.Notice) if notice.level == "warning"]

        assert len(warnings) == 1
        assert 'declares runtime="python3.9"' in warnings[0]


async def test_an_idle_zygote_is_evicted(tmp_path: Path) -> None:
    """Once its workers are gone and some minutes have passed; with a worker it stays."""
    async with serve(tmp_path, files={"functions/api.py": API}) as project:
        await project.call()
        launcher = project.functions._pool.launcher
        now = asyncio.get_running_loop().time()
        launcher.evict(now + ZYGOTE_IDLE_LIMIT + 1)
        assert zygote(project) is not None
        await project.functions.gone("env-1")
        while launcher._held["Api"].nursery.live:
            await asyncio.sleep(0.005)
        launcher.evict(now + 2 * ZYGOTE_IDLE_LIMIT + 2)

        assert zygote(project) is None


async def test_a_missing_uv_reaches_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that cannot be made is an answer with what to do, not silence."""

    def missing() -> str:
        raise UserError("uv is not installed", hint="Install it.")

    monkeypatch.setattr("sst_dev.functions.interpreter.find_uv", missing)
    async with serve(tmp_path, files={"pyproject.toml": PROJECT, "functions/api.py": API}) as project:
        failure = (await project.call()).failure

        assert failure == {"errorType": "Sst.WorkerNotStarted", "errorMessage": "uv is not installed Install it."}


def test_the_kind_of_workers_is_a_setting() -> None:
    """`SST_WORKERS` says which, and only two are known."""
    assert worker_kind({"SST_WORKERS": "spare"}) == "spare"
    assert worker_kind({"SST_WORKERS": "zygote"}) == "zygote"
    with pytest.raises(UserError, match="SST_WORKERS"):
        worker_kind({"SST_WORKERS": "threads"})


def test_the_sdk_of_the_cli_is_found() -> None:
    """The folder of the package `sst` that came with this program."""
    folder = sdk_folder()

    assert folder is not None
    assert (folder / "__init__.py").is_file()
