"""MiniStack as a child process on loopback: port and data kept per app and stage.

MiniStack saves its state on an orderly stop only, so the engine's record of what exists is saved beside it at that
moment (`saved.jsonl`) and put back when the last stop was not orderly: the pair always agrees, and a kill costs at
most a fresh apply.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import socket
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

from ..core.errors import RemoteError, UserError
from ..core.events import CloudDied, CloudInstalling, CloudReady, Notice
from ..core.files import private_dir, write_private
from ..core.settings import Settings
from ..core.stream import Stream
from ..core.tasks import cancel_all, spawn
from ..processes.ladder import Rung
from ..processes.spawn import Child, start
from .install import install_ministack

PORTS = range(15_000, 25_000)
"""Below the ephemeral ports of Linux and macOS, so that no outgoing connection takes it meanwhile."""
START_TIMEOUT = 60.0
"""Seconds until a MiniStack that does not answer is called broken; it answers within one on this hardware."""
STOP = (Rung(signal.SIGTERM, 10.0), Rung(signal.SIGKILL, 2.0))
"""It saves its state on SIGTERM, which takes longer the more there is."""
LOG_KEPT = 2 * 1024 * 1024
"""Bytes of `.sst/log/ministack.log` of earlier sessions that are kept when a new one starts."""


class MiniStack:
    """The embedded cloud of one stage. Owns the process, its port and its data folder."""

    def __init__(self, settings: Settings, stream: Stream) -> None:
        self._settings = settings
        self._stream = stream
        self._home = settings.stage_home / "cloud"
        self._record = self._home / "record.json"
        self._saved = self._home / "saved.jsonl"
        self._engine_state = settings.engine_state
        self._log = settings.log_dir / "ministack.log"
        self._child: Child | None = None
        self.port = 0
        self.region = "us-east-1"
        """In which what nobody signed is done, for example the polling of queues and streams."""
        self.resumed = False
        """True when the data is what an orderly stop left: what was known about it then still holds."""

    @property
    def endpoint(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the process that runs, or ran last."""
        assert self._child is not None
        return self._child.pid

    @property
    def known(self) -> bool:
        """Whether this stage has lived on the embedded cloud before."""
        return self._record.exists()

    async def start(self, region: str | None = None) -> CloudReady:
        """Install if needed, start, wait until the health endpoint answers; return the event to publish.

        *region* is the app's; without it, that of the last session.
        Raises `UserError` when this stage's port is taken, `RemoteError` when MiniStack does not come up.
        """
        started = time.monotonic()
        now = time.time
        python = await install_ministack(lambda line: self._stream.publish(CloudInstalling(now(), line)))
        private_dir(self._home)
        shutil.rmtree(self._home / "tmp", ignore_errors=True)  # the stubs of earlier sessions, unpacked: 20 MB each
        private_dir(self._log.parent)
        record = self._read_record()
        self.port = record.get("port") or _free_port()
        _require_free(self.port, self._record)
        self.region = region or record.get("region", self.region)
        self.resumed = bool(record.get("clean"))
        if record and not self.resumed:
            self._restore_saved(record)
        self._write_record(clean=False, saved=record.get("saved", False))
        try:
            await self._launch(python)
        except RemoteError as error:
            if not record:
                raise
            text = f"MiniStack did not start on the data of this stage and begins anew: {error.message}"
            self._stream.publish(Notice(now(), text, level="warning"))
            self.resumed = False
            self._wipe()
            await self._launch(python)
        return CloudReady(now(), self.endpoint, time.monotonic() - started)

    async def wait(self) -> int:
        """Wait for the process to end by itself; publishes `CloudDied` and returns its exit status."""
        assert self._child is not None
        status = await self._child.wait()
        self._stream.publish(CloudDied(time.time(), status, str(self._log)))
        return status

    async def stop(self) -> None:
        """Stop in order, so that the state is saved; kill what does not end within the grace period."""
        if self._child is None or self._child.exit_code is not None:
            return
        if await self._child.stop(STOP) == 0:
            _copy_or_delete(self._engine_state, self._saved)
            self._write_record(clean=True, saved=True)

    # --- private ----------------------------------------------------------------------------------

    def _environment(self) -> dict[str, str]:
        """All that MiniStack, and so every stub it starts, gets to see of this machine."""
        data = self._home
        variables = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(data),
            "TMPDIR": str(private_dir(data / "tmp")),
            "LANG": "C.UTF-8",
            "AUTH": "true",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(private_dir(data / "state")),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(private_dir(data / "s3")),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": self.region,
            "MINISTACK_REGION": self.region,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "INFO",
            "SST_STUB_PYTHON": sys.executable,
        }
        # What only MiniStack is meant to see stays out of the handlers: the stub leaves these names behind.
        hidden = " ".join(name for name in variables if not name.startswith("AWS_"))
        return {**variables, "SST_STUB_HIDDEN": hidden}

    async def _launch(self, python: Path) -> None:
        _trim(self._log, LOG_KEPT)
        _rewind_streams(self._home / "state" / "lambda.json")
        with self._log.open("ab") as log:
            self._child = await start(
                [str(python), "-m", "ministack"],
                name="MiniStack",
                cwd=self._home,
                environment=self._environment(),
                stdout=log,
                stderr=log,
            )
        try:
            await self._wait_healthy()
        except BaseException:
            await self.stop()
            raise

    async def _wait_healthy(self) -> None:
        assert self._child is not None
        tasks: set[asyncio.Task[int]] = set()
        ended = spawn(self._child.wait(), name="MiniStack ends early", owner=tasks)
        try:
            async with asyncio.timeout(START_TIMEOUT):
                while not await _answers(self.port):
                    await asyncio.wait({ended}, timeout=0.01)
                    if ended.done():
                        raise RemoteError(
                            f"MiniStack ended with status {ended.result()} at its start: {_tail(self._log)}",
                            hint=f"Its log is {self._log}.",
                        )
        except TimeoutError:
            raise RemoteError(
                f"MiniStack did not answer on port {self.port} within {START_TIMEOUT:.0f} s.",
                hint=f"Its log is {self._log}.",
            ) from None
        finally:
            await cancel_all(tasks)

    def _restore_saved(self, record: dict[str, Any]) -> None:
        """Bring the engine's record back to what MiniStack saved last; without that, begin anew."""
        if record.get("saved"):
            _copy_or_delete(self._saved, self._engine_state)
        else:
            self._wipe()

    def _wipe(self) -> None:
        for name in ("state", "s3"):
            shutil.rmtree(self._home / name, ignore_errors=True)
        self._engine_state.unlink(missing_ok=True)

    def _read_record(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._record.read_text()))
        except (FileNotFoundError, ValueError):
            return {}

    def _write_record(self, *, clean: bool, saved: bool) -> None:
        write_private(
            self._record, json.dumps({"port": self.port, "region": self.region, "clean": clean, "saved": saved})
        )


