"""Invocations on their way, and their replays."""

import json
from pathlib import Path

import pytest
from sst_dev.app.invocations import Invocations
from sst_dev.core.errors import UserError
from sst_dev.core.events import EVENT_KEPT, InvocationFinished, InvocationStarted
from sst_dev.core.state import State
from sst_dev.functions.model import EnvironmentInfo, InvocationRequest, Replies


class Recorder:
    """A `Functions` that answers with what it was asked, and publishes into a state."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.calls: list[tuple[EnvironmentInfo, InvocationRequest]] = []

    async def invoke(self, environment: EnvironmentInfo, request: InvocationRequest, reply: Replies) -> None:
        self.calls.append((environment, request))
        self.state.apply(
            InvocationStarted(
                1, request.id, request.request_id, environment.function, environment.id, "t",
                request.body[:EVENT_KEPT], request.replay_of,
            )
        )  # fmt: skip
        await reply.response(request.body, "application/json")
        self.state.apply(
            InvocationFinished(1, request.id, request.request_id, environment.function, environment.id, "ok", 1.0, b"")
        )


class Answer:
    async def response(self, body: bytes, content_type: str) -> None:
        self.body = body


@pytest.fixture(name="setup")
def _setup(tmp_path: Path):
    state = State()
    recorder = Recorder(state)
    return Invocations(state, recorder), recorder, state


LIVE = EnvironmentInfo("env-1", "Api", {"AWS_ACCESS_KEY_ID": "role"})


def request(body: bytes) -> InvocationRequest:
    return InvocationRequest("nonce", "request", 0, "arn", 0.0, body=body)


async def test_a_replay_is_the_same_event_in_a_worker_of_its_own(setup) -> None:
    """The role is the live one, the environment is not: a replay changes no globals of a live worker."""
    invocations, recorder, state = setup
    answer = Answer()
    await invocations.invoke(LIVE, request(b'{"a":1}'), answer)
    await invocations.replay("nonce")
    environment, again = recorder.calls[1]

    assert json.loads(answer.body) == {"a": 1}
    assert (again.body, again.replay_of) == (b'{"a":1}', "nonce")
    assert environment.id != LIVE.id and environment.variables == LIVE.variables
    assert again.id != "nonce"
    assert state.invocations[again.id].started.replay_of == "nonce"


@pytest.mark.parametrize("body", [None, b"x" * EVENT_KEPT])
async def test_what_is_not_kept_whole_cannot_be_replayed(setup, body: bytes | None) -> None:
    """The sentence says why; nothing runs."""
    invocations, recorder, _ = setup
    if body is not None:
        await invocations.invoke(LIVE, request(body), Answer())
    before = len(recorder.calls)
    with pytest.raises(UserError, match="kept"):
        await invocations.replay("nonce")

    assert len(recorder.calls) == before
