"""What each key does, by what changes on the screen and what is sent."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sst_dev.core import commands as c
from sst_dev.core.errors import SstError
from sst_dev.core.events import EVENT_KEPT, InvocationPaused
from sst_dev.core.state import Invocation
from sst_dev.tui.actions import help_rows, save_event
from sst_dev.tui.keys import KEYS
from sst_dev.tui.rows import plain

from tests.support.history import START, URL, failing, finished, log, output, process, started

from .support import Deck, deck


async def two_calls(d: Deck) -> None:
    """Two invocations with a few lines each; the Functions pane is shown."""
    await d.see(started("aaaa11"), log("aaaa11", "first line"), finished("aaaa11"))
    await d.see(started("bbbb22", "Worker", at=5), log("bbbb22", "second line", "Worker"), failing("bbbb22", "Worker"))
    await d.press("2")


def notes(d: Deck) -> list[str]:
    return [str(note.message) for note in d.app._notifications]


def selected(d: Deck) -> str:
    entry = d.app.panes.timeline.selected
    return entry.id if entry else ""


async def test_enter_goes_in_then_shows_details(tmp_path: Path) -> None:
    """The newest invocation has the mark, j and k walk. Again: its details; Ctrl-Z and Enter lead back."""
    async with deck(tmp_path) as d:
        await two_calls(d)
        await d.press("enter")
        assert selected(d) == "bbbb22"
        await d.press("k")
        assert selected(d) == "aaaa11"
        await d.press("enter")
        assert "Phases" in d.pane()
        await d.press("enter")
        assert selected(d) == "aaaa11" and "first line" in d.text()
        await d.press("i", "ctrl+z", "j", "ctrl+z", "k")
        assert d.app.panes.current.title == "SST"


async def test_space_folds_and_e_folds_all(tmp_path: Path) -> None:
    """One invocation, then all of them, and back."""
    async with deck(tmp_path) as d:
        await two_calls(d)
        await d.press("enter", "k", "space")
        assert "first line" not in d.text() and "second line" in d.text()
        await d.press("E")
        assert "second line" not in d.text()
        await d.press("E")
        assert "first line" in d.text() and "second line" in d.text()


async def test_r_runs_the_selected_invocation_again(tmp_path: Path) -> None:
    """The selected one, or the last."""
    async with deck(tmp_path) as d:
        await two_calls(d)
        await d.press("r", "enter", "k", "r")

        assert d.asked() == [c.ReplayInvocation("bbbb22"), c.ReplayInvocation("aaaa11")]


async def test_the_answer_of_a_replay_is_compared(tmp_path: Path) -> None:
    """In the list and in the details of the replay."""
    async with deck(tmp_path) as d:
        await two_calls(d)
        await d.see(replace(started("cccc33", at=8), replay_of="aaaa11"), finished("cccc33", at=8, response={"x": 1}))
        assert '  ┃ +  "x": 1' in d.pane()
        await d.press("enter", "enter")
        assert "Changed since aaaa" in d.pane()


async def test_t_saves_a_test_event(tmp_path: Path) -> None:
    """A file that `sst invoke --event @…` takes, named in the message."""
    async with deck(tmp_path) as d:
        await two_calls(d)
        await d.press("enter", "k", "t")
        assert "Save as tests/events/Api-aaaa11" in d.lines()[-1]
        await d.press("enter")

        assert json.loads((tmp_path / "tests/events/Api-aaaa11.json").read_text()) == {"rawPath": "/notes"}
        await d.press("t", *"list-notes", "enter", "t", "escape")

        assert json.loads((tmp_path / "tests/events/list-notes.json").read_text()) == {"rawPath": "/notes"}
        assert notes(d) == [
            "Saved. sst invoke Api --event @tests/events/Api-aaaa11.json",
            "Saved. sst invoke Api --event @tests/events/list-notes.json",
        ]


async def test_an_event_that_was_cut_is_not_saved(tmp_path: Path) -> None:
    """Half an event would be a wrong test."""
    invocation = Invocation(replace(started("a"), payload=b"x" * EVENT_KEPT))

    with pytest.raises(SstError, match="too large to be kept whole"):
        save_event(tmp_path, invocation, "a")
    assert list(tmp_path.iterdir()) == []


def test_a_saved_event_is_not_lost_by_accident(tmp_path: Path) -> None:
    """A name that another event has is refused, and so is one that leads elsewhere; the same event again is fine."""
    first, second = Invocation(started("a", event={"n": 1})), Invocation(started("b", event={"n": 2}))
    path = save_event(tmp_path, first, "x.json")

    assert save_event(tmp_path, first, "x") == path
    with pytest.raises(SstError, match="another event"):
        save_event(tmp_path, second, "x")
    with pytest.raises(SstError, match="no name"):
        save_event(tmp_path, second, "../x")
    assert json.loads(path.read_text()) == {"n": 1}


async def test_a_file_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    """The message is the system's, with the path."""
    (tmp_path / "tests").write_text("a file where a folder should be")
    async with deck(tmp_path) as d:
        await two_calls(d)
        await d.press("t", "enter")

        (note,) = notes(d)
        assert "tests/events/Worker-bbbb22.json" in note


