"""A Debug Adapter Protocol client: a debugger's end of the wire, with child sessions, as an IDE has it."""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PATIENCE = 60
"""Seconds to wait for any answer or event."""
Breakpoints = dict[Path, list[dict[str, Any]]]
"""Files, and for each what `setBreakpoints` takes."""


class Session:
    """One debug session: requests get their response's body, events are waited for by name."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._file = self._socket.makefile("rb")
        self._sequence = 0
        self._lock = threading.Lock()
        self._answers: dict[int, queue.Queue[dict[str, Any]]] = {}
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._held: list[dict[str, Any]] = []
        self.on_event: Callable[[Session, str, dict[str, Any]], None] | None = None
        """Called with every event instead of keeping it for `event`, except for `initialized`."""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, command: str, **arguments: Any) -> queue.Queue[dict[str, Any]]:
        """Send a request; its response comes out of the queue."""
        with self._lock:
            self._sequence += 1
            answer = self._answers[self._sequence] = queue.Queue()
            message = {"seq": self._sequence, "type": "request", "command": command, "arguments": arguments}
            body = json.dumps(message).encode()
            self._socket.sendall(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return answer

    def request(self, command: str, **arguments: Any) -> Any:
        """Send a request and wait for its success; the response's body."""
        answer = self.send(command, **arguments).get(timeout=PATIENCE)
        assert answer["success"], answer
        return answer.get("body")

    def event(self, name: str) -> dict[str, Any]:
        """Wait for the next event called *name*, holding others back; its body."""
        for index, held in enumerate(self._held):
            if held["event"] == name:
                return self._held.pop(index).get("body") or {}
        while True:
            event = self._events.get(timeout=PATIENCE)
            assert event is not None, f"the session ended before {name}"
            if event["event"] == name:
                return event.get("body") or {}
            self._held.append(event)

    def ended(self) -> None:
        """Wait until the other side has closed the connection."""
        self._reader.join(PATIENCE)
        assert not self._reader.is_alive()

    def attach(self, breakpoints: Breakpoints, filters: Sequence[str] = (), **arguments: Any) -> None:
        """Initialize, attach (or what `request` in *arguments* says), set *breakpoints* by file and exception
        *filters*, and let the program go on."""
        self.request(
            "initialize",
            adapterID="debugpy",
            clientID="test",
            linesStartAt1=True,
            columnsStartAt1=True,
            pathFormat="path",
        )
        attached = self.send(arguments.get("request", "attach"), **arguments)
        self.event("initialized")
        for path, points in breakpoints.items():
            set_ = self.request("setBreakpoints", source={"path": str(path)}, breakpoints=points)
            assert all(point["verified"] or "subProcessId" not in arguments for point in set_["breakpoints"]), set_
        self.request("setExceptionBreakpoints", filters=list(filters))
        self.request("configurationDone")
        answer = attached.get(timeout=PATIENCE)
        assert answer["success"], answer

    def evaluate(self, expression: str, frame: dict[str, Any]) -> str:
        """The value of *expression* in *frame*, as text."""
        return str(self.request("evaluate", expression=expression, frameId=frame["id"], context="repl")["result"])

    def resume(self, thread: int) -> None:
        """Let the thread go on."""
        self.request("continue", threadId=thread)

    def close(self) -> None:
        """Leave; the program goes on."""
        with contextlib.suppress(OSError):  # the other side was first
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join(PATIENCE)
        self._file.close()
        self._socket.close()

    def _read(self) -> None:
        while message := self._message():
            if message["type"] == "response":
                self._answers.pop(message["request_seq"]).put(message)
            elif self.on_event is not None and message["event"] != "initialized":
                self.on_event(self, message["event"], message.get("body") or {})
            else:
                self._events.put(message)
        self._events.put(None)

    def _message(self) -> dict[str, Any] | None:
        length = 0
        try:
            while line := self._file.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            return json.loads(self._file.read(length)) if length else None
        except (OSError, ValueError):
            return None


class Ide:
    """What an IDE keeps for one attached program: the parent session, and one for each worker that announces itself,
    opened at once."""

    def __init__(
        self, port: int, breakpoints: Breakpoints, filters: Sequence[str] = (), *, children: bool = True, **launch: Any
    ) -> None:
        self._port = port
        self._breakpoints = breakpoints
        self._filters = filters
        self._children: list[Session] = []
        self.names: list[str] = []
        """Of the child sessions, as the call stack of an IDE shows them."""
        self._heard: queue.Queue[tuple[Session, str, dict[str, Any]]] = queue.Queue()
        self._parent = Session(port)
        if children:
            self._parent.on_event = self._announced
        how = launch or {"request": "attach", "connect": {"host": "127.0.0.1", "port": port}}
        self._parent.attach(
            breakpoints, filters, name="sst dev", type="debugpy", subProcess=True, justMyCode=True, **how
        )

    def stop(self) -> tuple[Session, int, list[dict[str, Any]]]:
        """Wait until a worker stops: its session, the thread and its frames, innermost first."""
        session, body = self._hear("stopped")
        return session, body["threadId"], session.request("stackTrace", threadId=body["threadId"])["stackFrames"]

    def output(self, text: str) -> str:
        """Wait until a worker's session says something that contains *text*; the line."""
        return self._output(text)[1]

    def session_that_says(self, text: str) -> Session:
        """Wait until a worker's session says something that contains *text*; the session."""
        return self._output(text)[0]

    def _output(self, text: str) -> tuple[Session, str]:
        while True:
            session, body = self._hear("output")
            if text in body["output"]:
                return session, body["output"].strip()

    def __enter__(self) -> Ide:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def terminate(self) -> None:
        """The stop button of a program that was launched."""
        self._parent.on_event = None
        self._parent.request("disconnect", terminateDebuggee=True)

    def close(self) -> None:
        """Detach from everything, as a window that is closed does."""
        self._parent.on_event = None
        for session in (self._parent, *self._children):
            session.close()

    def _hear(self, name: str) -> tuple[Session, dict[str, Any]]:
        while True:
            session, heard, body = self._heard.get(timeout=PATIENCE)
            if heard == name:
                return session, body

    def _announced(self, _: Session, name: str, body: dict[str, Any]) -> None:
        if name == "debugpyAttach":
            threading.Thread(target=self._open, args=(body,), daemon=True).start()

    def _of_child(self, session: Session, name: str, body: dict[str, Any]) -> None:
        self._announced(session, name, body)  # a child of a child
        self._heard.put((session, name, body))

    def _open(self, arguments: dict[str, Any]) -> None:
        session = Session(self._port)
        self.names.append(arguments["name"])
        self._children.append(session)
        session.on_event = self._of_child
        with contextlib.suppress(AssertionError, OSError, queue.Empty):  # the worker, or this IDE, is gone already
            session.attach(self._breakpoints, self._filters, **arguments)


def ide(port: int, breakpoints: Breakpoints, *filters: str, children: bool = True, **launch: Any) -> Ide:
    """Attach to 127.0.0.1:*port*; the end of a `with` detaches. Without *children* no worker's session is opened.

    *launch* is what a launch configuration with `"request": "launch"` says, for debugpy's adapter at *port*.
    """
    return Ide(port, breakpoints, filters, children=children, **launch)
