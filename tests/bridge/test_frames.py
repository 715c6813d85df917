"""Split, join, and the text form of a frame."""

from __future__ import annotations

import json
import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sst_bridge import frames
from sst_bridge.channel import EVENT_LIMIT
from sst_bridge.codec import MAX_MESSAGE
from sst_bridge.errors import Malformed
from sst_bridge.frames import MAX_FRAMES, MAX_PAYLOAD, Assembler, Frame, from_event, split, to_event
from sst_bridge.sealing import Sealer

ID = bytes(range(16))


@given(st.binary(min_size=1, max_size=300))
def test_an_event_is_a_json_string_of_harmless_characters(sealed: bytes) -> None:
    """Printable ASCII without `< > & ' =`, so that a WebSocket publish keeps its signature (AppSync Events §4)."""
    event = to_event(sealed)
    assert from_event(event) == sealed
    assert isinstance(json.loads(event), str)
    assert event.isascii() and event.isprintable() and not set(event) & set("<>&'=\\+/")


@given(st.text(max_size=100))
def test_any_text_is_an_event_or_malformed(text: str) -> None:
    """Nothing else is raised."""
    for event in (text, f'"{text}"'):
        try:
            assert to_event(from_event(event)) is not None
        except Malformed as error:
            assert str(error)


@pytest.mark.parametrize("event", ['""', '"', "abcd", '"abc=="', '"ab+d"', '"ab/d"', '"abcde"', '"a b c d"', "1", "{}"])
def test_other_text_forms_are_malformed(event: str) -> None:
    """Padding, the other alphabet, JSON of other types, among them the probes of a channel."""
    with pytest.raises(Malformed):
        from_event(event)


def test_the_largest_frame_fits_an_event_exactly() -> None:
    """With the longest sender; one byte more would not."""
    frame = Frame(ID, 0, 1, "x" * frames.MAX_SENDER, bytes(MAX_PAYLOAD))
    event = to_event(Sealer(bytes(32)).seal("/a", frame.encode(), 0.0))
    assert EVENT_LIMIT - 2 <= len(event) <= EVENT_LIMIT
    with pytest.raises(Malformed, match="longer"):
        frames.decode(Frame(ID, 0, 1, "x", bytes(MAX_PAYLOAD + 1)).encode())


@given(st.binary(max_size=120))
def test_any_bytes_are_a_frame_or_malformed(data: bytes) -> None:
    """And a frame encodes to the bytes it came from."""
    try:
        frame = frames.decode(data)
    except Malformed as error:
        assert str(error)
    else:
        assert frame.encode() == data


@pytest.mark.parametrize(
    "frame",
    [
        Frame(ID, 1, 1, "s", b""),
        Frame(ID, 0, 0, "s", b""),
        Frame(ID, 0, MAX_FRAMES + 1, "s", b""),
        Frame(ID, 0, 1, "", b""),
        Frame(ID, 0, 1, "../../etc/passwd", b""),
        Frame(ID, 0, 1, "x" * (frames.MAX_SENDER + 1), b""),
    ],
)
def test_a_frame_that_cannot_be_is_malformed(frame: Frame) -> None:
    """An index beyond the count, more frames than any message has, no sender, or one that is no name."""
    with pytest.raises(Malformed):
        frames.decode(frame.encode())


@given(st.integers(0, 4 * MAX_PAYLOAD), st.randoms(use_true_random=False))
def test_a_message_is_put_together_from_any_order_with_doubles(size: int, chance: random.Random) -> None:
    """It is complete exactly once, with the last frame that was missing."""
    data = os.urandom(size)
    pieces = split(ID, "s", data)
    assert len(pieces) == max(1, -(-size // MAX_PAYLOAD))
    arriving = pieces + chance.choices(pieces, k=3)
    chance.shuffle(arriving)
    assembler, seen, whole = Assembler(MAX_MESSAGE + MAX_PAYLOAD), set(), []
    for piece in arriving:
        result = assembler.add(piece, 0.0)
        seen.add(piece.index)
        if result is not None:
            whole.append(result)
            assert seen == set(range(len(pieces)))
            break
    assert whole == [data]
    assert assembler.held == 0


def test_the_largest_message_has_as_many_frames_as_are_allowed() -> None:
    """Both bounds are the same bound."""
    assert len(split(ID, "s", bytes(MAX_MESSAGE + 1))) == MAX_FRAMES


def test_messages_of_many_senders_do_not_mix() -> None:
    """The same message id of two senders is two messages."""
    assembler = Assembler(10 * MAX_PAYLOAD)
    one, two = split(ID, "a", b"1" * (MAX_PAYLOAD + 1)), split(ID, "b", b"2" * (MAX_PAYLOAD + 1))
    assert [assembler.add(frame, 0.0) for frame in (one[0], two[0])] == [None, None]
    assert assembler.add(one[1], 0.0) == b"1" * (MAX_PAYLOAD + 1)
    assert assembler.add(two[1], 0.0) == b"2" * (MAX_PAYLOAD + 1)


def test_what_is_missing_is_known_by_index() -> None:
    """In order."""
    assembler = Assembler(10 * MAX_PAYLOAD)
    pieces = split(ID, "a", bytes(4 * MAX_PAYLOAD))
    assembler.add(pieces[2], 0.0)
    [(key, partial)] = assembler.partials()
    assert key == ("a", ID)
    assert partial.missing == (0, 1, 3)


def test_memory_is_bounded_by_bytes() -> None:
    """What has begun goes on, what is new is dropped, and finds room later."""
    assembler = Assembler(4 * MAX_PAYLOAD)
    first, second = split(ID, "a", bytes(3 * MAX_PAYLOAD)), split(ID, "b", bytes(2 * MAX_PAYLOAD))
    assembler.add(first[0], 0.0)
    assert assembler.add(second[0], 0.0) is None
    assert [key for key, _ in assembler.partials()] == [("a", ID)]
    assembler.add(first[1], 0.0)
    assert assembler.add(first[2], 0.0) is not None
    assembler.add(second[0], 0.0)
    assert assembler.add(second[1], 0.0) == bytes(2 * MAX_PAYLOAD)


def test_memory_is_bounded_by_age() -> None:
    """A message nobody goes on with gives its room away."""
    assembler = Assembler(4 * MAX_PAYLOAD, max_idle=60.0)
    first, second = split(ID, "a", bytes(3 * MAX_PAYLOAD)), split(ID, "b", bytes(2 * MAX_PAYLOAD))
    assembler.add(first[0], 0.0)
    assembler.add(second[0], 61.0)
    assert [key for key, _ in assembler.partials()] == [("b", ID)]


def test_a_frame_with_another_count_is_dropped() -> None:
    """A message has one count."""
    assembler = Assembler(10 * MAX_PAYLOAD)
    assembler.add(Frame(ID, 0, 2, "a", b"0"), 0.0)
    assert assembler.add(Frame(ID, 1, 3, "a", b"x"), 0.0) is None
    assert assembler.add(Frame(ID, 1, 2, "a", b"1"), 0.0) == b"01"
