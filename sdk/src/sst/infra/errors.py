"""What a wrong configuration raises."""

from __future__ import annotations


class ConfigError(Exception):
    """The configuration is wrong: *message* names the component and the argument, *hint* says what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
