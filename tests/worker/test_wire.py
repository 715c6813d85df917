"""Framing, on real socket pairs."""

from __future__ import annotations

import os
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sst_worker import wire

HEADS = st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.text()), max_size=5)


@given(HEADS, st.binary(max_size=200_000), st.binary(max_size=10))
def test_messages_arrive_as_they_were_sent(head: dict[str, object], first: bytes, second: bytes) -> None:
    """Any head and body, one message after the other, whatever the sizes of the socket's buffers."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sent = [({**head, "type": "a"}, first), ({"type": "b"}, second)]
        sender = threading.Thread(target=lambda: [wire.send(ours, *message) for message in sent])
        sender.start()
        assert [wire.receive(theirs) for _ in sent] == sent
        sender.join()


def test_descriptors_travel_with_their_message() -> None:
    """They arrive usable, with the message they were sent with, and are not passed on to programs."""
    ours, theirs = socket.socketpair()
    read, write = os.pipe()
    with ours, theirs:
        wire.send(ours, {"type": "first"})
        wire.send(ours, {"type": "second"}, b"body", fds=[read, write])
        assert wire.receive_with_fds(theirs) == ({"type": "first"}, b"", [])
        head, body, fds = wire.receive_with_fds(theirs)
        assert (head, body) == ({"type": "second"}, b"body")
        os.write(fds[1], b"x")
        assert os.read(read, 1) == b"x"
        assert not any(os.get_inheritable(fd) for fd in fds)
        for fd in (read, write, *fds):
            os.close(fd)


@pytest.mark.parametrize("sent", [b"", b"\0\0\0", wire.frame({"type": "x"}, b"body"), wire.frame({"type": "x"})[:-1]])
def test_the_end_of_the_socket_is_an_eof_error_wherever_it_comes(sent: bytes) -> None:
    """Between messages or in the middle of one."""
    for receive in (wire.receive, wire.receive_with_fds):
        ours, theirs = socket.socketpair()
        with theirs:
            with ours:
                ours.sendall(sent)
            with pytest.raises(EOFError):
                receive(theirs)


@pytest.mark.parametrize(
    ("head", "body"), [(wire.HEAD_LIMIT + 1, 0), (1, wire.BODY_LIMIT + 1), (0xFFFFFFFF, 0xFFFFFFFF)]
)
def test_lengths_over_the_bounds_are_refused_before_anything_is_stored(head: int, body: int) -> None:
    """A stray byte must not make a process allocate gigabytes."""
    with pytest.raises(wire.WireError):
        wire.lengths(wire.HEADER.pack(head, body))


@pytest.mark.parametrize("head", [b"", b"{", b"[]", b"{}", b'{"type": 1}', b"\xff"])
def test_a_head_is_an_object_with_a_type(head: bytes) -> None:
    """Anything else is a protocol error."""
    with pytest.raises(wire.WireError):
        wire.parse_head(head)


def test_a_marker_is_one_atomic_write() -> None:
    """It starts with RS, ends its line and fits what a pipe writes in one piece."""
    marker = wire.marker("s" * 64, "begin", "i" * 64)
    assert marker == b"\x1e" + b"s" * 64 + b" begin " + b"i" * 64 + b"\n"
    assert len(marker) < 512  # PIPE_BUF's least value, POSIX
