"""The processes of an app, from its manifest."""

from __future__ import annotations

from pathlib import Path

from sst_dev.core.manifest import App, DevCommand, Manifest, Task
from sst_dev.processes.panes import process_specs

APP = App(name="notes", stage="alice", home="local")


def test_dev_commands_and_tasks_become_processes() -> None:
    """Commands are shell lines in their own folder; tasks wait until they are started."""
    manifest = Manifest(
        app=APP,
        dev_commands=[
            DevCommand(name="Web", command="npm run dev", directory="web", title="Frontend"),
            DevCommand(name="Docs", command="mkdocs serve", autostart=False),
        ],
        tasks=[Task(name="Report", command="python report.py")],
    )

    web, docs, report = process_specs(manifest, Path("/app"), lambda part: {"NAME": part.name})

    assert (web.argv, web.directory, web.title, web.autostart) == (
        ("/bin/sh", "-c", "npm run dev"), Path("/app/web"), "Frontend", True,
    )  # fmt: skip
    assert web.environment == {"NAME": "Web"}
    assert (docs.title, docs.autostart) == ("Docs", False)
    assert (report.kind, report.autostart) == ("task", False)
