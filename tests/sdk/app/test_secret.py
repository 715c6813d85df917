"""`sst.Secret`."""

from __future__ import annotations

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare


def test_a_value_that_was_set_wins_over_the_placeholder() -> None:
    """The link has the value, marked as a secret."""

    def run() -> None:
        sst.Secret("Set", placeholder="p")
        sst.Secret("Unset", placeholder="p")

    declared = declare(run, secrets={"Set": "s"})

    assert (declared.link("Set"), declared.link("Unset")) == ({"value": "s"}, {"value": "p"})
    assert [link["secret_properties"] for link in declared.manifest["links"]] == [["value"], ["value"]]


def test_without_a_value_the_command_to_set_it_is_named() -> None:
    """The app is not applied with a hole in it."""
    with pytest.raises(ConfigError, match='Secret "Key" has no value on stage') as caught:
        declare(lambda: sst.Secret("Key") and None)
    assert "sst secret set Key" in caught.value.hint


@pytest.mark.parametrize("name", ["lower", "With-Dash"])
def test_a_name_that_cannot_be_set_is_refused(name: str) -> None:
    """`sst secret set` takes no such name, so the secret could never have a value."""
    with pytest.raises(ConfigError, match="the name of a secret starts with a capital letter"):
        declare(lambda: sst.Secret(name, "x") and None)
