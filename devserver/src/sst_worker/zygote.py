"""The zygote: a process of the user's interpreter that has imported the third-party modules and forks workers.

The same program is a spare: it preloads and then becomes one worker itself, where a fork is not safe.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
from typing import NoReturn

from . import debugging, environment, libc, lifetime, logs, preload, wire, worker

Endpoints = tuple[socket.socket, int]
"""What a worker is made of: its channel and the write end of its output pipe."""


def main(mode: str, control_fd: int) -> NoReturn:
    """Serve the control socket; returns into a worker in a fork, and never otherwise.

    A worker runs on this stack, so that `sys.exit`, `KeyboardInterrupt` and uncaught exceptions of user code end
    the process the way they end any Python program.
    """
    parent = os.getppid()
    libc.load()
    os.set_inheritable(control_fd, False)
    # Before any import of user code, as on Lambda: a module's `logging.basicConfig()` finds a handler in place.
    log = logs.install()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    zygote = Zygote(socket.socket(fileno=control_fd), spare=mode == "spare")
    # A zygote is asked to end, so that it can kill its workers' groups: what a handler started must not be left.
    signal.signal(signal.SIGTERM, zygote.end)
    lifetime.die_with(parent, signal.SIGTERM)
    channel, output = zygote.serve()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    worker.run(channel, output, log)
    sys.exit(0)


class Zygote:
    """The owner of the control socket and of the workers forked from this process."""

    def __init__(self, control: socket.socket, *, spare: bool) -> None:
        self._pid = os.getpid()
        self._control = control
        self._spare = spare
        self._workers: dict[int, str] = {}
        """Worker ids by process id."""

    def serve(self) -> Endpoints:
        """Answer messages until this process is a worker. Ends the process when the dev server has gone."""
        wake, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(wake, select.POLLIN)
        resumed = preload.resumed()
        if resumed is not None:
            self._preload(resumed)
        endpoints = None
        while endpoints is None:
            for fd, _ in poll.poll():
                if fd == wake:
                    os.read(wake, 4096)
                    self._reap()
                    continue
                endpoints = self._message()
                if endpoints is not None:
                    break  # this is the worker: the zygote's children are not its own
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(wake)
        os.close(wake_write)
        return endpoints

    def _message(self) -> Endpoints | None:
        try:
            head, _, fds = wire.receive_with_fds(self._control)
        except (EOFError, ConnectionResetError):
            self.end()
        if head["type"] == "preload":
            self._preload(preload.Plan(**{key: head[key] for key in preload.FIELDS if key in head}))
        elif head["type"] == "debugger":
            debugging.preload(head["debugpy"])
        elif head["type"] == "fork":
            return self._fork(head["worker"], fds)
        for fd in fds:
            os.close(fd)
        return None

    def _preload(self, plan: preload.Plan) -> None:
        loaded = preload.run(plan, self._control.fileno())
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # what imports printed is the zygote's, not every worker's
        gc.collect()
        # Objects alive now never enter a collection again, so workers do not touch, and so copy, their pages.
        gc.freeze()
        self._send(
            {
                "type": "preloaded",
                "modules": loaded,
                "left_out": plan.left_out,
                "rss_mb": environment.rss_mb(),  # its peak would be that of the dev server it was forked from
            }
        )

    def _fork(self, name: str, fds: list[int]) -> Endpoints | None:
        channel_fd, output = fds
        if self._spare:
            self._send({"type": "forked", "worker": name, "pid": os.getpid()})
            lifetime.outlive()
            lifetime.watch(self._control)
            return socket.socket(fileno=channel_fd), output
        zygote = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self._send({"type": "fork_failed", "worker": name, "reason": str(error)})
            os.close(channel_fd)
            os.close(output)
            return None
        if pid == 0:
            lifetime.die_with(zygote)
            os.setpgid(0, 0)
            self._control.close()
            return socket.socket(fileno=channel_fd), output
        try:
            os.setpgid(pid, pid)  # both sides: whoever is first, a group kill finds the group
        except (PermissionError, ProcessLookupError):
            pass  # the child has ended already
        os.close(channel_fd)
        os.close(output)
        self._workers[pid] = name
        self._send({"type": "forked", "worker": name, "pid": pid})
        return None

    def _reap(self) -> None:
        for pid in list(self._workers):
            status = _collect(pid)
            if status is None:
                continue
            code, by_signal = exit_status(status)
            name = self._workers.pop(pid)
            head = {"type": "exited", "worker": name, "pid": pid, "code": code, "signal": by_signal}
            self._send(head)

    def _send(self, head: wire.Head) -> None:
        try:
            wire.send(self._control, head)
        except (BrokenPipeError, ConnectionResetError):
            self.end()

    def end(self, *_: object) -> NoReturn:
        """Kill every worker and what it started, and end; also the handler of SIGTERM."""
        if os.getpid() != self._pid:  # a fork that has not put the handler away yet
            os._exit(1)
        for pid in self._workers:
            lifetime.kill_group(pid)
        os._exit(0)


def _collect(pid: int) -> int | None:
    """The wait status of *pid* if it has ended, with whatever it started killed; else None."""
    if hasattr(os, "waitid"):
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        lifetime.kill_group(pid)  # before the reaping frees its number
        return os.waitpid(pid, 0)[1]
    ended, status = os.waitpid(pid, os.WNOHANG)
    if not ended:
        return None
    lifetime.kill_group(pid)
    return status


def exit_status(status: int) -> tuple[int | None, int | None]:
    """Exit code or signal number of a wait status; the other is None."""
    if os.WIFSIGNALED(status):
        return None, os.WTERMSIG(status)
    return os.WEXITSTATUS(status), None
