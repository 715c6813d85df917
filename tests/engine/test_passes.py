"""One pass of a program."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest
import sst
from sst.infra.errors import ConfigError
from sst_dev.core.errors import UserError

from tests.support.program import declare


def test_outputs_are_resolved_however_deep() -> None:
    """What `run()` returns reaches the manifest as plain values."""

    def run() -> dict[str, Any]:
        bucket = sst.aws.Bucket("A")
        return {"deep": [{"arn": bucket.arn}], "text": pulumi.Output.format("at {0}", bucket.arn)}

    assert declare(run).manifest["outputs"] == {"deep": [{"arn": "arn:ABucket"}], "text": "at arn:ABucket"}


def test_run_may_be_async() -> None:
    """`async def run()` is awaited, and may await outputs."""

    async def run() -> dict[str, Any]:
        bucket = sst.aws.Bucket("A")
        return {"arn": await bucket.arn.future()}

    assert declare(run).manifest["outputs"] == {"arn": "arn:ABucket"}


def test_a_function_may_be_awaited() -> None:
    """Its stub is made with the limits known by then; one that comes later is an error that says so."""

    def run(subscribe_late: bool) -> Any:
        async def declared() -> dict[str, Any]:
            function = sst.aws.Function("Api", handler="a.b")
            sst.aws.Queue("Jobs", visibility_timeout="40 seconds").subscribe(function)
            arn = await function.arn.future()
            if subscribe_late:
                sst.aws.Queue("Late").subscribe(function)
            return {"arn": arn}

        return declared

    assert declare(run(False)).inputs("ApiFunction")["timeout"] == 40
    with pytest.raises(ConfigError, match='Function "Api" is made already'):
        declare(run(True))


def test_an_error_in_what_is_awaited_reaches_the_program() -> None:
    """It may catch it and go on."""

    async def run() -> dict[str, Any]:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            return {"caught": True}
        return {}

    assert declare(run).manifest["outputs"] == {"caught": True}


def test_run_returns_a_dictionary_or_nothing() -> None:
    """Anything else is refused."""
    with pytest.raises(UserError, match="must return a dictionary of outputs or nothing, it returned 'url'"):
        declare(lambda: "url")


def test_a_variable_without_a_value_is_refused() -> None:
    """An output that this cloud does not have would be a variable that is missing in the handler."""

    def run() -> None:
        zone = sst.aws.Bucket("A").nodes["bucket"].hosted_zone_id
        sst.aws.Function("Api", handler="a.b", environment={"ZONE": zone})

    with pytest.raises(UserError, match='Function "Api": environment: ZONE must be a string, it came to None'):
        declare(run)


def test_passes_do_not_know_of_each_other() -> None:
    """Names, transforms and wraps end with their pass; a failed pass leaves nothing behind."""

    def first() -> None:
        sst.aws.Bucket("A")
        sst.transform(sst.aws.Bucket, lambda args, opts, name: args.update(versioning=True))
        sst.aws.Bucket("B").arn.apply(lambda arn: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        declare(first)

    assert "AVersioning" not in declare(lambda: sst.aws.Bucket("A") and None).types()


def test_work_of_the_program_itself_runs_in_threads() -> None:
    """What the user hands to a thread does not hold up the loop it waits for."""

    async def run() -> dict[str, Any]:
        loop = asyncio.get_running_loop()

        def work() -> int:
            return asyncio.run_coroutine_threadsafe(asyncio.sleep(0, 3), loop).result(20)

        return {"answer": await asyncio.to_thread(work)}

    assert declare(run).manifest["outputs"] == {"answer": 3}
