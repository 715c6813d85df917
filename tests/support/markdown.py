"""Documentation that runs: the code blocks of a page, and a shell that runs them as a reader would.

The line above a block says what the block is; it is an HTML comment, which no reader sees:

- `<!-- run -->`: bash, in the shell all blocks of the page share; it must succeed.
- `<!-- run: until TEXT -->`: bash that stays, as in a terminal of its own; the next block starts once TEXT is printed.
- `<!-- output -->`: what the block before printed, among other things; `…` stands for anything.
- `<!-- file: PATH -->`: the contents of a file, relative to the shell's folder.
- `<!-- not run: REASON -->`: neither; the reason is for whoever edits the page.

Without a comment a block of Python, TOML or JSON must parse, and a block of bash is an error.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 150
"""Seconds a block may take: a clone installs its environment, and the first session MiniStack's."""

_BLOCK = re.compile(r"(?:^<!-- (?P<mark>.*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """One fenced code block."""

    line: int
    language: str
    kind: str
    """`run`, `output`, `file`, `not run`, some word of another test, or nothing."""
    argument: str
    text: str


def blocks(page: str) -> list[Block]:
    """The fenced blocks of *page* in order."""
    found = []
    for match in _BLOCK.finditer(page):
        kind, _, argument = (match["mark"] or "").partition(":")
        line = page.count("\n", 0, match.start("language")) + 1
        found.append(Block(line, match["language"], kind.strip(), argument.strip(), match["text"]))
    return found


class Shell:
    """A bash that keeps its folder and variables from block to block, and stops at the first failure."""

    def __init__(self, folder: Path, environment: Mapping[str, str], scratch: Path) -> None:
        self._scratch = scratch
        self._count = 0
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._lines = _Lines(self._process.stdout)
        self._staying: list[_Lines] = []

    def run(self, script: str) -> str:
        """Run *script* to its end; what it printed. Raises AssertionError when a command in it fails."""
        script_path = self._write(script)
        mark = f"--- end of block {self._count} ---"
        self._send(f"source {script_path}; printf '\\n%s\\n' '{mark}'")
        output, complete = self._lines.until(mark)
        assert complete, f"the block failed or took over {PATIENCE} s:\n{script}\n--- output\n{output}{self._said()}"
        return output.removesuffix(f"\n{mark}\n")

    def run_until(self, script: str, text: str) -> str:
        """Start *script* in the background; return what it printed once that contains *text*."""
        script_path = self._write(script)
        pipe = self._scratch / f"pipe-{self._count}"
        os.mkfifo(pipe)
        self._send(f"{{ source {script_path}; }} > {pipe} 2>&1 < /dev/null &")
        lines = _Lines(pipe.open("rb"))
        self._staying.append(lines)
        output, complete = lines.until(text)
        assert complete, f"{text!r} was never printed by:\n{script}\n--- output\n{output}"
        return output

    def close(self) -> None:
        """End the shell and what it left in the background: ask, and kill what has not gone."""
        _signal(self._process.pid, signal.SIGTERM)
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(20)
            for lines in self._staying:
                lines.end.wait(20)
        except subprocess.TimeoutExpired:
            pass  # the next line does what asking did not
        _signal(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for lines in (self._lines, *self._staying):
            lines.close()

    def _write(self, script: str) -> Path:
        self._count += 1
        path = self._scratch / f"block-{self._count}.sh"
        path.write_text(script)
        return path

    def _send(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def _said(self) -> str:
        return "".join(f"\n--- meanwhile, in the background\n{lines.so_far()}" for lines in self._staying)


class _Lines:
    """What a pipe delivers, read by a thread so that waiting for it can end."""

    def __init__(self, pipe: object) -> None:
        self._pipe = pipe
        self._queue: queue.Queue[str | None] = queue.Queue()  # holds the output of one page
        self.end = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._pipe:  # type: ignore[attr-defined]
            self._queue.put(line.decode(errors="replace"))
        self._queue.put(None)
        self.end.set()

    def until(self, text: str) -> tuple[str, bool]:
        """What came, up to the line with *text*; and whether that came before the end and in time."""
        output = ""
        while True:
            try:
                line = self._queue.get(timeout=PATIENCE)
            except queue.Empty:
                return output, False
            if line is None:
                return output, False
            output += line
            if text in line:
                return output, True

    def so_far(self) -> str:
        output = ""
        while not self._queue.empty():
            output += self._queue.get() or ""
        return output

    def close(self) -> None:
        self._thread.join(5)
        if not self._thread.is_alive():
            self._pipe.close()  # type: ignore[attr-defined]


def shows(expected: str, output: str) -> bool:
    """Whether the lines of *expected* are in *output* in their order; `…` in them stands for anything in a line."""
    lines = iter(output.splitlines())
    for wanted in filter(str.strip, expected.splitlines()):
        pattern = ".*".join(map(re.escape, wanted.strip().split("…")))
        if not any(re.fullmatch(pattern, line.strip()) for line in lines):
            return False
    return True


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # all of it has ended
        os.killpg(group, number)
