"""What a command of the app finds in its environment."""

import os
import sys
from pathlib import Path

import pytest
from sst_dev.app.environment import activated, command_environment, environment_for, sdk_folder
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
    made = command_environment(inherited, {"AWS_REGION": "us-east-1", "SST_APP": "a"}, settings, settings.root)

    assert (made["HOME"], made["AWS_REGION"], made["SST_APP"]) == ("/h", "us-east-1", "a")
    assert not foreign.keys() & made.keys()


def test_the_sdk_comes_last_on_the_users_own_path(settings: Settings) -> None:
    """What the user put on PYTHONPATH is found first."""
    made = command_environment({"PYTHONPATH": "/mine"}, {"A": "1"}, settings, settings.root)

    assert made["PYTHONPATH"].split(os.pathsep) == ["/mine", str(settings.home / "sdk")]


def project(folder: Path, *, venv: bool = True, text: str = '[project]\nname = "p"\nversion = "1"\n') -> Path:
    """A project in *folder*, perhaps with an environment."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text)
    if venv:
        (folder / ".venv" / "bin").mkdir(parents=True)
        (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    return folder


@pytest.mark.parametrize("active", [{}, {"VIRTUAL_ENV": ""}, {"VIRTUAL_ENV": sys.prefix}])
def test_a_command_finds_the_programs_of_its_project(tmp_path: Path, active: dict[str, str]) -> None:
    """The `.venv` of the nearest project comes first on PATH; the CLI's own, as under `uv run`, does not hide it."""
    root, api = project(tmp_path), project(tmp_path / "api")
    (tmp_path / "web").mkdir()
    inherited = {"PATH": f"{sys.prefix}/bin{os.pathsep}/usr/bin", **active}

    for directory, home in ((tmp_path / "web", root), (api, api), (tmp_path, root)):
        made = activated(inherited, tmp_path, directory)
        assert made["VIRTUAL_ENV"] == str(home / ".venv")
        assert made["PATH"].split(os.pathsep) == [str(home / ".venv" / "bin"), f"{sys.prefix}/bin", "/usr/bin"]
        assert activated(made, tmp_path, directory) == made


def test_an_environment_that_the_user_has_activated_stays(tmp_path: Path) -> None:
    """Whoever activates one wants that one."""
    inherited = {"PATH": "/mine/bin:/usr/bin", "VIRTUAL_ENV": "/mine"}

    assert activated(inherited, tmp_path, project(tmp_path)) == inherited


@pytest.mark.parametrize(("venv", "text"), [(False, "[project]\nname = 'p'\n"), (True, "[project")])
def test_no_environment_is_made_for_a_command(tmp_path: Path, venv: bool, text: str) -> None:
    """A project without one, and one whose pyproject.toml is broken just now, leave everything as it is."""
    inherited = {"PATH": "/usr/bin"}

    assert activated(inherited, tmp_path, project(tmp_path, venv=venv, text=text)) == inherited
    assert (tmp_path / ".venv").exists() is venv


def test_what_the_app_says_about_path_wins(settings: Settings) -> None:
    """`environment={"PATH": …}` of a component is meant."""
    made = command_environment({"PATH": "/usr/bin"}, {"PATH": "/own"}, settings, project(settings.root))

    assert made["PATH"] == "/own"


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