async def test_d_says_how_to_debug(tmp_path: Path) -> None:
    """What does not stand can be made to."""
    async with deck(tmp_path) as d:
        await two_calls(d)
        await d.press("d")

        assert "breakpoint()" in notes(d)[0] and "--debug" in notes(d)[0]


async def test_d_goes_where_the_invocation_stands(tmp_path: Path) -> None:
    """Without pdb's pane that is an IDE; with it the pane has the keys."""
    async with deck(tmp_path) as d:
        await d.see(started("aaaa11"), InvocationPaused(START, "aaaa11", "Api", "functions/api.py", 41))
        await d.press("2", "enter", "d")
        assert "functions/api.py:41" in notes(d)[0]
        await d.see(process("Debug", "running"), output("Debug", "(pdb aaaa) "))
        await d.press("2", "enter", "d")
        assert d.app.panes.current.name == "Debug"
        await d.press("c", "enter")

        assert [one.data for one in d.asked(c.WriteProcess)] == [b"c", b"\r"]  # type: ignore[attr-defined]


async def test_p_shows_payloads_as_they_were(tmp_path: Path) -> None:
    """Indented, and back."""
    async with deck(tmp_path) as d:
        await two_calls(d)
        await d.press("enter", "k", "enter")
        assert '  "rawPath": "/notes"' in d.pane()
        await d.press("p")
        assert '{"rawPath": "/notes"}' in d.pane()
        await d.press("p", "escape")
        assert "first line" in d.text()


async def test_f_shows_one_function_alone(tmp_path: Path) -> None:
    """Chosen from a list; Escape shows all again."""
    async with deck(tmp_path) as d:
        await two_calls(d)
        await d.press("f")
        assert d.lines()[-1].split() == ["↑", "↓", "move", "Enter", "choose", "Esc", "cancel"]
        await d.press("down", "down", "enter")
        assert "first line" not in d.text() and "second line" in d.text()
        assert "only Worker" in d.lines()[-1]
        await d.press("escape")
        assert "first line" in d.text()
        await d.press("f", *"api.h", "enter")
        assert d.app.panes.timeline.function == "Api"
        await d.press("f", "escape")
        assert d.app.panes.timeline.function == "Api"


async def test_processes_are_stopped_started_and_restarted(tmp_path: Path) -> None:
    """s, x, X, r, R and Enter send what they say."""
    async with deck(tmp_path) as d:
        await d.see(process("Web", "running"), process("Docs", "idle"))
        await d.press("4", "x", "X", "r", "R", "5", "s", "enter")

        assert d.asked() == [
            c.StopProcess("Web"), c.StopProcess("Web", hard=True), c.RestartProcess("Web"),
            c.RestartCommands(), c.StartProcess("Docs"), c.StartProcess("Docs"),
        ]  # fmt: skip


async def test_a_command_that_is_refused_says_why(tmp_path: Path) -> None:
    """The error of the session is shown, and the screen goes on."""
    async with deck(tmp_path) as d:
        await d.see(process("Broken", "idle"))
        await d.press("4", "enter")

        assert notes(d) == ["There is no process called 'Broken'. `sst status` lists them."]


async def test_r_in_the_sst_pane_deploys(tmp_path: Path) -> None:
    """What one does after mending something outside the app."""
    async with deck(tmp_path) as d:
        await d.press("r")

        assert d.asked() == [c.Redeploy()]


async def test_enter_in_tasks_starts_the_chosen_task(tmp_path: Path) -> None:
    """A list of tasks; then its output alone; x stops it, f shows all."""
    async with deck(tmp_path) as d:
        await d.press("3", "enter", "down", "enter")
        assert d.asked() == [c.StartProcess("Report")]
        await d.see(process("Report", "running", "task"), output("Report", "working\n"))
        assert d.pane()[-1] == "Report │ working"
        await d.press("x", "r", "escape", "f", "escape")
        assert d.asked()[1:] == [c.StopProcess("Report"), c.RestartProcess("Report")]


