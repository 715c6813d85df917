"""What a command of the app finds in its environment."""

import os
from pathlib import Path

import pytest
from sst_dev.app.environment import command_environment, environment_for, sdk_folder
from sst_dev.core.bootstrap import Bootstrap
from sst_dev.core.errors import UserError
from sst_dev.core.manifest import App, DevCommand, Function, Link, Manifest
from sst_dev.core.settings import Settings

MANIFEST = Manifest(
    app=App(name="notes", stage="ada", home="local"),
    functions=[
        Function(
            name="Api", lambda_name="notes-ada-Api", arn="a", handler="h.f", runtime="python3.12",
            links=["Files"], environment={"MODE": "x"}, url="http://127.0.0.1:1/",
        )
    ],
    links=[Link(name="Files", type="b", properties={}), Link(name="Other", type="b", properties={})],
    dev_commands=[DevCommand(name="Web", command="npm run dev", links=["Other"], role_arn="arn:web")],
    outputs={"api": "u"},
)  # fmt: skip
BOOTSTRAP = Bootstrap(
    endpoint="http://127.0.0.1:1", region="us-east-1", account="0", access_key_id="k", secret_access_key="s",
    http_host="h", realtime_host="r", api_arn="a", asset_bucket="b", stub_key="z", bridge_key="q",
)  # fmt: skip


def roles(arn: str) -> dict[str, str]:
    """What leads to a role's credentials, for tests that serve none."""
    return {"ROLE": arn}


@pytest.fixture(name="settings")
def _settings(tmp_path: Path) -> Settings:
    return Settings(config=tmp_path / "sst_config.py", stage="ada")


def test_the_sessions_variables_win_and_foreign_credentials_go(settings: Settings) -> None:
    """A developer's profile or session token must not mix with the embedded cloud's keys."""
    foreign = {"AWS_PROFILE": "work", "AWS_ACCESS_KEY_ID": "k", "AWS_SESSION_TOKEN": "t", "AWS_ENDPOINT_URL_S3": "u"}
    inherited = {"HOME": "/h", "AWS_REGION": "eu-west-1", **foreign}
    made = command_environment(inherited, {"AWS_REGION": "us-east-1", "SST_APP": "a"}, settings)

    assert (made["HOME"], made["AWS_REGION"], made["SST_APP"]) == ("/h", "us-east-1", "a")
    assert not foreign.keys() & made.keys()


def test_the_sdk_comes_last_on_the_users_own_path(settings: Settings) -> None:
    """What the user put on PYTHONPATH is found first."""
    made = command_environment({"PYTHONPATH": "/mine"}, {"A": "1"}, settings)

    assert made["PYTHONPATH"].split(os.pathsep) == ["/mine", str(settings.home / "sdk")]


def test_the_sdks_folder_holds_sst_and_nothing_else(settings: Settings) -> None:
    """Nothing of the CLI's own environment leaks into the user's; a second call finds the same."""
    folder = sdk_folder(settings)

    assert [path.name for path in sdk_folder(settings).iterdir()] == ["sst"]
    assert (folder / "sst" / "__init__.py").is_file()


def test_a_command_gets_every_link_and_the_clouds_address() -> None:
    """Without a target all links are there."""
    variables = environment_for(MANIFEST, BOOTSTRAP, None, roles)

    assert {"SST_RESOURCE_Files", "SST_RESOURCE_Other", "SST_RESOURCE_App"} <= variables.keys()
    assert (variables["AWS_ENDPOINT_URL"], variables["AWS_ACCESS_KEY_ID"]) == ("http://127.0.0.1:1", "k")
    assert (variables["SST_APP"], variables["SST_STAGE"], variables["SST_DEV"]) == ("notes", "ada", "true")


@pytest.mark.parametrize(("target", "link"), [("Api", "Files"), ("Web", "Other")])
def test_a_target_narrows_the_links_to_its_own(target: str, link: str) -> None:
    """A function's or a dev command's links, and no other's."""
    variables = environment_for(MANIFEST, BOOTSTRAP, target, roles)

    assert {name for name in variables if name.startswith("SST_RESOURCE_")} == {
        "SST_RESOURCE_App", f"SST_RESOURCE_{link}",
    }  # fmt: skip


def test_a_target_has_the_credentials_of_its_role_and_no_others() -> None:
    """The session's own keys would win over the role's in every SDK; a part without a role has the session's."""
    web, api = (environment_for(MANIFEST, BOOTSTRAP, target, roles) for target in ("Web", "Api"))

    assert web["ROLE"] == "arn:web" and "AWS_ACCESS_KEY_ID" not in web
    assert "ROLE" not in api and api["AWS_ACCESS_KEY_ID"] == "k"


def test_an_unknown_target_names_the_known_ones() -> None:
    """The hint lists what can be targeted."""
    with pytest.raises(UserError) as caught:
        environment_for(MANIFEST, BOOTSTRAP, "Nope", roles)

    assert "Api, Web" in caught.value.hint
