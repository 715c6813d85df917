"""Where our worker differs from AWS's runtime client on purpose. Each has a row in `docs/fidelity.md`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fidelity.corpus import Call, Group

Normalised = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """One row of the table, and how to see that it is this difference and no other."""

    name: str
    check: Callable[[Normalised, Normalised], str]
    """Says what is wrong, or nothing."""


def _same(expected: Normalised, found: Normalised, *, apart: tuple[str, ...] = ()) -> str:
    wrong = [name for name in expected if name not in apart and expected[name] != found[name]]
    return "".join(
        f"  {name}:\n    Lambda: {expected[name]!r:.600}\n    ours:   {found[name]!r:.600}\n" for name in wrong
    )


def _flushed(text: str) -> Callable[[Normalised, Normalised], str]:
    def check(expected: Normalised, found: Normalised) -> str:
        wrong = _same(expected, found, apart=("output",))
        return wrong if found["output"] == text else f"{wrong}  ours wrote {found['output']!r}"

    return check


_WARNING = re.compile(
    r"[^\n]*RuntimeWarning: coroutine '\w+' was never awaited\n(?:  [^\n]*\n)?(?:RuntimeWarning: Enable[^\n]*\n)?"
)


def _never_awaited(expected: Normalised, found: Normalised) -> str:
    """The warning comes with the call that caused it, where Lambda's comes with the next."""

    def without(value: Normalised) -> Normalised:
        return {**value, "output": _WARNING.sub("", value["output"])}

    return _same(without(expected), without(found))


def _recursion(expected: Normalised, found: Normalised) -> str:
    """Only the number of repetitions differs, by the few frames of the runtimes below the handler."""

    def without(value: Normalised) -> Normalised:
        out = {**value, "cause": ""}
        for name in ("body", "output"):
            text = value[name].decode() if isinstance(value[name], bytes) else value[name]
            counts = [int(count) for count in re.findall(r"repeated (\d+) more", text)]
            out[name] = re.sub(r"repeated \d+ more", "repeated", text)
            depths.append(counts[0] if counts else 0)
        return out

    depths: list[int] = []
    wrong = _same(without(expected), without(found))
    return wrong if max(depths) - min(depths) < 10 else f"{wrong}  depths differ: {depths}"


def _too_large(expected: Normalised, found: Normalised) -> str:
    wrong = _same(expected, found, apart=("output",))
    return wrong if found["output"] == "" else f"{wrong}  ours wrote {found['output']!r}"


def _w3c(expected: Normalised, found: Normalised) -> str:
    """Releases of awslambdaric for Python 3.9 have no `context.w3c`; ours always has."""
    if b"no attribute 'w3c'" in expected["body"]:
        return "" if found["kind"] == "response" else f"  w3c() failed: {found['body']!r}"
    return _same(expected, {**found, "body": found["body"].replace(b', "w3c"]', b"]")}) and _same(expected, found)


def _recursion_message(expected: Normalised, found: Normalised) -> str:
    """Python adds to its message where the depth was exceeded, in the JSON encoder or around it."""

    def without(value: Normalised) -> Normalised:
        out = dict(value)
        for name in ("body", "output", "cause"):
            text = value[name].decode() if isinstance(value[name], bytes) else str(value[name])
            out[name] = re.sub(r"(maximum recursion depth exceeded)[\w ]*", r"\1", text)
        return out

    return _same(without(expected), without(found))


_BY_NAME = {
    "unflushed": Difference("flush", _flushed("unflushed\n")),
    "buffered_in_c": Difference("flush", _flushed("from printf\n")),
    "unflushed_exit": Difference("flush", _flushed("unflushed before exit\n")),
    "coroutine": Difference("never-awaited", _never_awaited),
    "async_generator": Difference("never-awaited", _never_awaited),
    "recursion": Difference("recursion-depth", _recursion),
    "too_deep": Difference("recursion-message", _recursion_message),
    "six_mb_and_one": Difference("response-size", _too_large),
}
_BY_GROUP = {
    "handler is coroutine function": Difference("never-awaited", _never_awaited),
    "init recursion": Difference("recursion-depth", _recursion),
}
_CONTEXT = Difference("w3c", _w3c)


def of(group: Group, call: Call) -> Difference | None:
    """The known difference of a case, if it has one."""
    if group.name == "context" and (call.name == "names" or call.name.startswith("w3c")):
        return _CONTEXT
    return _BY_GROUP.get(group.name) or _BY_NAME.get(call.name)


def names() -> set[str]:
    """Every difference the tests know."""
    return {difference.name for difference in (*_BY_NAME.values(), *_BY_GROUP.values(), _CONTEXT)}
