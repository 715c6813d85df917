"""Pulumi's resource monitor, answered in process: what the program registers becomes calls of an `Applier`."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import Any, Protocol

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import resource_pb2

from ...core.errors import UserError
from .apply import IOT_ENDPOINT
from .kind import Made, kind_of
from .state import Entry


class Resources(Protocol):
    """What stands behind the monitor: the cloud, or the record alone in a preview."""

    def resource(self, wanted: Entry, ignore: Any, replace_on: Any) -> Made: ...

    def read(self, wanted: Entry) -> Made: ...

    def lookup(self, name: str) -> dict[str, Any] | None: ...


_NAMES = frozenset({"name", "bucket"})
"""Inputs that hold the physical name of a resource, where its kind says that they identify it."""


class Preview:
    """Nothing is created: what the record knows of an unchanged resource is known, the rest is not yet."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        self._entries = entries
        self._declared: set[str] = set()
        self._lock = threading.Lock()

    def resource(self, wanted: Entry, ignore: Any, replace_on: Any) -> Made:
        with self._lock:
            if wanted.urn in self._declared:
                raise UserError(f"Two resources of the type {wanted.type} are called {wanted.name!r}.")
            self._declared.add(wanted.urn)
        old = self._entries.get(wanted.urn)
        return Made(old.id, old.outputs) if old is not None and old.inputs == wanted.inputs else Made("")

    def read(self, wanted: Entry) -> Made:
        return Made(wanted.id)

    def lookup(self, name: str) -> dict[str, Any] | None:
        return {"endpointAddress": "preview", "id": "preview"} if name == IOT_ENDPOINT else None


class Monitor(MockMonitor):
    """The part of Pulumi's protocol that its Python programs use. Called from the threads of the loop's executor."""

    def __init__(self, resources: Resources, *, preview: bool, facts: dict[str, str]) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self._resources_behind = resources
        self._preview = preview
        self._facts = facts
        self._owners: dict[str, tuple[str, str]] = {}
        """The outermost component of each registered urn, as (name, type)."""

    def RegisterResource(self, request: Any) -> Any:
        urn = _urn(request, self._facts)
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=urn)
        owner = self._owners.get(request.parent)
        if not request.custom:
            if urn in self._owners:
                raise UserError(f"Two components of the type {request.type} are called {request.name!r}.")
            self._owners[urn] = owner or (request.name, request.type)
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if request.type.startswith("pulumi:providers:"):
            return resource_pb2.RegisterResourceResponse(urn=urn, id=request.name)
        inputs = _inputs(request.object)
        names = _names(request, urn, inputs)
        inputs |= names
        entry = self._entry(request, urn, owner, inputs)
        made = self._resources_behind.resource(
            entry, list(request.ignoreChanges), [key for key in request.replaceOnChanges if key in inputs]
        )
        answer = self._answer(request.object, made)
        answer.update(names)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=made.id, object=answer)

    def ReadResource(self, request: Any) -> Any:
        urn = _urn(request, self._facts)
        entry = self._entry(request, urn, self._owners.get(request.parent), _inputs(request.properties))
        entry.id = request.id
        made = self._resources_behind.read(entry)
        return resource_pb2.ReadResourceResponse(urn=urn, id=made.id, properties=self._answer(request.properties, made))

    def Invoke(self, request: Any) -> Any:
        known = {
            "aws:index/getCallerIdentity:getCallerIdentity": {
                "accountId": self._facts["account"],
                "arn": f"arn:aws:iam::{self._facts['account']}:root",
                "userId": self._facts["account"],
                "id": self._facts["account"],
            },
            "aws:index/getRegion:getRegion": {
                "name": self._facts["region"],
                "region": self._facts["region"],
                "id": self._facts["region"],
            },
            "aws:index/getPartition:getPartition": {
                "partition": "aws",
                "dnsSuffix": "amazonaws.com",
                "id": "aws",
            },
        }
        if request.tok not in known:
            found = self._resources_behind.lookup(request.tok)
            if found is not None:
                return resource_pb2.ResourceInvokeResponse(**{"return": _struct(found)})
            raise UserError(
                f"The lookup {request.tok} cannot be answered on the embedded cloud.",
                hint="Make it only when the app's home is aws.",
            )
        return resource_pb2.ResourceInvokeResponse(**{"return": _struct(known[request.tok])})

    def _entry(self, request: Any, urn: str, owner: tuple[str, str] | None, inputs: dict[str, Any]) -> Entry:
        component, component_type = owner or (request.name, "")
        return Entry(
            urn=urn,
            type=request.type,
            name=request.name,
            component=component,
            component_type=component_type,
            inputs=inputs,
            dependencies=sorted(request.dependencies),
            protect=bool(getattr(request, "protect", False)),
            retain=bool(getattr(request, "retainOnDelete", False)),
        )

    def _answer(self, given: struct_pb2.Struct, made: Made) -> struct_pb2.Struct:
        """The outputs beside what was given. In a preview Pulumi does not add the inputs itself, so they are here."""
        answer = struct_pb2.Struct()
        if self._preview:
            answer.CopyFrom(given)
        answer.update(made.outputs)
        return answer


def _names(request: Any, urn: str, inputs: dict[str, Any]) -> dict[str, str]:
    """The physical name of a resource declared without one: as Pulumi names it, but the same on every machine."""
    kind = kind_of(request.type)
    if kind is None:
        return {}
    fifo = ".fifo" if inputs.get("fifoQueue") or inputs.get("fifoTopic") else ""
    name = f"{request.name}-{hashlib.sha256(urn.encode()).hexdigest()[:7]}{fifo}"
    missing = _NAMES & kind.identity - inputs.keys()
    return {key: name.lower() if key == "bucket" else name for key in missing}  # S3 takes lower case only


def _urn(request: Any, facts: dict[str, str]) -> str:
    kind = request.type
    if request.parent:
        parent = request.parent.split("::")[2]
        if parent != "pulumi:pulumi:Stack":
            kind = f"{parent}${kind}"
    return f"urn:pulumi:{facts['stage']}::{facts['app']}::{kind}::{request.name}"


def _inputs(given: struct_pb2.Struct) -> dict[str, Any]:
    """*given* as plain JSON values: secrets unwrapped, whole numbers as integers, assets as their paths."""
    return {key: _plain(value) for key, value in json_format.MessageToDict(given).items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if rpc._special_sig_key in value and "value" in value:
            return _plain(value["value"])
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _struct(values: dict[str, Any]) -> struct_pb2.Struct:
    out = struct_pb2.Struct()
    json_format.Parse(json.dumps(values), out)
    return out
