"""How a process ended and why it starts again, in a few words for people. Names of variables, never values."""

from __future__ import annotations

from collections.abc import Mapping
from signal import Signals

NAMES = 5
"""Names listed of what changed: a line is to be read at a glance."""

_LINK = "SST_RESOURCE_"
_ROLE = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN")


def outcome(code: int | None, *, asked: bool) -> str:
    """`exit 1`, `SIGSEGV`, `SIGKILL (killed)`; `stopped` for what was *asked* to end; `failed` without a *code*.

    *code* is as `subprocess` has it: negative is the number of a signal. Shells say 128 and its number instead.
    """
    if code is None:
        return "does not end" if asked else "failed"
    if asked:
        return "stopped (SIGKILL)" if code == -Signals.SIGKILL else "stopped"
    if code < 0:
        return "SIGKILL (killed)" if code == -Signals.SIGKILL else _signal(-code)
    signal = _signal(code - 128) if code > 128 else ""
    return f"exit {code} ({signal})" if signal.startswith("SIG") else f"exit {code}"


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """What is another in the environment *new*: `link Notes`, `role`, or a variable's name."""
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    words = [
        f"link {name.removeprefix(_LINK)}" if name.startswith(_LINK) else "role" if name in _ROLE else name
        for name in names
    ]
    return list(dict.fromkeys(words))


def changed(names: list[str]) -> str:
    """`link Notes, MODE and 2 more changed`."""
    more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
    return f"{', '.join(names[:NAMES])}{more} changed"


def _signal(number: int) -> str:
    try:
        return Signals(number).name
    except ValueError:
        return f"signal {number}"
