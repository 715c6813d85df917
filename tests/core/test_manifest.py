"""The manifest: lookups and the environment of links."""

import json

from sst_dev.core.manifest import App, Function, Link, Manifest

MANIFEST = Manifest(
    app=App(name="notes", stage="ada", home="local"),
    functions=[Function(name="Api", lambda_name="notes-ada-Api", arn="a", handler="h.f", runtime="python3.12")],
    links=[
        Link(name="Files", type="sst.aws.Bucket", properties={"name": "files-1"}),
        Link(name="Key", type="sst.sst.Secret", properties={"value": "s"}),
    ],
)


def test_a_function_is_found_by_either_name() -> None:
    """The component's name and Lambda's name both find it; another finds nothing."""
    names = ("Api", "notes-ada-Api", "Nope")

    assert [bool(MANIFEST.function(name)) for name in names] == [True, True, False]


def test_links_become_variables_with_their_type() -> None:
    """Each link is a JSON object with its properties and `type`; `App` is always there."""
    variables = MANIFEST.link_environment(["Files"])

    assert {name: json.loads(value) for name, value in variables.items()} == {
        "SST_RESOURCE_App": {"name": "notes", "stage": "ada"},
        "SST_RESOURCE_Files": {"name": "files-1", "type": "sst.aws.Bucket"},
    }


def test_without_names_every_link_is_there() -> None:
    """None means all of them."""
    assert set(MANIFEST.link_environment()) == {"SST_RESOURCE_App", "SST_RESOURCE_Files", "SST_RESOURCE_Key"}
