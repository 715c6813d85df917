"""Patterns that choose events: filters of queues and streams, filter policies of topics, patterns of a bus.

A wrong word in one is refused by AWS, or matches nothing for ever, so all of it is checked before anything is made.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from ..calls import meant
from ..errors import ConfigError

_EVENT = ("eventSource", "eventSourceARN", "awsRegion")
_STREAM = ("eventID", "eventName", "eventVersion", *_EVENT)
_COMMON = ("prefix", "suffix", "equals-ignore-case", "anything-but", "numeric", "exists")
_IN_ANYTHING_BUT = ("prefix", "suffix", "equals-ignore-case", "wildcard")


@dataclass(frozen=True)
class Dialect:
    """What one service takes as a pattern."""

    service: str
    fields: tuple[str, ...] | None = None
    """What an event has at its top; None when the user decides."""
    below: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What an event has below some of its fields."""
    operators: tuple[str, ...] = _COMMON
    nested: tuple[str, ...] = ()
    """Operators that `anything-but` takes."""
    size: int = 4096
    """Characters that a pattern may have (Lambda API, Filter; EventBridge quota)."""


SQS = Dialect(
    "SQS",
    ("body", "messageId", "receiptHandle", "attributes", "messageAttributes", "md5OfBody", *_EVENT),
)
"""Records of a queue (Lambda developer guide, filtering with Amazon SQS)."""
KINESIS = Dialect(
    "Kinesis",
    (
        "data", "partitionKey", "sequenceNumber", "approximateArrivalTimestamp", "kinesisSchemaVersion",
        "encryptionType", "invokeIdentityArn", *_STREAM,
    ),
)  # fmt: skip
"""Records of a data stream, its fields beside those of the event (Lambda developer guide, filtering with Kinesis)."""
DYNAMODB = Dialect(
    "DynamoDB",
    ("dynamodb", "userIdentity", *_STREAM),
    {
        "dynamodb": (
            "ApproximateCreationDateTime", "Keys", "NewImage", "OldImage", "SequenceNumber", "SizeBytes",
            "StreamViewType",
        )
    },
)  # fmt: skip
"""Records of a table's stream (Lambda developer guide, filtering with DynamoDB)."""
EVENTBRIDGE = Dialect("EventBridge", operators=(*_COMMON, "wildcard", "cidr"), nested=_IN_ANYTHING_BUT)
"""Patterns of a bus (EventBridge user guide, comparison operators)."""
SNS = Dialect("SNS", operators=(*_COMMON, "wildcard", "cidr"), nested=_IN_ANYTHING_BUT, size=256 * 1024)
"""Filter policies of a topic (SNS developer guide, subscription filter policies)."""


def check(where: str, value: Any, dialect: Dialect) -> None:
    """Raise `ConfigError` for a wrong pattern, naming the place in it: *where* is its component and argument."""
    _object(where, value, dialect, dialect.fields)


def text(where: str, value: Mapping[str, Any], dialect: Dialect) -> pulumi.Input[str]:
    """The checked pattern *value* as JSON; a value in a list may be an output. Raises `ConfigError` if too long."""

    def limited(written: str) -> str:
        if len(written) > dialect.size:
            raise ConfigError(f"{where} has {len(written)} characters; {dialect.service} takes at most {dialect.size}.")
        return written

    if _has_outputs(value):
        return pulumi.Output.json_dumps(value).apply(limited)
    return limited(json.dumps(value))


def leaf_sizes(value: Mapping[str, Any]) -> Iterator[int]:
    """How many values each list of the checked pattern *value* has; lists in alternatives are not counted."""
    for key, item in value.items():
        if isinstance(item, Mapping):
            yield from leaf_sizes(item)
        elif key != "$or":
            yield len(item)


def _object(where: str, value: Any, dialect: Dialect, known: tuple[str, ...] | None) -> None:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where} must be a dictionary, got {value!r}.")
    for key, item in value.items():
        place = f"{where}.{key}"
        if not isinstance(key, str):
            raise ConfigError(f"{where}: the name of a field must be a string, got {key!r}.")
        if key == "$or":
            _alternatives(place, item, dialect, known)
        elif known is not None and key not in known:
            raise ConfigError(
                f"{place} matches nothing: what comes from {dialect.service} has {', '.join(known)}.",
                hint=meant(key, known),
            )
        elif not isinstance(item, Mapping):
            _leaf(place, item, dialect)
        elif item:
            _object(place, item, dialect, dialect.below.get(key))
        else:
            raise ConfigError(f"{place} must not be empty: {dialect.service} refuses it.")


