# ruff: noqa
"""What a handler may return: one function a case, named by the event."""

import collections
import dataclasses
import datetime
import decimal
import enum
import functools
import pathlib
import types
import uuid

Point = collections.namedtuple("Point", "x y")


class Colour(enum.Enum):
    RED = 1


class Number(enum.IntEnum):
    ONE = 1


class Word(str, enum.Enum):
    HI = "hi"


class Bits(enum.IntFlag):
    A = 1
    B = 2


@dataclasses.dataclass
class Data:
    a: int = 1


class AsDict:
    def __init__(self, value):
        self.value = value

    def _asdict(self):
        return self.value


class AsDictRaises:
    def _asdict(self):
        raise TypeError("not now")


class AsDictList(list):
    def _asdict(self):
        return {"list": True}


class ForJson:
    def for_json(self):
        return "never used"


class OddInt(int):
    def __repr__(self):
        return "odd"

    __str__ = __repr__


class OddFloat(float):
    def __repr__(self):
        return "odd"

    __str__ = __repr__


class OddStr(str):
    def __str__(self):
        return "odd"


class OddDict(dict):
    def items(self):
        return [("from", "items")]


class OddList(list):
    def __iter__(self):
        return iter(["from iter"])


def nested(depth, leaf=0):
    value = leaf
    for _ in range(depth):
        value = [value]
    return value


def circular_list():
    value = []
    value.append(value)
    return value


def circular_dict():
    value = {}
    value["self"] = [value]
    return value


def circular_asdict():
    value = AsDict({})
    value.value["me"] = value
    return value


def shared():
    inner = {"a": [1]}
    return [inner, inner, {"again": inner}]


async def coroutine():
    return 1


async def async_generator():
    yield 1


