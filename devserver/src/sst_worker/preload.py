"""Which modules a zygote may import before it forks, and what stands against the others."""

from __future__ import annotations

import importlib
import json
import os
import socket
import stat
import sys
import threading
from typing import Any, NoReturn

from . import launch, places

FIELDS = ("modules", "sdk")

OFFENDERS = {
    "gevent": "it patches the standard library and must come before everything it patches",
    "eventlet": "it patches the standard library and must come before everything it patches",
    "ddtrace": "it patches libraries as they are imported and starts threads",
    "newrelic": "it patches libraries as they are imported and starts threads",
}
"""Packages whose place in the order of imports belongs to the user: with one of them nothing is preloaded."""

TRIES = 8
"""Times a zygote starts over: each costs the imports up to the offender, and real programs have one or two."""

SAFE_THREADS = frozenset(("numpy", "scipy", "pyarrow"))
"""Packages whose native threads survive a fork: OpenBLAS (the first two) and Arrow register fork handlers of their own
that start the threads again on use. Imported first, so that nothing else is blamed for their threads."""


class Plan:
    """What to import, and what turned out not to be possible."""

    def __init__(
        self,
        modules: list[str],
        sdk: str | None = None,
        left_out: dict[str, str] | None = None,
        tries: int = 0,
    ) -> None:
        self.modules = modules
        self.sdk = sdk
        self.left_out = left_out if left_out is not None else {}
        """Reasons by module, for people."""
        self.tries = tries
        """How often the process was started over."""


def resumed() -> Plan | None:
    """The plan this process was started over with, see `start_over`."""
    return Plan(**json.loads(sys.argv[3])) if len(sys.argv) > 3 else None


def start_over(plan: Plan, control_fd: int) -> NoReturn:
    """Replace this program by itself without the modules left out: what an import started cannot be undone."""
    os.set_inheritable(control_fd, True)
    argv = launch.command(sys.executable, control_fd, spare=sys.argv[1] == "spare")
    os.execv(sys.executable, [*argv, json.dumps(vars(plan))])


def run(plan: Plan, control_fd: int) -> list[str]:
    """Import the plan's modules and name those imported; the others are in `plan.left_out` with the reason.

    Starts this process over when a module leaves behind what a fork must not find: threads, sockets, or
    modules of the project.
    """
    if plan.sdk:
        places.offer_sdk(plan.sdk)
    modules = [name for name in plan.modules if name not in plan.left_out]
    for name in modules:
        package = _package(name)
        if package in OFFENDERS:
            plan.left_out.update(dict.fromkeys(modules, f"{package} is among the imports: {OFFENDERS[package]}"))
            return []
    modules.sort(key=lambda name: _package(name) not in SAFE_THREADS)
    loaded = []
    before = _traces()
    for name in modules:
        if name in sys.modules:  # most of a list are imported by what stands before them
            loaded.append(name)
            continue
        try:
            importlib.import_module(name)
        except Exception as error:
            plan.left_out[name] = f"its import failed: {type(error).__name__}: {error}"
        except SystemExit:
            plan.left_out[name] = "its import ends the process"
        after = _traces()
        reason = _objection(name, before, after)
        if reason:
            _leave_out(plan, name, reason)
            start_over(plan, control_fd)
        before = after
        if name not in plan.left_out:
            loaded.append(name)
    return loaded


def _package(module: str) -> str:
    return module.partition(".")[0]


def _leave_out(plan: Plan, name: str, reason: str) -> None:
    """Leave out the whole package of *name*; from the last try on, everything that comes after it too."""
    plan.tries += 1
    package = _package(name)
    later = plan.modules[plan.modules.index(name) :] if plan.tries == TRIES else []
    for module in plan.modules:
        if _package(module) == package or module in later:
            plan.left_out.setdefault(module, reason if module not in later else f"after {name}: {reason}")


def _traces() -> dict[str, Any]:
    """What an import may leave behind, as sets to compare."""
    return {
        "threads": set(threading.enumerate()),
        "native": _native_threads(),
        "sockets": _sockets(),
        "modules": set(sys.modules),
    }


def _objection(name: str, before: dict[str, Any], after: dict[str, Any]) -> str:
    started = after["threads"] - before["threads"]
    if started:
        return "its import starts a thread: " + ", ".join(sorted(thread.name for thread in started))
    if after["native"] > before["native"] and _package(name) not in SAFE_THREADS:
        return f"its import starts {after['native'] - before['native']} native thread(s)"
    if after["sockets"] - before["sockets"]:
        return "its import opens a socket"
    for module in after["modules"] - before["modules"]:
        file = getattr(sys.modules.get(module), "__file__", None)
        if file and not places.is_library(file):
            return f"it imports code that is not a library: {file}"
    return ""


def _native_threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:  # not Linux: Python's own threads must do
        return 0


def _sockets() -> set[tuple[int, int]]:
    """Device and inode of every socket a fork must not share: connected or listening.

    An unconnected datagram socket, such as the X-Ray SDK's, carries nothing that two processes could mix up.
    """
    found = set()
    for name in os.listdir("/dev/fd"):
        try:
            status = os.fstat(int(name))
        except OSError:  # the descriptor of the listing itself
            continue
        if stat.S_ISSOCK(status.st_mode) and _is_in_use(int(name)):
            found.add((status.st_dev, status.st_ino))
    return found


def _is_in_use(fd: int) -> bool:
    with socket.socket(fileno=os.dup(fd)) as sock:
        try:
            sock.getpeername()
        except OSError:
            return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
        return True
