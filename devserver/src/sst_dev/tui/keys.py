"""Every key: what it does, where, and how the footer and the help page call it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """One wish and the keys for it, as Textual names them."""

    keys: tuple[str, ...]
    action: str
    label: str
    where: frozenset[str]
    """The kinds of pane it is for, see `panes.Kind`."""
    group: str
    hint: str = ""
    """A word for the footer; empty: only on the help page."""


def _key(keys: str, action: str, label: str, where: str, group: str, hint: str = "") -> Key:
    return Key(tuple(keys.split()), action, label, frozenset(where.split()), group, hint)


ANY = "sst functions tasks terminal details"
PANES = "sst functions tasks terminal"

KEYS = (
    _key("j down", "down", "Next pane, invocation or row", ANY, "Move"),
    _key("k up", "up", "Previous pane, invocation or row", ANY, "Move"),
    _key("1 2 3 4 5 6 7 8 9", "choose", "Pane by its number", PANES, "Move"),
    _key(
        "enter i",
        "enter",
        "Into the pane; details; start a command",
        ANY,
        "Move",
        "open",
    ),
    _key("ctrl+z", "leave", "Out of the pane, back to the list", ANY, "Move", "list"),
    _key("escape", "escape", "Clear selection, search, filter; go back", ANY, "Move"),
    _key("ctrl+u", "half_up", "Half a page up", ANY, "Scroll"),
    _key("ctrl+d", "half_down", "Half a page down", ANY, "Scroll"),
    _key("pageup", "page_up", "A page up", ANY, "Scroll"),
    _key("pagedown", "page_down", "A page down", ANY, "Scroll"),
    _key("g home", "top", "To the top", ANY, "Scroll"),
    _key("G ctrl+g end", "bottom", "To the bottom, and follow", ANY, "Scroll"),
    _key("F", "follow", "Follow new output, or stay", ANY, "Scroll"),
    _key("left", "left", "Sideways", ANY, "Scroll"),
    _key("right", "right", "Sideways", ANY, "Scroll"),
    _key("w", "wrap", "Wrap long lines", "sst functions tasks details", "Show"),
    _key("z", "zoom", "Hide the sidebar", ANY, "Show"),
    _key("m", "mark", "Draw a line with the time", PANES, "Show"),
    _key("ctrl+l", "clear", "Clear the pane", PANES, "Show"),
    _key("slash", "search", "Search everything kept", ANY, "Find", "search"),
    _key("n", "next", "Next match", ANY, "Find"),
    _key("N", "previous", "Previous match", ANY, "Find"),
    _key("f", "filter", "Show one function, or one task", "functions tasks", "Find", "filter"),
    _key("v", "select", "Select rows with j and k", ANY, "Copy"),
    _key(
        "y",
        "copy",
        "Copy: selection, lines, answer or screen",
        ANY,
        "Copy",
        "copy",
    ),
    _key("Y", "copy_event", "Copy the invocation's event as JSON", "functions details", "Copy", "event"),
    _key("space", "fold", "Fold or unfold the invocation", "functions", "Functions", "fold"),
    _key("E", "fold_all", "Fold or unfold all", "functions", "Functions"),
    _key("r", "replay", "Run it again on the current code", "functions", "Functions", "replay"),
    _key("t", "save", "Save it as a test event", "functions", "Functions", "test"),
    _key("d", "debug", "To where it stands, or how to stop it", "functions", "Functions"),
    _key("p", "pretty", "In details: JSON indented, or as it was", "details", "Functions", "raw"),
    _key("s", "start", "Start", "terminal tasks", "Processes"),
    _key("x", "stop", "Stop; again, sooner", "terminal tasks", "Processes", "stop"),
    _key("X", "kill", "Stop at once", "terminal tasks", "Processes"),
    _key("r", "restart", "Restart", "terminal tasks", "Processes", "restart"),
    _key("R", "restart_all", "Restart all commands", PANES, "Processes"),
    _key("r", "deploy", "Deploy again", "sst", "Processes", "deploy"),
    _key("b", "browse", "Open its URL", "functions terminal", "Processes"),
    _key("question_mark f1", "help", "This page", ANY, "Session", "help"),
    _key("colon ctrl+p", "palette", "All commands", ANY, "Session", "commands"),
    _key("q", "ask_quit", "Quit, after a question", ANY, "Session"),
    _key("ctrl+c", "quit", "Quit", ANY, "Session", "quit"),
)

NAMES = {
    "slash": "/", "question_mark": "?", "colon": ":", "escape": "Esc", "enter": "Enter", "space": "Space",
    "pageup": "PgUp", "pagedown": "PgDn", "up": "↑", "down": "↓", "left": "←", "right": "→", "home": "Home",
    "end": "End", "f1": "F1",
}  # fmt: skip


def find(key: str, pane: str) -> Key | None:
    """What *key* does while a pane of kind *pane* is shown."""
    return next((entry for entry in KEYS if key in entry.keys and pane in entry.where), None)


FIRST = (
    "help", "quit", "enter", "leave", "pretty", "copy", "copy_event", "replay", "stop", "restart", "deploy", "filter",
    "save",
)  # fmt: skip
"""The actions that the footer names before the others; the first two always."""


def hints(pane: str, *, inside: bool, dead: bool, details: bool = True) -> list[tuple[str, str]]:
    """The keys worth showing now, as key and word, the most useful first; *details* of an invocation, or of none."""
    usable = [entry for entry in KEYS if entry.hint and pane in entry.where]
    left_out = {"leave"} if not inside and pane != "details" else set()
    left_out |= {"stop", "restart"} if dead else set()
    left_out |= {"enter"} if pane == "details" else {"copy", "copy_event"}
    left_out |= {"pretty", "copy", "copy_event"} if not details else set()
    usable = [entry for entry in usable if entry.action not in left_out]
    words = {"enter": "start" if dead else "details" if inside and pane == "functions" else "open"}
    words |= {"leave": "back"} if pane == "details" else {}
    usable.sort(key=lambda e: (FIRST.index(e.action) if e.action in FIRST else len(FIRST), e.group == "Session"))
    return [(name(entry.keys[0]), words.get(entry.action, entry.hint)) for entry in usable]


def name(key: str) -> str:
    """How people call a key: `^Z`, `PgUp`, `/`."""
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+").upper()
    return NAMES.get(key, key)
