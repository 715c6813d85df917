"""The status document."""

from sst_dev.app.status import status_document
from sst_dev.core import events as e
from sst_dev.core.manifest import App, DevCommand, Function, Link, Manifest
from sst_dev.core.settings import Settings
from sst_dev.core.state import State

MANIFEST = Manifest(
    app=App(name="notes", stage="ada", home="local"),
    functions=[
        Function(
            name="Api", lambda_name="notes-ada-Api", arn="a", handler="h.f", runtime="python3.12",
            links=["Files"], environment={"MODE": "x"}, url="http://127.0.0.1:1/",
        )
    ],
    links=[Link(name="Files", type="b", properties={}), Link(name="Other", type="b", properties={})],
    dev_commands=[DevCommand(name="Web", command="npm run dev", url="http://localhost:5173")],
    outputs={"api": "u"},
)  # fmt: skip


def test_the_document_has_every_promised_field(tmp_path) -> None:
    """Programs rely on these names."""
    state = State(state="ready", app="notes", stage="ada", pid=3, endpoint="http://127.0.0.1:1", manifest=MANIFEST)
    document = status_document(state, Settings(config=tmp_path / "c", stage="ada"), {})

    assert {k: document[k] for k in ("state", "app", "stage", "pid", "aws_endpoint_url", "outputs")} == {
        "state": "ready", "app": "notes", "stage": "ada", "pid": 3, "aws_endpoint_url": "http://127.0.0.1:1",
        "outputs": {"api": "u"},
    }  # fmt: skip
    wanted = {"name": "Api", "lambda_name": "notes-ada-Api", "handler": "h.f", "runtime": "python3.12"}
    assert wanted.items() <= document["functions"][0].items()


def test_before_the_first_apply_the_document_is_whole(tmp_path) -> None:
    """No manifest means no functions, not an error."""
    document = status_document(State(), Settings(config=tmp_path / "c", stage="ada"), {})

    assert (document["functions"], document["stage"]) == ([], "ada")


def test_processes_say_how_they_are_and_where(tmp_path) -> None:
    """State, process id and how it ended of each command, with the URL its component gives out."""
    state = State(manifest=MANIFEST)
    state.apply(e.ProcessChanged(1, "Web", "Frontend", "command", "exited", None, -9, "SIGKILL (killed)"))
    [web] = status_document(state, Settings(config=tmp_path / "c", stage="ada"), {})["processes"]

    assert web == {
        "name": "Web", "title": "Frontend", "kind": "command", "status": "exited", "pid": None, "exit_code": -9,
        "outcome": "SIGKILL (killed)", "url": "http://localhost:5173",
    }  # fmt: skip
