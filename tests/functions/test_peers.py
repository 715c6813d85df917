"""Whose process is at the other end of a loopback connection."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from sst_dev.functions.peers import is_own

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


class Ends:
    """A connection as the kernel names its ends: the accepted one, and the peer's."""

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 0x1000)

    def getpeername(self) -> tuple[str, int]:
        return ("127.0.0.1", 0x2000)


def row(local: str, remote: str, *, state: str = "01", user: int = 0, inode: int = 1) -> str:
    return f"   0: 0100007F:{local} 0100007F:{remote} {state} 0:0 0:0 0 {user} 0 {inode} 1 0\n"


OURS = row("1000", "2000")


@pytest.mark.parametrize(
    ("rows", "own"),
    [
        (OURS + row("2000", "1000", user=os.getuid()), True),
        (OURS + row("2000", "1000", user=0), True),
        (OURS + row("2000", "1000", user=os.getuid() + 1), False),
        (OURS + row("2000", "1000", state="06", user=0, inode=0), False),  # closed: it was anybody's
        (OURS, True),  # no process of this machine: forwarded
        (row("1000", "2000", state="07"), False),
        ("", False),
    ],
)
def test_only_this_user_and_root_are_let_in(tmp_path: Path, rows: str, own: bool) -> None:
    """By the kernel's table; who has closed already is nobody."""
    table = tmp_path / "tcp"
    table.write_text(HEAD + rows)

    assert is_own(Ends(), table) is own  # type: ignore[arg-type]


def test_a_connection_of_ones_own_is_known() -> None:
    """With the table of the running kernel."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        accepted, _ = server.accept()
        with accepted:
            assert is_own(accepted)


@pytest.mark.skipif(os.getuid() != 0, reason="another user's connection takes root to make")
def test_another_users_is_refused() -> None:
    """A real one, of the user nobody."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(writing)
            os.setuid(65534)
            with socket.create_connection(server.getsockname()):
                os.read(reading, 1)
            os._exit(0)
        accepted, _ = server.accept()
        with accepted:
            own = is_own(accepted)
        os.close(writing)
        os.close(reading)
        os.waitpid(child, 0)

    assert not own
