"""Which workers an edit replaces, when, and what is said about it."""

from __future__ import annotations

import asyncio
import os
import py_compile
import subprocess
from pathlib import Path

import pytest
from sst_dev.core import events as e

from tests.support.functions import Project, function, serve

pytestmark = pytest.mark.usefixtures("each_kind")

API = """
    from functions import helper

    def handler(event, context):
        return helper.answer()
"""
HELPER = "def answer(): return {n}"


def two_functions() -> list:
    """Two functions that share no module."""
    return [function("Api", "functions/api.handler"), function("Other", "functions/other.handler")]


async def pids(project: Project) -> dict[str, int]:
    """Process of the one worker of each function that has one."""
    return {name: it["workers"][0]["pid"] for name, it in project.functions.describe().items() if it["workers"]}


async def test_only_the_functions_that_imported_the_file_are_touched(tmp_path: Path) -> None:
    """A changed helper replaces the worker of the function that imported it and leaves the other alone."""
    files = {
        "functions/api.py": API,
        "functions/helper.py": HELPER.format(n=1),
        "functions/other.py": "def handler(e, c): return 'other'",
    }
    async with serve(tmp_path, *two_functions(), files=files) as project:
        await project.call()
        await project.call(function="Other", environment="env-2")
        before = await pids(project)
        project.write("functions/helper.py", HELPER.format(n=2))
        reloaded = await project.until(e.Reloaded)
        after = await pids(project)

        assert reloaded.functions == ("Api",)
        assert reloaded.paths == (str(tmp_path / "functions/helper.py"),)
        assert before["Api"] != after["Api"]
        assert before["Other"] == after["Other"]
        assert (await project.call()).value == 2
        assert len(project.of(e.Reloaded)) == 1


async def test_two_edits_of_one_size_in_one_second(tmp_path: Path) -> None:
    """Bytecode caches never bring back the code of a moment ago."""
    async with serve(tmp_path, files={"functions/api.py": API, "functions/helper.py": HELPER.format(n=0)}) as project:
        seen = [(await project.call()).value]
        for n in range(1, 6):
            project.write("functions/helper.py", HELPER.format(n=n))
            seen.append((await project.call()).value)

        assert seen == [0, 1, 2, 3, 4, 5]


async def test_a_data_file_read_at_import(tmp_path: Path) -> None:
    """A file that the import opened is source code too."""
    api = """
        from pathlib import Path
        TEXT = (Path(__file__).parent / "data.txt").read_text()

        def handler(event, context):
            return TEXT
    """
    async with serve(tmp_path, files={"functions/api.py": api, "functions/data.txt": "one"}) as project:
        assert (await project.call()).value == "one"
        project.write("functions/data.txt", "two")

        assert (await project.call()).value == "two"
        assert (await project.until(e.Reloaded)).paths == (str(tmp_path / "functions/data.txt"),)


async def test_a_new_file_that_a_failed_import_was_looking_for(tmp_path: Path) -> None:
    """The missing module mends the function as soon as it appears, before anyone calls."""
    async with serve(tmp_path, files={"functions/api.py": API}) as project:
        failure = (await project.call()).failure
        failed = await project.until(e.ReloadFailed)
        project.write("functions/helper.py", HELPER.format(n=7))
        reloaded = await project.until(e.Reloaded)

        assert failure is not None
        assert failure["errorType"] == "Runtime.ImportModuleError"
        assert failed.function == "Api"
        assert reloaded.functions == ("Api",)
        assert (await project.call()).value == 7


async def test_a_module_that_hides_another_once_it_exists(tmp_path: Path) -> None:
    """A path the import looked at first and did not find counts, though the import succeeded elsewhere."""
    api = """
        try:
            from functions import local_settings as settings
        except ImportError:
            from functions import settings

        def handler(event, context):
            return settings.NAME
    """
    files = {"functions/api.py": api, "functions/settings.py": "NAME = 'default'"}
    async with serve(tmp_path, files=files) as project:
        assert (await project.call()).value == "default"
        project.write("functions/local_settings.py", "NAME = 'local'")

        assert (await project.call()).value == "local"


async def test_a_deleted_file(tmp_path: Path) -> None:
    """A helper that is gone fails the next import, and its return mends it."""
    files = {"functions/api.py": API, "functions/helper.py": HELPER.format(n=1)}
    async with serve(tmp_path, files=files) as project:
        await project.call()
        (tmp_path / "functions/helper.py").unlink()
        failed = await project.until(e.ReloadFailed)
        failure = (await project.call()).failure
        project.write("functions/helper.py", HELPER.format(n=2))

        assert failed.error_type == "Runtime.ImportModuleError"
        assert failure is not None
        assert failure["errorType"] == "Runtime.ImportModuleError"
        assert (await project.call()).value == 2


