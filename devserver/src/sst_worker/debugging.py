"""Breakpoints in a worker: an IDE's through debugpy, or `breakpoint()` and post mortems in pdb on a terminal.

While a thread stands, the worker's clock stands and the dev server knows where. Nothing of this is imported until it
is needed.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType, TracebackType
from typing import Any, Optional

from .clock import clock

Report = Callable[[dict[str, Any]], None]
"""Sends a message to the dev server; may be called from any thread."""

IDE_LIMIT = 5.0
"""Seconds an IDE has to open the session of a worker; half the time the worker has to import its handler, and VS Code
takes a tenth of one."""


class Debugging:
    """What debugs this worker: the adapter of an IDE once it is connected, else the terminal, else nothing."""

    def __init__(self, report: Report, tty: Optional[str], hint: str) -> None:
        """*tty* is the path of the terminal for pdb; *hint* is what `breakpoint()` says when there is none."""
        self._report = report
        self._tty = tty
        self._hint = hint
        self._client: Any = None
        """debugpy, once it is connected."""
        self.invocation = ""
        """Id of the invocation that runs, for pdb's prompt."""
        sys.breakpointhook = self._breakpoint
        self._adopt()

    def connect(self, host: str, port: int, anchor: int, debugpy: str) -> None:
        """Announce this process to the adapter at *host*:*port* as a child of process *anchor*.

        *debugpy* is the folder of that package. Returns when the IDE has set its breakpoints here, or does not do so
        within `IDE_LIMIT`; then, and when the adapter is gone, the worker goes on without.
        """
        before = dict(os.environ)
        os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # it warns of frozen modules, which are none of the user's
        try:
            client = _import(debugpy)
            importlib.import_module("debugpy.server.api")  # makes its vendored pydevd importable
            import pydevd  # type: ignore[import-not-found]

            patience = threading.Timer(IDE_LIMIT, _go_on, [pydevd])
            patience.daemon = patience.pydev_do_not_trace = patience.is_pydev_daemon_thread = True  # type: ignore[attr-defined]
            patience.start()
            client.connect((host, port), parent_session_pid=anchor)
            patience.cancel()
        except Exception as error:
            sys.stderr.write(f"Debugger: this worker goes on without: {error}\n")
            return
        finally:
            for name in os.environ.keys() - before.keys():
                del os.environ[name]
        self._client = client
        sys.breakpointhook = client.breakpoint
        self._hook(client, pydevd)

    def _adopt(self) -> None:
        """Where a debugger launched `sst dev` itself, pydevd has come down to this process by its own means."""
        pydevd, client = sys.modules.get("pydevd"), sys.modules.get("debugpy")
        if pydevd is not None and client is not None and pydevd.get_global_debugger() is not None:
            self._client = client
            sys.breakpointhook = client.breakpoint
            self._hook(client, pydevd)

    def connect_out(self, port: int) -> None:
        """Connect to PyCharm's debug server on 127.0.0.1:*port*, if it listens, by the project's `pydevd-pycharm`."""
        if not _listens(port):
            return
        before = dict(os.environ)
        os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
        try:
            import pydevd_pycharm  # type: ignore[import-not-found]

            pydevd_pycharm.settrace("127.0.0.1", port=port, suspend=False)
            import pydevd
        except ImportError as error:
            sys.stderr.write(f"Debugger: install pydevd-pycharm in the project, in PyCharm's version: {error}\n")
            return
        except (Exception, SystemExit) as error:
            sys.stderr.write(f"Debugger: PyCharm on port {port} was not reached: {error}\n")
            return
        finally:
            for name in os.environ.keys() - before.keys():
                del os.environ[name]
        sys.breakpointhook = partial(pydevd_pycharm.settrace, "127.0.0.1", port=port, suspend=True)
        self._watch(pydevd.get_global_debugger())

    def uncaught(self, error: BaseException, *, post_mortem: bool) -> None:
        """The handler raised *error*, which the worker is about to answer: an IDE that stops at uncaught exceptions
        stops where it was raised; with *post_mortem* pdb does, if there is a terminal."""
        if self._client is not None:
            self._client.trigger_exception_handler(error)
        elif post_mortem and self._tty is not None and error.__traceback__ is not None:
            pdb, where = self._pdb(), error.__traceback__
            pdb.message(f"{type(error).__name__}: {error}")
            pdb.reset()
            pdb.interaction(None, where)
            pdb.close()

    # --- an IDE -----------------------------------------------------------------------------------

    def _hook(self, client: Any, pydevd: Any) -> None:
        """Keep this package's frames out of the user's way, and hear of every stop."""
        from _pydevd_bundle.pydevd_api import PyDevdAPI  # type: ignore[import-not-found]

        debugger = pydevd.get_global_debugger()
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
            self._pdb().set_trace(frame)

    def _pdb(self) -> Any:
        import fcntl
        import pdb

        debugging, tty = self, str(self._tty)

        class Terminal(pdb.Pdb):
            """pdb on the session's terminal; one worker has it at a time."""

            def __init__(self) -> None:
                # Twice, because "r+" would want to seek, which a terminal cannot.
                self._in = open(tty, opener=_open)  # noqa: SIM115 - closed by `close`
                self._out = open(tty, "w", buffering=1, opener=_open)  # noqa: SIM115
                super().__init__(stdin=self._in, stdout=self._out, nosigint=True)
                self._done = False
                self.prompt = f"(pdb {debugging.invocation[:4]}) "

            def interaction(self, frame: Any, tb_or_exc: Any = None) -> Any:
                debugging._stop(frame if frame is not None else _last(tb_or_exc).tb_frame)
                fcntl.flock(self._in, fcntl.LOCK_EX)
                try:
                    return super().interaction(frame, tb_or_exc)
                finally:
                    fcntl.flock(self._in, fcntl.LOCK_UN)
                    debugging._go()
                    if self._done:
                        self.close()

            def set_continue(self) -> None:
                super().set_continue()
                self._done = not self.breaks

            def set_quit(self) -> None:
                super().set_quit()
                self._done = True

            def close(self) -> None:
                """Let go of the terminal."""
                self._in.close()
                self._out.close()

        return Terminal()

    # --- time -------------------------------------------------------------------------------------

    def _stop(self, frame: FrameType) -> None:
        if clock.pause():
            self._report({"type": "paused", "file": frame.f_code.co_filename, "line": frame.f_lineno})

    def _go(self) -> None:
        if clock.resume():
            self._report({"type": "resumed"})


def _import(folder: str) -> Any:
    """Import debugpy from its *folder* without the folder's neighbours, unless the user's code has imported its own."""
    if "debugpy" not in sys.modules:
        place = os.path.join(folder, "__init__.py")
        spec = importlib.util.spec_from_file_location("debugpy", place, submodule_search_locations=[folder])
        assert spec is not None and spec.loader is not None
        sys.modules["debugpy"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["debugpy"]


def _listens(port: int) -> bool:
    """Whether 127.0.0.1:*port* is listened on, found without connecting: PyCharm would take that for a program."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _go_on(pydevd: Any) -> None:
    """End the wait for an IDE that does not open the session."""
    debugger = pydevd.get_global_debugger()
    if debugger is not None:
        debugger.ready_to_run = True


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOCTTY)


def _last(tb: TracebackType) -> TracebackType:
    while tb.tb_next is not None:
        tb = tb.tb_next
    return tb