async def test_scrolling(tmp_path: Path) -> None:
    """Half pages, pages, top, bottom, rows; output does not move what is read, G follows again."""
    async with deck(tmp_path, size=(100, 21)) as d:
        await d.see(process("Web", "running"), output("Web", "".join(f"line {n}\r\n" for n in range(100))))
        await d.press("4")
        seen = []
        for key in ["ctrl+u", "ctrl+d", "pageup", "pagedown", "g", "ctrl+d", "home", "end", "g", "ctrl+g"]:
            await d.press(key)
            seen.append(d.pane()[0])
        assert seen == [
            "line 71", "line 81", "line 62", "line 81", "line 0", "line 10", "line 0", "line 81", "line 0", "line 81",
        ]  # fmt: skip

        await d.press("pageup")
        await d.see(output("Web", "more\r\n" * 50))
        assert d.pane()[0] == "line 62"
        assert "not following" in d.lines()[-1]
        await d.press("G")
        await d.see(output("Web", "last\r\n"))
        assert d.pane()[-1] == "last"


async def test_f_upper_case_stops_following(tmp_path: Path) -> None:
    """It stays where it is while output goes on, and follows again."""
    async with deck(tmp_path, size=(100, 11)) as d:
        await d.see(process("Web", "running"), output("Web", "".join(f"line {n}\r\n" for n in range(20))))
        await d.press("4", "F")
        await d.see(output("Web", "more\r\n" * 9))
        assert d.pane()[0] == "line 11"
        await d.press("F")
        assert d.pane()[-1] == "more"


async def test_j_and_k_scroll_inside_the_sst_pane(tmp_path: Path) -> None:
    """There is nothing to select in it."""
    async with deck(tmp_path, size=(100, 8)) as d:
        await d.press("enter", "k", "k")
        before = d.pane()[0]
        await d.press("j")
        assert d.pane()[0] != before


async def test_wrap_and_sideways(tmp_path: Path) -> None:
    """Long lines wrap at a space; w cuts them, which they say, and the arrows go sideways as far as there is text."""
    async with deck(tmp_path, size=(80, 24)) as d:
        await d.see(started("a"), log("a", "x" * 60 + " the end"))
        await d.press("2")
        assert d.pane()[2:] == ["  ┃ xxxxxxx the end"]
        await d.press("w")
        assert "the end" not in d.text() and d.pane()[1].endswith("›")
        await d.press(*["right"] * 9)
        assert d.pane()[1].endswith("the end")
        await d.press("w")
        assert d.app.panes.current.left == 0


async def test_zoom_hides_the_sidebar(tmp_path: Path) -> None:
    """z and z again."""
    async with deck(tmp_path) as d:
        await d.press("z")
        assert "1 ⑆" not in d.text()
        await d.press("z")
        assert "1 ⑆" in d.text()


@pytest.mark.parametrize(("key", "number"), [("SST", "1"), ("Functions", "2"), ("Tasks", "3"), ("Web", "4")])
async def test_mark_and_clear_work_everywhere(key: str, number: str, tmp_path: Path) -> None:
    """m draws a line with the time, Ctrl-L empties the pane."""
    async with deck(tmp_path) as d:
        await two_calls(d)
        await d.see(process("Web", "running"), output("Web", "x\r\n" * 50))
        await d.press(number, "g", "m", "G")
        document = d.app.view.pane.document
        assert any("────" in plain(document.row(y)) for y in range(document.first, document.end))
        await d.press("ctrl+l")
        assert d.pane() in ([], ["Waiting for invocations…"], ["press enter to start a task"])


async def test_y_copies_the_text_itself(tmp_path: Path) -> None:
    """The lines of the invocation as they were logged, without marks and bars; elsewhere the screen."""
    async with deck(tmp_path) as d:
        await two_calls(d)
        await d.see(log("aaaa11", "  \x1b[31mred\x1b[0m, indented"))
        await d.press("enter", "k", "y")
        assert d.app.clipboard == "first line\n  red, indented"
        await d.see(process("Web", "running"), output("Web", "hello\r\n"))
        await d.press("4", "y")
        assert d.app.clipboard.startswith("hello")


async def test_y_and_upper_case_y_copy_json(tmp_path: Path) -> None:
    """In details the answer, pretty or as it was; Y the event, there and in the list."""
    async with deck(tmp_path) as d:
        await two_calls(d)
        await d.press("enter", "k", "Y")
        assert d.app.clipboard == '{\n  "rawPath": "/notes"\n}'
        await d.press("enter", "y")
        assert json.loads(d.app.clipboard) == {"statusCode": 200, "body": "[]"} and "\n" in d.app.clipboard
        await d.press("p", "y")
        assert d.app.clipboard == '{"statusCode": 200, "body": "[]"}'
        await d.press("Y")
        assert d.app.clipboard == '{"rawPath": "/notes"}'


