"""How a zygote starts: with the user's interpreter, and nothing of ours in its way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import sst_worker

from tests.support.venvs import interpreters
from tests.worker.conftest import Start
from tests.worker.zygotes import zygote


def test_sys_path_is_the_interpreters_with_the_project_first(start: Start, tmp_path: Path) -> None:
    """Neither this package's folder nor the one the zygote was started in is on it."""
    worker = start("import sys\ndef handler(event, context): return sys.path")
    code = "import sys; print('\\n'.join(filter(None, sys.path)))"
    python = worker.zygote.process.args[0]
    bare = subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.splitlines()
    assert worker.invoke().value == [str(tmp_path), *bare]


def test_a_project_file_named_like_a_library_does_not_keep_the_zygote_from_starting(tmp_path: Path) -> None:
    """The folder a zygote is started in does not count."""
    for name in ("json", "logging", "socket"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('shadowed')")
    with zygote(cwd=tmp_path) as parent:
        assert parent.preload("json")["modules"] == ["json"]


def test_a_process_that_imports_the_main_script_again_starts_no_zygote(start: Start) -> None:
    """`multiprocessing` with spawn does that in its children."""
    worker = start(
        "import multiprocessing, os\n"
        "def handler(event, context):\n"
        "    context = multiprocessing.get_context('spawn')\n"
        "    process = context.Process(target=os.getcwd)\n    process.start()\n    process.join()\n"
        "    return process.exitcode"
    )
    assert worker.invoke().value == 0


def test_little_is_imported_before_the_user_asks() -> None:
    """What a zygote imports itself stays small: no asyncio, no typing machinery, no third-party module."""
    code = (
        "import sys\nbefore = set(sys.modules)\nsys.path.insert(0, sys.argv[1])\nimport sst_worker.zygote\n"
        "print('\\n'.join(sorted(set(sys.modules) - before)))"
    )
    folder = Path(sst_worker.__file__).parents[1]
    run = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True)
    heavy = {"asyncio", "typing_extensions", "dataclasses", "inspect", "http", "email", "ssl", "unittest", "ctypes"}
    assert not heavy & set(run.stdout.split())


def test_the_sources_compile_on_every_version_a_function_may_use() -> None:
    """The oldest is 3.9."""
    sources = sorted(Path(sst_worker.__file__).parent.glob("*.py"))
    code = "import sys\nfor path in sys.argv[1:]: compile(open(path).read(), path, 'exec')"
    for version, python in interpreters().items():
        run = subprocess.run([python, "-W", "error", "-c", code, *sources], capture_output=True, text=True)
        assert run.returncode == 0, f"{version}: {run.stderr}"
