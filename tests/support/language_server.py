"""A small client of the Language Server Protocol: enough to ask an editor's question and read the answer."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self


class LanguageServer:
    """A server as a child process, initialised for one folder. Use as a context manager."""

    def __init__(self, command: Sequence[str | Path], folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._count = 0
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        uri = self._folder.as_uri()
        folders = [{"uri": uri, "name": self._folder.name}]
        self.request("initialize", {"processId": None, "rootUri": uri, "workspaceFolders": folders, "capabilities": {}})
        self._send({"method": "initialized", "params": {}})
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()

    def completions(self, path: Path, text: str) -> set[str]:
        """The names an editor would offer at the end of *text*, the contents of *path*."""
        uri = path.as_uri()
        document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        lines = text.split("\n")
        position = {"line": len(lines) - 1, "character": len(lines[-1])}
        answer = self.request("textDocument/completion", {"textDocument": {"uri": uri}, "position": position})
        return {item["label"] for item in (answer["items"] if isinstance(answer, dict) else answer)}

    def request(self, method: str, params: dict[str, Any]) -> Any:
        """Ask, answer the server's own questions meanwhile, and return the result."""
        self._count += 1
        self._send({"id": self._count, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == self._count and "method" not in message:
                assert "error" not in message, message
                return message["result"]
            if "id" in message:  # workspace/configuration and the like: everything at its default
                items = message.get("params", {}).get("items", [])
                self._send({"id": message["id"], "result": [None] * len(items) if items else None})

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the language server has ended"
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message