def _alternatives(where: str, value: Any, dialect: Dialect, known: tuple[str, ...] | None) -> None:
    if not isinstance(value, (list, tuple)) or len(value) < 2:
        raise ConfigError(f"{where} must be a list of at least two patterns, got {value!r}.")
    for index, item in enumerate(value):
        _object(f"{where}[{index}]", item, dialect, known)


def _leaf(where: str, value: Any, dialect: Dialect) -> None:
    if not isinstance(value, (list, tuple)):
        raise ConfigError(
            f"{where} must be a list of what the value may be, got {value!r}.",
            hint=f"Write [{value!r}]." if not isinstance(value, pulumi.Output) else "Put it into a list.",
        )
    if not value:
        raise ConfigError(f"{where} must not be empty: {dialect.service} refuses it.")
    for index, item in enumerate(value):
        if isinstance(item, Mapping):
            _rule(f"{where}[{index}]", item, dialect)
        elif not _is_value(item):
            raise ConfigError(
                f"{where}[{index}] must be a string, a number, True, False, None or an operator, got {item!r}."
            )


def _rule(where: str, rule: Mapping[Any, Any], dialect: Dialect) -> None:
    if len(rule) != 1:
        raise ConfigError(f"{where} must hold one operator, got {dict(rule)!r}.")
    [(word, operand)] = rule.items()
    if word not in dialect.operators:
        raise ConfigError(
            f"{where}: {dialect.service} has no operator {word!r}: it has {', '.join(dialect.operators)}.",
            hint=meant(word, dialect.operators),
        )
    if isinstance(operand, pulumi.Output):
        return
    if word == "anything-but":
        _anything_but(f"{where}.{word}", operand, dialect)
    elif not _OPERANDS[word][0](operand):
        raise ConfigError(f"{where}.{word} must be {_OPERANDS[word][1]}, got {operand!r}.")


def _anything_but(where: str, operand: Any, dialect: Dialect) -> None:
    listed = operand if isinstance(operand, (list, tuple)) else [operand]
    if not isinstance(operand, Mapping):
        # One kind of them, or the other.
        if not listed or not (all(map(_is_text, listed)) or all(map(_is_number, listed))):
            raise ConfigError(f"{where} must be strings or numbers, got {operand!r}.")
        return
    if len(operand) != 1 or (word := next(iter(operand))) not in dialect.nested:
        takes = f"one of {', '.join(dialect.nested)}" if dialect.nested else "no operator"
        raise ConfigError(f"{where} takes {takes} in {dialect.service}, got {dict(operand)!r}.")
    inner = operand[word]
    if not all(map(_is_text, inner if isinstance(inner, (list, tuple)) and inner else [inner])):
        raise ConfigError(f"{where}.{word} must be a string or a list of strings, got {inner!r}.")


def _is_text(value: Any) -> bool:
    return isinstance(value, (str, pulumi.Output))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, pulumi.Output)) and not isinstance(value, bool)


def _is_value(value: Any) -> bool:
    return value is None or isinstance(value, bool) or _is_text(value) or _is_number(value)


def _is_affix(value: Any) -> bool:
    return _is_text(value) or (
        isinstance(value, Mapping) and list(value) == ["equals-ignore-case"] and _is_text(value["equals-ignore-case"])
    )


def _is_range(value: Any) -> bool:
    """`[operator, number]`, or a lower and an upper limit in this order."""
    if not isinstance(value, (list, tuple)) or len(value) not in (2, 4) or not all(map(_is_number, value[1::2])):
        return False
    words, numbers = list(value[::2]), value[1::2]
    if len(words) == 1:
        return words[0] in ("=", "<", "<=", ">", ">=")
    ordered = any(isinstance(number, pulumi.Output) for number in numbers) or numbers[0] < numbers[1]
    return words[0] in (">", ">=") and words[1] in ("<", "<=") and ordered


def _is_network(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(ipaddress.ip_network(value, strict=False))
    except ValueError:
        return False


_OPERANDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "prefix": (_is_affix, "a string"),
    "suffix": (_is_affix, "a string"),
    "equals-ignore-case": (_is_text, "a string"),
    "wildcard": (lambda value: isinstance(value, str) and "**" not in value, 'a string without "**"'),
    "cidr": (_is_network, 'a block of addresses such as "10.0.0.0/24"'),
    "exists": (lambda value: isinstance(value, bool), "True or False"),
    "numeric": (_is_range, '[operator, number] or a range such as [">", 0, "<=", 5]'),
}


def _has_outputs(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_outputs, value.values()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(map(_has_outputs, value))
    return isinstance(value, pulumi.Output)
