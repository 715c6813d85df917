"""What has to be done to a resource: its record beside what the program declares. No calls, no files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sst.infra.naming import short_hash

from ...core.errors import UserError
from .kind import Inputs, Kind, Made, kind_of
from .state import Entry

NAMES = frozenset({"name", "bucket"})
"""Inputs that hold the physical name of a resource, where its kind says that they identify it."""
IOT_ENDPOINT = "aws:iot/getEndpoint:getEndpoint"
"""Pulumi's name of the one lookup that only the cloud can answer."""


def lookup_urn(name: str) -> str:
    """Under which the answer to the lookup *name* is recorded."""
    return f"urn:sst:lookup::{name}"


@dataclass(frozen=True)
class Options:
    """What the program asks of the engine for one resource (Pulumi, resource options)."""

    ignore: tuple[str, ...] = ()
    """Paths of inputs whose changes do not count: `tags`, `tags.owner`, `*`."""
    replace_on: tuple[str, ...] = ()
    """Paths of inputs whose changes need another resource."""
    aliases: tuple[str, ...] = ()
    """Urns the resource may be recorded under."""
    named: tuple[str, ...] = ()
    """Inputs the engine has filled in with a name: a name that is recorded already stays."""
    generated: tuple[str, ...] = ()
    """Inputs the components have filled in with a name: it may give way to another one."""
    delete_first: bool = False
    """Delete the old resource before the new one is made, where names would allow to do it after."""


def recorded(entries: Mapping[str, Entry], urn: str, options: Options) -> Entry | None:
    """The record of the resource *urn*, under that urn or an alias of it."""
    return next((entries[known] for known in (urn, *options.aliases) if known in entries), None)


def settle(wanted: Entry, old: Entry | None, options: Options) -> None:
    """Put into the inputs of *wanted* what stays as it is recorded."""
    if old is None:
        return
    for key in options.named:
        wanted.inputs[key] = old.inputs.get(key, wanted.inputs[key])
    for key in options.generated:
        if old.renamed.get(key) == wanted.inputs[key]:
            wanted.renamed[key], wanted.inputs[key] = wanted.inputs[key], old.inputs[key]
    for path in options.ignore:
        if path == "*":
            wanted.inputs = dict(old.inputs)
        else:
            _keep(wanted.inputs, old.inputs, path.split("."))


def changes(old: Entry, wanted: Entry) -> set[str]:
    """The names of the inputs that differ."""
    keys = old.inputs.keys() | wanted.inputs.keys()
    return {key for key in keys if old.inputs.get(key) != wanted.inputs.get(key)}


def action_on(kind: Kind, old: Entry | None, wanted: Entry, options: Options, replaced: Iterable[str]) -> str | None:
    """`create`, `update`, `replace`, or None when all is as it was; *replaced* are the urns made anew in this run.

    A replacement of what is retained gets another name. Raises `UserError` where the program insists on the name.
    """
    if old is None or not old.id:
        return "create"
    changed = changes(old, wanted)
    replacing = kind.replace | {path.partition(".")[0] for path in options.replace_on}
    if changed & replacing or (changed and "*" in replacing):
        _name_beside(kind, old, wanted, options)
        return "replace"
    # What depends on a resource that was made anew may have gone with the old one.
    if changed or old.pending or not set(replaced).isdisjoint(wanted.dependencies):
        return "update"
    return None


def old_goes_first(kind: Kind, old: Entry, wanted: Entry, options: Options) -> bool:
    """Whether two of them cannot exist at once, because they would have one name."""
    return (options.delete_first and not old.retain) or _are_one(kind, old, wanted)


def another_name(name: str) -> str:
    """A name as long as the generated *name*, with another hash at its end; always the same one."""
    suffix = ".fifo" if name.endswith(".fifo") else ""
    head, _, tail = name.removesuffix(suffix).rpartition("-")
    return f"{head}-{short_hash(name)[: len(tail)]}{suffix}"


def _are_one(kind: Kind, old: Entry, wanted: Entry) -> bool:
    same = all(old.inputs.get(key) == wanted.inputs.get(key) for key in kind.identity)
    return bool(kind.identity) and same


def _name_beside(kind: Kind, old: Entry, wanted: Entry, options: Options) -> None:
    """Give *wanted* a name that *old* does not have, if *old* is to stay.

    What has no name of its own, as a permission of a function, cannot stay beside its successor.
    """
    names = NAMES & kind.identity
    if not (old.retain and names and _are_one(kind, old, wanted)):
        return
    ours = names & {*options.named, *options.generated}
    if not ours:
        called = ", ".join(str(wanted.inputs[key]) for key in sorted(names))
        what = ", ".join(sorted(changes(old, wanted) & kind.replace)) or "its inputs"
        raise UserError(
            f"{wanted.component}: a change of {what} needs another {wanted.type.rpartition(':')[2]}, and the old one "
            f"is retained: two cannot be called {called}.",
            hint="Give the new one another name, leave the name to sst, or have the old one deleted: "
            'removal="remove" in app(input), or retain_on_delete=False in its options, applied before this change.',
        )
    for key in ours:
        if key in options.generated:
            wanted.renamed.setdefault(key, wanted.inputs[key])
        wanted.inputs[key] = another_name(old.inputs[key])


