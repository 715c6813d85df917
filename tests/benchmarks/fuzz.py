"""Fuzz every decoder of the bridge: whatever comes in is decoded or named as wrong, never anything else.

`python -m tests.benchmarks.fuzz --minutes 10`. Inputs are golden files and what grew out of them by flips,
cuts, repeats and splices; those that reached an outcome not seen before are grown further. Inputs that broke a
decoder are kept as regression seeds in `tests/wire/seeds/` and run by the suite."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sst_bridge import codec, frames
from sst_bridge.appsync.protocol import Conversation
from sst_bridge.appsync.signing import Credentials, Signer
from sst_bridge.delivery.link import Link
from sst_bridge.errors import WireError
from sst_bridge.frames import from_event, to_event
from sst_bridge.sealing import Opener, Sealer

sys.path.insert(0, str(Path(__file__).parents[2]))  # runs as a script, too

from tests.wire.cases import AT, FRAMES, GOLDEN, KEY, MESSAGES, PATH

SEEDS = GOLDEN.parent / "seeds"
Decoder = Callable[[bytes], object]


def _sealed(data: bytes) -> object:
    """What somebody who holds the key could send."""
    link = Link(KEY, "fuzz", route=lambda sender: PATH, max_incoming=2**24, max_outgoing=2**24)
    return link.receive(PATH, to_event(Sealer(KEY).seal(PATH, data, AT)), now=0.0, at=AT)


def _service(data: bytes) -> object:
    """What the service could send."""
    signer = Signer("host", "us-east-1", lambda: Credentials("test", "test", None))
    conversation = Conversation(signer)
    conversation.subscribe(PATH)
    return conversation.receive(data.decode("utf-8", "replace"))


DECODERS: dict[str, Decoder] = {
    "codec": codec.decode,
    "frame": frames.decode,
    "event": lambda data: from_event(data.decode("latin-1")),
    "opener": lambda data: Opener(KEY).open(PATH, data, AT),
    "sealed": _sealed,
    "service": _service,
}


def attempt(decoder: str, data: bytes) -> str:
    """The kind of outcome; anything but a value or a WireError is raised."""
    try:
        value = DECODERS[decoder](data)
    except WireError as error:
        return f"{type(error).__name__} {str(error)[:40]}"
    return type(getattr(value, "message", None) or value).__name__


def corpus() -> list[bytes]:
    """Golden messages and frames, sealed and as events, and frames of the service."""
    plain = [codec.encode(message) for message in MESSAGES.values()]
    framed = [frame.encode() for frame in FRAMES.values()]
    framed += [frame.encode() for data in plain for frame in frames.split(bytes(16), "s", data)]
    events = [json.loads(file.read_text())["event"] for file in GOLDEN.glob("event*.json")]
    service = [
        b'{"type":"data","id":"S1","event":"\\"abc\\""}',
        b'{"type":"publish_success","id":"P1","successful":[],"failed":[{"index":0,"code":"X"}]}',
        b'{"type":"error","errors":[{"errorType":"LimitExceededError","message":"m","errorCode":429}]}',
        b'{"type":"connection_ack","connectionTimeoutMs":300000}',
    ]
    return plain + framed + [event.encode() for event in events] + [from_event(event) for event in events] + service


def grow(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """*data*, changed in one to four places."""
    grown = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(grown))
        match chance.randrange(5):
            case 0 if at < len(grown):
                grown[at] ^= 1 << chance.randrange(8)
            case 1:
                del grown[at : at + chance.randint(1, 20)]
            case 2:
                grown[at:at] = chance.choice(
                    [b"\0", b"\xff" * 4, b'"', b"[" * 2_000, b"9" * 5_000, b"null", b"{}", b"-1"]
                )
            case 3:
                grown[at:at] = grown[at : at + chance.randint(1, 40)]
            case _:
                start = chance.randint(0, len(other))
                grown[at:] = other[start:]
    return bytes(grown[:20_000])


def fuzz(seconds: float, seed: int) -> dict[str, int]:
    """Try inputs for *seconds*; a failure is written to `SEEDS` and raised."""
    chance, inputs, seen, tried = random.Random(seed), corpus(), set[tuple[str, str]](), 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = grow(chance.choice(inputs), chance.choice(inputs), chance)
        for decoder in DECODERS:
            tried += 1
            try:
                outcome = (decoder, attempt(decoder, data))
            except Exception:
                SEEDS.mkdir(exist_ok=True)
                Path(SEEDS / f"{decoder}-{abs(hash(data)):x}").write_bytes(data)
                print(f"{decoder} failed on {data[:200]!r}", file=sys.stderr)
                raise
            if outcome not in seen:
                seen.add(outcome)
                if len(inputs) < 5_000:
                    inputs.append(data)
    return {"inputs": tried, "outcomes": len(seen), "failures": 0}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    report = fuzz(options.minutes * 60, options.seed)
    print(json.dumps({"minutes": options.minutes, "seed": options.seed, **report}))


if __name__ == "__main__":
    main()
