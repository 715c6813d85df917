"""The multiplexer as a whole: panes, focus, search, quitting, and how it looks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sst_dev.core import commands as c
from sst_dev.core import events as e
from sst_dev.core.errors import BugError
from sst_dev.tui import app as app_module
from sst_dev.tui import run_tui
from sst_dev.tui.panes import Pane
from sst_dev.tui.view import PaneView
from textual import events

from tests.support.history import API, START, failing, finished, log, output, process, resource, started, starting

from .support import Deck, deck

IMAGES = Path(__file__).parents[2] / "docs" / "images"

VITE = (
    "\x1b[2J\x1b[H\r\n  \x1b[32m\x1b[1mVITE\x1b[22m v6.0.1\x1b[39m  \x1b[2mready in \x1b[0m\x1b[1m310\x1b[22m ms\r\n"
    "\r\n  \x1b[32m➜\x1b[39m  \x1b[1mLocal\x1b[22m:   \x1b[36mhttp://localhost:5173/\x1b[39m\r\n"
)


async def busy(deck: Deck) -> None:
    """A session in the middle of a day."""
    await deck.see(
        process("Vpc", "running", "tunnel", pid=5),
        process("Web", "running", pid=3),
        process("Docs", "exited", exit_code=1),
        process("Storybook", "idle"),
        output("Web", VITE),
        started("3f2a11"),
        log("3f2a11", "listing notes of alice"),
        finished("3f2a11"),
        log(None, "loading the model", "Worker"),
        started("77aa01", "Worker", trigger="sqs 3 records", at=4),
        log("77aa01", "job 1 of 3", "Worker", at=4),
        log("77aa01", "\x1b[33mWARNING\x1b[0m job 2 has no title", "Worker", at=4),
        failing("77aa01", "Worker"),
        e.Reloaded(START + 5, ("Worker",), ("/app/functions/worker.py",), 3.4),
        started("c0ffee", "Worker", trigger="sqs 1 record", at=9),
        log("c0ffee", "job 1 of 1", "Worker", at=9),
    )


async def test_the_sidebar_shows_every_pane_in_order(tmp_path: Path) -> None:
    """Fixed panes, tunnel, tasks, what runs; below a rule what does not, with its exit code."""
    async with deck(tmp_path) as d:
        await busy(d)

        rows = [line[:24].rstrip() for line in d.lines()[:8]]

    assert rows == [
        "❯1 ⑆ SST               ✓",
        " 2 λ Functions       1 ●",
        " 3 ⧉ Tasks",
        " 4 ⇌ Vpc               ●",
        " 5 → Web               ●",
        "────────────────────────",
        " 6 → Docs         exit 1",
        " 7 → Storybook         ○",
    ]


async def test_what_happened_before_it_opened_is_shown(tmp_path: Path) -> None:
    """A screen that opens late shows what the state remembers."""
    d = Deck(tmp_path)
    for event in [*starting(), process("Web", "running"), started("a"), finished("a")]:
        d.stream.publish(event)
    from sst_dev.tui.app import Multiplexer

    with d.stream.subscribe() as subscription:
        d.app = Multiplexer(subscription, d.state, d.settings, d.send)
        async with d.app.run_test(size=(100, 30)) as d.pilot:
            await d.press("2")

            assert "✓ Api" in d.pane()[0]
            assert "→ Web" in d.text()


async def test_keys_of_the_list(tmp_path: Path) -> None:
    """j, k, arrows and numbers move in the list; a click too."""
    async with deck(tmp_path) as d:
        await busy(d)
        seen = []
        for key in ["j", "down", "k", "up", "5", "9", "1", "k"]:
            await d.press(key)
            seen.append(d.app.panes.current.title)
        await d.pilot.click("Sidebar", offset=(4, 6))
        await d.settle()

        assert seen == ["Functions", "Tasks", "Functions", "SST", "Web", "Web", "SST", "SST"]
        assert d.app.panes.current.title == "Docs"


async def test_enter_types_into_a_terminal_and_ctrl_z_leaves(tmp_path: Path) -> None:
    """Inside, every key goes to the program: also those that mean something outside, also Ctrl-C."""
    async with deck(tmp_path) as d:
        await busy(d)
        await d.press("5", "enter", "q", "slash", "ctrl+c", "escape", "up", "tab", "question_mark")

        assert b"".join(w.data for w in d.asked() if isinstance(w, c.WriteProcess)) == b"q/\x03\x1b\x1b[A\t?"
        assert "typing into Web" in d.lines()[-1]
        await d.press("ctrl+z", "j")
        assert d.app.panes.current.title == "Docs"
        assert "typing" not in d.lines()[-1]


async def test_a_paste_goes_to_the_program(tmp_path: Path) -> None:
    """Inside a terminal as one piece, marked when the program asked; elsewhere it is nothing."""
    async with deck(tmp_path) as d:
        await busy(d)
        d.app.post_message(events.Paste("q\n"))
        await d.settle()
        await d.see(output("Web", "\x1b[?2004h"))
        await d.press("5", "enter")
        d.app.post_message(events.Paste("a\nb"))
        await d.until(lambda: d.asked(c.WriteProcess))

        assert [w.data for w in d.asked(c.WriteProcess)] == [b"\x1b[200~a\rb\x1b[201~"]


async def test_answers_of_the_terminal_go_back_to_the_program(tmp_path: Path) -> None:
    """A program that asks where its cursor is gets told."""
    async with deck(tmp_path) as d:
        await d.see(process("Web", "running"), output("Web", "ab\x1b[6n"))

        assert c.WriteProcess("Web", b"\x1b[1;3R") in d.sent


async def test_terminals_are_as_large_as_the_pane(tmp_path: Path) -> None:
    """Told when they appear, when the window changes, and when the sidebar goes."""
    async with deck(tmp_path, size=(120, 40)) as d:
        await d.see(process("Web", "running"))
        await d.pilot.resize_terminal(80, 24)
        await d.settle()
        await d.press("z")

        sizes = [command for command in d.sent if isinstance(command, c.ResizeProcess)]
        assert (sizes[0].columns, sizes[0].rows) == (92, 39)
        assert (sizes[-1].columns, sizes[-1].rows) == (78, 23)
        assert d.app.panes.terminals[0].emulator is not None
        assert d.app.panes.terminals[0].emulator._screen.columns == 78


async def test_a_dead_command_shows_its_end_and_starts_again(tmp_path: Path) -> None:
    """Its last output, its exit code, and Enter."""
    async with deck(tmp_path) as d:
        await busy(d)
        await d.see(output("Docs", "boom\r\n"))
        await d.press("6")

        assert d.pane() == ["boom", "", "[exit 1]  press enter to start"]
        await d.press("enter")
        assert d.asked(c.StartProcess) == [c.StartProcess("Docs")]
        await d.press("7")
        assert d.pane() == ["", "press enter to start"]


ASTRAY = ["slash", "colon", "f", "t"]


@pytest.mark.parametrize("opens", ASTRAY)
async def test_keys_that_arrive_together_with_a_prompt_are_its_text(opens: str, tmp_path: Path) -> None:
    """All of them in the queue before anything is painted: none acts on the pane, and none is left for later."""
    async with deck(tmp_path) as d:
        await d.see(started("aaaa11"), finished("aaaa11"))
        await d.press("2")
        for key in [opens, *"Eqzxr"]:
            d.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await d.pilot.pause()

        assert (d.asked(), d.app.footer.question, d.app.sidebar.display) == ([], "", True)
        prompt, chooser = d.app.footer.prompt, d.app.chooser
        typed = chooser._line.text if chooser.open else prompt.line.text if prompt else ""
        assert typed.endswith("Eqzxr")
        d.app.post_message(events.Key("escape", None))
        d.app.post_message(events.Key("z", "z"))
        await d.pilot.pause()
        assert not d.app.sidebar.display


async def test_a_paste_goes_into_the_prompt(tmp_path: Path) -> None:
    """Its first line, without what is not to be seen."""
    async with deck(tmp_path) as d:
        await d.press("slash")
        d.app.post_message(events.Paste("de\x1bploy\nquit"))
        await d.settle()

        assert d.app.panes.current.search.words == "deploy"


async def test_quitting(tmp_path: Path) -> None:
    """q asks, n stays, y quits; Ctrl-C quits at once."""
    async with deck(tmp_path) as d:
        await d.press("q")
        assert "Quit and stop everything?" in d.lines()[-1]
        await d.press("n", "q", "y")
        await d.until(lambda: d.app._exit)
    async with deck(tmp_path) as d:
        await d.press("ctrl+c")
        await d.until(lambda: d.app._exit)


async def test_ends_when_the_stream_closes(tmp_path: Path) -> None:
    """A session that ends by itself takes its screen with it."""
    async with deck(tmp_path) as d:
        d.stream.close()
        await d.until(lambda: d.app._exit)


async def test_the_palette_has_every_action_that_is_valid(tmp_path: Path) -> None:
    """`:` opens it, and an action chosen there does what its key does; panes and themes are there too."""
    async with deck(tmp_path) as d:
        await d.press("2", "colon")
        names = [choice.name for choice in d.app.chooser._choices]
        assert "Run it again on the current code" in names
        assert "Go to Tasks" in names and "Theme nord" in names
        assert not any(name.startswith("Stop") for name in names)

        await d.press(*"hide side", "enter")
        assert not d.app.sidebar.display
        await d.press("colon", *"theme nord", "enter")
        assert d.app.theme == "nord"


async def test_a_failing_screen_is_a_bug_not_a_quit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the app itself breaks, the caller learns it."""
    from sst_dev.tui import app

    class Broken:
        return_code = 1

        def __init__(self, *_: object) -> None: ...

        async def run_async(self) -> None: ...

    monkeypatch.setattr(app, "Multiplexer", Broken)
    d = Deck(tmp_path)

    with pytest.raises(BugError, match="The screen of sst dev failed"):
        await run_tui(d.stream, d.state, d.settings, d.send)