async def test_a_deleted_handler(tmp_path: Path) -> None:
    """Without its own file a function has Lambda's import error, not a crash of the session."""
    async with serve(tmp_path, files={"functions/api.py": "def handler(e, c): return 1"}) as project:
        await project.call()
        (tmp_path / "functions/api.py").unlink()

        failure = (await project.call()).failure
        assert failure is not None
        assert failure["errorType"] == "Runtime.ImportModuleError"


async def test_a_renamed_file(tmp_path: Path) -> None:
    """A helper moved away and another moved into its place is an edit, though no date is new."""
    files = {
        "functions/api.py": API,
        "functions/helper.py": HELPER.format(n=1),
        "functions/other_helper.py": HELPER.format(n=2),
    }
    async with serve(tmp_path, files=files) as project:
        assert (await project.call()).value == 1
        (tmp_path / "functions/other_helper.py").rename(tmp_path / "functions/helper.py")

        assert (await project.call()).value == 2


async def test_a_renamed_file_with_the_size_and_date_of_the_one_before(tmp_path: Path) -> None:
    """A bytecode cache of the file that stood there before is not taken for its own."""
    files = {
        "functions/api.py": API,
        "functions/helper.py": HELPER.format(n=1),
        "functions/other_helper.py": HELPER.format(n=2),
    }
    async with serve(tmp_path, files=files) as project:
        for name in ("helper", "other_helper"):
            os.utime(tmp_path / f"functions/{name}.py", (1_700_000_000, 1_700_000_000))
        py_compile.compile(str(tmp_path / "functions/helper.py"))
        assert (await project.call()).value == 1
        (tmp_path / "functions/other_helper.py").rename(tmp_path / "functions/helper.py")

        assert (await project.call()).value == 2


async def test_an_atomic_save(tmp_path: Path) -> None:
    """An editor that writes beside the file and renames over it is noticed by watcher and call alike."""
    files = {"functions/api.py": API, "functions/helper.py": HELPER.format(n=1)}
    async with serve(tmp_path, files=files) as project:
        await project.call()
        new = project.write("functions/.helper.py.swp", HELPER.format(n=2))
        os.replace(new, tmp_path / "functions/helper.py")

        assert (await project.until(e.Reloaded)).functions == ("Api",)
        assert (await project.call()).value == 2


async def test_a_checkout_of_500_files_is_one_reload(tmp_path: Path) -> None:
    """However many files change at once, one line says so."""

    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )

    def modules(n: int) -> dict[str, str]:
        return {f"functions/many/m{i}.py": f"VALUE = {n}" for i in range(500)}

    api = """
        import importlib
        TOTAL = sum(importlib.import_module(f"functions.many.m{i}").VALUE for i in range(500))

        def handler(event, context):
            return TOTAL
    """
    async with serve(tmp_path, files={"functions/api.py": api, **modules(1)}) as project:
        git("init", "-q", "-b", "one")
        git("add", ".")
        git("commit", "-qm", "one")
        git("switch", "-qc", "two")
        for path, text in modules(2).items():
            project.write(path, text)
        git("commit", "-qam", "two")
        assert (await project.call()).value == 1000
        project.write("functions/many/m0.py", "VALUE = 3")
        await project.until(e.Reloaded)  # the folders are watched from here on
        git("checkout", "-q", ".")
        await project.until_reloads(2)
        await asyncio.to_thread(git, "switch", "-q", "one")
        checkout = await project.until_reloads(3)
        assert (await project.call()).value == 500
        project.write("functions/many/m0.py", "VALUE = 3")
        last = await project.until_reloads(4)

        assert len(checkout.paths) == 500
        assert last.paths == (str(tmp_path / "functions/many/m0.py"),)
        assert project.of(e.ReloadFailed) == []


async def test_a_symlinked_package(tmp_path: Path) -> None:
    """A package that is a link is watched where it really is."""
    app = tmp_path / "app"
    shared = tmp_path / "elsewhere" / "shared"
    shared.mkdir(parents=True)
    (shared / "__init__.py").write_text("VALUE = 1")
    (app / "functions").mkdir(parents=True)
    (app / "shared").symlink_to(shared)
    api = """
        import shared

        def handler(event, context):
            return shared.VALUE
    """
    async with serve(app, files={"functions/api.py": api}) as project:
        assert (await project.call()).value == 1
        (shared / "__init__.py").write_text("VALUE = 2")

        assert (await project.until(e.Reloaded)).functions == ("Api",)
        assert (await project.call()).value == 2


