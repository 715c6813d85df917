"""Errors say whose fault they are, what was expected, what was found and what to do."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Every exit code of the `sst` command."""

    OK = 0
    FAILURE = 1
    """A function answered with an error, a deploy failed, a remote part refused."""
    USAGE = 2
    """The command line, the configuration or the project is wrong: the user must act."""
    NO_SESSION = 3
    """The command needs a running `sst dev` and found none."""
    BUG = 70
    """A fault of sst-py itself (sysexits.h EX_SOFTWARE)."""
    INTERRUPTED = 130
    """Ended by Ctrl-C (128 + SIGINT)."""


class SstError(Exception):
    """An error with one clear sentence and a hint; printed without a traceback.

    *message* names the file, component and argument at fault, what was expected and what was found.
    *hint* says what to do, as an imperative sentence, or is empty. *trace* is the user's own frames, when the fault
    is in the user's code: the only traceback that is ever shown.
    """

    exit_code = ExitCode.FAILURE

    def __init__(self, message: str, *, hint: str = "", trace: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.trace = trace


class UserError(SstError):
    """The user must act: bad configuration, bad argument, missing file."""

    exit_code = ExitCode.USAGE


class NoSessionError(UserError):
    """No `sst dev` is running for this app and stage."""

    exit_code = ExitCode.NO_SESSION


class RemoteError(SstError):
    """AWS, MiniStack or the network refused or failed."""


class BugError(SstError):
    """A fault of sst-py: something that cannot happen did."""

    exit_code = ExitCode.BUG
