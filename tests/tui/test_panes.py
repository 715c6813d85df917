"""Panes and their order."""

from __future__ import annotations

from sst_dev.core import events as e
from sst_dev.core.state import State
from sst_dev.tui import panes as module
from sst_dev.tui.panes import Panes, standing
from sst_dev.tui.rows import plain

from tests.support.history import FULL, MANIFEST, START, output, process, starting


def made(*events: object) -> Panes:
    state = State()
    panes = Panes(state)
    for event in events:
        state.apply(event)
        panes.apply(event)
    return panes


def titles(panes: Panes) -> list[str]:
    return [pane.title for pane in panes.ordered()]


def test_what_ends_moves_below_and_what_starts_moves_up() -> None:
    """The order follows the state; the pane that is shown stays shown."""
    panes = made(*starting(FULL), process("Web", "running"), process("Docs", "running"))
    panes.choose(4)
    assert titles(panes) == ["SST", "Functions", "Tasks", "Web", "Docs"]

    panes.apply(process("Web", "exited", exit_code=1))
    assert titles(panes) == ["SST", "Functions", "Tasks", "Docs", "Web"]
    assert panes.current.title == "Web"


def test_numbers_stay_as_long_as_the_session() -> None:
    """Whatever ends, begins or goes in between: fingers learn them."""
    panes = made(*starting(FULL), process("Web", "running"), process("Docs", "running"))

    def numbers() -> dict[str, int]:
        return {pane.title: panes.number(pane) for pane in panes.ordered()}

    before = numbers()
    assert before == {"SST": 1, "Functions": 2, "Tasks": 3, "Web": 4, "Docs": 5}
    panes.apply(process("Web", "exited", exit_code=1))
    panes.apply(process("New", "running"))
    panes.apply(
        e.DeployFinished(START, manifest=MANIFEST.model_copy(update={"dev_commands": []}), changed=0, duration=0)
    )
    assert numbers().items() >= {"Docs": 5, "New": 6}.items()
    panes.choose(5)
    assert panes.current.title == "Docs"


def test_tasks_have_a_pane_only_when_the_app_has_tasks() -> None:
    """No empty panes."""
    assert titles(made(*starting())) == ["SST", "Functions"]


def test_output_beyond_the_bound_is_skipped_and_said() -> None:
    """A child that is louder than anyone can read costs bounded memory; its end is shown."""
    panes = made(process("Web", "running"))
    pane = panes.terminals[0]
    for n in range(200):
        panes.apply(output("Web", f"{n:05} " + "x" * 16_000 + "\r\n"))
    assert sum(map(len, pane.pending)) <= module.PENDING

    while pane.pending:
        pane.feed()

    assert pane.emulator is not None
    rows = [plain(pane.emulator.row(y)) for y in range(pane.emulator.first, pane.emulator.end)]
    shown = sum(text[:5].isdigit() for text in rows)
    assert f"… {200 - shown} lines skipped, see .sst/log …" in rows
    assert any(text.startswith("00199") for text in rows)


def test_skipped_output_leaves_its_modes() -> None:
    """What a program asked of its terminal holds even if nobody saw it ask."""
    panes = made(process("Web", "running"), output("Web", "\x1b[?1049h\x1b[?25l"))
    pane = panes.terminals[0]
    while pane.pending:
        pane.feed()
    assert pane.emulator is not None and pane.emulator.modes.alternate

    panes.apply(output("Web", "\x1b[?2004h\x1b[?1049l"))
    for _ in range(200):
        panes.apply(output("Web", "x" * 16_000))
    while pane.pending:
        pane.feed()

    assert not pane.emulator.modes.alternate
    assert pane.emulator.modes.bracketed_paste
    assert pane.behind == 0


def test_a_restart_begins_on_a_fresh_line() -> None:
    """Old output stays above; a colour left open does not run on."""
    panes = made(process("Web", "running"), output("Web", "\x1b[31mred"), process("Web", "exited", exit_code=1))
    panes.apply(process("Web", "starting"))
    panes.apply(output("Web", "new"))
    pane = panes.terminals[0]
    while pane.pending:
        pane.feed()

    assert pane.emulator is not None
    assert plain(pane.emulator.row(1)) == "new"
    assert pane.emulator.row(1)[0][1].color is None


def test_what_a_stopped_pane_says() -> None:
    """Idle, ended well, ended badly, failed to start; nothing while it runs."""
    words = []
    for event in [
        process("Web", "idle"), process("Web", "running"), process("Web", "exited", exit_code=0),
        process("Web", "exited", exit_code=-9), process("Web", "failed"),
    ]:  # fmt: skip
        words.append(plain(standing(made(event).terminals[0])))

    assert words == [
        "press enter to start", "", "[exit 0]  press enter to start",
        "[SIGKILL (killed)]  press enter to start", "[failed]  press enter to start",
    ]  # fmt: skip


def test_moving_stops_at_the_ends() -> None:
    """There is nothing above the first pane and below the last."""
    panes = made(*starting())
    panes.move(-1)
    assert panes.current.title == "SST"
    panes.move(5)
    assert panes.current.title == "Functions"
    panes.choose(8)
    assert panes.current.title == "Functions"


def test_what_the_app_no_longer_has_goes_when_it_has_ended() -> None:
    """A command removed from the config leaves the list, though not while it still runs."""
    panes = made(*starting(), process("Web", "running"), process("Other", "exited"))
    smaller = MANIFEST.model_copy(update={"dev_commands": []})

    panes.apply(e.DeployFinished(START, manifest=smaller, changed=0, duration=0.1))
    assert titles(panes) == ["SST", "Functions", "Web", "Other"]
    panes.apply(process("Web", "exited", exit_code=0))
    assert titles(panes) == ["SST", "Functions", "Other"]
    panes.apply(e.DeployFinished(START, manifest=MANIFEST, changed=0, duration=0.1))
    panes.apply(process("Web", "idle"))
    assert titles(panes) == ["SST", "Functions", "Web", "Other"]
