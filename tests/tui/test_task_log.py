"""The Tasks pane as a document."""

from __future__ import annotations

from sst_dev.tui.rows import plain
from sst_dev.tui.task_log import LINE_KEPT, TaskLog

from tests.support.history import process


def shown(log: TaskLog, width: int = 80, *, wrap: bool = False) -> list[str]:
    log.layout(width, 0, wrap=wrap)
    return [plain(log.row(y)) for y in range(log.first, log.end)]


def test_lines_carry_the_name_of_their_task() -> None:
    """Lines come in pieces, redrawn ones count as last drawn, the unfinished one comes with the end."""
    log = TaskLog()
    log.changed(process("Report", "running", "task"))
    log.receive("Report", b"one\r\n10%\r100%\r\nta")
    log.receive("Report", b"il")
    log.changed(process("Report", "exited", "task", exit_code=2))

    assert shown(log) == [
        "Report │ started", "Report │ one", "Report │ 100%", "Report │ tail", "Report │ exit 2",
    ]  # fmt: skip


def test_before_the_first_task_it_says_what_to_do() -> None:
    """Tasks wait to be started."""
    assert shown(TaskLog()) == ["press enter to start a task"]


def test_one_task_alone() -> None:
    """The filter hides the lines of the others."""
    log = TaskLog()
    log.receive("A", b"a\n")
    log.receive("B", b"b\n")
    log.only = "B"

    assert shown(log) == ["B │ b"]


def test_an_endless_line_is_cut() -> None:
    """A task that never sends a newline does not fill the memory."""
    log = TaskLog()
    log.receive("A", b"x" * (LINE_KEPT + 1))

    assert len(shown(log)) == 1


def test_search_clear_and_wrap() -> None:
    """As in the other panes."""
    log = TaskLog()
    log.receive("A", b"first\nsecond\n")
    assert shown(log, 6, wrap=True) == ["A │ ", "first", "A │ ", "second"]
    shown(log)
    assert (log.matches("SECOND"), log.matches("x")) == ([1], [])

    log.clear()
    log.note("mark")

    assert (log.first, shown(log)) == (2, ["mark"])
