"""The status document and the environment of commands."""

import pytest
from sst_dev.app.status import environment_for, status_document
from sst_dev.core.bootstrap import Bootstrap
from sst_dev.core.errors import UserError
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
    dev_commands=[DevCommand(name="Web", command="npm run dev", links=["Other"])],
    outputs={"api": "u"},
)  # fmt: skip
BOOTSTRAP = Bootstrap(
    endpoint="http://127.0.0.1:1", region="us-east-1", account="0", access_key_id="k", secret_access_key="s",
    http_host="h", realtime_host="r", api_arn="a", asset_bucket="b", stub_key="z", bridge_key="q",
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


def test_a_command_gets_every_link_and_the_clouds_address() -> None:
    """Without a target all links are there."""
    variables = environment_for(MANIFEST, BOOTSTRAP, None)

    assert {"SST_RESOURCE_Files", "SST_RESOURCE_Other", "SST_RESOURCE_App"} <= variables.keys()
    assert (variables["AWS_ENDPOINT_URL"], variables["AWS_ACCESS_KEY_ID"]) == ("http://127.0.0.1:1", "k")
    assert (variables["SST_APP"], variables["SST_STAGE"], variables["SST_DEV"]) == ("notes", "ada", "true")


@pytest.mark.parametrize(("target", "link"), [("Api", "Files"), ("Web", "Other")])
def test_a_target_narrows_the_links_to_its_own(target: str, link: str) -> None:
    """A function's or a dev command's links, and no other's."""
    variables = environment_for(MANIFEST, BOOTSTRAP, target)

    assert {name for name in variables if name.startswith("SST_RESOURCE_")} == {
        "SST_RESOURCE_App", f"SST_RESOURCE_{link}",
    }  # fmt: skip


def test_an_unknown_target_names_the_known_ones() -> None:
    """The hint lists what can be targeted."""
    with pytest.raises(UserError) as caught:
        environment_for(MANIFEST, BOOTSTRAP, "Nope")

    assert "Api, Web" in caught.value.hint