async def test_a_key_goes_before_the_output_that_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key pressed while a second of output waits is answered after a few pieces of it, not after all."""
    monkeypatch.setattr(app_module, "SLICE", 0.0)  # a slice is one piece then, however fast the machine
    fed: list[int] = []
    feed = Pane.feed

    def counted(pane: Pane) -> bytes:
        fed.append(pane.behind)
        if len(fed) == 10:
            d.app.post_message(events.Key("1", "1"))
        return feed(pane)

    async with deck(tmp_path) as d:
        await d.see(process("Web", "running"))
        await d.press("4")
        monkeypatch.setattr(Pane, "feed", counted)
        for n in range(100):
            d.stream.publish(output("Web", f"{n} {'x' * 70}\r\n" * 50))
        await d.until(lambda: d.app.panes.current.title == "SST")
        answered = len(fed)
        await d.settle()

        assert answered < 30 < len(fed)


async def test_a_frame_paints_only_what_is_in_sight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand lines of a handler and of a command cost no more painted rows than one."""
    painted = 0
    paint = PaneView._paint

    def counted(view: PaneView, *arguments: Any) -> Any:
        nonlocal painted
        painted += 1
        return paint(view, *arguments)

    async with deck(tmp_path) as d:
        await d.see(process("Web", "running"), started("loud"), log("loud", "first"))
        monkeypatch.setattr(PaneView, "_paint", counted)
        for key in ("2", "4"):
            await d.press(key)
            await d.see([log("loud", f"line {n}") for n in range(10_000)], output("Web", "line\r\n" * 10_000))
            painted = 0
            d.app.update_all()

            assert painted == d.app.view.size.height


