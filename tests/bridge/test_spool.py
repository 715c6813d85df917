"""Replies that outlive a killed dev server."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

from sst_bridge.messages import Error, Response
from sst_bridge.spool import MAX_AGE, Spool

REPLY = Response("dev", "n1", body=b"\x00\xff")


def test_the_last_reply_of_each_environment_is_there_after_a_restart(tmp_path: Path) -> None:
    """In a folder only the user can read."""
    spool = Spool(tmp_path / "replies")
    spool.keep("env-1", Error("dev", "n0"))
    spool.keep("env-1", REPLY)
    spool.keep("env-2", Error("dev", "n2", "E", body=b"{}"))
    again = Spool(tmp_path / "replies")
    assert sorted(again.load()) == [("env-1", REPLY), ("env-2", Error("dev", "n2", "E", body=b"{}"))]
    assert stat.S_IMODE((tmp_path / "replies").stat().st_mode) == 0o700


def test_a_reply_that_was_being_written_is_no_reply(tmp_path: Path) -> None:
    """It was not sent yet."""
    spool = Spool(tmp_path)
    spool.keep("env-1", REPLY)
    file = tmp_path / "env-1"
    file.write_bytes(file.read_bytes()[:9])
    (tmp_path / "env-2").write_bytes(b"")
    assert spool.load() == []


def test_old_replies_are_deleted(tmp_path: Path) -> None:
    """No stub asks for them any more."""
    spool = Spool(tmp_path)
    spool.keep("env-1", REPLY)
    then = time.time() - MAX_AGE - 1
    os.utime(tmp_path / "env-1", (then, then))
    assert spool.load() == []
    assert list(tmp_path.iterdir()) == []
