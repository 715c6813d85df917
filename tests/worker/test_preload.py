"""Plans for preloading; what imports leave behind is in `test_zygote.py`."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from typing import NoReturn

import pytest
from sst_worker import preload


class StartedOver(Exception):
    """Stands for the process being replaced."""


@pytest.fixture
def objecting(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the import of some modules leave something behind, and a fresh start an exception."""

    def start_over(plan: preload.Plan, control_fd: int) -> NoReturn:
        raise StartedOver

    def objecting(*names: str) -> None:
        for name in (*names, "colorsys"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.setattr(preload, "_objection", lambda name, before, after: "leaves a mess" if name in names else "")

    monkeypatch.setattr(preload, "start_over", start_over)
    return objecting


def test_the_whole_package_of_an_offender_is_left_out(objecting: Callable[..., None]) -> None:
    """Its other modules would only import the offender again."""
    objecting("json.tool")
    plan = preload.Plan(["colorsys", "json", "json.tool", "json.decoder"])
    with pytest.raises(StartedOver):
        preload.run(plan, 0)
    assert set(plan.left_out) == {"json", "json.tool", "json.decoder"}
    assert preload.run(plan, 0) == ["colorsys"]


def test_after_a_few_tries_the_rest_is_left_out(objecting: Callable[..., None]) -> None:
    """A zygote always gets ready, whatever the imports do."""
    names = ["colorsys", "sched", "wave", "filecmp", "fileinput", "getopt", "mailbox", "netrc", "plistlib", "poplib"]
    names += ["quopri", "shelve"]
    objecting(*names[1:])
    plan = preload.Plan(names)
    starts = 0
    while True:
        try:
            loaded = preload.run(plan, 0)
            break
        except StartedOver:
            starts += 1
    assert starts == preload.TRIES
    assert loaded == ["colorsys"] and set(plan.left_out) == set(names[1:])


def test_sockets_count_when_they_are_connected_or_listening() -> None:
    """Those a fork would share with its parent's conversations."""
    known = preload._sockets()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM):
        assert preload._sockets() == known
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert len(preload._sockets() - known) == 1
        with socket.create_connection(server.getsockname()):
            assert len(preload._sockets() - known) == 2
    assert preload._sockets() == known