@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=["80x24", "160x50"])
@pytest.mark.parametrize("name", ["sst", "errors", "functions", "details", "terminal", "help", "chooser", "search"])
async def test_looks(name: str, size: tuple[int, int], tmp_path: Path) -> None:
    """Each kind of pane at the smallest and at a large size, as it was approved."""
    keys = {
        "sst": ["1"], "errors": ["1"], "functions": ["2", "enter", "k"], "details": ["2", "enter", "k", "enter"],
        "terminal": ["5"], "help": ["question_mark"], "chooser": ["2", "f"], "search": ["2", "slash", *"job 1"],
    }  # fmt: skip
    async with deck(tmp_path, size) as d:
        await busy(d)
        if name == "errors":
            bucket = resource("files", "Files", "sst:aws:Bucket", "aws:s3/bucket:Bucket")
            await d.see(
                e.DeployStarted(START + 10, "/app/sst_config.py"),
                e.ResourceStarted(START + 10, **bucket),
                e.ResourceStarted(START + 11, **{**API, "action": "update"}),
                e.ResourceFailed(START + 11, **bucket, message="BucketAlreadyExists: The name is taken."),
                e.ReloadFailed(START + 11, "Api", "SyntaxError", "'(' was never closed", "functions/api.py", 3),
                e.BridgeDisconnected(START + 11, "closed by the service (1006)"),
            )
        await d.press(*keys[name])

        d.check_snapshot(f"{name}-{size[0]}x{size[1]}", tmp_path)


