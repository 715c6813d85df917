"""One context at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
from sst.infra.app import App
from sst.infra.context import Context, current, entered
from sst.infra.errors import ConfigError


def make(said: list[str] | None = None) -> Context:
    return Context(
        app=App(name="a"), stage="s", root=Path("/"), dev=True, local=True,
        notice=(said if said is not None else []).append,
    )  # fmt: skip


def test_outside_a_program_there_is_none() -> None:
    """The error says where components may be created; the context ends with its block."""
    with entered(make()) as context:
        assert current() is context
    with pytest.raises(ConfigError, match=r"the `run\(\)` function"):
        current()


def test_the_same_thing_is_said_once() -> None:
    """Ten functions with a VPC make one line."""
    said: list[str] = []
    context = make(said)
    for text in ("a", "b", "a"):
        context.say_once(text)

    assert said == ["a", "b"]