def _free_port() -> int:
    for port in random.sample(PORTS, 200):
        if _is_free(port):
            return port
    raise RemoteError("No free port between 15000 and 24999 on 127.0.0.1.", hint="End what listens there.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _require_free(port: int, record: Path) -> None:
    if not _is_free(port):
        raise UserError(
            f"Port {port} on 127.0.0.1, which the URLs of this stage use, is taken by another program.",
            hint=f"End that program, or delete {record} to get another port (the URLs change with it).",
        )


async def _answers(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(b"GET /_ministack/health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        status = await reader.readline()
        return b" 200" in status
    except OSError:
        return False
    finally:
        writer.close()


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        return " ".join(line.decode("utf-8", "replace").strip() for line in deque(file, 3))


def _rewind_streams(saved: Path) -> None:
    """Have subscribers of tables read from the begin of their streams.

    MiniStack 1.5.33 saves how many records each has read, but not the records: after a restart it would skip as many
    new ones. What it saves in another form is left as it is.
    """
    try:
        document = json.loads(saved.read_text("utf-8"))
        positions = document["payload"]["dynamodb_stream_positions"]["data"]
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return
    if any(positions.values()):
        positions.update(dict.fromkeys(positions, 0))
        write_private(saved, json.dumps(document))


def _copy_or_delete(source: Path, target: Path) -> None:
    if source.exists():
        shutil.copyfile(source, target)
    else:
        target.unlink(missing_ok=True)


def _trim(log: Path, keep: int) -> None:
    if log.exists() and log.stat().st_size > keep:
        data = log.read_bytes()[-keep:]
        log.write_bytes(data)
