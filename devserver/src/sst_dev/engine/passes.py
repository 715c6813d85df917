"""One pass of the user's program through Pulumi: `run()` in an event loop of its own, and what it declared."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.settings import SETTINGS, _get_rpc_manager
from pulumi.runtime.stack import run_pulumi_func
from sst.infra.component import prepare
from sst.infra.context import Context, entered
from sst.infra.linkable import all_links

from ..core.errors import UserError
from .embedded.monitor import Later, Monitor, Resources
from .embedded.sparing import spare

THREADS = 32
"""Resources in work at once: a call spends its time in the cloud, and MiniStack serves this many well."""

Document = dict[str, Any]


class _Calls(ThreadPoolExecutor):
    """The loop's executor. What Pulumi asks of the monitor is answered at once, unless it takes calls to the cloud."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        # The program may have work of its own for threads.
        if not str(getattr(fn, "__module__", "")).startswith("pulumi.runtime."):
            return super().submit(fn, *args, **kwargs)
        answer: Future[Any] = Future()
        try:
            answer.set_result(fn(*args, **kwargs))
        except Later as later:
            return super().submit(later.call)
        except Exception as error:
            answer.set_exception(error)
        return answer


async def program(context: Context, run: Callable[[], Any], resources: Resources, *, preview: bool) -> Document:
    """Run *run* against *resources*: first itself, then all that it set going.

    Returns the manifest without its app; empty in a preview that does not know all of it. Call it in a context
    (`contextvars.Context`) of its own: Pulumi keeps its stack in context variables. Raises what the program, a check
    or a resource raises.
    """
    facts = {
        "app": context.app.name,
        "stage": context.stage,
        "account": context.cloud.account,
        "region": context.cloud.region,
    }
    spare()
    monitor = Monitor(resources, preview=preview, facts=facts, notice=context.say_once, generated=context.generated)
    loop = asyncio.get_running_loop()
    pool = _Calls(THREADS, thread_name_prefix="resource")
    loop.set_default_executor(pool)
    # Failures of tasks nobody awaits are consequences of the one that is raised below.
    loop.set_exception_handler(lambda loop, details: None)
    mocks.set_mocks(monitor.mocks, context.app.name, context.stage, preview, monitor=monitor)
    # Pulumi keeps this set for the process: outputs of a pass that failed would be awaited in this one's loop.
    SETTINGS.outputs.clear()
    returned: Any = None

    async def body() -> None:
        nonlocal returned
        prepare(context)
        try:
            returned = run()
            if inspect.isawaitable(returned):
                returned = await _Told(returned, context.paused)
        finally:
            context.ended()
        await _settled()
        if returned is not None and not isinstance(returned, Mapping):
            raise UserError(f"run() must return a dictionary of outputs or nothing, it returned {returned!r}.")

    try:
        with entered(context):
            await run_pulumi_func(body)
            document = _document(context, returned or {})
        whole = pulumi.Output.from_input(document)
        if not await whole.is_known():
            assert preview, "nothing is unknown once it is made"
            return {}
        value = await whole.future()
        assert isinstance(value, dict), "a dictionary of outputs resolves to a dictionary"
        _check_environments(value)
        for link, secret in zip(value["links"], await _secret_properties(document["links"]), strict=True):
            link["secret_properties"] = secret
        return value
    finally:
        # Calls that are under way end, and are recorded, before the record is closed.
        await _finish(pool)


class _Told:
    """An awaitable that tells *paused* whenever it waits for something."""

    def __init__(self, awaitable: Awaitable[Any], paused: Callable[[], None]) -> None:
        self._steps = awaitable.__await__()
        self._paused = paused

    def __await__(self) -> Generator[Any, Any, Any]:
        error: BaseException | None = None
        while True:
            try:
                waited = next(self._steps) if error is None else self._steps.throw(error)
            except StopIteration as end:
                return end.value
            self._paused()
            error = None
            try:
                yield waited
            except BaseException as thrown:
                error = thrown


def _document(context: Context, returned: Mapping[str, Any]) -> Document:
    """The manifest as the program declared it, its values still outputs."""
    return {
        "functions": context.functions,
        "links": [
            {"name": link.name, "type": link.type, "properties": dict(link.properties)} for link in all_links(context)
        ],
        "dev_commands": context.dev_commands,
        "tunnels": context.tunnels,
        "tasks": context.tasks,
        "outputs": dict(returned),
    }


def _check_environments(document: Document) -> None:
    """Raise for a variable without a value: an output that this cloud does not have."""
    for function in document["functions"]:
        for name, value in function["environment"].items():
            if not isinstance(value, str):
                raise UserError(
                    f'Function "{function["name"]}": environment: {name} must be a string, it came to {value!r}.',
                    hint="An output that the embedded cloud does not have is None.",
                )


async def _secret_properties(links: list[Document]) -> list[list[str]]:
    """For each link the names of its properties whose value is a Pulumi secret."""
    out = []
    for link in links:
        values = {key: pulumi.Output.from_input(value) for key, value in link["properties"].items()}
        out.append([key for key, value in values.items() if await value.is_secret()])
    return out


async def _settled() -> None:
    """Wait until all resources and outputs are known, or one has failed.

    Pulumi waits for the same afterwards, but it looks at every output again whenever one of them is done: with
    hundreds of resources that takes longer than making them.
    """
    while True:
        rpcs = (asyncio.ensure_future(rpc) for rpc in _get_rpc_manager().rpcs)  # noqa: TID251 they are futures
        pending = {task for task in (*rpcs, *SETTINGS.outputs) if not task.done()}
        if not pending:
            return
        done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
        if any(not task.cancelled() and task.exception() is not None for task in done):
            return


async def _finish(pool: ThreadPoolExecutor) -> None:
    """Wait for the calls that are under way, without blocking the loop they answer to."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait() -> None:
        pool.shutdown(wait=True, cancel_futures=True)
        loop.call_soon_threadsafe(done.set)

    threading.Thread(target=wait, name="resources end", daemon=True).start()
    await done.wait()
