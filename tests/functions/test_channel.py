"""Messages over a socket, from both ends."""

from __future__ import annotations

import asyncio
import os
import socket

from hypothesis import given
from hypothesis import strategies as st
from sst_dev.functions.channel import Channel, Decoder
from sst_worker import wire


def encoded(number: int, body: bytes) -> bytes:
    return wire.frame({"type": "m", "number": number}, body) + body


@given(st.lists(st.binary(max_size=50), max_size=5), st.lists(st.integers(1, 20), max_size=50))
def test_where_the_reads_fall_does_not_matter(bodies: list[bytes], sizes: list[int]) -> None:
    """The same bytes give the same messages in any pieces."""
    data = b"".join(encoded(number, body) for number, body in enumerate(bodies))
    decoder, found = Decoder(), []
    for size in [*sizes, len(data) + 1]:
        found += [(head["number"], body) for head, body in decoder.feed(data[:size])]
        data = data[size:]

    assert found == list(enumerate(bodies))


async def test_large_messages_cross_in_both_directions() -> None:
    """More than the socket's buffer, without blocking the loop that serves both ends."""
    left, right = socket.socketpair()
    got: asyncio.Queue[bytes] = asyncio.Queue(maxsize=4)
    ends = [Channel(sock, lambda head, body: got.put_nowait(body), lambda: None) for sock in (left, right)]
    bodies = [os.urandom(3_000_000) for _ in ends]
    for end, body in zip(ends, bodies, strict=True):
        end.send({"type": "m"}, body)

    assert {await got.get(), await got.get()} == set(bodies)
    for end in ends:
        end.close()


async def test_descriptors_travel_and_are_closed_here() -> None:
    """The other end gets them; this side leaks none."""
    left, right = socket.socketpair()
    channel = Channel(left, lambda head, body: None, lambda: None)
    reading, writing = os.pipe()
    channel.send({"type": "fork"}, fds=(writing,))
    head, _, fds = wire.receive_with_fds(right)
    os.write(fds[0], b"through")

    assert head == {"type": "fork"}
    assert os.read(reading, 10) == b"through"
    for fd in (*fds, reading):
        os.close(fd)
    channel.close()
    right.close()


async def test_the_end_is_reported_once_and_sending_after_it_is_harmless() -> None:
    """Messages already sent arrive before the end."""
    left, right = socket.socketpair()
    events: list[str] = []
    channel = Channel(left, lambda head, body: events.append(head["type"]), lambda: events.append("closed"))
    wire.send(right, {"type": "last"})
    right.close()
    channel.read_now()
    channel.read_now()
    reading, writing = os.pipe()
    channel.send({"type": "late"}, fds=(writing,))

    assert events == ["last", "closed"]
    assert os.read(reading, 1) == b"", "the descriptor was closed"
    os.close(reading)


async def test_a_paused_channel_reads_nothing() -> None:
    """So that the other end waits."""
    left, right = socket.socketpair()
    got: asyncio.Queue[str] = asyncio.Queue(maxsize=4)
    channel = Channel(left, lambda head, body: got.put_nowait(head["type"]), lambda: None)
    channel.pause()
    wire.send(right, {"type": "m"})
    for _ in range(3):
        await asyncio.sleep(0)
    assert got.empty()
    channel.resume()

    assert await got.get() == "m"
    channel.close()
    right.close()
