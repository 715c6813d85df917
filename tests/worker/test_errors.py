"""Error objects and what goes with them."""

from __future__ import annotations

from sst_worker import errors


def _caught(function: object) -> Exception:
    try:
        function()  # type: ignore[operator]
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def test_the_keys_of_an_error_object_keep_their_order() -> None:
    """The bytes go to the caller as they are."""
    failure = errors.of_exception(_caught(lambda: 1 / 0), "r-1")
    assert list(failure.error) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert failure.error["requestId"] == "r-1"
    assert failure.cause["exceptions"][0]["stack"][-1]["path"] == __file__
    assert (failure.where["file"], len(failure.where["frames"])) == (__file__, 2)


def test_a_fault_shows_no_frames_but_points_at_the_users_code_behind_it() -> None:
    """`where` comes from the exception that caused it."""

    def raise_fault() -> None:
        try:
            1 / 0
        except ZeroDivisionError as error:
            raise errors.RuntimeFault("Runtime.X", "why") from error

    fault = _caught(raise_fault)
    assert isinstance(fault, errors.RuntimeFault)
    failure = errors.of_fault(fault)
    assert failure.error == {"errorMessage": "why", "errorType": "Runtime.X", "requestId": "", "stackTrace": []}
    assert failure.cause["exceptions"][0]["type"] == "LambdaValidationError"
    assert failure.where["file"] == __file__


def test_a_syntax_error_is_where_the_syntax_is_wrong() -> None:
    """Not where the import stands."""
    failure = errors.of_exception(_caught(lambda: compile("\n\nx = = 1", "/p/broken.py", "exec")))
    assert (failure.where["file"], failure.where["line"]) == ("/p/broken.py", 3)
