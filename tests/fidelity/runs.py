"""Running a group of cases: under awslambdaric against a Runtime API, and under a worker forked from a zygote."""

from __future__ import annotations

import asyncio
import json
import os
import re
import tempfile
import time
import uuid
from pathlib import Path

from tests.fidelity.corpus import Call, Group
from tests.fidelity.outcomes import Outcome, caller_view
from tests.support.runtime_api import RuntimeApiServer
from tests.worker.zygotes import SECRET, Gone, Spares, Worker, Zygote

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
TIMEOUT = 60.0
"""Seconds until the deadline each invocation is given."""


def base_environment(folder: str) -> dict[str, str]:
    """What both runtimes see besides the group's own variables."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "LC_CTYPE": "C.UTF-8",  # as on Lambda
        "TZ": ":UTC",
        "TMPDIR": folder,
    }


def request_id(group: Group, call: Call) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{group.name}/{call.name}"))


# --- the oracle -----------------------------------------------------------------------------------


class Pipe:
    """The output of a process, read as it comes so that it never fills."""

    def __init__(self) -> None:
        self.fd, self.write_fd = os.pipe()
        os.set_blocking(self.fd, False)
        self._data = bytearray()
        asyncio.get_running_loop().add_reader(self.fd, self._read)

    def _read(self) -> None:
        try:
            while data := os.read(self.fd, 1 << 16):
                self._data += data
        except BlockingIOError:
            return
        asyncio.get_running_loop().remove_reader(self.fd)

    def take(self) -> bytes:
        """Everything written since the last call of this."""
        self._read()
        data = bytes(self._data)
        self._data.clear()
        return data

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.fd)
        os.close(self.fd)


class Oracle:
    """One process of awslambdaric and the Runtime API it polls."""

    def __init__(self, python: Path, root: Path, group: Group) -> None:
        self._python, self._root, self._group = python, root, group
        self._process: asyncio.subprocess.Process | None = None

    async def call(self, call: Call) -> Outcome:
        if self._process is None:
            await self._start()
        assert self._process is not None
        invocation = await self._server.start(
            call.event,
            request_id=request_id(self._group, call),
            timeout=TIMEOUT,
            headers={"Lambda-Runtime-Invoked-Function-Arn": ARN, **call.headers},
        )
        ended = asyncio.ensure_future(self._process.wait())
        await asyncio.wait((invocation.answered, ended), timeout=120, return_when=asyncio.FIRST_COMPLETED)
        if not invocation.answered.done():
            return await self._ended()
        ended.cancel()
        answer = invocation.answered.result()
        outcome = caller_view(
            Outcome(
                answer.kind,
                answer.body,
                answer.headers["content-type"] if answer.kind == "response" else "",
                cause=answer.headers.get("lambda-runtime-function-xray-error-cause", "").encode("latin-1").decode(),
                output=render(self._pipe.take()),
            )
        )
        if answer.kind == "response" and outcome.kind == "error":
            await self.close()  # awslambdaric ends when its response is refused; Lambda goes on
        return outcome

    async def _ended(self) -> Outcome:
        assert self._process is not None
        status = await self._process.wait()
        code, signal = (status, None) if status >= 0 else (None, -status)
        output = render(self._pipe.take())
        failed = self._server.init_errors
        await self.close()
        if failed:
            error_type = failed[0].headers["lambda-runtime-function-error-type"]
            return Outcome("init_error", failed[0].body, "", error_type, code=code, signal=signal, output=output)
        return Outcome("exit", code=code, signal=signal, output=output)

    async def _start(self) -> None:
        self._server = await RuntimeApiServer().__aenter__()
        self._pipe = Pipe()
        self._folder = tempfile.mkdtemp(prefix="oracle", dir=self._root.parent)
        environment = {
            **base_environment(self._folder),
            **self._group.environment,
            "AWS_LAMBDA_RUNTIME_API": self._server.address,
            "PYTHONDONTWRITEBYTECODE": "1",
            # Records arrive as frames, as on Lambda, in the pipe that also takes what is printed.
            "_LAMBDA_TELEMETRY_LOG_FD": str(self._pipe.write_fd),
        }
        self._process = await asyncio.create_subprocess_exec(
            *(str(self._python), "-m", "awslambdaric", self._group.handler),
            cwd=self._root,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._pipe.write_fd,
            stderr=self._pipe.write_fd,
            pass_fds=[self._pipe.write_fd],
        )
        os.close(self._pipe.write_fd)

    async def close(self) -> None:
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._server.stop()
        self._pipe.close()
        self._process = None


def render(stream: bytes) -> bytes:
    """What a log shows of raw output with telemetry frames in it: each record a message that ends its line."""
    out = b""
    while (at := stream.find(b"\xa5\x5a\x00")) >= 0:
        out += stream[:at]
        length = int.from_bytes(stream[at + 4 : at + 8], "big")
        message = stream[at + 16 : at + 16 + length]
        out += message if message.endswith(b"\n") else message + b"\n"
        stream = stream[at + 16 + length :]
    return out + stream


async def run_oracle(python: Path, root: Path, group: Group) -> list[Outcome]:
    """The outcome of each call of *group* under awslambdaric."""
    oracle = Oracle(python, root, group)
    try:
        return [await oracle.call(call) for call in group.calls]
    finally:
        await oracle.close()


# --- ours -----------------------------------------------------------------------------------------

_MARKER = re.compile(rb"\x1e" + SECRET.encode() + rb" (?:begin|error|end) [^\n]*\n")

_HEADERS = {
    "Lambda-Runtime-Client-Context": "client_context",
    "Lambda-Runtime-Cognito-Identity": "identity",
    "Lambda-Runtime-Aws-Tenant-Id": "tenant_id",
    "Lambda-Runtime-Trace-Id": "trace_id",
    "Content-Type": "content_type",
}


def run_ours(zygote: Zygote | Spares, root: Path, group: Group) -> list[Outcome]:
    """The outcome of each call of *group* under a worker of ours."""
    worker: Worker | None = None
    outcomes = []
    for call in group.calls:
        if worker is None:
            worker = zygote.fork()
            environment = {**base_environment(tempfile.mkdtemp(prefix="ours", dir=root.parent)), **group.environment}
            try:
                ready, body = worker.init(root, group.handler, environment=environment)
            except Gone:
                outcomes.append(_exited(worker))
                worker = None
                continue
            if ready["type"] == "init_error":
                ended = _exited(worker)
                outcomes.append(
                    Outcome(
                        "init_error",
                        body,
                        error_type=ready["error_type"],
                        code=ended.code,
                        signal=ended.signal,
                        output=ended.output,
                    )
                )
                worker = None
                continue
        fields = {_HEADERS[name]: value for name, value in call.headers.items()}
        deadline = int((time.time() + TIMEOUT) * 1000)
        try:
            reply = worker.invoke(
                raw=call.event, request_id=request_id(group, call), arn=ARN, deadline_ms=deadline, **fields
            )
        except Gone:
            outcomes.append(_exited(worker))
            worker = None
            continue
        outcomes.append(
            Outcome(
                reply.head["type"],
                reply.body,
                reply.head.get("content_type", ""),
                cause=reply.head.get("xray_cause", ""),
                output=reply.before + reply.output,
            )
        )
    if worker is not None:
        worker.close()
    return outcomes


def _exited(worker: Worker) -> Outcome:
    report = worker.exited()
    output = _MARKER.sub(b"", worker.output.rest())
    return Outcome("exit", code=report["code"], signal=report["signal"], output=output)


def write_files(root: Path, group: Group) -> None:
    """Lay out the group's project in *root*."""
    for name, content in group.files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def describe(outcome: Outcome) -> str:
    """One line for people."""
    return json.dumps(
        {"kind": outcome.kind, "body": repr(outcome.body[:300]), "code": outcome.code, "signal": outcome.signal}
    )
