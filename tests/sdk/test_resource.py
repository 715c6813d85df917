"""`Resource`: what it reads, in which order, and what it says when something is not there."""

from __future__ import annotations

import base64
import copy
import json
import os
import pickle
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sst.resource import Link, LinkError, Links, LinkSourceError

from tests.support.venvs import interpreters

KEY = bytes(range(32))


def resource(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Links:
    for name in os.environ:
        if name.startswith("SST_") or name == "AWS_LAMBDA_FUNCTION_NAME":
            monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Links()


def sealed(folder: Path, links: Any, key: bytes = KEY) -> dict[str, str]:
    """The key file as SST writes it, and the two variables that point to it."""
    path = folder / "resource.enc"
    path.write_bytes(AESGCM(key).encrypt(bytes(12), json.dumps(links).encode(), None))
    return {"SST_KEY_FILE": str(path), "SST_KEY": base64.b64encode(key).decode()}


def test_attribute_and_item_reach_the_same_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link, its properties and what is nested in them are attributes and items alike."""
    links = resource(monkeypatch, SST_RESOURCE_Notes='{"name": "n", "deep": {"list": [{"a": 1}]}}')

    assert links.Notes.name == links["Notes"]["name"] == "n"
    assert links.Notes.deep.list[0].a == links["Notes"]["deep"]["list"][0]["a"] == 1


def test_app_is_a_link_like_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Resource.App` holds the app's name and stage."""
    links = resource(monkeypatch, SST_RESOURCE_App='{"name": "notes", "stage": "alice"}')

    assert (links.App.name, links.App.stage) == ("notes", "alice")


@pytest.mark.parametrize("text", ["1", '"text"', "[1, 2]", "null", "true"])
def test_a_link_may_be_any_json_value(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A link that is not an object is handed over as it is."""
    assert json.loads(text) == resource(monkeypatch, SST_RESOURCE_X=text).X


def test_an_empty_variable_is_no_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """`SST_RESOURCE_X=` links nothing."""
    links = resource(monkeypatch, SST_RESOURCE_X="", SST_RESOURCE_App="{}")

    assert "X" not in links
    assert list(links) == ["App"]


def test_later_sources_replace_earlier_ones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The key file has the last word, `SST_RESOURCES_JSON` the one before; links in one source only stay."""
    everything = {"B": {"from": "json"}, "C": {"from": "json"}}
    links = resource(
        monkeypatch,
        **{f"SST_RESOURCE_{name}": '{"from": "variable"}' for name in "ABC"},
        SST_RESOURCES_JSON=json.dumps(everything),
        **sealed(tmp_path, {"C": {"from": "file"}}),
    )

    assert [links[name]["from"] for name in "ABC"] == ["variable", "json", "file"]


def test_the_environment_is_read_once_and_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read before the first access, and nothing again after it."""
    links = resource(monkeypatch)
    monkeypatch.setenv("SST_RESOURCE_X", "1")
    assert links.X == 1

    monkeypatch.setenv("SST_RESOURCE_X", "2")
    assert links.X == 1


def test_a_property_wins_over_a_dict_method(monkeypatch: pytest.MonkeyPatch) -> None:
    """A property called `get` or `pop` is the property; the rest still behaves as a dict."""
    links = resource(monkeypatch, SST_RESOURCE_Shop='{"get": 3, "pop": ["k"]}')

    assert (links.Shop.get, links.Shop.pop) == (3, ["k"])
    assert links.Shop == {"get": 3, "pop": ["k"]}


def test_what_a_dict_is_read_by_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """`items`, `keys` and `values` are methods at every depth, so that JSON and unpacking work."""
    plain = {"o": {"a": 1, "items": 2, "keys": 3, "values": 4, "get": 5}, "items": [1]}
    links = resource(monkeypatch, SST_RESOURCE_Shop=json.dumps(plain))

    for given in (links.Shop, dict(links.Shop), {**links.Shop}):
        assert json.loads(json.dumps(given)) == plain
        assert json.loads(json.dumps(given, indent=1)) == plain  # the encoder that is written in Python
    assert {**links.Shop.o} == plain["o"]
    assert sorted(links.Shop.o.keys()) == sorted(plain["o"])
    assert (links.Shop.o["items"], links.Shop["o"]["values"], links.Shop["items"]) == (2, 4, [1])


def test_a_link_is_a_dict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Links go through json, `**`, copy and pickle unchanged."""
    links = resource(monkeypatch, SST_RESOURCE_N='{"name": "n", "deep": {"a": 1}}')
    plain = {"name": "n", "deep": {"a": 1}}

    assert json.loads(json.dumps(links.N)) == plain
    assert plain == {**links.N}
    for twin in (copy.deepcopy(links.N), pickle.loads(pickle.dumps(links.N))):
        assert isinstance(twin, Link)
        assert twin.deep.a == 1


def test_a_missing_link_says_what_is_linked(monkeypatch: pytest.MonkeyPatch) -> None:
    """With links active the error names the function, what it is linked to, and where to add a link."""
    links = resource(
        monkeypatch,
        SST_RESOURCE_App="{}",
        SST_RESOURCE_Notes="{}",
        AWS_LAMBDA_FUNCTION_NAME="notes-alice-Api",
    )

    with pytest.raises(LinkError) as caught:
        _ = links.Bucket
    message = str(caught.value)
    for part in ('"Bucket"', "notes-alice-Api", "App, Notes", "sst_config.py", "link=["):
        assert part in message


def test_inactive_links_say_how_to_activate_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any source the error says that links are not active, and which commands make them so."""
    with pytest.raises(LinkError) as caught:
        _ = resource(monkeypatch)["Bucket"]
    message = str(caught.value)
    for part in ("not active", "sst dev -- ", "sst shell -- ", "link=["):
        assert part in message


def test_a_missing_property_says_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of a missing property gives its full path and the properties there are."""
    links = resource(monkeypatch, SST_RESOURCE_N='{"name": "n", "deep": {"a": 1}}')

    with pytest.raises(LinkError, match=r'Resource\.N\.deep has no property "b"; it has: a'):
        _ = links.N.deep.b


def test_missing_links_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """`hasattr`, `getattr` with a default, `in` and `except KeyError` work as for other Python objects."""
    links = resource(monkeypatch, SST_RESOURCE_N="{}")

    assert not hasattr(links, "Other")
    assert getattr(links.N, "x", None) is None
    assert "Other" not in links
    with pytest.raises(KeyError):
        _ = links["Other"]


def test_a_broken_variable_costs_its_own_link_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is not JSON is named when its link is asked for; the links beside it are there."""
    links = resource(monkeypatch, SST_RESOURCE_Good="1", SST_RESOURCE_Bad="{oops", SST_RESOURCES_JSON="[")

    assert links.Good == 1
    with pytest.raises(LinkSourceError, match="SST_RESOURCE_Bad is not JSON"):
        _ = links.Bad
    with pytest.raises(LinkSourceError, match="SST_RESOURCES_JSON is not JSON"):
        _ = links.Elsewhere


def test_a_key_file_that_cannot_be_opened_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Wrong key, missing file, a key that is none and contents that are no object each have their sentence."""
    good = sealed(tmp_path, {"A": 1})
    other = base64.b64encode(bytes(32)).decode()
    (tmp_path / "list").mkdir()
    listed = sealed(tmp_path / "list", [1])
    cases = [
        ({**good, "SST_KEY": other}, "does not open"),
        ({**good, "SST_KEY_FILE": str(tmp_path / "gone")}, "cannot be read: No such file"),
        ({**good, "SST_KEY": "AAAA"}, "32 bytes"),
        (listed, "must be a JSON object"),
    ]
    for variables, sentence in cases:
        with pytest.raises(LinkSourceError, match=sentence):
            _ = resource(monkeypatch, **variables).A


def test_a_key_file_without_cryptography_says_how_to_install_it(tmp_path: Path) -> None:
    """An interpreter without `cryptography` gets the command that installs it."""
    sdk = Path(__file__).parents[2] / "sdk" / "src"
    answer = subprocess.run(
        [*_bare_python(), "-c", "from sst import Resource; Resource.A"],
        env={"PYTHONPATH": str(sdk), **sealed(tmp_path, {"A": 1})},
        capture_output=True,
        text=True,
    )

    assert "LinkSourceError" in answer.stderr
    assert 'pip install "sst-py-sdk[key-file]"' in answer.stderr


def test_names_are_shown_and_values_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """`repr(Resource)` and `dir` tell the names; a value may be a secret."""
    links = resource(monkeypatch, SST_RESOURCE_Token='{"value": "hunter2"}')

    assert "Token" in repr(links)
    assert "hunter2" not in repr(links)
    assert "Token" in dir(links)
    assert "value" in dir(links.Token)


def test_tools_that_probe_dunders_are_not_misled(monkeypatch: pytest.MonkeyPatch) -> None:
    """`inspect.unwrap` and friends ask for names like `__wrapped__`, which are never links."""
    import inspect

    links = resource(monkeypatch)

    assert inspect.unwrap(links) is links  # type: ignore[arg-type]


@pytest.mark.parametrize("version", interpreters())
def test_every_supported_python_reads_links(version: str) -> None:
    """The runtime half imports and works on each Python from 3.9 that this machine has."""
    program = (
        "from sst import Resource; from sst.aws import realtime, stream, task;"
        "print(Resource.N.deep.a, Resource['N']['deep']['a'])"
    )
    sdk = Path(__file__).parents[2] / "sdk" / "src"
    answer = subprocess.run(
        [interpreters()[version], "-W", "error", "-c", program],
        env={"PYTHONPATH": str(sdk), "SST_RESOURCE_N": '{"deep": {"a": 1}}'},
        capture_output=True,
        text=True,
    )

    assert (answer.stdout, answer.stderr) == ("1 1\n", "")


def _bare_python() -> list[str]:
    """An interpreter that sees the standard library alone."""
    from tests.support.venvs import venv

    return [str(venv())]
