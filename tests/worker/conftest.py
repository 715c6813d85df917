"""Zygotes and workers for the tests of this folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.venvs import interpreters
from tests.worker.zygotes import Worker, Zygote, zygote

Start = Callable[..., Worker]


FOUND = interpreters()
RUNNING = "{}.{}".format(*sys.version_info)
VERSIONS = list(dict.fromkeys([*list(FOUND)[:1], RUNNING, *list(FOUND)[-1:]]))
"""The oldest and the newest version a function may use, of those on this machine, and the running one."""


@pytest.fixture(scope="session", params=VERSIONS)
def parent(request: pytest.FixtureRequest) -> Iterator[Zygote]:
    """One zygote of each version, for tests that only need workers."""
    with zygote(sys.executable if request.param == RUNNING else str(FOUND[request.param])) as started:
        yield started


@pytest.fixture
def start(parent: Zygote, tmp_path: Path) -> Iterator[Start]:
    """Starts a worker for the source of `api.py`; what it said is in its `ready` and `init_error`."""
    workers = []

    def start(source: str, handler: str = "api.handler", *, of: Zygote = parent, **fields: object) -> Worker:
        (tmp_path / "api.py").write_text(source)
        worker = of.fork()
        workers.append(worker)
        worker.ready, worker.init_error = worker.init(tmp_path, handler, **fields)
        return worker

    yield start
    for worker in workers:
        worker.close()
