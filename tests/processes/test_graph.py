"""The reconciler, driven by recorded histories: intents and reports in, effects out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sst_dev.processes.graph import Effect, Graph, ProcessSpec, Report, Signal, Start

WEB = ProcessSpec("Web", ("npm", "run", "dev"), Path("/app"), {"A": "1"})
DOCS = ProcessSpec("Docs", ("mkdocs", "serve"), Path("/app"), {}, autostart=False)


def told(effects: list[Effect]) -> list[str]:
    """Effects as short words, to compare histories at a glance."""
    words = []
    for effect in effects:
        match effect:
            case Start(spec, epoch):
                words.append(f"start {spec.name}#{epoch}")
            case Signal(name, epoch, number):
                words.append(f"{number.name} {name}#{epoch}")
            case Report(spec, status, _, code):
                words.append(f"{spec.name} {status}" + (f" {code}" if code is not None else ""))
    return words


def running(*specs: ProcessSpec) -> Graph:
    graph = Graph()
    graph.update(list(specs), 0)
    for spec in specs:
        graph.started(spec.name, 1, 100, 0)
    return graph


def test_starts_what_wants_to_start() -> None:
    """Autostart begins at once; the others wait for the user."""
    graph = Graph()

    assert told(graph.update([WEB, DOCS], 0)) == ["Web idle", "Docs idle", "Web starting", "start Web#1"]
    assert told(graph.started("Web", 1, 100, 0)) == ["Web running"]
    assert told(graph.start("Docs", 0)) == ["Docs starting", "start Docs#1"]


def test_an_update_that_changes_nothing_does_nothing() -> None:
    """The same specs again restart nothing; neither does another title."""
    graph = running(WEB)

    assert graph.update([WEB], 1) == []
    assert graph.update([replace(WEB, title="Frontend")], 1) == []


@pytest.mark.parametrize(
    "changed",
    [
        replace(WEB, argv=("npm", "start")),
        replace(WEB, environment={"A": "2"}),
        replace(WEB, directory=Path("/app/web")),
    ],
)
def test_an_update_restarts_what_changed(changed: ProcessSpec) -> None:
    """A new command, environment or folder: asked to stop, then started with the new spec, others untouched."""
    graph = running(WEB, replace(DOCS, autostart=True))

    assert told(graph.update([changed, replace(DOCS, autostart=True)], 1)) == ["Web stopping", "SIGINT Web#1"]
    effects = graph.exited("Web", 1, 0, 2)
    assert told(effects) == ["Web exited 0", "Web starting", "start Web#2"]
    assert effects[-1] == Start(changed, 2)


def test_two_updates_while_it_stops_make_one_restart() -> None:
    """Only the last spec is started; what lay between never ran."""
    graph = running(WEB)
    last = replace(WEB, environment={"A": "3"})

    graph.update([replace(WEB, environment={"A": "2"})], 1)
    assert graph.update([last], 1) == []

    assert graph.exited("Web", 1, 0, 2)[-1] == Start(last, 2)


def test_a_crash_is_reported_and_not_repeated() -> None:
    """A command that ends by itself stays down: its output says why, the user starts it."""
    graph = running(WEB)

    assert told(graph.exited("Web", 1, 1, 1)) == ["Web exited 1"]
    assert graph.tick(1000) == []
    assert told(graph.start("Web", 2)) == ["Web starting", "start Web#2"]


def test_a_crashed_command_starts_again_when_its_environment_changes() -> None:
    """What made it crash may be mended now."""
    graph = running(WEB)
    graph.exited("Web", 1, 1, 1)

    assert told(graph.update([replace(WEB, environment={})], 2)) == ["Web starting", "start Web#2"]


def test_what_the_user_stopped_stays_down() -> None:
    """A changed environment does not start what the user stopped."""
    graph = running(WEB)
    graph.stop("Web", 1)
    graph.exited("Web", 1, 0, 1)

    assert graph.update([replace(WEB, environment={})], 2) == []


def test_a_stubborn_process_climbs_the_ladder() -> None:
    """Asked, terminated, killed, each after its grace; then given up, so that quitting can finish."""
    graph = running(WEB)

    assert told(graph.stop("Web", 0)) == ["Web stopping", "SIGINT Web#1"]
    assert graph.next_deadline == 5
    assert graph.tick(4.9) == []
    assert told(graph.tick(5)) == ["SIGTERM Web#1"]
    assert told(graph.tick(8)) == ["SIGKILL Web#1"]
    assert told(graph.tick(10)) == ["Web failed"]
    assert graph.next_deadline is None
    assert graph.idle


def test_a_second_stop_skips_the_grace() -> None:
    """Ctrl-C twice: the next signal goes out at once."""
    graph = running(WEB)
    graph.close(0)

    assert told(graph.close(0)) == ["SIGTERM Web#1"]
    assert told(graph.close(0)) == ["SIGKILL Web#1"]
    assert graph.close(0) == []


def test_a_hard_stop_kills_at_once() -> None:
    """`X` leaves out the polite rungs, also when a stop is under way."""
    graph = running(WEB)

    assert told(graph.stop("Web", 0, hard=True))[-1] == "SIGKILL Web#1"


def test_stopped_while_starting_it_stops_once_started() -> None:
    """A process cannot be signalled before it exists; the intent waits for it."""
    graph = Graph()
    graph.update([WEB], 0)

    assert graph.stop("Web", 0) == []
    assert told(graph.started("Web", 1, 100, 0)) == ["Web running", "Web stopping", "SIGINT Web#1"]


def test_start_while_stopping_runs_it_again() -> None:
    """Changing one's mind during a slow stop gives a fresh process when the old one is gone."""
    graph = running(WEB)
    graph.stop("Web", 0)

    assert graph.start("Web", 1) == []
    assert told(graph.exited("Web", 1, 0, 2)) == ["Web exited 0", "Web starting", "start Web#2"]