async def test_what_keys_act_on_is_on_the_screen(tmp_path: Path) -> None:
    """Scrolled away, the mark stays in sight; following, it is on the newest; a search takes it along."""
    async with deck(tmp_path, size=(100, 12)) as d:
        for n in range(20):
            id = f"{n:02}0000"
            await d.see(started(id, at=n, trigger=f"call {n}"), log(id, f"line of {n}"), log(id, "x"), finished(id))
        await d.press("2", "enter")

        def marked() -> str:
            (row,) = [text for text in d.pane() if text.startswith(("❯", "›"))]
            assert d.app.panes.timeline.selected is not None
            return row.split("call ")[1].split()[0]

        assert marked() == "19"
        await d.press("k", "k")
        assert marked() == "17" and "not following" in d.lines()[-1]
        await d.see(started("new000", at=30, trigger="call new"))
        assert marked() == "17"
        await d.press("pageup", "pageup")
        assert int(marked()) < 17
        one = marked()
        await d.press("r")
        assert d.asked() == [c.ReplayInvocation(f"{int(one):02}0000")]
        await d.press("G")
        assert marked() == "new"
        await d.press("slash", *"line of 3", "enter", "r")
        assert d.asked()[-1] == c.ReplayInvocation("030000")


async def test_j_at_the_newest_follows_again(tmp_path: Path) -> None:
    """As scrolling to the end does."""
    async with deck(tmp_path, size=(100, 12)) as d:
        for n in range(20):
            await d.see(started(f"{n:02}", trigger=f"call {n}"), finished(f"{n:02}"))
        await d.press("2", "enter", "k")
        assert not d.app.panes.current.follow
        await d.press("j")
        assert d.app.panes.current.follow and selected(d) == "19"


async def test_a_match_in_a_folded_invocation_is_shown(tmp_path: Path) -> None:
    """It is unfolded as long as the search is there; Escape folds it again."""
    async with deck(tmp_path) as d:
        await two_calls(d)
        await d.press("enter", "E", "slash", *"first", "enter")
        assert "first line" in d.text() and "second line" not in d.text()
        assert selected(d) == "aaaa11"
        await d.press("escape")
        assert "first line" not in d.text()


async def test_v_selects_rows_with_the_keyboard(tmp_path: Path) -> None:
    """v, k, y: without a mouse; Escape gives up."""
    async with deck(tmp_path) as d:
        await d.see(process("Web", "running"), output("Web", "one\r\ntwo\r\nthree"))
        await d.press("4", "v", "k", "y")
        assert d.app.clipboard == "two\nthree"
        await d.press("v", "k", "k", "k", "j", "escape", "j")
        assert d.app.view.mark_from is None


async def test_b_opens_the_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the command, or of the selected function; without one it says so."""
    opened: list[str] = []
    async with deck(tmp_path) as d:
        monkeypatch.setattr(d.app, "open_url", opened.append)
        await d.see(process("Web", "running"))
        await d.press("4", "b")
        await two_calls(d)
        await d.press("b", "enter", "k", "b")

        assert opened == ["http://localhost:5173", URL]
        assert notes(d) == ["This has no URL."]


async def test_without_a_desktop_the_url_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over SSH a text browser would take over the terminal."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    async with deck(tmp_path) as d:
        await d.see(process("Web", "running"))
        await d.press("4", "b")

        assert d.app.clipboard == "http://localhost:5173"
        assert notes(d) == ["Copied http://localhost:5173"]


async def test_help_lists_every_key(tmp_path: Path) -> None:
    """The page is made from the table, so it cannot be out of date; Escape closes it."""
    text = "\n".join(map(plain, help_rows()))
    assert all(entry.label in text for entry in KEYS)
    async with deck(tmp_path) as d:
        await d.press("f1")
        assert "Move" in d.pane()
        await d.press("slash", *"replay", "enter", "escape", "escape")
        assert "Move" not in d.pane()


async def test_ctrl_c_quits_whatever_is_selected(tmp_path: Path) -> None:
    """As the footer says; what is selected is copied with y, and a drag copied it already."""
    async with deck(tmp_path) as d:
        await d.see(process("Web", "running"), output("Web", "one\r\ntwo"))
        await d.press("4", "v")
        assert d.app.view.selected_text() == "two"
        await d.pilot.press("ctrl+c")
        await d.until(lambda: d.app._exit)

        assert not d.app.clipboard


async def test_what_enter_starts_has_the_keyboard(tmp_path: Path) -> None:
    """No second Enter: the next key is the program's, as soon as it runs."""
    async with deck(tmp_path) as d:
        await d.see(process("Docs", "idle"))
        await d.press("j", "j", "j")
        await d.press("enter")
        assert d.asked(c.StartProcess) == [c.StartProcess("Docs")]
        await d.see(process("Docs", "running"))
        await d.press("h", "i")

        assert d.asked(c.WriteProcess) == [c.WriteProcess("Docs", b"h"), c.WriteProcess("Docs", b"i")]
