"""The error of a wrong configuration."""

from sst.infra.errors import ConfigError


def test_message_and_hint_are_apart() -> None:
    """The text is the sentence alone; the hint is printed by whoever shows it."""
    error = ConfigError("Wrong.", hint="Do this.")

    assert (str(error), error.message, error.hint) == ("Wrong.", "Wrong.", "Do this.")