def test_a_restart_of_all_is_one_of_what_runs_or_crashed() -> None:
    """What waits, was stopped, is about to be, or is done stays as it is; so does a task."""
    names = ["Runs", "Crashed", "Done", "Stopped", "Stops", "Failed"]
    graph = running(*(replace(WEB, name=name) for name in names))
    graph.update([*(replace(WEB, name=name) for name in names), DOCS, replace(WEB, name="Task", kind="task")], 1)
    graph.started("Task", 1, 100, 1)
    graph.exited("Crashed", 1, 1, 1)
    graph.exited("Done", 1, 0, 1)
    graph.stop("Stopped", 1)
    graph.exited("Stopped", 1, 130, 1)
    graph.stop("Stops", 1)
    graph.exited("Failed", 1, 0, 1)
    graph.start("Failed", 1)
    graph.failed("Failed", 2, 1)

    assert told(graph.restart_commands(2)) == [
        "Runs stopping", "SIGINT Runs#1", "Crashed starting", "start Crashed#2", "Failed starting", "start Failed#3",
    ]  # fmt: skip
    assert told(graph.exited("Stops", 1, 130, 3)) == ["Stops exited 130"]
    assert told(graph.exited("Runs", 1, 130, 3)) == ["Runs exited 130", "Runs starting", "start Runs#2"]


def test_stop_after_restart_cancels_the_second_half() -> None:
    """Restart, then stop: it ends and stays down."""
    graph = running(WEB)
    graph.restart("Web", 0)
    graph.stop("Web", 0)

    assert told(graph.exited("Web", 1, 0, 1)) == ["Web exited 0"]


def test_start_of_a_running_process_does_nothing() -> None:
    """Enter on a running pane is not a restart."""
    assert running(WEB).start("Web", 1) == []


def test_a_stale_report_is_ignored() -> None:
    """A report of an older start changes nothing."""
    graph = running(WEB)
    graph.restart("Web", 0)
    graph.exited("Web", 1, 0, 1)
    graph.started("Web", 2, 101, 1)

    assert graph.exited("Web", 1, 0, 2) == []
    assert graph.failed("Web", 1, 2) == []
    assert graph.started("Web", 1, 100, 2) == []


def test_a_failed_start_is_reported() -> None:
    """A program that does not exist is failed, and is tried again only when asked."""
    graph = Graph()
    graph.update([WEB], 0)

    assert told(graph.failed("Web", 1, 0)) == ["Web failed"]
    assert told(graph.start("Web", 1)) == ["Web starting", "start Web#2"]


def test_what_the_app_no_longer_has_goes_when_it_has_ended() -> None:
    """Removed from the config: stopped, then forgotten; declared again, it is fresh."""
    graph = running(WEB)

    assert told(graph.update([], 0)) == ["Web stopping", "SIGINT Web#1"]
    assert "Web" in graph
    assert told(graph.exited("Web", 1, 0, 1)) == ["Web exited 0"]
    assert "Web" not in graph
    assert told(graph.update([WEB], 2)) == ["Web idle", "Web starting", "start Web#1"]


def test_removed_and_declared_again_while_it_stops() -> None:
    """A config that is mended quickly gets its process back."""
    graph = running(WEB)
    graph.update([], 0)
    graph.update([WEB], 1)

    assert told(graph.exited("Web", 1, 0, 2)) == ["Web exited 0", "Web starting", "start Web#2"]


