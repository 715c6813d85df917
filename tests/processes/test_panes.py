"""The processes of an app, from its manifest."""

from __future__ import annotations

from pathlib import Path

from sst_dev.core.manifest import App, DevCommand, Manifest, Task, Tunnel
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


def test_a_tunnel_to_a_vpc_that_does_not_exist_says_so() -> None:
    """The pane is there, as in the app's other home, and honest."""
    manifest = Manifest(app=APP, tunnels=[Tunnel(name="Net", host="", subnets=[])])

    [tunnel] = process_specs(manifest, Path("/app"), lambda part: {})
    assert (tunnel.kind, tunnel.title, tunnel.argv[0]) == ("tunnel", "Tunnel", "/bin/echo")
    assert "has no VPC" in tunnel.argv[1]
