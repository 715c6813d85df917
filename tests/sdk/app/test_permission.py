"""IAM statements from permissions."""

from __future__ import annotations

import pytest
import sst
from sst.infra.errors import ConfigError
from sst.infra.permission import as_permission


def test_a_statement_says_what_the_permission_does() -> None:
    """Effect, actions, resources and conditions in IAM's spelling; conditions of one test are merged."""
    made = sst.aws.permission(
        actions=["s3:GetObject"],
        resources=["arn:x"],
        effect="deny",
        conditions=[
            {"test": "StringEquals", "variable": "a", "values": ["1"]},
            {"test": "StringEquals", "variable": "b", "values": ["2"]},
        ],
    )

    assert made.statement() == {
        "Effect": "Deny",
        "Action": ["s3:GetObject"],
        "Resource": ["arn:x"],
        "Condition": {"StringEquals": {"a": ["1"], "b": ["2"]}},
    }


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("s3:*", "must be a permission with actions and resources"),
        ({"actions": ["s3:*"]}, "must be a permission with actions and resources"),
        ({"actions": ["a"], "resources": ["b"], "efect": "deny"}, "has no field 'efect'"),
        ({"actions": "s3:*", "resources": ["b"]}, "actions must be a list of strings"),
        ({"actions": ["a"], "resources": ["b"], "effect": "block"}, 'effect must be "allow" or "deny"'),
    ],
)
def test_what_is_no_permission(value: object, message: str) -> None:
    """The message names the argument and the field."""
    with pytest.raises(ConfigError, match=message) as caught:
        as_permission("Api: permissions[0]", value)
    assert caught.value.message.startswith("Api: permissions[0]")
