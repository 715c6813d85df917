"""Physical names fit AWS and tell what they are."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from sst.infra.app import App
from sst.infra.context import Cloud, Context, entered
from sst.infra.naming import physical_name


def context(app: str = "notes", stage: str = "dev", **cloud: str) -> Context:
    return Context(app=App(name=app), stage=stage, root=Path("/"), dev=True, local=True, cloud=Cloud(**cloud))  # type: ignore[arg-type]


def test_names_say_app_stage_and_component() -> None:
    """`app-stage-NameType-hash`, as SST names things."""
    with entered(context()):
        assert re.fullmatch(r"notes-dev-ApiFunction-[a-z]{8}", physical_name("ApiFunction"))
        assert re.fullmatch(r"notes-dev-uploadsbucket-[a-z]{8}", physical_name("Uploads-Bucket", lower=True))


@given(
    app=st.from_regex(r"[a-z][a-z0-9-]{0,48}[a-z0-9]", fullmatch=True),
    stage=st.from_regex(r"[a-z0-9][a-z0-9-]{0,48}[a-z0-9]", fullmatch=True),
    name=st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,63}", fullmatch=True),
    limit=st.integers(min_value=32, max_value=256),
)
def test_names_are_trimmed_to_the_limit(app: str, stage: str, name: str, limit: int) -> None:
    """Never longer than the service allows, never without the hash, and still valid for S3."""
    with entered(context(app, stage)):
        made = physical_name(name, limit=limit, lower=True)

    assert len(made) <= limit
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*-[a-z]{8}", made)


def test_trimmed_names_keep_apart() -> None:
    """Two long names that look alike when cut differ by their hashes, and so do accounts, stages and regions."""
    long = "A" * 60
    made = set()
    for facts in ({}, {"stage": "prod"}, {"account": "111111111111"}, {"region": "eu-west-1"}):
        with entered(context(**facts)):  # type: ignore[arg-type]
            made |= {physical_name(long + "x"), physical_name(long + "y")}

    assert len(made) == 8


def test_a_name_is_the_same_in_every_run() -> None:
    """The hash is no random number: a lost record finds the resource again."""
    with entered(context()):
        assert physical_name("Api") == physical_name("Api")
