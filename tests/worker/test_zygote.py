"""The zygote as a real process: preloading, forking, reaping, ending."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from pathlib import Path

import pytest
from sst_worker import wire
from sst_worker import zygote as zygote_module
from sst_worker.zygote import exit_status

from tests.worker.conftest import Start
from tests.worker.zygotes import SECRET, Gone, Worker, Zygote, zygote


def site(folder: Path, **modules: str) -> dict[str, str]:
    """An environment in which *modules*, name → source, are installed libraries."""
    packages = folder / "site-packages"
    packages.mkdir(exist_ok=True)
    for name, source in modules.items():
        (packages / f"{name}.py").write_text(source)
    return {"PYTHONPATH": str(packages)}


def test_a_fork_finds_what_was_preloaded(start: Start, tmp_path: Path) -> None:
    """The module is imported once, in the zygote; workers share it and report only what is new to them."""
    environment = site(tmp_path, library="import os\nimported_by = os.getpid()")
    source = "import library, colorsys\ndef handler(event, context): return library.imported_by"
    with zygote(environment=environment) as parent:
        report = parent.preload("library", "json.tool")
        assert report["modules"] == ["library", "json.tool"] and report["left_out"] == {} and report["rss_mb"] > 1
        worker = start(source, of=parent)
        assert "colorsys" in worker.ready["modules"] and "library" not in worker.ready["modules"]
        assert worker.invoke().value == parent.process.pid
        assert start(source, of=parent).invoke().value == parent.process.pid


def test_what_workers_report_can_be_preloaded_as_it_is(start: Start) -> None:
    """The list a worker reports is importable in its order, and leaves the next worker nothing to report."""
    source = "import asyncio, email.message, http.client, sqlite3, urllib.request\ndef handler(event, context): ..."
    with zygote() as parent:
        learned = start(source, of=parent).ready["modules"]
    with zygote() as parent:
        report = parent.preload(*learned)
        assert report["left_out"] == {} and report["modules"] == learned
        assert start(source, of=parent).ready["modules"] == []


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import threading\nthreading.Thread(target=threading.Event().wait, name='pump', daemon=True).start()", "pump"),
        ("import socket\na, b = socket.socketpair()", "opens a socket"),
        ("import socket\ns = socket.create_server(('127.0.0.1', 0))", "opens a socket"),
        (
            "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n1 / 0",
            "ZeroDivision",
        ),
        ("raise RuntimeError('needs a database')", "RuntimeError: needs a database"),
        ("import sys\nsys.exit(3)", "ends the process"),
        ("import absent", "No module named 'absent'"),
    ],
)
def test_what_is_not_safe_to_fork_is_left_out_and_named(start: Start, tmp_path: Path, source: str, reason: str) -> None:
    """The others are preloaded all the same, in the same process; workers import the offender themselves."""
    environment = site(tmp_path, offender=source, dependent="import offender", innocent="import os\npid = os.getpid()")
    with zygote(environment=environment) as parent:
        report = parent.preload("innocent", "offender", "dependent")
        assert report["modules"] == ["innocent"]
        assert set(report["left_out"]) == {"offender", "dependent"}
        assert reason in report["left_out"]["offender"]
        worker = start("import innocent\ndef handler(event, context): return innocent.pid", of=parent)
        assert worker.invoke().value == parent.process.pid


def test_an_idle_datagram_socket_is_no_reason_to_leave_a_module_out(tmp_path: Path) -> None:
    """The X-Ray SDK opens one at import; nothing two processes could mix up runs through it."""
    environment = site(tmp_path, xray="import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)")
    with zygote(environment=environment) as parent:
        assert parent.preload("xray")["left_out"] == {}


def test_code_of_the_project_is_never_preloaded(start: Start, tmp_path: Path) -> None:
    """A library that imports project code is left out: workers must get that code afresh."""
    (tmp_path / "project.py").write_text("")
    environment = site(tmp_path, plugin="import project")
    environment["PYTHONPATH"] += f":{tmp_path}"
    with zygote(environment=environment) as parent:
        report = parent.preload("plugin")
        assert "not a library" in report["left_out"]["plugin"]
        worker = start("import project\ndef handler(event, context): ...", of=parent)
        assert str(tmp_path / "project.py") in worker.ready["files"]


def test_a_package_that_must_come_first_empties_the_preload(tmp_path: Path) -> None:
    """gevent patches what others import, so nothing may be imported before the user's own code imports it."""
    with zygote(environment=site(tmp_path, gevent="")) as parent:
        report = parent.preload("json", "gevent")
        assert report["modules"] == [] and "gevent is among the imports" in report["left_out"]["json"]


