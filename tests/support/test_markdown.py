"""The documentation runner itself: it sees every block, and it fails when a block does."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.markdown import Shell, blocks, shows

PAGE = """\
# Title

<!-- run: until ready -->
```bash
sleep 1
```

Words, then a diagram:

```
a -> b
```

<!-- file: a/b.py -->
```python
x = 1
```
"""


@pytest.fixture(name="shell")
def _shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path, {"PATH": os.environ["PATH"]}, tmp_path)
    yield shell
    shell.close()


def alive(pid: int) -> bool:
    """Whether the process runs: one that has ended and waits for its parent does not."""
    answer = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return answer.stdout.strip()[:1] not in ("", "Z")


def test_blocks_are_found_with_their_marks() -> None:
    """Kind and argument come from the comment right above; the line is that of the fence."""
    found = [(block.line, block.language, block.kind, block.argument, block.text) for block in blocks(PAGE)]

    assert found == [
        (4, "bash", "run", "until ready", "sleep 1\n"),
        (10, "", "", "", "a -> b\n"),
        (15, "python", "file", "a/b.py", "x = 1\n"),
    ]


def test_folder_and_variables_last(shell: Shell, tmp_path: Path) -> None:
    """What one block sets the next one has."""
    (tmp_path / "sub").mkdir()
    shell.run("cd sub\nX=1\n")

    assert shell.run('echo "$X $(basename "$PWD")"\n') == "1 sub\n"


def test_a_failing_command_fails_the_block(shell: Shell) -> None:
    """Also one in the middle, with its output in the message."""
    with pytest.raises(AssertionError, match="seen before"):
        shell.run("echo seen before\nfalse\necho not reached\n")


def test_a_background_block_is_awaited_and_ended(tmp_path: Path) -> None:
    """The next block runs once the text is there; closing the shell ends what stayed."""
    shell = Shell(tmp_path, {"PATH": os.environ["PATH"]}, tmp_path)
    try:
        shell.run_until("echo $$ $BASHPID > pids; echo ready\nexec sleep 1000\n", "ready")
        pid = int(shell.run("cat pids\n").split()[1])
        assert alive(pid)
    finally:
        shell.close()

    assert not alive(pid)


def test_a_background_block_that_ends_early_fails(shell: Shell) -> None:
    """Waiting stops when nothing can come any more."""
    with pytest.raises(AssertionError, match="was never printed"):
        shell.run_until("echo no\n", "ready")


@pytest.mark.parametrize(
    ("expected", "answer"),
    [("two", True), ("one\nthree", True), ("three\none", False), ("t…o", True), ("t…x", False), ("tw", False)],
)
def test_expected_output_is_found_in_order(expected: str, answer: bool) -> None:
    """Whole lines, others may stand between, `…` is anything within one."""
    assert shows(expected, "one\ntwo\nthree\n") is answer
