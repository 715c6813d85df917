"""Breakpoints in a worker: an IDE's through debugpy, or `breakpoint()` and post mortems in pdb on a terminal.

While a thread stands, the worker's clock stands and the dev server knows where. Nothing of this is imported until it
is needed.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType, SimpleNamespace, TracebackType
from typing import Any, Optional

from . import places
from .clock import clock

Report = Callable[[dict[str, Any]], None]
"""Sends a message to the dev server; may be called from any thread."""

IDE_LIMIT = 5.0
"""Seconds an IDE has to open the session of a worker; half the time the worker has to import its handler, and VS Code
takes a tenth of one."""

CALL_LIMIT = 1.0
"""Seconds PyCharm has at the beginning of an invocation, whose time runs; it takes a tenth of one."""

NAMES = ("debugpy", "pydev", "_pydev")
"""What the names of debugpy's modules begin with."""


class Debugging:
    """What debugs this worker: the adapter of an IDE once it is connected, else the terminal, else nothing."""

    def __init__(self, report: Report, function: str, tty: Optional[str], hint: str) -> None:
        """Of a worker of *function*. *tty* is the path of the terminal for pdb; *hint* is what `breakpoint()` says
        when there is none."""
        self._report = report
        self._function = function
        self._tty = tty
        self._hint = hint
        self._client: Any = None
        """debugpy, once it is connected."""
        self.invocation = ""
        """Id of the invocation that runs, for pdb's prompt; empty while the handler is imported."""
        self._telling = threading.Lock()
        self._pycharm = 0
        """The port where PyCharm is awaited; 0 once it is connected."""
        self._place: dict[str, Any] = {}
        """Where the first thread stands, while one does."""
        self._lent: dict[str, Any] = {"post_mortem": self._post_mortem}
        """What takes the place of functions of the module pdb."""
        self._take_hook(self._breakpoint)
        if "pdb" not in sys.modules:
            sys.meta_path.insert(0, _Once("pdb", lambda pdb: vars(pdb).update(self._lent)))
        self._adopt()

    def begin(self, invocation: str) -> None:
        """*invocation* starts. A thread that an earlier one left behind may still stand: so does this one's time."""
        self.invocation = invocation
        self._look_for_pycharm(CALL_LIMIT)
        with self._telling:
            clock.start()
            if clock.stands:
                self._report({"type": "paused", **self._place})

    def connect(self, host: str, port: int, anchor: int, debugpy: str) -> None:
        """Announce this process to the adapter at *host*:*port* as a child of process *anchor*.

        *debugpy* is the folder of that package. Returns when the IDE has set its breakpoints here, or does not do so
        within `IDE_LIMIT`; then, and when the adapter is gone, the worker goes on without.
        """
        before = dict(os.environ)
        os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # it warns of frozen modules, which are none of the user's
        try:
            client = _import(debugpy)
            import pydevd  # type: ignore[import-not-found]

            with _patience(pydevd, IDE_LIMIT), _no_delay(pydevd):
                client.connect((host, port), parent_session_pid=anchor)
        except Exception as error:
            sys.stderr.write(f"Debugger: this worker goes on without: {error}\n")
            return
        finally:
            for name in os.environ.keys() - before.keys():
                del os.environ[name]
        self._client = client
        self._take_hook(client.breakpoint)
        self._hook(client, pydevd)

    def _adopt(self) -> None:
        """Where a debugger launched `sst dev` itself, pydevd has come down to this process by its own means."""
        pydevd, client = sys.modules.get("pydevd"), sys.modules.get("debugpy")
        if pydevd is not None and client is not None and pydevd.get_global_debugger() is not None:
            self._client = client
            self._take_hook(client.breakpoint)
            self._hook(client, pydevd)

    def _take_hook(self, hook: Callable[..., Any]) -> None:
        """Have `breakpoint()` call *hook*, unless the variable that is Python's own way to say so is set, and
        `pdb.set_trace()` in any case: standard input is empty."""
        sys.breakpointhook = sys.__breakpointhook__ if os.environ.get("PYTHONBREAKPOINT") else hook
        self._lent["set_trace"] = hook
        if "pdb" in sys.modules:
            vars(sys.modules["pdb"]).update(self._lent)

    def connect_out(self, port: int) -> None:
        """Connect to PyCharm's debug server on 127.0.0.1:*port* by the project's `pydevd-pycharm`: now if it listens,
        else when an invocation begins and it does."""
        if importlib.util.find_spec("pydevd_pycharm") is None:
            sys.stderr.write("Debugger: install pydevd-pycharm in the project, in PyCharm's version\n")
            return
        self._pycharm = port
        self._look_for_pycharm(IDE_LIMIT)

    def _look_for_pycharm(self, limit: float) -> None:
        """Connect if it listens, once; it is not waited for longer than *limit* seconds."""
        port = self._pycharm
        if not port or not _listens(port):
            return
        self._pycharm = 0
        before = dict(os.environ)
        os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
        try:
            import pydevd
            import pydevd_pycharm  # type: ignore[import-not-found]

            with _patience(pydevd, limit):
                pydevd_pycharm.settrace("127.0.0.1", port=port, suspend=False)
        except (Exception, SystemExit) as error:
            sys.stderr.write(f"Debugger: PyCharm on port {port} was not reached: {error}\n")
            return
        finally:
            for name in os.environ.keys() - before.keys():
                del os.environ[name]
        self._take_hook(partial(pydevd_pycharm.settrace, "127.0.0.1", port=port, suspend=True))
        self._watch(pydevd.get_global_debugger())

    def uncaught(self, error: BaseException, *, post_mortem: bool) -> None:
        """The handler raised *error*, which the worker is about to answer: an IDE that stops at uncaught exceptions
        stops where it was raised; with *post_mortem* pdb does, if there is a terminal."""
        if self._client is not None:
            self._client.trigger_exception_handler(error)
        elif post_mortem and self._tty is not None:
            self._post_mortem(error)

    # --- an IDE -----------------------------------------------------------------------------------

    def _hook(self, client: Any, pydevd: Any) -> None:
        """Keep this package's frames out of the user's way, and hear of every stop."""
        from _pydev_bundle import pydev_log  # type: ignore[import-not-found]
        from _pydevd_bundle.pydevd_api import PyDevdAPI  # type: ignore[import-not-found]

        debugger = pydevd.get_global_debugger()
        # What it complains of goes to standard error, which is the handler's log.
        pydev_log.initialize_debug_stream()
        pydev_log._LoggingGlobals._debug_stream = open(os.devnull, "w")  # noqa: SIM115 - as long as the process lives
        ours = (os.path.dirname(client.__file__), os.path.dirname(__file__))
        PyDevdAPI().set_dont_trace_start_end_patterns(debugger, ours, ("debugpy_launcher.py",))
        self._watch(debugger)

    def _watch(self, debugger: Any) -> None:
        """Hear of every stop in pydevd."""
        wait = debugger.do_wait_suspend

        def do_wait_suspend(thread: Any, frame: FrameType, *args: Any, **options: Any) -> Any:
            self._stop(frame)
            try:
                return wait(thread, frame, *args, **options)
            finally:
                self._go()

        debugger.do_wait_suspend = do_wait_suspend

    # --- a terminal -------------------------------------------------------------------------------

    def _breakpoint(self, *args: Any, **options: Any) -> None:
        frame = sys._getframe(1)
        if self._tty is None:
            place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
            sys.stderr.write(f"breakpoint() at {place} is passed: {self._hint}\n")
        else:
            self._terminal().set_trace(frame)

    def _post_mortem(self, t: Any = None) -> None:
        """`pdb.post_mortem`: *t* is a traceback, an exception, or None for the one that is being handled."""
        error = t if isinstance(t, BaseException) else sys.exc_info()[1]
        trace = t if isinstance(t, TracebackType) else getattr(error, "__traceback__", None)
        if trace is None:
            raise ValueError("A valid traceback must be passed if no exception is being handled")
        if self._tty is None:
            sys.stderr.write(f"pdb.post_mortem() is passed: {self._hint}\n")
        else:
            self._terminal().post_mortem(trace, "" if error is None else f"{type(error).__name__}: {error}")

    def _terminal(self) -> Any:
        from .terminal import Terminal

        return Terminal(str(self._tty), self._function, lambda: self.invocation, self._stop, self._go)

    # --- time -------------------------------------------------------------------------------------

    # What is told must be in the order of what happened: of two threads, one may stop while the other goes on.

    def _stop(self, frame: FrameType) -> None:
        with self._telling:
            if clock.pause():
                self._place = _place(frame)
                self._report({"type": "paused", **self._place})

    def _go(self, stepping: bool = False) -> None:
        with self._telling:
            if clock.resume():
                self._report({"type": "resumed", "stepping": True} if stepping else {"type": "resumed"})