async def test_busy_workers_finish_on_the_old_code(tmp_path: Path) -> None:
    """An edit during an invocation waits for its end; the very next call runs the new code."""
    api = """
        import pathlib, time
        here = pathlib.Path(__file__).parent

        def handler(event, context):
            print("begun")
            while event.get("wait") and not (here / "go").exists():
                time.sleep(0.005)
            from functions import late
            return "old"
    """
    files = {"functions/api.py": api, "functions/late.py": ""}
    async with serve(tmp_path, files=files) as project:
        running = asyncio.create_task(project.call({"wait": True}))
        await project.until_line("begun")
        project.write("functions/api.py", "def handler(e, c): return 'new'")
        (tmp_path / "functions/go").touch()
        first = await running
        second = await project.call()

        assert first.value == "old"
        assert second.value == "new"


async def test_a_broken_edit_is_reported_before_anyone_calls(tmp_path: Path) -> None:
    """A syntax error is told at once with file and line; calls get Lambda's error until it is mended."""
    files = {"functions/api.py": API, "functions/helper.py": HELPER.format(n=1)}
    async with serve(tmp_path, files=files) as project:
        await project.call()
        project.write("functions/helper.py", "def answer():\n    return 1 +\n")
        failed = await project.until(e.ReloadFailed)
        failure = (await project.call()).failure
        project.write("functions/helper.py", HELPER.format(n=3))
        await project.until(e.Reloaded)

        assert failed.error_type == "Runtime.UserCodeSyntaxError"
        assert (failed.file, failed.line) == (str(tmp_path / "functions/helper.py"), 2)
        assert failure is not None
        assert failure["errorType"] == "Runtime.UserCodeSyntaxError"
        assert failure["requestId"] == ""
        assert (await project.call()).value == 3


async def test_a_broken_edit_names_the_line_that_raised(tmp_path: Path) -> None:
    """An exception at import points at the user's line."""
    files = {"functions/api.py": API, "functions/helper.py": HELPER.format(n=1)}
    async with serve(tmp_path, files=files) as project:
        await project.call()
        project.write("functions/helper.py", "x = 1\ny = x / 0\n")
        failed = await project.until(e.ReloadFailed)

        assert failed.error_type == "ZeroDivisionError"
        assert (failed.file, failed.line) == (str(tmp_path / "functions/helper.py"), 2)


async def test_a_module_imported_by_a_call(tmp_path: Path) -> None:
    """A module that only a call imports counts from then on."""
    api = """
        def handler(event, context):
            from functions import helper
            return helper.answer()
    """
    files = {"functions/api.py": api, "functions/helper.py": HELPER.format(n=1)}
    async with serve(tmp_path, files=files) as project:
        assert (await project.call()).value == 1
        project.write("functions/helper.py", HELPER.format(n=2))

        assert (await project.call()).value == 2


@pytest.mark.parametrize("ignored", [".sst/x.json", "node_modules/x.json", "generated/x.json"])
async def test_ignored_files_replace_nobody(tmp_path: Path, ignored: str) -> None:
    """What lies in an ignored folder or is named by `.gitignore` is nobody's source."""
    api = f"""
        from pathlib import Path
        Path({str(tmp_path / ignored)!r}).read_text()

        def handler(event, context):
            return 1
    """
    files = {".gitignore": "generated/\n", "functions/api.py": api, ignored: "1"}
    async with serve(tmp_path, files=files) as project:
        await project.call()
        before = await pids(project)
        project.write(ignored, "2")
        await project.call()

        assert before == await pids(project)
        assert project.of(e.Reloaded) == []


async def test_other_environments_of_the_function_run_the_new_code_too(tmp_path: Path) -> None:
    """Every environment is replaced; one line tells of it."""
    async with serve(tmp_path, files={"functions/api.py": "def handler(e, c): return 1"}) as project:
        for n in range(3):
            await project.call(environment=f"env-{n}")
        project.write("functions/api.py", "def handler(e, c): return 2")
        answers = [(await project.call(environment=f"env-{n}")).value for n in range(3)]

        assert answers == [2, 2, 2]
        assert len(project.of(e.Reloaded)) == 1


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("functions/helper/__init__.py", "def answer(): return 'package'", "package"),
        ("functions/__init__.py", "raise ValueError('found')", None),
    ],
)
async def test_a_new_file_that_wins_over_a_loaded_one(tmp_path: Path, path: str, text: str, value: str | None) -> None:
    """A package beside a module of its name, and an `__init__.py` in what was a namespace package, are what `import`
    would find now.
    """
    files = {"functions/api.py": API, "functions/helper.py": HELPER.format(n=1)}
    async with serve(tmp_path, files=files) as project:
        assert (await project.call()).value == 1
        project.write(path, text)
        answer = await project.call()

        if value is None:
            assert answer.failure is not None and answer.failure["errorMessage"] == "found"
        else:
            assert answer.value == value
