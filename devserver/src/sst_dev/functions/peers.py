"""Whose process is at the other end of a loopback connection: any user of a machine may open a port of 127.0.0.1."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

_TABLE = Path("/proc/net/tcp")
_ESTABLISHED = "01"


def is_own(connection: socket.socket, table: Path = _TABLE) -> bool:
    """Whether a process of this user, or root's, opened *connection* (IPv4). True where the kernel does not tell.

    A socket that its process has closed has user 0 and no inode, and is nobody's. One that no process of this kernel
    has is another machine's, forwarded to here by whoever may do that (WSL).
    """
    try:
        rows = table.read_text().splitlines()[1:]
        ours, theirs = (_address(*name) for name in (connection.getsockname(), connection.getpeername()))
    except OSError:
        return not table.exists()
    known = {(row[1], row[2]): row for row in map(str.split, rows)}
    if row := known.get((theirs, ours)):
        return row[9] != "0" and int(row[7]) in (os.getuid(), 0)
    row = known.get((ours, theirs))
    return row is not None and row[3] == _ESTABLISHED


def _address(host: str, port: int) -> str:
    """As the table has it: the address in the byte order of the machine."""
    packed = int.from_bytes(socket.inet_aton(host), sys.byteorder)
    return f"{packed:08X}:{port:04X}"