CASES = {
    "none": lambda: None,
    "true": lambda: True,
    "false": lambda: False,
    "zero": lambda: 0,
    "negative": lambda: -17,
    "int_large": lambda: 2**200,
    "int_huge": lambda: 10**5000,
    "float": lambda: 1.1,
    "float_exponent": lambda: 1e308,
    "float_small": lambda: 5e-324,
    "float_integral": lambda: 3.0,
    "negative_zero": lambda: -0.0,
    "nan": lambda: float("nan"),
    "infinity": lambda: float("inf"),
    "negative_infinity": lambda: [float("-inf")],
    "string": lambda: "hello",
    "string_empty": lambda: "",
    "string_unicode": lambda: "Grüße, 世界",
    "string_emoji": lambda: {"🎉": "👩‍👩‍👧"},
    "string_control": lambda: "".join(map(chr, range(32))) + "\x7f\x80",
    "string_quotes": lambda: 'a"b\\c/d',
    "string_separators": lambda: "\u2028\u2029</script>&",
    "lone_surrogate": lambda: "\ud800",
    "lone_surrogate_nested": lambda: {"a": ["\udfff"]},
    "surrogate_halves": lambda: "\ud83c\udf89",
    "list": lambda: [1, "a", None, True, 1.5],
    "list_empty": lambda: [],
    "dict_empty": lambda: {},
    "nested": lambda: {"a": [{"b": {"c": [1, {"d": []}]}}], "e": {}},
    "shared": shared,
    "tuple": lambda: (1, (2, 3)),
    "tuple_empty": lambda: [(), ()],
    "namedtuple": lambda: Point(1, 2),
    "namedtuple_nested": lambda: {"p": [Point(1, Point(2, 3))]},
    "asdict": lambda: AsDict({"a": 1}),
    "asdict_not_dict": lambda: AsDict([1]),
    "asdict_raises": lambda: AsDictRaises(),
    "asdict_list": lambda: AsDictList([1]),
    "for_json": lambda: ForJson(),
    "simple_namespace": lambda: types.SimpleNamespace(a=1),
    "decimal": lambda: decimal.Decimal("1.10"),
    "decimal_exponent": lambda: {"d": decimal.Decimal("1E+5")},
    "decimal_negative": lambda: [decimal.Decimal("-0.00")],
    "decimal_nan": lambda: [decimal.Decimal("NaN"), decimal.Decimal("-NaN"), decimal.Decimal("sNaN")],
    "decimal_infinity": lambda: [decimal.Decimal("Infinity"), decimal.Decimal("-Infinity")],
    "decimal_key": lambda: {decimal.Decimal("1"): 1},
    "dynamodb_item": lambda: {"Item": {"id": "a", "n": decimal.Decimal("3"), "tags": ["x", "y"]}},
    "bytes": lambda: b"raw \xff bytes",
    "bytes_empty": lambda: b"",
    "bytes_nested": lambda: {"b": b"text", b"k": [b"\xc3\xbc"]},
    "bytes_invalid": lambda: [b"\xff"],
    "bytes_key_invalid": lambda: {b"\xff": 1},
    "bytearray": lambda: bytearray(b"x"),
    "memoryview": lambda: [memoryview(b"x")],
    "set": lambda: {1},
    "frozenset": lambda: {"a": frozenset()},
    "range": lambda: range(3),
    "dict_keys": lambda: {}.keys(),
    "deque": lambda: collections.deque([1]),
    "generator": lambda: (i for i in range(3)),
    "map": lambda: [map(str, [1])],
    "datetime": lambda: datetime.datetime(2020, 1, 2),
    "date": lambda: {"d": datetime.date(2020, 1, 2)},
    "time": lambda: datetime.time(1),
    "timedelta": lambda: datetime.timedelta(1),
    "uuid": lambda: uuid.UUID(int=1),
    "path": lambda: pathlib.Path("/a"),
    "complex": lambda: 1j,
    "enum": lambda: Colour.RED,
    "int_enum": lambda: {Number.ONE: Number.ONE},
    "str_enum": lambda: {Word.HI: Word.HI},
    "int_flag": lambda: Bits.A | Bits.B,
    "dataclass": lambda: Data(),
    "exception": lambda: ValueError("x"),
    "class": lambda: Data,
    "function": lambda: nested,
    "module": lambda: decimal,
    "ellipsis": lambda: [...],
    "not_implemented": lambda: NotImplemented,
    "object": lambda: {"a": {"b": object()}},
    "keys_int": lambda: {1: "a", -5: "b"},
    "keys_float": lambda: {1.5: "a", float("inf"): "b", float("nan"): "c"},
    "keys_bool": lambda: {True: 1, False: 0},
    "keys_none": lambda: {None: 1},
    "keys_tuple": lambda: {(1, 2): 1},
    "keys_frozenset": lambda: {frozenset(): 1},
    "keys_enum": lambda: {Colour.RED: 1},
    "keys_duplicate": lambda: {1: "a", "1": "b"},
    "keys_error_order": lambda: {"a": 1, (1,): object()},
    "circular_list": circular_list,
    "circular_dict": circular_dict,
    "circular_asdict": circular_asdict,
    "deep": lambda: nested(200),
    "deep_namedtuple": lambda: nested(100, Point(1, 2)),
    "too_deep": lambda: nested(100_000),
    "ordered_dict": lambda: collections.OrderedDict(b=1, a=2),
    "default_dict": lambda: collections.defaultdict(list, a=[1]),
    "counter": lambda: collections.Counter("aab"),
    "user_dict": lambda: collections.UserDict(a=1),
    "chain_map": lambda: collections.ChainMap({"a": 1}),
    "mapping_proxy": lambda: types.MappingProxyType({"a": 1}),
    "int_subclass": lambda: [OddInt(3), {OddInt(4): 1}],
    "float_subclass": lambda: [OddFloat(3.5), {OddFloat(4.5): 1}],
    "str_subclass": lambda: [OddStr("real"), {OddStr("key"): 1}],
    "dict_subclass": lambda: OddDict(a=1),
    "list_subclass": lambda: OddList([1, 2]),
    "coroutine": coroutine,
    "async_generator": async_generator,
    "partial": functools.partial(dict, a=1),
    "http": lambda: {"statusCode": 200, "headers": {"x": "y"}, "body": '{"a": "ü"}'},
    "six_mb": lambda: "x" * (6_291_556 - 2),
    "six_mb_and_one": lambda: "x" * (6_291_556 - 1),
    "large_list": lambda: [{"id": i, "name": "n" * 20, "on": i % 2 == 0} for i in range(20_000)],
}


def handler(event, context):
    return CASES[event]()
