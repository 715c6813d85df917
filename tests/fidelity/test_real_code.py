"""Libraries no one here wrote run unchanged as handlers, in fresh workers and in forks of a preloaded zygote."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.fidelity import real_code
from tests.fidelity.compare import judge
from tests.fidelity.corpus import Group
from tests.fidelity.runs import run_oracle, run_ours, write_files
from tests.support.venvs import venv
from tests.worker.zygotes import zygote


@pytest.mark.timeout(600)  # the first run installs the libraries
@pytest.mark.parametrize("group", list(real_code.groups()), ids=lambda group: group.name)
async def test_a_library_does_under_our_worker_what_it_does_under_awslambdaric(group: Group, tmp_path: Path) -> None:
    """The same answers and the same log from a worker that imports everything, and from a fork that finds it there."""
    python = await asyncio.to_thread(venv, *real_code.REQUIREMENTS)
    write_files(tmp_path, group)
    theirs = await run_oracle(python, tmp_path, group)
    failed = {call.name for call, outcome in zip(group.calls, theirs, strict=True) if outcome.kind != "response"}
    assert failed == real_code.FAIL & {call.name for call in group.calls}
    with zygote(str(python), environment=group.environment) as parent:
        fresh = await asyncio.to_thread(run_ours, parent, tmp_path, group)
        learner = parent.fork()
        ready, _ = learner.init(tmp_path, group.handler, environment=group.environment)
    with zygote(str(python), environment=group.environment) as parent:
        report = parent.preload(*ready["modules"])
        assert not report["left_out"]
        forked = await asyncio.to_thread(run_ours, parent, tmp_path, group)
    for kind, ours in (("fresh", fresh), ("forked", forked)):
        for call, expected, found in zip(group.calls, theirs, ours, strict=True):
            problem = judge(group, call, expected, found, str(tmp_path))
            assert not problem, f"{kind} {call.name}\n{problem}"
