"""pdb on the session's terminal, which the workers share: one thread of one of them has it at a time."""

from __future__ import annotations

import fcntl
import os
import pdb
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

_OWN = os.path.dirname(os.path.abspath(__file__))


class Terminal(pdb.Pdb):
    """A debugger of one thread. What it does not wait for any more, it lets go of by itself."""

    def __init__(
        self,
        tty: str,
        function: str,
        invocation: Callable[[], str],
        stop: Callable[[FrameType], None],
        go: Callable[[bool], None],
    ) -> None:
        """*stop* is called where a thread stops; *go* when it goes on, with whether that is to the next line only."""
        # Twice, because "r+" would want to seek, which a terminal cannot.
        self._in = open(tty, encoding="utf-8", errors="replace", opener=_open)  # noqa: SIM115 - closed by `close`
        self._out = open(tty, "w", buffering=1, encoding="utf-8", errors="backslashreplace", opener=_open)  # noqa: SIM115
        super().__init__(stdin=self._in, stdout=self._out, nosigint=True)
        self._function = function
        self._invocation = invocation
        self._stop = stop
        self._go = go
        self._done = False
        self._stepping = False

    def post_mortem(self, trace: TracebackType, text: str) -> None:
        """Stand where *trace* ends, below the line *text*."""
        self._headline = text
        self.reset()
        self.interaction(None, trace)
        self.close()

    _headline = ""

    def interaction(self, frame: Any, tb_or_exc: Any = None) -> Any:
        """Wait for the terminal, then for what is typed there."""
        name = self._invocation()[:4] or "init"
        self.prompt = f"(pdb {name}) "
        self._stop(frame if frame is not None else _last(tb_or_exc).tb_frame)
        try:
            fcntl.flock(self._in, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.message(f"\nwaiting: λ {self._function} {name}")
            fcntl.flock(self._in, fcntl.LOCK_EX)
        try:
            if self._headline:
                self.message(self._headline)
            self._stepping = frame is not None
            return super().interaction(frame, tb_or_exc)
        finally:
            fcntl.flock(self._in, fcntl.LOCK_UN)
            self._go(self._stepping)
            if self._done:
                self.close()

    def dispatch_return(self, frame: FrameType, arg: Any) -> Any:
        """Whoever steps out of the handler has seen the last of it: what comes after is not theirs."""
        tracing = super().dispatch_return(frame, arg)
        if frame.f_back is not None and frame.f_back.f_code.co_filename.startswith(_OWN):
            self.set_continue()
            if self._done:
                self.close()
        return tracing

    def set_continue(self) -> None:
        """Go on to the next breakpoint, if there is any."""
        super().set_continue()
        self._done = not self.breaks
        self._stepping = False

    def set_quit(self) -> None:
        """End the call."""
        super().set_quit()
        self._done = True
        self._stepping = False

    def get_stack(self, f: Any, t: Any) -> Any:
        """Begin where the user's code does: above it is this package."""
        stack, current = super().get_stack(f, t)
        ours = [frame.f_code.co_filename.startswith(_OWN) for frame, _ in stack]
        if True not in ours or False not in ours[ours.index(True) :]:
            return stack, current
        above = ours.index(False, ours.index(True))
        return stack[above:], max(0, current - above)

    def close(self) -> None:
        """Let go of the terminal."""
        self._in.close()
        self._out.close()


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOCTTY)


def _last(trace: TracebackType) -> TracebackType:
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace
