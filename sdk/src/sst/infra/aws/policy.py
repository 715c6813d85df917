"""IAM documents as the components write them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pulumi

from ..permission import Permission


def document(statements: Iterable[dict[str, Any]]) -> pulumi.Output[str]:
    """A policy document with *statements*, as JSON."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def assume_by(service: str = "", *, account: str = "") -> pulumi.Output[str]:
    """The trust policy of a role that *service* (for example `lambda.amazonaws.com`) assumes.

    With *account*, whoever that account lets may assume it too: in `sst dev` the session, for what runs beside it.
    """
    root = {"AWS": f"arn:aws:iam::{account}:root"} if account else {}
    principal = {**({"Service": service} if service else {}), **root}
    return document([{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}])


def statements(permissions: Iterable[Permission]) -> list[dict[str, Any]]:
    """The statements of *permissions*, without repeats of the very same one."""
    seen: list[Permission] = []
    for permission in permissions:
        if not any(permission is other for other in seen):
            seen.append(permission)
    return [permission.statement() for permission in seen]