def test_workers_do_not_share_random_numbers(start: Start, tmp_path: Path) -> None:
    """Forks of one process draw different numbers, from `random` and from numpy's global generator."""
    fake = "def seed():\n    import os\n    global pid\n    pid = os.getpid()"
    (tmp_path / "site-packages" / "numpy").mkdir(parents=True)
    (tmp_path / "site-packages" / "numpy" / "__init__.py").write_text("")
    (tmp_path / "site-packages" / "numpy" / "random.py").write_text(fake)
    source = "import random\ndef handler(event, context):\n    import numpy.random, os\n"
    source += "    return [random.random(), numpy.random.pid == os.getpid()]"
    with zygote(environment=site(tmp_path)) as parent:
        parent.preload("random", "numpy.random")
        (first, seeded), (second, _) = (start(source, of=parent).invoke().value for _ in range(2))
        assert first != second and seeded


def test_forks_run_the_hooks_that_libraries_registered(start: Start, tmp_path: Path) -> None:
    """`os.register_at_fork` of a preloaded library runs in each worker."""
    hook = "import os\nforked = []\nos.register_at_fork(after_in_child=lambda: forked.append(1))"
    with zygote(environment=site(tmp_path, hooked=hook)) as parent:
        parent.preload("hooked")
        worker = start("import hooked\ndef handler(event, context): return hooked.forked", of=parent)
        assert worker.invoke().value == [1]


def test_what_imports_print_is_not_repeated_by_workers(start: Start, tmp_path: Path) -> None:
    """Text in the zygote's buffers stays the zygote's."""
    with zygote(environment=site(tmp_path, chatty="print('hello from import', end='')")) as parent:
        parent.preload("chatty")
        worker = start("def handler(event, context): print('mine')", of=parent)
        reply = worker.invoke()
        assert reply.before + reply.output == b"mine\n"


def _gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def _wait_gone(pid: int) -> None:
    fd = os.pidfd_open(pid) if not _gone(pid) else None
    if fd is not None:
        assert select.select([fd], [], [], 20)[0], f"{pid} lives on"
        os.close(fd)


BUSY = (
    "import os, subprocess, time\ndef handler(event, context):\n"
    "    child = subprocess.Popen(['sleep', '600'])\n    print(os.getpid(), child.pid, flush=True)\n    time.sleep(600)"
)


def _begin(worker: Worker) -> list[int]:
    """Have a worker run `BUSY`; the process ids of the worker and of its child."""
    wire.send(worker.channel, {"type": "invoke", "id": "1", "request_id": "1"}, b"null")
    worker.output.until(wire.marker(SECRET, "begin", "1"))
    return [int(number) for number in worker.output.until(b"\n").split()]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")
@pytest.mark.parametrize("end", ["close", "kill zygote", "kill worker"])
def test_nothing_outlives_its_parent(start: Start, end: str) -> None:
    """A worker ends with its dev server or zygote; what it started too, unless the zygote had no time for it."""
    with zygote() as parent:
        worker = start(BUSY, of=parent)
        pids = _begin(worker)
        if end == "close":
            parent.control.close()
        elif end == "kill zygote":
            os.kill(parent.process.pid, signal.SIGKILL)
        else:
            os.kill(pids[0], signal.SIGKILL)
            assert worker.exited()["signal"] == signal.SIGKILL
        _wait_gone(pids[0])
        if end == "kill zygote":
            os.kill(pids[1], signal.SIGKILL)  # the dev server's to do, which knows the process groups
        _wait_gone(pids[1])


