"""AES-256-GCM around a frame: who can open it, and how often."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sst_bridge import sealing
from sst_bridge.errors import Malformed, Refused, Replayed, WireError
from sst_bridge.sealing import MAX_AGE, MAX_SEALERS, OVERHEAD, WINDOW, Opener, Sealer, key_id

KEY = bytes(range(32))
PATH = "/sst/notes/ada/dev"
AT = 1_750_000_000.0


@given(st.binary(max_size=300))
def test_what_is_sealed_opens_with_the_key(plain: bytes) -> None:
    """With the sender's clock, to the millisecond, and a fixed overhead."""
    sealed = Sealer(KEY).seal(PATH, plain, AT + 0.125)
    opened = Opener(KEY).open(PATH, sealed, AT)
    assert (opened.plain, opened.sent_at) == (plain, AT + 0.125)
    assert len(sealed) == len(plain) + OVERHEAD


def test_the_plain_text_is_not_in_the_sealed_frame() -> None:
    """Nor is the key."""
    sealed = Sealer(KEY).seal(PATH, b"AWS_SECRET_ACCESS_KEY", AT)
    assert b"SECRET" not in sealed and KEY not in sealed


def test_no_frame_is_sealed_as_another() -> None:
    """The same text gives other bytes each time: by the counter in one sealer, by its random id in another."""
    one, other = Sealer(KEY), Sealer(KEY)
    assert len({sealer.seal(PATH, b"x", AT) for sealer in (one, one, other, other)}) == 4


def test_a_nonce_is_used_once_under_its_key() -> None:
    """The counter is the nonce, the sealer's id makes the key; both are in the head, in clear."""
    sealer = Sealer(KEY)
    heads = [sealing._HEAD.unpack_from(sealer.seal(PATH, b"", AT)) for _ in range(1_000)]
    assert len({(head[2], head[3]) for head in heads}) == 1_000


def test_another_key_is_named_in_the_error() -> None:
    """Both key ids are, so that a rotated key is recognised; nothing of the keys is."""
    sealed = Sealer(KEY).seal(PATH, b"x", AT)
    other = bytes(32)
    with pytest.raises(Refused, match=f"key {key_id(KEY).hex()}, this side holds key {key_id(other).hex()}"):
        Opener(other).open(PATH, sealed, AT)


@given(st.data())
def test_an_altered_frame_is_refused(data: st.DataObject) -> None:
    """Whichever bit is changed, clear or sealed, or cut off."""
    sealed = bytearray(Sealer(KEY).seal(PATH, b"payload", AT))
    place = data.draw(st.integers(0, len(sealed) - 1))
    if data.draw(st.booleans()):
        sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del sealed[place:]
    with pytest.raises((Malformed, Refused)):
        Opener(KEY).open(PATH, bytes(sealed), AT)


def test_a_frame_opens_only_on_its_path() -> None:
    """Who may publish cannot move a recorded frame to another environment, or back to its sender."""
    with pytest.raises(Refused, match="another path"):
        Opener(KEY).open("/sst/notes/ada/env1", Sealer(KEY).seal(PATH, b"x", AT), AT)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    """Nothing else is raised."""
    with pytest.raises(WireError):
        Opener(KEY).open(PATH, data, AT)


def test_a_replayed_frame_is_refused() -> None:
    """Once opened, never again."""
    sealer, opener = Sealer(KEY), Opener(KEY)
    sealed = sealer.seal(PATH, b"x", AT)
    opener.open(PATH, sealed, AT)
    with pytest.raises(Replayed, match="seen before"):
        opener.open(PATH, sealed, AT)


@given(st.permutations(range(40)), st.lists(st.integers(0, 39), max_size=20))
def test_frames_may_overtake_each_other_and_open_once(order: list[int], replays: list[int]) -> None:
    """Each of them, within the window."""
    sealer, opener = Sealer(KEY), Opener(KEY)
    sealed = [sealer.seal(PATH, bytes([number]), AT) for number in range(40)]
    assert [opener.open(PATH, sealed[number], AT).plain[0] for number in order] == list(order)
    for number in replays:
        with pytest.raises(Replayed):
            opener.open(PATH, sealed[number], AT)


def test_a_frame_behind_the_window_is_refused() -> None:
    """It cannot be told from a replay."""
    sealer, opener = Sealer(KEY), Opener(KEY)
    sealed = [sealer.seal(PATH, b"", AT) for _ in range(WINDOW + 1)]
    opener.open(PATH, sealed[-1], AT)
    opener.open(PATH, sealed[1], AT)
    with pytest.raises(Replayed):
        opener.open(PATH, sealed[0], AT)


@pytest.mark.parametrize("skew", [-MAX_AGE + 1, -10.0, 10.0, MAX_AGE - 1])
def test_clocks_may_differ(skew: float) -> None:
    """As far as AWS itself tolerates it."""
    assert Opener(KEY).open(PATH, Sealer(KEY).seal(PATH, b"x", AT), AT + skew).plain == b"x"


@pytest.mark.parametrize(("skew", "age"), [(MAX_AGE + 1, r"\+301 s old"), (-MAX_AGE - 1, "-301 s old")])
def test_a_frame_of_another_time_is_refused(skew: float, age: str) -> None:
    """The error says how far the clocks are apart, and to set them."""
    with pytest.raises(Refused, match=f"{age}.*set both clocks"):
        Opener(KEY).open(PATH, Sealer(KEY).seal(PATH, b"x", AT), AT + skew)


def test_a_refused_frame_does_not_move_the_window() -> None:
    """Who does not hold the key cannot make genuine frames look like replays."""
    sealer, opener = Sealer(KEY), Opener(KEY)
    first, second = sealer.seal(PATH, b"1", AT), bytearray(sealer.seal(PATH, b"2", AT))
    second[-1] ^= 1
    with pytest.raises(Refused):
        opener.open(PATH, bytes(second), AT)
    assert opener.open(PATH, first, AT).plain == b"1"


def test_memory_is_bounded() -> None:
    """However many sealers there are, the least recently heard is forgotten first."""
    opener = Opener(KEY)
    for _ in range(MAX_SEALERS + 10):
        opener.open(PATH, Sealer(KEY).seal(PATH, b"", AT), AT)
    assert len(opener._windows) == MAX_SEALERS


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_has_32_bytes(length: int) -> None:
    """Anything else is a fault of the caller."""
    with pytest.raises(ValueError, match=f"this one has {length}"):
        Sealer(bytes(length))
