"""`App` and the names it may have."""

from __future__ import annotations

from typing import Any

import pytest
from sst.infra.app import App, check_segment
from sst.infra.errors import ConfigError


def test_defaults_are_those_of_the_documentation() -> None:
    """Config, `removal`, `protect`, `home`."""
    app = App(name="notes")

    assert (app.home, app.removal, app.protect, app.region) == ("aws", "retain", False, "us-east-1")


@pytest.mark.parametrize("name", ["", "1notes", "my_notes", "-a", "a-", "a" * 51, "no tes", "ä", 3])
def test_names_aws_would_refuse_are_refused(name: object) -> None:
    """A name must serve in Lambda, IAM, S3 and as a segment of an AppSync channel."""
    with pytest.raises(ConfigError, match="App name"):
        App(name=name)  # type: ignore[arg-type]


@pytest.mark.parametrize("stage", ["dev", "pr-12", "2024", "A"])
def test_stages_may_start_with_a_digit(stage: str) -> None:
    """A stage is not the first part of any name."""
    check_segment("Stage", stage)


def test_a_wrong_value_names_the_right_one() -> None:
    """A near miss gets the word that was meant."""
    with pytest.raises(ConfigError) as caught:
        App(name="notes", removal="retian")  # type: ignore[arg-type]

    assert caught.value.hint == "Did you mean 'retain'?"


def test_the_region_comes_from_the_provider() -> None:
    """`providers={"aws": {"region": …}}`, and a bare version string is no region."""
    assert App(name="a", providers={"aws": {"region": "eu-central-1"}}).region == "eu-central-1"
    assert App(name="a", providers={"aws": "6.27.0"}).region == "us-east-1"


@pytest.mark.parametrize(
    ("providers", "message", "hint"),
    [
        ({"nope": {}}, "there is no provider 'nope': pulumi_nope is not installed", "pulumi-nope"),
        ({"asw": {"region": "eu-west-1"}}, "no provider 'asw'", "Did you mean 'aws'?"),
        ({"aws": {"region": "Ireland"}}, "aws.region must be an AWS region, got 'Ireland'", "eu-west-1"),
    ],
)
def test_a_wrong_provider(providers: dict[str, Any], message: str, hint: str) -> None:
    """A provider that nothing brings is refused, and so is a region that is none."""
    with pytest.raises(ConfigError, match=message) as refused:
        App(name="a", providers=providers)
    assert hint in refused.value.hint
