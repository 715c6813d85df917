"""How an end and a restart are put into words."""

from __future__ import annotations

import pytest
from sst_dev.processes.words import changed, changes, outcome


@pytest.mark.parametrize(
    ("code", "asked", "words"),
    [
        (0, False, "exit 0"),
        (1, False, "exit 1"),
        (127, False, "exit 127"),
        (137, False, "exit 137 (SIGKILL)"),
        (200, False, "exit 200"),
        (-1, False, "SIGHUP"),
        (-9, False, "SIGKILL (killed)"),
        (-11, False, "SIGSEGV"),
        (-200, False, "signal 200"),
        (None, False, "failed"),
        (0, True, "stopped"),
        (-2, True, "stopped"),
        (130, True, "stopped"),
        (-9, True, "stopped (SIGKILL)"),
        (None, True, "does not end"),
    ],
)
def test_an_end_in_words(code: int | None, asked: bool, words: str) -> None:
    """Signals have names, and what was asked to end did not fail, whatever it says of itself."""
    assert outcome(code, asked=asked) == words


def test_changes_are_names_and_never_values() -> None:
    """A link is named as a link, both variables of a role are the role."""
    old = {"SST_RESOURCE_Notes": "secret1", "MODE": "secret2", "SAME": "x", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "a"}
    new = {"SST_RESOURCE_Notes": "secret3", "SAME": "x", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "b",
           "AWS_CONTAINER_CREDENTIALS_FULL_URI": "u"}  # fmt: skip

    assert changes(old, new) == ["role", "MODE", "link Notes"]
    assert changes(old, old) == []


def test_many_changes_are_counted() -> None:
    """The line stays a line."""
    assert changed(["A"]) == "A changed"
    assert changed([f"V{n}" for n in range(8)]) == "V0, V1, V2, V3, V4 and 3 more changed"
