"""Pulumi's assets and archives: how they are recorded, and the bytes of them that go to the cloud."""

from __future__ import annotations

import hashlib
import io
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pulumi.runtime import rpc

from ...core.errors import UserError

Asset = dict[str, Any]
"""One on the wire: `path`, `text`, `uri` or `assets`; in a record with the `hash` of its contents too."""

_SIGNATURES = (rpc._special_asset_sig, rpc._special_archive_sig)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold: the same contents give the same bytes


def is_asset(value: Asset) -> bool:
    """Whether a dictionary on the wire stands for an asset or an archive."""
    return value.get(rpc._special_sig_key) in _SIGNATURES


def recorded(value: Asset) -> Asset:
    """*value* with the hash of its contents, so that a changed file is a changed input. Raises `UserError`."""
    digest = hashlib.sha256()
    for name, data in _members(value):
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    return {**value, "hash": digest.hexdigest()}


def contents(value: Asset) -> bytes:
    """The bytes of an asset; of an archive those of its zip."""
    if value[rpc._special_sig_key] == rpc._special_asset_sig or Path(value.get("path", ".")).is_file():
        return next(_members(value))[1]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in _members(value):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = 0o755 << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _members(value: Asset, name: str = "") -> Iterator[tuple[str, bytes]]:
    """Name and contents of each file; of a single one under *name*."""
    if "text" in value:
        yield name, value["text"].encode()
    elif "uri" in value:
        with urllib.request.urlopen(value["uri"]) as answer:  # noqa: S310 the user's own configuration names it
            yield name, answer.read()
    elif "assets" in value:
        for member, item in sorted(value["assets"].items()):
            yield from _members(item, f"{name}/{member}".lstrip("/"))
    else:
        yield from _files(Path(value["path"]), name)


def _files(path: Path, name: str) -> Iterator[tuple[str, bytes]]:
    if path.is_file():
        yield name, path.read_bytes()
    elif path.is_dir():
        for file in sorted(one for one in path.rglob("*") if one.is_file()):
            yield f"{name}/{file.relative_to(path)}".lstrip("/"), file.read_bytes()
    elif str(path) not in ("", "."):
        raise UserError(f"The asset {str(path)!r} does not exist.")
