"""A real `sst dev` in a folder of its own: written as a user would, driven from outside."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.ministack import client

SST = [sys.executable, "-c", "from sst_dev.cli import main; main()"]
STAGE = "test"
READY = 90
"""Seconds a session may take to be ready: MiniStack may have to be installed first."""

CONFIG = """
import sst

def app(input: sst.AppInput) -> sst.App:
    return sst.App(name="{name}", home="local")

def run():
{run}
"""


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write *files* (relative path → text, dedented) below *folder*."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))


def config(run: str, name: str = "shop") -> str:
    """The text of a `sst_config.py` whose `run` has this body."""
    return CONFIG.format(name=name, run=textwrap.indent(textwrap.dedent(run).strip(), "    "))


def environment(**extra: str) -> dict[str, str]:
    """This machine's environment without any AWS or SST settings of the developer."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SST_"))}
    if cache := os.environ.get("SST_CACHE_DIR"):
        kept["SST_CACHE_DIR"] = cache
    return {**kept, "SST_STAGE": STAGE, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1", **extra}


def sst(
    *arguments: str, cwd: Path, input: bytes | None = None, timeout: float = 120, **extra: str
) -> subprocess.CompletedProcess[bytes]:
    """Run one `sst` command to its end."""
    return subprocess.run(
        [*SST, *arguments], cwd=cwd, env=environment(**extra), input=input, capture_output=True, timeout=timeout
    )


@dataclass
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def http(url: str, data: bytes | None = None, method: str | None = None, **headers: str) -> Reply:
    """One HTTP request; error statuses are answers too."""
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return Reply(answer.status, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, dict(error.headers), error.read())


@dataclass
class Session:
    """A running `sst dev`; `output` is everything it printed so far."""

    folder: Path
    process: subprocess.Popen[bytes]
    status: dict[str, Any] = field(default_factory=dict)
    _lines: list[str] = field(default_factory=list)
    _grown: threading.Condition = field(default_factory=threading.Condition)

    @property
    def output(self) -> str:
        with self._grown:
            return "".join(self._lines)

    @property
    def endpoint(self) -> str:
        return str(self.status["aws_endpoint_url"])

    def read(self) -> None:
        """Collect the output until it ends; runs in a thread."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._grown:
                self._lines.append(line.decode("utf-8", "replace"))
                self._grown.notify_all()

    def wait_output(self, text: str, timeout: float = 30) -> str:
        """Wait until *text* was printed; return everything printed."""
        with self._grown:
            found = self._grown.wait_for(lambda: text in "".join(self._lines), timeout)
        assert found, f"{text!r} was not printed in:\n{self.output}"
        return self.output

    def refresh(self) -> dict[str, Any]:
        """Ask for the status again."""
        done = self.sst("status", "--json")
        assert done.returncode == 0, done.stderr.decode()
        self.status = json.loads(done.stdout)
        return self.status

    def sst(self, *arguments: str, input: bytes | None = None, **extra: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command beside the session."""
        return sst(*arguments, cwd=self.folder, input=input, **extra)

    def function(self, name: str) -> dict[str, Any]:
        """The status entry of a function."""
        return next(f for f in self.status["functions"] if f["name"] == name)

    def url(self, name: str, path: str = "") -> str:
        """The URL of a function."""
        return str(self.function(name)["url"]).rstrip("/") + "/" + path.lstrip("/")

    def invoke(self, name: str, event: Any = None, **options: Any) -> tuple[Any, str | None]:
        """Invoke with boto3; the payload and the kind of function error."""
        answer = self.client("lambda").invoke(
            FunctionName=self.function(name)["lambda_name"], Payload=json.dumps(event or {}).encode(), **options
        )
        body = answer["Payload"].read()
        return (json.loads(body) if body else None), answer.get("FunctionError")

    def client(self, service: str) -> Any:
        """A boto3 client with root rights on the session's cloud."""
        from botocore.config import Config

        options = Config(read_timeout=120, retries={"total_max_attempts": 1}, max_pool_connections=64)
        return client(service, self.endpoint, config=options)

    def edit(self, name: str, text: str) -> None:
        """Save a file as an editor does."""
        write(self.folder, {name: text})

    def stop(self, number: int = signal.SIGINT, timeout: float = 30) -> int:
        """Signal the session and wait for its end; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout)


@contextlib.contextmanager
def session(
    folder: Path, files: Mapping[str, str] | None = None, *arguments: str, ready: bool = True, **extra: str
) -> Iterator[Session]:
    """Write *files* into *folder* and run `sst dev --mode=basic` there; wait until it is ready."""
    write(folder, files or {})
    process = subprocess.Popen(
        [*SST, "dev", "--mode=basic", *arguments],
        cwd=folder,
        env=environment(**extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    one = Session(folder, process)
    reader = threading.Thread(target=one.read, daemon=True)
    reader.start()
    try:
        if ready:
            done = one.sst("status", "--json", f"--wait={READY}")
            assert done.returncode == 0, f"{done.stderr.decode()}\n{one.output}"
            one.status = json.loads(done.stdout)
        yield one
    finally:
        one.stop()
        reader.join(10)
        assert process.stdout is not None
        process.stdout.close()


def descendants(pid: int) -> set[int]:
    """Processes of this machine whose ancestor is *pid*, by /proc."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            text = stat.read_text()
            parents[int(text.split()[0])] = int(text.rpartition(")")[2].split()[1])
    found, level = set(), {pid}
    while level:
        level = {child for child, parent in parents.items() if parent in level} - found
        found |= level
    return found


def alive(pids: set[int]) -> set[int]:
    """Those of *pids* that still run (zombies do not)."""
    running = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z":
                running.add(pid)
    return running
