"""Streams and memory; variables and folders are in `test_worker.py`."""

from __future__ import annotations

import io

from sst_worker import environment


def test_each_write_reaches_the_descriptor_at_once() -> None:
    """Whatever ends the process, printed lines are out."""
    raw = io.BytesIO()
    stream = environment.Unbuffered(io.TextIOWrapper(raw, encoding="utf-8"))
    print("now", file=stream)  # type: ignore[call-overload]
    assert raw.getvalue() == b"now\n"
    stream.writelines(["a", "b"])
    assert raw.getvalue() == b"now\nab"
    assert stream.encoding == "utf-8"


def test_the_peak_of_memory_only_grows() -> None:
    """In MB, and of this process's size."""
    before = environment.peak_rss_mb()
    block = b"x" * (64 << 20)
    assert environment.peak_rss_mb() >= before > 5
    assert block
