"""Errors: each class has its exit code."""

from sst_dev.core.errors import BugError, ExitCode, NoSessionError, RemoteError, SstError, UserError


def test_who_must_act_decides_the_exit_code() -> None:
    """A wrong project is usage, a missing session has its own code, a refusal is a failure, a bug is a bug."""
    codes = {kind: kind.exit_code for kind in (SstError, UserError, NoSessionError, RemoteError, BugError)}

    assert codes == {
        SstError: ExitCode.FAILURE,
        UserError: ExitCode.USAGE,
        NoSessionError: ExitCode.NO_SESSION,
        RemoteError: ExitCode.FAILURE,
        BugError: ExitCode.BUG,
    }


def test_an_error_is_its_sentence() -> None:
    """`str` is the message; hint and trace are beside it."""
    error = UserError("a", hint="b", trace="c")

    assert (str(error), error.hint, error.trace) == ("a", "b", "c")
