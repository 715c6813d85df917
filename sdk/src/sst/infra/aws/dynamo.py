"""`sst.aws.Dynamo`: a DynamoDB table and the functions that follow its stream."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi
from pulumi_aws import dynamodb

from ..calls import OnBoth
from ..component import Component, Transform, checked, fields, flag, one_of, strings
from ..errors import ConfigError
from ..linkable import Definition
from ..naming import physical_name
from ..permission import Permission
from .patterns import DYNAMODB
from .stream_subscriber import StreamSubscriber
from .subscriber import Subscriber, child_name

TYPES = {"string": "S", "number": "N", "binary": "B"}
STREAMS = {
    "keys-only": "KEYS_ONLY",
    "new-image": "NEW_IMAGE",
    "old-image": "OLD_IMAGE",
    "new-and-old-images": "NEW_AND_OLD_IMAGES",
}
_INDEX_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")
READ_STREAM = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
"""What a function needs to follow a table's stream (Lambda developer guide, DynamoDB)."""


class Dynamo(Component):
    """A DynamoDB table, on demand.

    ```python
    table = sst.aws.Dynamo(
        "Notes",
        fields={"user": "string", "id": "string", "at": "number"},
        primary_index={"hash_key": "user", "range_key": "id"},
        global_indexes={"ByTime": {"hash_key": "user", "range_key": "at"}},
        stream="new-and-old-images",
    )
    table.subscribe("Audit", "functions/audit.handler", filters=[{"eventName": ["INSERT"]}])
    ```

    A receiver of the link reads `Resource.Notes.name` and may do `dynamodb:*` on the table and its indexes.
    """

    token = "sst:aws:Dynamo"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("table",)

    def __init__(
        self,
        name: str,
        *,
        fields: Mapping[str, str],
        primary_index: Mapping[str, str],
        global_indexes: Mapping[str, Mapping[str, Any]] | None = None,
        local_indexes: Mapping[str, Mapping[str, Any]] | None = None,
        stream: str | None = None,
        ttl: str | None = None,
        deletion_protection: bool = False,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        where = self._label
        kinds = _fields(where, fields)
        primary = _index(where, "primary_index", primary_index, kinds)
        for argument, given in (
            ("fields", fields),
            ("global_indexes", global_indexes),
            ("local_indexes", local_indexes),
        ):
            _check_names(where, argument, given or {})
        indexes = [
            {"name": key, **_index(where, f"global_indexes[{key!r}]", value, kinds)}
            for key, value in (global_indexes or {}).items()
        ]
        local = [
            {"name": key, **_index(where, f"local_indexes[{key!r}]", value, kinds, local=True)}
            for key, value in (local_indexes or {}).items()
        ]
        if local and primary.get("range_key") is None:
            raise ConfigError(f"{where}: local_indexes need a primary_index with a range_key.")
        used = {index[k] for index in (primary, *indexes, *local) for k in ("hash_key", "range_key") if k in index}
        for key in sorted(kinds.keys() - used):
            raise ConfigError(
                f"{where}: fields declares {key!r}, which no index uses.",
                hint="Declare only the keys of indexes: DynamoDB takes any other field without a declaration.",
            )
        if ttl is not None and not isinstance(ttl, (str, pulumi.Output)):
            raise ConfigError(f"{where}: ttl must be the name of a field that holds a time, got {ttl!r}.")
        if stream is not None:
            one_of(f"{where}: stream", stream, tuple(STREAMS))
        args: dict[str, Any] = {
            "name": physical_name(f"{name}Table", limit=255),
            "attributes": [{"name": key, "type": value} for key, value in sorted(kinds.items())],
            "billing_mode": "PAY_PER_REQUEST",
            "hash_key": primary["hash_key"],
            "range_key": primary.get("range_key"),
            "global_secondary_indexes": indexes or None,
            "local_secondary_indexes": local or None,
            "stream_enabled": stream is not None or None,
            "stream_view_type": STREAMS[stream] if stream is not None else None,
            "ttl": {"attribute_name": ttl, "enabled": True} if ttl is not None else None,
            "point_in_time_recovery": {"enabled": True},
            "deletion_protection_enabled": flag(f"{where}: deletion_protection", deletion_protection),
        }
        self._table = self._make(dynamodb.Table, f"{name}Table", args, transform="table")
        self._has_stream: bool | None = stream is not None
        self._read()

    @classmethod
    def get(cls, name: str, table_name: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> Dynamo:
        """A table that exists already, by its name. Nothing is created."""
        self = cls.__new__(cls)
        Component.__init__(self, name, opts)
        self._table = dynamodb.Table.get(f"{name}Table", table_name, opts=pulumi.ResourceOptions(parent=self))
        self._has_stream = None  # known when the table is read
        self._read()
        return self

    def _subscribe(
        self,
        name: str,
        subscriber: Subscriber,
        *,
        filters: Sequence[Mapping[str, Any]] = (),
        transform: Mapping[str, Transform] | None = None,
    ) -> StreamSubscriber:
        """Call a function with the changes of this table; at most two functions can follow one stream.

        *filters* are patterns for stream records, of which one must match.
        """
        if self._has_stream is False:
            raise ConfigError(
                f"{self._label} has no stream to subscribe to.", hint='Give it stream="new-and-old-images".'
            )
        return StreamSubscriber(
            child_name(self._name, "Subscriber", name),
            stream_arn=self.stream_arn if self._has_stream else checked(self.stream_arn, self._existing_stream),
            subscriber=subscriber,
            filters=filters,
            records=DYNAMODB,
            read=READ_STREAM,
            trigger=f"table {self._name}",
            transform=transform,
            opts=pulumi.ResourceOptions(parent=self),
        )

    @staticmethod
    def _subscribe_static(
        name: str,
        stream_arn: pulumi.Input[str],
        subscriber: Subscriber,
        *,
        filters: Sequence[Mapping[str, Any]] = (),
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> StreamSubscriber:
        """Call a function with the changes of a table that is not of this app, by the ARN of its stream."""
        return StreamSubscriber(
            name,
            stream_arn=stream_arn,
            subscriber=subscriber,
            filters=filters,
            records=DYNAMODB,
            read=READ_STREAM,
            trigger="table",
            transform=transform,
            opts=opts,
        )

    subscribe = OnBoth(_subscribe, _subscribe_static)
    """`table.subscribe(name, subscriber, …)`; `Dynamo.subscribe(name, stream_arn, subscriber, …)` of another app."""

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `table`."""
        return {"table": self._table}

    def sst_link(self) -> Definition:
        """`name`; the receiver may do everything with the table and its indexes (Dynamo, Links)."""
        below = pulumi.Output.concat(self.arn, "/*")
        return Definition({"name": self.name}, [Permission(["dynamodb:*"], [self.arn, below])])

    def _existing_stream(self, arn: str) -> str:
        if not arn:
            raise ConfigError(f"{self._label}: the table has no stream to subscribe to.", hint="Switch its stream on.")
        return arn

    def _read(self) -> None:
        self.arn: pulumi.Output[str] = self._table.arn
        self.name: pulumi.Output[str] = self._table.name
        self.stream_arn: pulumi.Output[str] = self._table.stream_arn


def _check_names(where: str, argument: str, names: Mapping[str, Any]) -> None:
    """Raise `ConfigError` for what DynamoDB would refuse (DynamoDB, Naming rules; Quotas for key attributes)."""
    for name in names:
        if argument == "fields":
            if not 1 <= len(str(name).encode()) <= 255:
                raise ConfigError(f"{where}: {argument}: a key's name has 1 to 255 bytes, got {name!r}.")
        elif not _INDEX_NAME.fullmatch(str(name)):
            raise ConfigError(
                f"{where}: {argument}: an index's name has 3 to 255 letters, digits, hyphens, underscores and dots, "
                f"got {name!r}."
            )


def _fields(where: str, value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not value:
        raise ConfigError(f'{where}: fields must map names to types, for example {{"id": "string"}}, got {value!r}.')
    return {key: TYPES[one_of(f"{where}: fields[{key!r}]", kind, tuple(TYPES))] for key, kind in value.items()}


def _index(
    where: str, argument: str, value: object, kinds: Mapping[str, str], *, local: bool = False
) -> dict[str, Any]:
    """An index as the AWS provider takes it; its keys must be declared in `fields`."""
    allowed = ("range_key", "projection") if local else ("hash_key", "range_key", "projection")
    required = ("range_key",) if local else ("hash_key",)
    given = fields(f"{where}: {argument}", value, allowed, required=required)
    for key in ("hash_key", "range_key"):
        if given.get(key) is not None and given[key] not in kinds:
            raise ConfigError(
                f"{where}: {argument}.{key} is {given[key]!r}, which fields does not declare.",
                hint=f'Add {given[key]!r} to fields with its type: "string", "number" or "binary".',
            )
    projection = given.pop("projection", "all")
    if argument == "primary_index":
        return given
    if isinstance(projection, (list, tuple)):
        return {
            **given,
            "projection_type": "INCLUDE",
            "non_key_attributes": strings(f"{where}: {argument}.projection", projection),
        }
    one_of(f"{where}: {argument}.projection", projection, ("all", "keys-only"))
    return {**given, "projection_type": "ALL" if projection == "all" else "KEYS_ONLY"}
