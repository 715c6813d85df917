"""IAM documents."""

from __future__ import annotations

import json

from sst.infra.aws import policy
from sst.infra.permission import Permission

from tests.support.program import declare


def test_a_trust_policy_names_the_service() -> None:
    """Lambda may assume its functions' roles."""
    made = declare(lambda: {"p": policy.assume_by("lambda.amazonaws.com")}).manifest["outputs"]["p"]

    assert json.loads(made)["Statement"] == [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    ]


def test_the_same_permission_twice_is_one_statement() -> None:
    """Two links that include one permission object do not double it."""
    one = Permission(["a"], ["b"])

    assert len(policy.statements([one, one, Permission(["a"], ["b"])])) == 2
