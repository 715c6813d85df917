"""Notifications of a bucket: to functions, queues and topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar

import pulumi
from pulumi_aws import s3

from ..component import Component, Transform, component_of, fields, one_of, strings
from ..errors import ConfigError
from .senders import allow_publish, allow_send
from .subscriber import allow_invoke, arn_of, check_existing_queue, child_name, is_fifo, target_of

if TYPE_CHECKING:
    from .bucket import Bucket

EVENTS = (
    "s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Post", "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload", "s3:ObjectRemoved:*", "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated", "s3:ObjectRestore:*", "s3:ObjectRestore:Post",
    "s3:ObjectRestore:Completed", "s3:ObjectRestore:Delete", "s3:ReducedRedundancyLostObject", "s3:Replication:*",
    "s3:Replication:OperationFailedReplication", "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationReplicatedAfterThreshold", "s3:Replication:OperationNotTracked", "s3:TestEvent",
    "s3:LifecycleExpiration:*", "s3:LifecycleExpiration:Delete", "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition", "s3:IntelligentTiering", "s3:ObjectTagging:*", "s3:ObjectTagging:Put",
    "s3:ObjectTagging:Delete", "s3:ObjectAcl:Put",
)  # fmt: skip
DEFAULT_EVENTS = (
    "s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectRestore:*", "s3:ReducedRedundancyLostObject",
    "s3:Replication:*", "s3:LifecycleExpiration:*", "s3:LifecycleTransition", "s3:IntelligentTiering",
    "s3:ObjectTagging:*", "s3:ObjectAcl:Put",
)  # fmt: skip
"""All events of a bucket (BucketNotification, `events`)."""


class BucketNotification(Component):
    """All notifications of one bucket. Made by `Bucket.notify`."""

    token = "sst:aws:BucketNotification"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("notification",)
    made_by = "notify"

    def __init__(
        self,
        name: str,
        *,
        bucket: Bucket,
        notifications: Sequence[Mapping[str, Any]],
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        self._bucket = bucket
        self._functions: list[Any] = []
        self._ready: list[pulumi.Resource] = []
        if not isinstance(notifications, (list, tuple)) or not notifications:
            raise ConfigError(f"{self._label}: notifications must be a list of dictionaries, got {notifications!r}.")
        found: dict[str, list[dict[str, Any]]] = {"lambda_functions": [], "queues": [], "topics": []}
        seen: set[str] = set()
        for index, item in enumerate(notifications):
            self._add(found, seen, f"{self._label}: notifications[{index}]", item)
        _check_overlaps(f"{self._label}: notifications", [entry for items in found.values() for entry in items])
        args: dict[str, Any] = {"bucket": bucket.name, **{key: items or None for key, items in found.items()}}
        self._notification = self._make(
            s3.BucketNotification,
            f"{name}Notification",
            args,
            transform="notification",
            opts=pulumi.ResourceOptions(depends_on=self._ready),
        )

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `notification`, and `functions` in the order of the notifications."""
        return {"notification": self._notification, "functions": self._functions}

    def _add(self, found: dict[str, list[dict[str, Any]]], seen: set[str], where: str, item: Any) -> None:
        kinds = ("function", "queue", "topic")
        given = fields(where, item, ("name", "events", "filter_prefix", "filter_suffix", *kinds), required=("name",))
        chosen = [kind for kind in kinds if given.get(kind) is not None]
        if len(chosen) != 1:
            raise ConfigError(f"{where} needs exactly one of function, queue and topic.")
        if not isinstance(given["name"], str):
            raise ConfigError(f"{where}: name must be a string, got {given['name']!r}.")
        if given["name"] in seen:
            raise ConfigError(f"{where}: the name {given['name']!r} is used twice.")
        seen.add(given["name"])
        if is_fifo(given[chosen[0]]):
            raise ConfigError(f"{where}: {chosen[0]} must not be a FIFO one: S3 does not notify it.")
        events = strings(f"{where}: events", given.get("events") or list(DEFAULT_EVENTS))
        for event in events:
            one_of(f"{where}: events", event, EVENTS)
        for key in ("filter_prefix", "filter_suffix"):
            if given.get(key) is not None and not isinstance(given[key], (str, pulumi.Output)):
                raise ConfigError(f"{where}: {key} must be a string, got {given[key]!r}.")
        entry = {
            "id": given["name"],
            "events": events,
            "filter_prefix": given.get("filter_prefix"),
            "filter_suffix": given.get("filter_suffix"),
        }
        entry = {key: value for key, value in entry.items() if value is not None}
        source, part = self._bucket.arn, child_name(self._name, given["name"])
        if chosen == ["function"]:
            name = child_name(self._bucket._name, "Subscriber", given["name"])
            target = target_of(self, name, given["function"], trigger=f"bucket {self._bucket._name}")
            self._functions.append(target.function)
            self._ready.append(allow_invoke(self, name, target, "s3.amazonaws.com", source))
            found["lambda_functions"].append({**entry, "lambda_function_arn": target.arn})
        elif chosen == ["queue"]:
            arn = check_existing_queue(f"{where}: queue", given["queue"])
            self._ready.append(allow_send(self, given["queue"], "s3.amazonaws.com", source, name=part))
            found["queues"].append({**entry, "queue_arn": arn})
        else:
            topic = component_of(given["topic"])
            arn = arn_of(topic)
            if type(topic).__name__ != "SnsTopic" and not (
                isinstance(arn, pulumi.Output) or (isinstance(arn, str) and arn.startswith("arn:"))
            ):
                raise ConfigError(f"{where}: topic must be an SnsTopic or the ARN of one, got {topic!r}.")
            self._ready.append(allow_publish(self, topic, "s3.amazonaws.com", source, name=part))
            found["topics"].append({**entry, "topic_arn": arn})


def _check_overlaps(where: str, entries: Sequence[Mapping[str, Any]]) -> None:
    """S3 refuses two notifications of one event for keys that both filters let through (S3, notification filtering)."""
    for first, second in combinations(entries, 2):
        both = [event for event in first["events"] for other in second["events"] if _same_event(event, other)]
        affixes = [(one.get("filter_prefix", ""), one.get("filter_suffix", "")) for one in (first, second)]
        if not both or not all(isinstance(text, str) for pair in affixes for text in pair):
            continue
        (prefix, suffix), (other_prefix, other_suffix) = affixes
        begins = prefix.startswith(other_prefix) or other_prefix.startswith(prefix)
        ends = suffix.endswith(other_suffix) or other_suffix.endswith(suffix)
        if begins and ends:
            raise ConfigError(
                f"{where}: {first['id']!r} and {second['id']!r} are both notified of {both[0]} for some keys: AWS "
                "refuses it.",
                hint="Give them prefixes or suffixes that exclude each other, or have one topic notify both.",
            )


def _same_event(one: str, other: str) -> bool:
    return one == other or any(a.endswith("*") and b.startswith(a[:-1]) for a, b in ((one, other), (other, one)))
