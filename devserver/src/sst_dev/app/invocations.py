"""Invocations on their way to the functions, and again when somebody wants to see one run on the current code."""

from __future__ import annotations

import secrets
import time
import uuid

from ..core.errors import UserError
from ..core.events import EVENT_KEPT
from ..core.state import State
from ..functions.functions import Functions
from ..functions.model import EnvironmentInfo, InvocationRequest, Replies

REPLAY_DEADLINE = 900.0
"""Seconds a replay may take in all (Lambda's longest timeout); the function's own timeout ends it before."""


class Invocations:
    """Hands invocations to `Functions`. Remembers of each function the environment it ran in last."""

    def __init__(self, state: State, functions: Functions) -> None:
        self._state = state
        self._functions = functions
        self._environments: dict[str, EnvironmentInfo] = {}

    async def invoke(self, environment: EnvironmentInfo, request: InvocationRequest, reply: Replies) -> None:
        """Run one invocation of the channel."""
        self._environments[environment.function] = environment
        await self._functions.invoke(environment, request, reply)

    async def replay(self, id: str) -> None:
        """Run the recorded invocation *id* again, in a worker of its own with the role it had; nobody gets the answer.

        Raises `UserError` when it is not kept any more, or not whole.
        """
        known = self._state.invocations.get(id)
        started = known.started if known else None
        if started is None or started.function not in self._environments:
            raise UserError(f"Invocation {id} is not kept any more.", hint="Invoke the function anew.")
        if len(started.payload) >= EVENT_KEPT:
            raise UserError(
                f"The event of {started.function} is larger than the {EVENT_KEPT // 1024} kB kept for a replay.",
                hint="Send it again with `sst invoke --event @FILE`.",
            )
        last = self._environments[started.function]
        environment = EnvironmentInfo(f"replay-{started.function}", started.function, last.variables)
        request = InvocationRequest(
            id=secrets.token_hex(16),
            request_id=str(uuid.uuid4()),
            deadline_ms=int((time.time() + REPLAY_DEADLINE) * 1000),
            arn=last.variables.get("AWS_LAMBDA_FUNCTION_ARN", ""),
            sent_at=time.time(),
            body=started.payload,
            replay_of=id,
        )
        await self._functions.invoke(environment, request, _Nobody())


class _Nobody:
    """Takes the answer of a replay: front ends read it from the events."""

    async def response(self, body: bytes, content_type: str) -> None:
        """Nobody waits for it."""

    async def error(self, body: bytes, error_type: str, xray_cause: str) -> None:
        """Nobody waits for it."""

    async def stream(
        self, body: bytes, *, content_type: str = "", final: bool = False, error_type: str = "", error_body: bytes = b""
    ) -> None:
        """Nobody waits for it."""
