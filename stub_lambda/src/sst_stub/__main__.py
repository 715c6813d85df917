"""`python -m sst_stub`: what `bootstrap` starts in an execution environment."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Mapping

from sst_bridge.appsync.refusal import ServiceRefused

from .bridge import Bridge
from .environment import ConfigurationError, config
from .runtime_api import RuntimeApi, RuntimeApiError
from .stub import Stub

INIT_ERROR = "Sst.StubInit"
CLOSE_BUDGET = 0.25
"""Seconds for closing the channel after SIGTERM: Lambda kills a runtime 0.3 s after it."""


def main() -> int:
    """Serve until Lambda ends the environment: 0 after SIGTERM, 1 when the environment cannot go on."""
    address = os.environ.get("AWS_LAMBDA_RUNTIME_API")
    if not address:
        _complain("it ends: it runs inside Lambda, and AWS_LAMBDA_RUNTIME_API is not set")
        return 1
    return asyncio.run(run(RuntimeApi(address), os.environ))


async def run(api: RuntimeApi, environ: Mapping[str, str]) -> int:
    """The life of one execution environment; returns its exit code."""
    life = asyncio.current_task()
    assert life is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, life.cancel)
    try:
        async with contextlib.AsyncExitStack() as cleanup:
            cleanup.callback(api.close)
            try:
                settings = config(environ)
                bridge = Bridge(settings, environ, _complain)
                cleanup.push_async_callback(_close, bridge)
                await bridge.start()
            except Exception as error:
                await _report_init_error(api, error)
                return 1
            await _live(Stub(settings, api, bridge), api)
    except asyncio.CancelledError:
        return 0
    except RuntimeApiError as error:
        _complain(f"it ends: {error}")
    return 1


async def _live(stub: Stub, api: RuntimeApi) -> None:
    """Serve until the Runtime API is gone."""
    gc.freeze()  # what init made stays: no later collection has to walk through it
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(stub.run(), name="serve events")
            group.create_task(api.watch(), name="watch the Runtime API")
    except* RuntimeApiError as errors:
        _complain(f"it ends: {errors.exceptions[0]}")


async def _close(bridge: Bridge) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_BUDGET):
            await bridge.close()


async def _report_init_error(api: RuntimeApi, error: Exception) -> None:
    """Tell Lambda, and so the caller, why this environment cannot start."""
    message = f"The sst stub cannot start: {error}"
    expected = isinstance(error, ConfigurationError | ServiceRefused)
    trace = [] if expected else traceback.format_exception(error)
    body = {"errorType": INIT_ERROR, "errorMessage": message, "stackTrace": trace}
    _complain(message)
    await api.init_error(json.dumps(body).encode(), error_type=INIT_ERROR)


def _complain(message: str) -> None:
    print(f"sst stub: {message}", file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