@dataclass
class World:
    """The other side: processes that start, crash, obey or are deaf, as Hypothesis chooses."""

    alive: dict[str, int] = field(default_factory=dict)
    starting: dict[str, int] = field(default_factory=dict)
    killed: set[str] = field(default_factory=set)

    def see(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Start(spec, epoch):
                    assert spec.name not in self.alive and spec.name not in self.starting, "two of one name"
                    self.starting[spec.name] = epoch
                case Signal(name, epoch, number):
                    assert self.alive.get(name) == epoch, "a signal to a process that is not there"
                    if number == SIGKILL:
                        self.killed.add(name)
                case Report():
                    pass


UPDATES = ["update A", "update B", "update none"]
OPERATIONS = st.sampled_from([*UPDATES, "start", "stop", "hard", "restart", "all", "report", "crash", "obey", "wait"])


@given(st.lists(OPERATIONS, max_size=60))
def test_any_history_ends_in_order(operations: list[str]) -> None:
    """Never two processes of one name, never a signal to a stranger, and `close` always comes to an end."""
    graph, world, now = Graph(), World(), 0.0
    specs = {"A": [WEB], "B": [replace(WEB, environment={"A": "2"})], "none": []}

    def report() -> None:
        for name, epoch in list(world.starting.items()):
            del world.starting[name]
            world.alive[name] = epoch
            world.see(graph.started(name, epoch, 100, now))

    def end(code: int) -> None:
        for name, epoch in list(world.alive.items()):
            del world.alive[name]
            world.see(graph.exited(name, epoch, code, now))

    for operation in operations:
        now += 0.5
        if operation.startswith("update"):
            world.see(graph.update(specs[operation.split()[1]], now))
        elif operation in ("start", "restart") and "Web" in graph:
            world.see(getattr(graph, operation)("Web", now))
        elif operation == "all":
            world.see(graph.restart_commands(now))
        elif operation in ("stop", "hard") and "Web" in graph:
            world.see(graph.stop("Web", now, hard=operation == "hard"))
        elif operation == "report":
            report()
        elif operation in ("crash", "obey"):
            end(1 if operation == "crash" else 0)
        elif operation == "wait" and graph.next_deadline is not None and not world.killed & set(world.alive):
            now = max(now, graph.next_deadline)
            world.see(graph.tick(now))

    world.see(graph.close(now))
    report()
    while graph.next_deadline is not None:
        now = graph.next_deadline
        world.see(graph.tick(now))
        if world.killed & set(world.alive):
            end(-9)
    end(0)

    assert graph.idle
    assert not world.alive and not world.starting


def test_the_ladder_is_the_one_of_the_session() -> None:
    """A graph made with other rungs uses them."""
    from sst_dev.processes.ladder import Rung

    graph = Graph((Rung(SIGTERM, 1.0), Rung(SIGINT, 1.0)))
    graph.update([WEB], 0)
    graph.started("Web", 1, 100, 0)

    assert told(graph.stop("Web", 0))[-1] == "SIGTERM Web#1"


def reports(effects: list[Effect]) -> list[Report]:
    return [effect for effect in effects if isinstance(effect, Report)]


def test_a_restart_says_once_why() -> None:
    """The names of what changed go with the stop of the old run; the start and the user's own restart say nothing."""
    graph = running(WEB)
    stopping = reports(graph.update([replace(WEB, argv=("npm", "start"), environment={"A": "2", "B": "1"})], 1))
    starting = reports(graph.exited("Web", 1, 0, 2))
    graph.started("Web", 2, 101, 3)
    by_hand = reports(graph.restart("Web", 4))

    assert [(report.status, report.reason) for report in stopping] == [("stopping", "command, A, B changed")]
    assert [(report.status, report.reason) for report in starting] == [("exited", ""), ("starting", "")]
    assert [(report.status, report.reason) for report in by_hand] == [("stopping", "")]


def test_a_change_while_it_starts_is_told_when_it_stops() -> None:
    """No report in between takes the reason away."""
    graph = Graph()
    graph.update([WEB], 0)
    graph.update([replace(WEB, environment={"A": "2"})], 1)

    told_of = [(report.status, report.reason) for report in reports(graph.started("Web", 1, 100, 2))]
    assert told_of == [("running", ""), ("stopping", "A changed")]


def test_an_end_that_was_asked_for_is_a_stop() -> None:
    """Whatever the exit code says; one that came by itself has its code or signal."""
    graph = running(WEB, DOCS)
    graph.stop("Web", 1)

    assert [report.outcome for report in reports(graph.exited("Web", 1, -2, 2))] == ["stopped"]
    graph.start("Docs", 3)
    graph.started("Docs", 1, 101, 3)
    assert [report.outcome for report in reports(graph.exited("Docs", 1, -9, 4))] == ["SIGKILL (killed)"]
    assert [report.outcome for report in reports(graph.start("Web", 5))] == [""]
