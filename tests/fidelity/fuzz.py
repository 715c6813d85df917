"""Our codec against simplejson on made-up texts and values. Runs in an environment that has simplejson.

`python fuzz.py FOLDER_OF_SST_WORKER SEED COUNT` prints what differs and ends with `N compared, N different`.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import namedtuple
from decimal import Decimal

sys.path.insert(0, sys.argv[1])

from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller
from sst_worker import codec

PIECES = [
    "{", "}", "[", "]", ",", ":", " ", "\n", '"', "\\", '"a"', '"ü"', "\\u12", "\\ud83c", "\\n", "\\x", "1", "-",
    "0", "1.5", "e3", "E", "true", "false", "null", "nul", "NaN", "Infinity", "-Infinity", "x", "'", "\t", "\0", "\x1f",
    "🎉", '{"a": 1}', "[1, 2]", '"\\u0041"', "\ufeff",
]  # fmt: skip
Pair = namedtuple("Pair", "left right")


def text(rng: random.Random) -> bytes:
    """A text that is nearly JSON: a valid one with pieces taken out and put in, or pieces alone."""
    if rng.random() < 0.5:
        base = json.dumps(value(rng, plain=True), ensure_ascii=rng.random() < 0.5, indent=rng.choice((None, 1)))
        for _ in range(rng.randrange(3)):
            at = rng.randrange(len(base) + 1)
            base = base[:at] + rng.choice((*PIECES, "")) + base[at + rng.randrange(2) :]
        return base.encode("utf-8", "surrogatepass")
    return "".join(rng.choices(PIECES, k=rng.randrange(8))).encode()


def value(rng: random.Random, *, plain: bool = False, depth: int = 3) -> object:
    """A nested value; unless *plain*, with what simplejson treats in ways of its own."""
    kinds = ["text", "number", "word", "list", "dict"]
    if not plain:
        kinds += ["bytes", "decimal", "pair", "tuple", "odd", "keys"]
    if depth == 0:
        kinds = ["text", "number", "word"]
    match_ = rng.choice(kinds)
    again = [value(rng, plain=plain, depth=depth - 1) for _ in range(rng.randrange(4))] if depth else []
    return {
        "text": lambda: rng.choice(["", "a", "ü\n", "🎉", '"', "\u2028", "\x7f"]),
        "number": lambda: rng.choice([0, -1, 2**70, 1.5, 1e300, -0.0, 1e-7]),
        "word": lambda: rng.choice([None, True, False]),
        "list": lambda: again,
        "dict": lambda: {str(index): item for index, item in enumerate(again)},
        "bytes": lambda: rng.choice([b"", b"x", b"\xff", b"\xc3\xbc"]),
        "decimal": lambda: Decimal(rng.choice(["1.10", "-0", "1E+9", "NaN", "Infinity"])),
        "pair": lambda: Pair(again, 1),
        "tuple": lambda: tuple(again),
        "odd": lambda: rng.choice([object(), {1}, 1j, range(2), float("nan"), float("inf")]),
        "keys": lambda: {rng.choice([1, 1.5, None, True, b"k", (1,), Decimal(1)]): again},
    }[match_]()


def attempt(function: object, *arguments: object) -> str:
    """What a call gives, or how it fails: `repr` tells 1 from 1.0 and True."""
    try:
        return repr(function(*arguments))  # type: ignore[operator]
    except Exception as error:
        kind = "fault" if hasattr(error, "exception_type") else type(error).__name__
        return f"{kind}: {getattr(error, 'msg', error)}"


def ours(function: object, *arguments: object) -> str:
    return attempt(function, *arguments).replace("RuntimeFault: ", "fault: ")


def main() -> int:
    seed, count = int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(seed)
    different = 0
    for number in range(count):
        os.environ["AWS_EXECUTION_ENV"] = rng.choice(("AWS_Lambda_python3.11", "AWS_Lambda_python3.13"))
        marshaller = LambdaMarshaller()
        body, made = text(rng), value(rng)
        for name, theirs, mine in (
            (body, attempt(marshaller.unmarshal_request, body), ours(codec.decode_event, body, codec.JSON)),
            (made, attempt(marshaller.marshal_response, made), ours(codec.encode_response, made)),
        ):
            if theirs != mine:
                different += 1
                print(f"{number}: {name!r}\n  theirs: {theirs}\n  ours:   {mine}")
    print(f"{2 * count} compared, {different} different")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
