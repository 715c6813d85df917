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


def test_a_role_for_this_machine_trusts_the_account() -> None:
    """In `sst dev` the session assumes it; with a service it is both's."""

    def run() -> dict[str, object]:
        return {"a": policy.assume_by(account="1"), "b": policy.assume_by("lambda.amazonaws.com", account="1")}

    made = declare(run).manifest["outputs"]
    principals = {key: json.loads(value)["Statement"][0]["Principal"] for key, value in made.items()}

    root = {"AWS": "arn:aws:iam::1:root"}
    assert principals == {"a": root, "b": {"Service": "lambda.amazonaws.com", **root}}


def test_the_same_permission_twice_is_one_statement() -> None:
    """Two links that include one permission object do not double it."""
    one = Permission(["a"], ["b"])

    assert len(policy.statements([one, one, Permission(["a"], ["b"])])) == 2