@pytest.mark.parametrize(("name", "keys"), [("functions", ["2", "enter", "k"]), ("details", ["2", "enter", "enter"])])
async def test_the_pictures_of_the_readme_are_true(name: str, keys: list[str], tmp_path: Path) -> None:
    """They are made from the program, so they cannot show what it no longer is."""
    note = {"statusCode": 200, "body": json.dumps({"id": "7d909b4e", "text": "Buy milk"})}
    replay = replace(started("9c41de", at=11, trigger="url GET /notes/7d909b4e"), replay_of="b7e210")
    async with deck(tmp_path, (110, 30)) as d:
        await busy(d)
        await d.see(
            started("b7e210", at=10, trigger="url GET /notes/7d909b4e", event={"rawPath": "/notes/7d909b4e"}),
            log("b7e210", "looking for 7d909b4e", at=10),
            finished("b7e210", at=10, response={"statusCode": 404, "body": "{}"}),
            replay,
            log("9c41de", "looking for 7d909b4e", at=11),
            finished("9c41de", at=11, response=note),
        )
        await d.press(*keys)

        d.check_snapshot(name, tmp_path, IMAGES)


async def test_a_light_terminal_gets_the_light_theme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """COLORFGBG tells."""
    monkeypatch.setenv("COLORFGBG", "0;15")
    async with deck(tmp_path) as d:
        assert d.app.theme == "ansi-light"


@pytest.mark.parametrize(("name", "theme"), [("nord", "nord"), ("no such theme", "ansi-dark")])
async def test_a_theme_can_be_set(name: str, theme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TEXTUAL_THEME, as for other programs made with Textual."""
    monkeypatch.setenv("TEXTUAL_THEME", name)
    async with deck(tmp_path) as d:
        assert d.app.theme == theme


async def test_without_colour_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR: the same text, and no colour in any cell."""
    monkeypatch.setenv("NO_COLOR", "1")
    async with deck(tmp_path) as d:
        await busy(d)
        await d.press("2")

        assert "✗ Worker" in d.text()
        assert d.app.no_color


@pytest.mark.parametrize("size", [(40, 10), (300, 80)])
async def test_other_sizes_work(size: tuple[int, int], tmp_path: Path) -> None:
    """From tiny to huge: every pane can be shown."""
    async with deck(tmp_path, size) as d:
        await busy(d)
        for key in "1234567":
            await d.press(key)
        assert len(d.lines()) == size[1]
