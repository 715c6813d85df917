"""JSON with comments is edited in place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sst_dev.cli.jsonc import parse, put_in_list

OURS = {"name": "ours", "port": 1}
TEXT = """\
// mine
{
    "version": "0.2.0", /* yes: "configurations": [ */
    "configurations": [
        // the server
        {"name": "web // not a comment", "args": ["{", "]"],},
    ],
}
"""


def put(text: str, item: dict[str, Any] = OURS) -> str:
    return put_in_list(text, "configurations", item, "ours".__eq__)


def plain(text: str) -> Any:
    """The value of *text*, by the parser under test."""
    return _plain(parse(text), text)


def _plain(node: Any, text: str) -> Any:
    if text[node.start] == "{":
        return {key: _plain(member, text) for key, member in node.members.items()}
    if text[node.start] == "[":
        return [_plain(item, text) for item in node.items]
    return node.scalar


def test_an_item_comes_first_and_the_rest_stays() -> None:
    """Every line that was there is there, comments and trailing commas included, in order."""
    edited = put(TEXT)

    assert [item["name"] for item in plain(edited)["configurations"]] == ["ours", "web // not a comment"]
    rest = iter(edited.splitlines())
    assert all(line in rest for line in TEXT.splitlines())


def test_ours_is_replaced_where_it_stands() -> None:
    """A second time changes nothing; another value changes only ours."""
    once = put(TEXT)

    assert put(once) == once
    assert put(once, {"name": "ours", "port": 2}) == once.replace('"port": 1', '"port": 2')


@pytest.mark.parametrize(
    "text", ["{}", '{"version": "0.2.0"}', '{"configurations": []}', '{\n  "configurations": [\n  ]\n}\n']
)
def test_a_list_that_is_empty_or_missing(text: str) -> None:
    """It is made; what comes out is plain JSON when what went in was."""
    before = json.loads(text)

    assert json.loads(put(text)) == {**before, "configurations": [OURS]}


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"configurations": {}}', '{"a" 1}', "{} {}", '{"a": 1 "b": 2}', "{nope: 1}"]
)
def test_what_is_broken_is_not_touched(text: str) -> None:
    """It is a `ValueError`, not a guess."""
    with pytest.raises(ValueError):
        put(text)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), values, max_size=4), st.sampled_from([None, 2]))
def test_any_json_reads_as_json_does(document: dict[str, Any], indent: int | None) -> None:
    """And putting our item in changes nothing else."""
    text = json.dumps(document, indent=indent)
    assert plain(text) == document
    if isinstance(document.get("configurations", []), list):
        edited = json.loads(put(text))
        assert edited.pop("configurations")[0] == OURS or any(
            isinstance(item, dict) and item.get("name") == "ours" for item in document["configurations"]
        )
        document.pop("configurations", None)
        assert edited == document
