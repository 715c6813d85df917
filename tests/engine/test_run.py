"""One run in the child, driven through its messages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sst_dev.core.errors import UserError
from sst_dev.engine.run import Run

from tests.support.program import CloudUnderTest

CONFIG = """
import sst

def app(input):
    return sst.App(name="notes", home="local", protect=input.stage == "safe", removal="remove")

def run():
    return {"name": sst.aws.Bucket("Runs").name}
"""


@pytest.fixture(autouse=True)
def restored_modules() -> Iterator[None]:
    """What a run imports and puts on the path ends with the test."""
    modules, path = dict(sys.modules), list(sys.path)
    yield
    for name in sys.modules.keys() - modules.keys():
        if name in ("sst_config", "helper_of_the_test"):
            del sys.modules[name]
    sys.path[:] = path


def serve(
    folder: Path,
    cloud: CloudUnderTest,
    *,
    config: str = CONFIG,
    stage: str = "run",
    command: str = "apply",
    bootstrap: dict[str, Any] | None = None,
) -> Any:
    """Serve one run; its messages."""
    (folder / "sst_config.py").write_text(config)
    sent: list[dict[str, Any]] = []
    start = {
        "command": command,
        "config": str(folder / "sst_config.py"),
        "stage": stage,
        "dev": True,
        "force_local": False,
        "state_dir": str(folder / "state"),
    }
    Run(start, sent.append, lambda: {"kind": command, "bootstrap": {**cloud.bootstrap, **(bootstrap or {})}}).serve()
    return sent


def test_the_messages_of_a_run(tmp_path: Path, cloud: CloudUnderTest) -> None:
    """The app first, resources while they are made, the manifest last; a removal counts what went."""
    first = serve(tmp_path, cloud)
    second = serve(tmp_path, cloud)
    removed = serve(tmp_path, cloud, command="remove")

    assert (first[0]["kind"], first[0]["app"]["name"], first[-1]["kind"]) == ("app", "notes", "manifest")
    assert {m["phase"] for m in first if m["kind"] == "resource"} == {"started", "finished"}
    assert (first[-1]["changed"], second[-1]["changed"], removed[-1]) == (3, 0, {"kind": "removed", "changed": 3})


def test_a_run_with_nothing_to_do_runs_the_program_once(tmp_path: Path, cloud: CloudUnderTest, capsys: Any) -> None:
    """The preview of what the record holds already is the apply; what the program prints is still printed once."""
    config = CONFIG.replace(
        '    return {"name"', '    print("ran")\n    open("ran", "a").write("x")\n    return {"name"'
    )
    config = config.replace('"ran", "a"', f'"{tmp_path}/ran", "a"')
    counts, printed, manifests = [], [], []
    for _ in range(2):
        manifests.append(serve(tmp_path, cloud, config=config)[-1])
        counts.append((tmp_path / "ran").stat().st_size)
        printed.append(capsys.readouterr().out)

    assert counts == [2, 3]
    assert printed == ["ran\n", "ran\n"]
    assert manifests[0]["manifest"] == manifests[1]["manifest"]
    assert (manifests[0]["changed"] > 0, manifests[1]["changed"]) == (True, 0)


def test_another_cloud_is_no_reason_to_believe_the_preview(tmp_path: Path, cloud: CloudUnderTest) -> None:
    """The previews of a moved endpoint are not taken for an apply: functions hold its address."""
    function = '\nimport pathlib\npathlib.Path(__file__).with_name("a.py").write_text("def b(e, c): pass")\n'
    config = CONFIG.replace("\ndef run", function + "\ndef run").replace(
        "    return {", '    sst.aws.Function("Api", handler="a.b")\n    return {'
    )
    serve(tmp_path, cloud, config=config)
    changed = serve(tmp_path, cloud, config=config, bootstrap={"http_host": "elsewhere"})[-1]["changed"]

    assert changed == 1
    assert serve(tmp_path, cloud, config=config, bootstrap={"http_host": "elsewhere"})[-1]["changed"] == 0


def test_a_protected_app_is_not_removed(tmp_path: Path, cloud: CloudUnderTest) -> None:
    """`protect=True` refuses `sst remove` by name and stage (Config, `protect`)."""
    serve(tmp_path, cloud, stage="safe")
    with pytest.raises(UserError, match="App 'notes' is protected on stage 'safe'"):
        serve(tmp_path, cloud, stage="safe", command="remove")


def test_modules_of_the_project_are_loaded_in_each_pass(tmp_path: Path, cloud: CloudUnderTest) -> None:
    """A helper that creates components on import does so in the preview and for real."""
    (tmp_path / "helper_of_the_test.py").write_text('import sst\nbucket = sst.aws.Bucket("Helped")\n')
    config = CONFIG.replace(
        'return {"name": sst.aws.Bucket("Runs").name}',
        'import helper_of_the_test\n    return {"name": helper_of_the_test.bucket.name}',
    )

    assert "helpedbucket" in serve(tmp_path, cloud, config=config)[-1]["manifest"]["outputs"]["name"]
