"""The limits of a function; its arguments one by one are in test_function.py."""

from __future__ import annotations

import sys

import sst
from sst.infra.aws.function_settings import (
    DEFAULT_RUNTIME,
    ENVIRONMENT_LIMIT,
    RUNTIMES,
    parse_environment,
    parse_logging,
)

from tests.support.program import declare


def test_the_default_runtime_is_the_python_that_runs_the_config() -> None:
    """What is tried here is what would be deployed."""
    assert f"python3.{sys.version_info.minor}" == DEFAULT_RUNTIME
    assert DEFAULT_RUNTIME in RUNTIMES


def test_variables_may_fill_the_limit() -> None:
    """4,096 bytes are allowed, names counted."""
    full = {"AA": "x" * (ENVIRONMENT_LIMIT - 2)}

    assert parse_environment("x", full) == full
    assert parse_environment("x", None) == {}


def test_logs_are_kept_a_month() -> None:
    """Function, `logging`: text for a month, unless told otherwise."""
    assert parse_logging("x", True) == ("text", 30, None)
    assert parse_logging("x", {"retention": "forever", "format": "json"}) == ("json", 0, None)


def test_a_function_may_have_a_name_of_its_own() -> None:
    """`function_name` is SST's argument `name`; logs go below it."""
    declared = declare(lambda: sst.aws.Function("Api", handler="a.b", function_name="mine") and None)

    assert declared.inputs("ApiFunction")["name"] == "mine"
    assert declared.inputs("ApiLogGroup")["name"] == "/aws/lambda/mine"
