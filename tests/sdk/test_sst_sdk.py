"""PyPI's `sst-sdk` is the oracle: whatever a program reads through it, it reads through ours.

Both import as `sst`, so the real package lives in an environment of its own and each probe is a fresh process.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.test_resource import sealed
from tests.support.venvs import venv

SDK = Path(__file__).parents[2] / "sdk" / "src"

PROBE = """
import json, sys
out = {}
def walk(value):
    if isinstance(value, list):
        return [walk(item) for item in value]
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    names = dict.keys(value) if isinstance(value, dict) else vars(value)
    return {name: walk(getattr(value, name)) for name in names}
try:
    from sst import Resource
    for name in json.loads(sys.argv[1]):
        try:
            out[name] = walk(getattr(Resource, name))
        except Exception as error:
            out[name] = "no link"
except Exception as error:
    out = "no Resource"
print(json.dumps(out, sort_keys=True))
"""

CASES: dict[str, dict[str, str]] = {
    "one link": {"SST_RESOURCE_N": '{"name": "n", "type": "sst.aws.Bucket"}'},
    "app": {"SST_RESOURCE_App": '{"name": "a", "stage": "s"}'},
    "nested": {"SST_RESOURCE_N": '{"a": {"b": {"c": [1, {"d": null}, [{"e": true}]]}}}'},
    "scalars": {"SST_RESOURCE_N": "1", "SST_RESOURCE_M": '"text"', "SST_RESOURCE_O": "[1, {}]"},
    "null": {"SST_RESOURCE_N": "null"},
    "unicode": {"SST_RESOURCE_N": '{"name": "é\\u00fc\\ud83d\\ude00", "é": 1}'},
    "names of dict methods": {"SST_RESOURCE_N": '{"deep": {"get": 2}, "pop": 3, "copy": 4}'},
    "names of our own": {"SST_RESOURCE_N": '{"_path": 1}', "SST_RESOURCE_M": "2"},
    "big numbers": {"SST_RESOURCE_N": '{"a": 123456789012345678901234567890, "b": 1.5e300}'},
    "empty variable": {"SST_RESOURCE_N": "", "SST_RESOURCE_App": "{}"},
    "all in one": {"SST_RESOURCES_JSON": '{"N": {"name": "n"}, "App": {"name": "a"}}'},
    "all in one replaces": {"SST_RESOURCES_JSON": '{"N": {"b": 2}}', "SST_RESOURCE_N": '{"a": 1}'},
    "all in one is broken": {"SST_RESOURCES_JSON": "{", "SST_RESOURCE_N": '{"a": 1}'},
    "nothing": {},
}


def probe(python: Path, variables: Mapping[str, str], path: str = "") -> Any:
    answer = subprocess.run(
        [python, "-c", PROBE, json.dumps(["N", "M", "O", "App"])],
        env={"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(answer.stdout)


@pytest.fixture(scope="module", name="theirs")
def _theirs() -> Path:
    return venv("sst-sdk==4.17.2")


@pytest.fixture(scope="module", name="ours")
def _ours() -> Path:
    return venv("cryptography>=42")


@pytest.mark.parametrize("case", CASES)
def test_what_sst_sdk_reads_we_read(case: str, theirs: Path, ours: Path) -> None:
    """For every environment the two packages give the same values for the same names."""
    variables = CASES[case]

    assert probe(ours, variables, str(SDK)) == probe(theirs, variables)


def test_the_key_file_is_the_same_file(tmp_path: Path, theirs: Path, ours: Path) -> None:
    """A key file opens under both, and replaces what the other sources say."""
    variables = {
        **sealed(tmp_path, {"N": {"name": "é", "deep": [{"a": 1}]}, "M": {"from": "file"}}),
        "SST_RESOURCE_M": '{"from": "variable"}',
        "SST_RESOURCE_O": '{"only": "variable"}',
        "SST_RESOURCES_JSON": '{"N": {"from": "json"}}',
    }

    expected = probe(theirs, variables)

    assert expected["M"] == {"from": "file"}
    assert probe(ours, variables, str(SDK)) == expected


def test_where_sst_sdk_fails_we_read_more(theirs: Path, ours: Path) -> None:
    """One broken variable takes all links from a program under sst-sdk, and only its own under ours."""
    variables = {"SST_RESOURCE_N": "{", "SST_RESOURCE_M": '{"a": 1}'}

    assert probe(theirs, variables) == "no Resource"
    assert probe(ours, variables, str(SDK))["M"] == {"a": 1}
