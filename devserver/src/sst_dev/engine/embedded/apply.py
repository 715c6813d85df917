"""Making resources what the program says they are: one operation at a time here, many at once by Pulumi's threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ...core.errors import RemoteError, SstError, UserError
from .aws import CONNECTIONS, EXISTS, NOT_FOUND, Aws, code_of, sentence
from .kind import Kind, Made, kind_of
from .plan import (
    IOT_ENDPOINT,
    REPLACED,
    Options,
    action_on,
    condemned,
    dependents_first,
    lookup_urn,
    old_goes_first,
    recorded,
    settle,
    twice,
)
from .state import Entry, State

Report = Callable[[dict[str, Any]], None]
"""Takes one message of the protocol in docs/internals.md; called from many threads."""


class Applier:
    """One run against one cloud. Owns the order of calls and records; the calls themselves are the kinds'."""

    def __init__(self, aws: Aws, state: State, report: Report) -> None:
        self._aws = aws
        self._state = state
        self._report = report
        self._lock = threading.Lock()
        self._declared: set[str] = set()
        self._replaced: set[str] = set()
        self._unsupported: set[str] = set()
        self.changed = 0
        self.gone: list[str] = []
        """Names of resources found to be deleted by somebody else, and made anew."""
        self.failure: SstError | None = None
        """The first one: what comes after it is a consequence, or was under way at the same time."""

    def resource(self, wanted: Entry, options: Options) -> Made | Callable[[], Made]:
        """The resource *wanted* as it is declared, or the calls that make it so. Both raise `SstError`."""
        with self._lock:
            if self.failure is not None:
                raise self.failure
            if wanted.urn in self._declared:
                raise twice(wanted)
            self._declared.add(wanted.urn)
        kind = kind_of(wanted.type)
        if kind is None:
            return self._skip(wanted)
        if (elsewhere := kind.elsewhere(wanted.inputs, self._aws.account)) is not None:
            self._say_left_out(wanted, elsewhere)
            return Made(wanted.name)
        old = self._adopted(wanted, options)
        settle(wanted, old, options)
        action = action_on(kind, old, wanted, options, self._replaced)
        if action is None:
            assert old is not None
            if old.options != wanted.options:
                self._state.put(replace(wanted, id=old.id, outputs=old.outputs))
            return Made(old.id, old.outputs)
        return lambda: self._perform(action, kind, old, wanted, options)

    def read(self, wanted: Entry) -> Made | Callable[[], Made]:
        """What asks for the existing resource with the id of *wanted*, for `Component.get`."""
        kind = kind_of(wanted.type)
        if kind is None:
            return self._skip(wanted)

        def look() -> Made:
            try:
                return Made(wanted.id, kind.read(self._aws, wanted.id))
            except Exception as error:
                if code_of(error) not in NOT_FOUND:
                    raise
                # What an app on AWS shares with it cannot be here: the link has its name at least.
                self._say_left_out(wanted, wanted.id)
                return Made(wanted.id, kind.presume(self._aws, wanted.id))

        return lambda: self._reported("read", wanted, look)

    def lookup(self, name: str) -> dict[str, Any] | None:
        """The answer to a lookup that only the cloud can give, or None for one this engine does not have."""
        if name != IOT_ENDPOINT:
            return None
        urn = lookup_urn(name)
        with self._lock:
            self._declared.add(urn)
        known = self._state.entries.get(urn)
        if known is None or known.pending:
            address = self._aws.client("iot").describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]
            # It is the cloud's for good, so it is asked for once.
            known = Entry(urn, "sst:lookup", name, id=name, outputs={"endpointAddress": address, "id": address})
            self._state.put(known)
        return known.outputs

    def delete_undeclared(self) -> None:
        """Delete what the record holds and the program no longer declares, dependents first."""
        doomed = {urn: entry for urn, entry in self._state.entries.items() if urn not in self._declared}
        for layer in dependents_first(doomed):
            with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="delete") as pool:
                for future in [pool.submit(self._delete, entry) for entry in layer]:
                    future.result()

    # --- private ----------------------------------------------------------------------------------

    def _adopted(self, wanted: Entry, options: Options) -> Entry | None:
        """The record of *wanted*, moved to its urn if it is under an alias of it."""
        old = recorded(self._state.entries, wanted.urn, options)
        if old is None or old.urn == wanted.urn or old.urn in self._declared:
            return self._state.entries.get(wanted.urn)
        moved = replace(old, urn=wanted.urn, name=wanted.name)
        self._state.put(moved)
        self._state.drop(old.urn)
        return moved

    def _perform(self, action: str, kind: Kind, old: Entry | None, wanted: Entry, options: Options) -> Made:
        with self._lock:
            if self.failure is not None:
                raise self.failure  # it came while this one waited for its turn

        def perform() -> Made:
            self._state.begin(wanted if action == "create" else replace(wanted, id=old.id if old else ""))
            if action == "create":
                made = self._create(kind, wanted, begun=old is not None)
            elif action == "update":
                assert old is not None
                made = self._update(kind, old, wanted)
            else:
                assert old is not None
                self._make_way(kind, old, wanted, options)
                self._state.begin(wanted)
                made = self._create(kind, wanted, begun=False)
            self._state.put(replace(wanted, id=made.id, outputs=made.outputs))
            return made

        return self._reported(action, wanted, perform)

    def _make_way(self, kind: Kind, old: Entry, wanted: Entry, options: Options) -> None:
        """Delete *old*, or mark it as what is deleted when all that used it uses the new one."""
        self._forbid_protected(old)
        if not old_goes_first(kind, old, wanted, options):
            self._state.put(condemned(old))
        else:
            _unless_gone(lambda: kind.delete(self._aws, old.id, old.inputs))
        self._state.drop(wanted.urn)
        with self._lock:
            self._replaced.add(wanted.urn)

    def _create(self, kind: Kind, wanted: Entry, *, begun: bool) -> Made:
        """Make it, or take over what an interrupted run has made."""
        if begun:
            found: Made | None = _unless_gone(lambda: kind.find(self._aws, wanted.inputs))
            if found is not None:
                return found
        try:
            return kind.create(self._aws, wanted.inputs)
        except Exception as error:
            if code_of(error) not in EXISTS:
                raise
            taken: Made | None = _unless_gone(lambda: kind.find(self._aws, wanted.inputs))
            if taken is None:
                raise
            return taken

    def _update(self, kind: Kind, old: Entry, wanted: Entry) -> Made:
        try:
            if old.pending:
                # Whether it is there at all is not sure: for some kinds an update would not notice.
                with suppress(NotImplementedError):
                    kind.read(self._aws, old.id)
            before = {} if old.pending else old.inputs
            outputs = kind.update(self._aws, old.id, before, wanted.inputs)
            return Made(old.id, {**old.outputs, **outputs})
        except Exception as error:
            if code_of(error) not in NOT_FOUND:
                raise
            # It was deleted behind the engine's back.
            with self._lock:
                self._replaced.add(wanted.urn)
                self.gone.append(wanted.name)
            return self._create(kind, wanted, begun=False)

    def _delete(self, entry: Entry) -> None:
        if entry.retain and not entry.protect:
            self._state.drop(entry.urn)
            # Where it was replaced, its own name tells it from its successor.
            name = f"{entry.name} ({entry.id})" if REPLACED in entry.urn else entry.name
            text = f"{entry.component}: {name} stays where it is, as the removal policy says."
            self._report({"kind": "notice", "text": text, "level": "info"})
            return
        kind = kind_of(entry.type)

        def perform() -> Made:
            self._forbid_protected(entry)
            if kind is not None and not self._taken_over(entry):
                id = entry.id
                if not id:
                    found = _unless_gone(lambda: kind.find(self._aws, entry.inputs))
                    id = found.id if found is not None else ""
                if id:
                    _unless_gone(lambda: kind.delete(self._aws, id, entry.inputs))
            self._state.drop(entry.urn)
            return Made(entry.id)

        self._reported("delete", entry, perform)

    def _taken_over(self, entry: Entry) -> bool:
        """Whether a resource of another name is the same thing by now, because its component was renamed."""
        return bool(entry.id) and any(
            other.urn in self._declared and (other.type, other.id) == (entry.type, entry.id)
            for other in list(self._state.entries.values())
        )

    def _forbid_protected(self, entry: Entry) -> None:
        if entry.protect:
            raise UserError(
                f"{entry.component}: {entry.name} is protected and cannot be deleted or replaced.",
                hint="Set protect=False in its options, apply that, and try again.",
            )

    def _skip(self, wanted: Entry) -> Made:
        """A type this engine does not have: say so once, and go on with what its inputs tell."""
        with self._lock:
            first = wanted.type not in self._unsupported
            self._unsupported.add(wanted.type)
        if first:
            what = f"{wanted.component}: {wanted.type}"
            text = f"{what} does not exist on the embedded cloud and was left out: its outputs are its inputs."
            self._report({"kind": "notice", "text": text, "level": "warning", "once": True})
        return Made(wanted.name)

    def _say_left_out(self, entry: Entry, what: str) -> None:
        with self._lock:
            first = what not in self._unsupported
            self._unsupported.add(what)
        if first:
            text = f"{entry.component}: {what} does not exist on the embedded cloud; what needs it does without."
            self._report({"kind": "notice", "text": text, "level": "warning", "once": True})

    def _reported(self, action: str, entry: Entry, perform: Callable[[], Made]) -> Made:
        facts = {
            "kind": "resource",
            "action": action,
            "urn": entry.urn,
            "component": entry.component,
            "component_type": entry.component_type,
            "type": entry.type,
            "name": entry.name,
        }
        self._report({**facts, "phase": "started"})
        started = time.monotonic()
        try:
            made = perform()
        except Exception as error:
            failure = self._as_failure(action, entry, error)
            with self._lock:
                self.failure = self.failure or failure
            self._report({**facts, "phase": "failed", "message": failure.message})
            raise failure from error
        if action != "read":
            with self._lock:
                self.changed += 1
        self._report({**facts, "phase": "finished", "duration": time.monotonic() - started})
        return made

    def _as_failure(self, action: str, entry: Entry, error: Exception) -> SstError:
        if isinstance(error, SstError):
            return error
        kind = entry.component_type.rpartition(":")[2]
        where = f'{kind} "{entry.component}"' if kind else entry.component
        message = f"{where}: could not {action} {entry.name} ({entry.type}): {sentence(error)}"
        return RemoteError(message, hint=self._suspect(entry) if code_of(error) in NOT_FOUND else "")

    def _suspect(self, entry: Entry) -> str:
        """Have the next run look whether what *entry* was made from still exists; what to say about that."""
        made_from = [self._state.entries[urn] for urn in entry.dependencies if urn in self._state.entries]
        for other in made_from:
            if other.id and not other.pending:
                self._state.put(replace(other, pending=True))
        names = ", ".join(sorted(other.name for other in made_from))
        return f"If {names} was deleted outside sst, apply once more: it is made anew then." if names else ""


def _unless_gone(call: Callable[[], Any]) -> Any:
    """The result of *call*, or None when AWS answers that what it is about does not exist."""
    try:
        return call()
    except Exception as error:
        if code_of(error) in NOT_FOUND:
            return None
        raise
