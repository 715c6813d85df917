"""Splitting a worker's output into lines, and filing them."""

from __future__ import annotations

import asyncio
import os
import secrets
import time

from hypothesis import given
from hypothesis import strategies as st
from sst_dev.core.pace import SLICE
from sst_dev.functions.output import LINE_MAX, Line, Output, Splitter
from sst_worker.wire import marker

SECRET = "s" * 32


def mark(word: str, id: str) -> bytes:
    return marker(SECRET, word, id)


def split(*chunks: bytes) -> list[Line]:
    splitter = Splitter(SECRET)
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    return lines + splitter.flush()


def test_lines_belong_to_the_invocation_between_its_markers() -> None:
    """Before the first marker is `init`; after an end, threads still write for the same invocation."""
    output = b"init\n" + mark("begin", "a") + b"one\n" + mark("end", "a") + b"late\n" + mark("begin", "b") + b"two\n"

    assert split(output) == [Line(None, "init"), Line("a", "one"), Line("a", "late"), Line("b", "two")]


def test_a_marker_ends_an_open_line() -> None:
    """`print(end="")` is a line of its invocation, whatever comes after."""
    output = mark("begin", "a") + b"open" + mark("end", "a") + mark("begin", "b") + b"next"

    assert split(output) == [Line("a", "open"), Line("b", "next")]


def test_lines_after_an_error_marker_are_the_log_of_an_unhandled_error() -> None:
    """Until the next `begin`."""
    output = mark("begin", "a") + b"x\n" + mark("error", "a") + b"[ERROR] E\n" + mark("begin", "a") + b"y\n"

    assert split(output) == [Line("a", "x"), Line("a", "[ERROR] E", unhandled=True), Line("a", "y")]


def test_a_foreign_record_separator_is_text() -> None:
    """Only a marker with the session's secret is a marker."""
    assert split(b"a\x1eb\n\x1ewrong begin x\n") == [Line(None, "a\x1eb"), Line(None, "\x1ewrong begin x")]


def test_empty_lines_are_lines_and_bad_utf8_is_shown() -> None:
    """Nothing is dropped that a terminal would show."""
    assert split(b"\n\nx\xff\n") == [Line(None, ""), Line(None, ""), Line(None, "x�")]


def test_a_line_over_the_bound_continues_in_the_next() -> None:
    """Nothing is lost of it."""
    lines = split(b"x" * (2 * LINE_MAX + 5) + b"\n")

    assert [len(line.text) for line in lines] == [LINE_MAX, LINE_MAX, 5]


def test_the_end_of_an_invocation_is_known() -> None:
    """`ended` names the last invocation whose output is complete."""
    splitter = Splitter(SECRET)
    splitter.feed(mark("begin", "a") + b"x\n")
    assert splitter.ended is None
    splitter.feed(mark("end", "a"))

    assert splitter.ended == "a"


PIECES = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from([b"\n", b"\x1e", b"\x1e" + SECRET.encode(), mark("begin", "a"), mark("end", "a")]),
    ),
    max_size=20,
)


@given(PIECES, st.lists(st.integers(1, 30), max_size=40))
def test_where_the_reads_fall_does_not_matter(pieces: list[bytes], sizes: list[int]) -> None:
    """The same bytes give the same lines in one piece and in any pieces."""
    data = b"".join(pieces)
    chunks, rest = [], data
    for size in sizes:
        chunks.append(rest[:size])
        rest = rest[size:]

    assert split(*chunks, rest) == split(data)


async def test_the_output_of_an_answered_invocation_is_complete() -> None:
    """`read_until` takes in what is in the pipe up to the end marker, without waiting for the loop."""
    reading, writing = os.pipe()
    lines: list[Line] = []
    output = Output(reading, SECRET, lines.append)
    os.write(writing, mark("begin", "a") + b"one\ntwo\n" + mark("end", "a"))
    output.read_until("a")

    assert lines == [Line("a", "one"), Line("a", "two")]
    os.write(writing, b"rest")
    output.close()
    assert lines[-1] == Line("a", "rest")
    os.close(writing)


async def test_a_loud_handler_leaves_the_loop_its_turns() -> None:
    """However much is in the pipe: after a slice of the time others run, and in the end nothing is missing."""
    reading, writing = os.pipe()
    os.write(writing, b"x\n" * 30_000)
    os.close(writing)
    turns: list[int] = []
    count = 0

    def on_line(line: Line) -> None:
        nonlocal count
        count += 1
        until = time.perf_counter() + SLICE / 1000
        while time.perf_counter() < until:
            pass

    output = Output(reading, SECRET, on_line)
    while count < 30_000:
        before = count
        await asyncio.sleep(0)
        turns.append(count - before)

    output.close()

    # A page of two-byte lines takes longer than a slice here.
    assert max(turns) <= 4096 // 2


def test_secrets_fit_the_bound_of_a_marker() -> None:
    """The splitter holds back no more than a marker can be."""
    assert len(marker(secrets.token_hex(16), "begin", "x" * 64)) < 256