@dataclass(frozen=True)
class Step:
    """One thing a run would do."""

    action: str
    entry: Entry
    changed: tuple[str, ...] = ()
    """Names of the inputs that differ: their values may be secret."""


class Preview:
    """Nothing is created: what the record knows of an unchanged resource is known, the rest is not yet."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        self._entries = entries
        self._declared: set[str] = set()
        self._replaced: set[str] = set()
        self._differs = any(entry.pending for entry in entries.values())
        self._steps: list[Step] = []

    @property
    def unchanged(self) -> bool:
        """Whether all that was declared so far is all that the record holds, as it holds it."""
        return not (self._differs or self._steps) and self._declared == self._entries.keys()

    def steps(self) -> list[Step]:
        """What an apply would do, deletions last. Complete once the program has run."""
        gone = [entry for urn, entry in self._entries.items() if urn not in self._declared]
        return self._steps + [Step("forget" if entry.retain else "delete", entry) for entry in gone]

    def resource(self, wanted: Entry, options: Options) -> Made:
        """What is known of *wanted* before anything is done. Raises `UserError` for a second one of its name."""
        if wanted.urn in self._declared:
            raise twice(wanted)
        old = recorded(self._entries, wanted.urn, options)
        self._declared.update({wanted.urn}, {old.urn} if old is not None else ())
        settle(wanted, old, options)
        kind = kind_of(wanted.type)
        if kind is None:
            self._differs = True  # it is left out with a word, in each run
            return Made("")
        action = action_on(kind, old, wanted, options, self._replaced)
        if action is not None:
            changed = changes(old, wanted) if old is not None and old.id else set()
            self._steps.append(Step(action, wanted, tuple(sorted(changed))))
        if action in ("create", "replace") or old is None:
            self._replaced.add(wanted.urn)
            return Made("")
        self._differs = self._differs or old.urn != wanted.urn or old.options != wanted.options
        # An update changes few outputs, and none that names the resource.
        return Made(old.id, old.outputs)

    def read(self, wanted: Entry) -> Made:
        """What is known of a resource of somebody else's."""
        self._differs = True  # what the cloud says of it is not in the record
        return Made(wanted.id)

    def lookup(self, name: str) -> dict[str, Any] | None:
        """The recorded answer, or one that stands for it."""
        urn = lookup_urn(name)
        if urn in self._entries:
            self._declared.add(urn)
            return self._entries[urn].outputs
        self._differs = True
        return {"endpointAddress": "preview", "id": "preview"} if name == IOT_ENDPOINT else None


def twice(wanted: Entry) -> UserError:
    """The refusal of a second resource of one type and name."""
    return UserError(
        f"Two resources of the type {wanted.type} are called {wanted.name!r}.", hint="Give one of them another name."
    )


REPLACED = "::replaced::"
"""Between the urn of a resource and the id of an older one that is to go once all else is done."""


def condemned(old: Entry) -> Entry:
    """The record of *old* when another resource has its urn."""
    return replace(old, urn=f"{old.urn}{REPLACED}{old.id}", pending=False)


def dependents_first(entries: dict[str, Entry]) -> list[list[Entry]]:
    """*entries* in layers: each before those it was made from. Within a layer the order does not matter."""
    depth: dict[str, int] = {}
    named: dict[str, list[str]] = {}
    for urn in entries:
        named.setdefault(urn.partition(REPLACED)[0], []).append(urn)

    def measure(urn: str, path: frozenset[str]) -> int:
        if urn not in depth:
            below = [d for name in entries[urn].dependencies for d in named.get(name, ()) if d not in path]
            depth[urn] = 1 + max((measure(d, path | {urn}) for d in below), default=0)
        return depth[urn]

    for urn in entries:
        measure(urn, frozenset({urn}))
    layers: dict[int, list[Entry]] = {}
    for urn, entry in entries.items():
        layers.setdefault(depth[urn], []).append(entry)
    return [layers[level] for level in sorted(layers, reverse=True)]


def _keep(wanted: Inputs, old: Inputs, path: list[str]) -> None:
    """Give *wanted* the value that *old* has at *path*, or none if it has none."""
    key, *rest = path
    if rest and isinstance(wanted.get(key), dict) and isinstance(old.get(key), dict):
        wanted[key] = dict(wanted[key])
        _keep(wanted[key], old[key], rest)
    elif key in old:
        wanted[key] = old[key]
    else:
        wanted.pop(key, None)
