"""Pulumi's resource monitor, answered in process: what the program registers becomes calls of an `Applier`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Container
from typing import Any, Protocol

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import resource_pb2

from ...core.errors import UserError
from .assets import is_asset, recorded
from .kind import Made, kind_of
from .plan import NAMES, Options
from .state import Entry

Answer = Made | Callable[[], Made]
"""A resource, or the calls to the cloud that come to one: they take their time, in a thread."""


class Later(Exception):
    """What the monitor was asked takes calls to the cloud: *call* makes them and returns the answer."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call


class Resources(Protocol):
    """What stands behind the monitor: the cloud, or the record alone in a preview."""

    def resource(self, wanted: Entry, options: Options) -> Answer: ...

    def read(self, wanted: Entry) -> Answer: ...

    def lookup(self, name: str) -> dict[str, Any] | None: ...


class Monitor(MockMonitor):
    """The part of Pulumi's protocol that its Python programs use. It never blocks: see `Later`."""

    def __init__(
        self,
        resources: Resources,
        *,
        preview: bool,
        facts: dict[str, str],
        notice: Callable[[str], None] = print,
        generated: Container[str] = (),
    ) -> None:
        """*notice* says one line to the developer; *generated* are the physical names that the components made up."""
        super().__init__(None)  # type: ignore[arg-type]
        self._resources_behind = resources
        self._preview = preview
        self._facts = facts
        self._notice = notice
        self._generated = generated
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
            region = _inputs(request.object).get("region", self._facts["region"])
            if region != self._facts["region"]:
                self._notice(f"Provider {request.name}: all of the embedded cloud is in {self._facts['region']}.")
            return resource_pb2.RegisterResourceResponse(urn=urn, id=request.name)
        self._refuse(request)
        inputs = _inputs(request.object)
        names = _names(request, urn, inputs)
        inputs |= names
        generated = self._generated_names(request, inputs)
        entry = self._entry(request, urn, owner, inputs)

        options = Options(
            ignore=tuple(request.ignoreChanges),
            replace_on=tuple(request.replaceOnChanges),
            aliases=tuple(request.aliasURNs),
            named=tuple(names),
            generated=generated,
            delete_first=request.deleteBeforeReplace,
        )

        def respond(made: Made) -> Any:
            answer = self._answer(request.object, made)
            answer.update({key: entry.inputs[key] for key in (*names, *generated)})
            return resource_pb2.RegisterResourceResponse(urn=urn, id=made.id, object=answer)

        return _answered(self._resources_behind.resource(entry, options), respond)

    def ReadResource(self, request: Any) -> Any:
        urn = _urn(request, self._facts)
        entry = self._entry(request, urn, self._owners.get(request.parent), _inputs(request.properties))
        entry.id = request.id

        def respond(made: Made) -> Any:
            properties = self._answer(request.properties, made)
            return resource_pb2.ReadResourceResponse(urn=urn, id=made.id, properties=properties)

        return _answered(self._resources_behind.read(entry), respond)

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

    def GetDeploymentInfo(self, request: Any) -> Any:
        """What Pulumi may leave to this engine: aliases it works out itself."""
        info = super().GetDeploymentInfo(request)  # type: ignore[no-untyped-call]
        alias_specs = resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS
        features = [feature for feature in info.supportedFeatures if feature != alias_specs]
        return resource_pb2.DeploymentInfo(supportedFeatures=features)

    def RegisterStackTransform(self, request: Any) -> Any:
        raise UserError(
            "pulumi.runtime.register_resource_transform is not possible on the embedded cloud.",
            hint="Use sst.transform, or pulumi.runtime.register_stack_transformation.",
        )

    def _refuse(self, request: Any) -> None:
        """Raise for an option that would silently not be honoured; an import is worth a word."""
        for option, given, instead in (
            ("transforms", request.transforms, "Use `transform=` of the component, or `transformations=`."),
            ("hooks", request.hooks.ByteSize(), "Leave them out when the app's home is local."),
            ("replace_with", request.replace_with, "Use `replace_on_changes=`."),
        ):
            if given:
                raise UserError(
                    f"{request.name} ({request.type}): the option {option} is not possible on the embedded cloud.",
                    hint=instead,
                )
        if request.importId:
            self._notice(
                f"{request.name} ({request.type}): import_ is not used on the embedded cloud; it is made anew there."
            )

    def _generated_names(self, request: Any, inputs: dict[str, Any]) -> tuple[str, ...]:
        kind = kind_of(request.type)
        return tuple(key for key in NAMES & kind.identity if inputs.get(key) in self._generated) if kind else ()

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


def _answered(answer: Answer, respond: Callable[[Made], Any]) -> Any:
    """The response to a request whose *answer* is known. Raises `Later` with what gives it, when it is not."""
    if isinstance(answer, Made):
        return respond(answer)
    call = answer
    raise Later(lambda: respond(call()))


def _names(request: Any, urn: str, inputs: dict[str, Any]) -> dict[str, str]:
    """The physical name of a resource declared without one: as Pulumi names it, but the same on every machine."""
    kind = kind_of(request.type)
    if kind is None:
        return {}
    fifo = ".fifo" if inputs.get("fifoQueue") or inputs.get("fifoTopic") else ""
    name = f"{request.name}-{hashlib.sha256(urn.encode()).hexdigest()[:7]}{fifo}"
    missing = NAMES & kind.identity - inputs.keys()
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
        if is_asset(value):
            return recorded(value)
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