def test_a_spare_becomes_the_worker_itself(tmp_path: Path) -> None:
    """The process that preloaded is the worker: same process id, no fork, same protocol."""
    (tmp_path / "api.py").write_text("import os, json.tool\ndef handler(event, context): return [os.getpid(), event]")
    with zygote(spare=True) as parent:
        assert parent.preload("json.tool")["modules"] == ["json.tool"]
        worker = parent.fork("w")
        assert parent.expect("forked", worker="w")["pid"] == parent.process.pid
        ready, _ = worker.init(tmp_path, "api.handler")
        assert ready["type"] == "ready" and "json.tool" not in ready["modules"]
        assert worker.invoke("e").value == [parent.process.pid, "e"]
        worker.close()
        assert parent.process.wait(20) == 0


def test_a_busy_spare_ends_with_the_dev_server_and_takes_its_children_along(tmp_path: Path) -> None:
    """The end of the control socket kills its process group."""
    (tmp_path / "api.py").write_text(BUSY)
    with zygote(spare=True) as parent:
        worker = parent.fork()
        worker.init(tmp_path, "api.handler")
        pids = _begin(worker)
        parent.control.close()
        assert parent.process.wait(20) == -signal.SIGKILL
        _wait_gone(pids[1])


def test_a_spare_ends_like_its_handler(tmp_path: Path) -> None:
    """The exit status of the process is what the handler made it."""
    (tmp_path / "api.py").write_text("import sys\ndef handler(event, context): sys.exit(3)")
    with zygote(spare=True) as parent:
        worker = parent.fork()
        worker.init(tmp_path, "api.handler")
        with pytest.raises(Gone):
            worker.invoke()
        assert parent.process.wait(20) == 3


def test_many_workers_end_and_are_reported_each_by_its_name(parent: Zygote, tmp_path: Path) -> None:
    """Exit codes are told apart though workers end at the same time."""
    (tmp_path / "api.py").write_text("import os, sys\nsys.exit(os.getpid() % 200)")
    workers = {f"w{number}": parent.fork(f"w{number}") for number in range(20)}
    pids = {name: parent.expect("forked", worker=name)["pid"] for name in workers}
    for worker in workers.values():
        with pytest.raises(Gone):
            worker.init(tmp_path, "api.handler")
    for name, worker in workers.items():
        report = worker.exited()
        assert (report["pid"], report["code"], report["signal"]) == (pids[name], pids[name] % 200, None)


def test_a_fork_that_fails_is_reported_and_nothing_leaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The descriptors are closed, so the dev server sees the end of channel and output."""

    def fork() -> int:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", fork)
    ours, theirs = socket.socketpair()
    channel, other = socket.socketpair()
    read, write = os.pipe()
    with ours, channel, open(read, "rb") as output:
        served = zygote_module.Zygote(theirs, spare=False)
        assert served._fork("w", [other.detach(), write]) is None
        head, _ = wire.receive(ours)
        assert (head["type"], head["worker"]) == ("fork_failed", "w") and "unavailable" in head["reason"]
        assert channel.recv(1) == b"" and output.read() == b""
    theirs.close()


def test_an_exit_status_is_a_code_or_a_signal() -> None:
    """Exactly one of the two is set."""
    assert exit_status(3 << 8) == (3, None)
    assert exit_status(signal.SIGKILL) == (None, signal.SIGKILL)


def test_the_sdk_can_be_preloaded_and_each_worker_reads_its_own_links(start: Start) -> None:
    """`sst` from the CLI's copy is a library like others; what it reads from the environment is read in the worker."""
    sdk = str(Path(__file__).parents[2] / "sdk" / "src" / "sst")
    source = "from sst import Resource\ndef handler(event, context): return Resource.Notes.name"
    with zygote(sys._base_executable) as learner:
        learned = start(source, of=learner, sdk=sdk, environment={"SST_RESOURCE_Notes": '{"name": "a"}'})
        modules = learned.ready["modules"]
        assert "sst" in modules and learned.invoke().value == "a"
    with zygote(sys._base_executable) as parent:
        report = parent.preload(*modules, sdk=sdk)
        assert report["left_out"] == {} and "sst" in report["modules"]
        for name in ("b", "c"):
            worker = start(source, of=parent, sdk=sdk, environment={"SST_RESOURCE_Notes": f'{{"name": "{name}"}}'})
            assert worker.ready["modules"] == []
            assert worker.invoke().value == name