_preloaded: dict[str, Any] = {}
"""debugpy's modules, kept from the sight of a worker that nobody debugs."""


def preload(folder: str) -> None:
    """Import the debugpy in *folder* for the workers that are forked from now on. It starts no thread."""
    if _preloaded or any(name in sys.modules for name in ("debugpy", "pydevd")):
        return
    kept = dict(os.environ), sys.breakpointhook
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    try:
        _import(folder)
        sys.modules["debugpy.server.api"].ensure_logging()  # reads the metadata of every package installed
    except Exception as error:  # the worker meets it again, and says so
        sys.stderr.write(f"Debugger: not preloaded: {error}\n")
    finally:
        for name in os.environ.keys() - kept[0].keys():
            del os.environ[name]
        sys.breakpointhook = kept[1]
        for name in [name for name in sys.modules if name.startswith(NAMES)]:
            _preloaded[name] = sys.modules.pop(name)


def _import(folder: str) -> Any:
    """Import debugpy from its *folder* without the folder's neighbours, unless the user's code has imported its own."""
    if "debugpy" not in sys.modules and _preloaded:
        sys.modules.update(_preloaded)
    elif "debugpy" not in sys.modules:
        place = os.path.join(folder, "__init__.py")
        spec = importlib.util.spec_from_file_location("debugpy", place, submodule_search_locations=[folder])
        assert spec is not None and spec.loader is not None
        sys.modules["debugpy"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    importlib.import_module("debugpy.server.api")  # makes its vendored pydevd importable
    importlib.import_module("pydevd")
    return sys.modules["debugpy"]


def _listens(port: int) -> bool:
    """Whether 127.0.0.1:*port* is listened on, found without connecting: PyCharm would take that for a program."""
    with socket.socket() as probe:
        if sys.platform == "linux":  # else connections that have ended count for a minute; elsewhere it means more
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


@contextmanager
def _no_delay(pydevd: Any) -> Iterator[None]:
    """Have pydevd connect without the two waits it would have.

    It writes each message in two pieces, and the kernel would hold the second back until the first is acknowledged,
    40 ms later. And it sleeps for 0.1 s after it has started threads, though `Thread.start` returns when they run.
    """
    start, calendar = pydevd.start_client, pydevd.time

    def start_client(*address: Any) -> socket.socket:
        connection: socket.socket = start(*address)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    pydevd.start_client = start_client
    pydevd.time = SimpleNamespace(**{**vars(calendar), "sleep": lambda _: None})
    try:
        yield
    finally:
        pydevd.start_client, pydevd.time = start, calendar


@contextmanager
def _patience(pydevd: Any, limit: float) -> Iterator[None]:
    """Inside, the wait for an IDE that does not open the session ends after *limit* seconds."""

    def go_on() -> None:
        debugger = pydevd.get_global_debugger()
        if debugger is not None:
            sys.stderr.write(f"Debugger: the IDE has said nothing for {limit:g} s, and is not waited for\n")
            debugger.ready_to_run = True

    timer = threading.Timer(limit, go_on)
    timer.daemon = timer.pydev_do_not_trace = timer.is_pydev_daemon_thread = True  # type: ignore[attr-defined]
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _place(frame: FrameType) -> dict[str, Any]:
    """Where *frame* is in the project's code: a thread that is stepped into a library stands at the call of it."""
    inner: FrameType | None = frame
    while inner is not None and places.is_library(inner.f_code.co_filename):
        inner = inner.f_back
    found = inner or frame
    return {"file": found.f_code.co_filename, "line": found.f_lineno}


class _Once(importlib.abc.MetaPathFinder):
    """The first finder, until one module is imported: *then* is called with that."""

    def __init__(self, name: str, then: Callable[[Any], None]) -> None:
        self._name = name
        self._then = then

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """The module's own spec, with a loader that calls *then* after it has run the module."""
        if fullname != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                self._then(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
