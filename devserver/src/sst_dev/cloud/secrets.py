"""The secrets of an app on this machine: values of a stage, and fallbacks for every stage that has none.

Encrypted at rest with AES-256-GCM under a key of the app, `.sst/secrets.key` (mode 0600): a secrets file that is
copied, backed up or committed by mistake tells nothing.
"""

from __future__ import annotations

import base64
import fcntl
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import UserError
from ..core.files import private_dir, write_private
from ..core.settings import Settings

NAME = re.compile(r"[A-Z][A-Za-z0-9_]*")
"""A secret's name (SST docs, Secret), and the underscores of its dotenv files (CLI, `secret load`)."""


class SecretStore:
    """Reads and writes the secrets of one app and stage. Every method may raise `UserError`."""

    def __init__(self, settings: Settings) -> None:
        self._key_file = settings.home / "secrets.key"
        self._stage_file = settings.stage_home / "secrets.enc"
        self._fallback_file = settings.home / "secrets.enc"

    def values(self) -> dict[str, str]:
        """What the app sees: the stage's values over the fallbacks."""
        return {**self.read(fallback=True), **self.read(fallback=False)}

    def read(self, *, fallback: bool) -> dict[str, str]:
        """The stage's own values, or the fallbacks."""
        path = self._file(fallback)
        if not path.exists():
            return {}
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            sealed = base64.b64decode(path.read_text(), validate=True)
            clear = AESGCM(self._key()).decrypt(sealed[:12], sealed[12:], path.name.encode())
        except (InvalidTag, ValueError):
            raise UserError(
                f"{path} cannot be decrypted with {self._key_file}.",
                hint="Put the two back as they were, or delete the first and set the secrets again.",
            ) from None
        values: dict[str, str] = json.loads(clear)
        return values

    def set(self, values: dict[str, str], *, fallback: bool) -> None:
        """Add or replace *values*; all of them or none."""
        for name, value in values.items():
            check_name(name)
            _check_value(name, value)
        with self._locked():
            self._write({**self.read(fallback=fallback), **values}, fallback=fallback)

    def remove(self, name: str, *, fallback: bool) -> None:
        """Forget the value of *name*."""
        with self._locked():
            values = self.read(fallback=fallback)
            if name not in values:
                known = ", ".join(sorted(values)) or "none"
                kind = "fallback" if fallback else "value in this stage"
                raise UserError(f"Secret {name!r} has no {kind}.", hint=f"Set are: {known}.")
            del values[name]
            self._write(values, fallback=fallback)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone with the files of the app: two commands at once must not undo each other."""
        private_dir(self._key_file.parent)
        with self._key_file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _write(self, values: dict[str, str], *, fallback: bool) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        path = self._file(fallback)
        nonce = secrets.token_bytes(12)
        sealed = AESGCM(self._key()).encrypt(nonce, json.dumps(values).encode(), path.name.encode())
        write_private(path, base64.b64encode(nonce + sealed).decode())

    def _file(self, fallback: bool) -> Path:
        return self._fallback_file if fallback else self._stage_file

    def _key(self) -> bytes:
        if not self._key_file.exists():
            write_private(self._key_file, base64.b64encode(secrets.token_bytes(32)).decode())
        return base64.b64decode(self._key_file.read_text())


def check_name(name: str) -> None:
    """Raise `UserError` unless *name* can be a secret's."""
    if not NAME.fullmatch(name):
        raise UserError(
            f"{name!r} is no name for a secret: it must start with a capital letter and hold letters, digits and "
            "underscores only.",
            hint='Use the name given to `sst.Secret("…")` in sst_config.py.',
        )


def _check_value(name: str, value: str) -> None:
    """Raise `UserError` for what no environment variable can hold."""
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise UserError(
            f"The value of secret {name!r} is not UTF-8 text.", hint="Encode what is binary, for example with base64."
        )


def to_dotenv(values: dict[str, str]) -> str:
    """*values* in the dotenv form that `parse_dotenv`, and a shell for plain values, read back."""
    return "".join(f"{name}={_quoted(value)}\n" for name, value in sorted(values.items()))


def _quoted(value: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_./:@%+,-]*", value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def parse_dotenv(text: str) -> dict[str, str]:
    """The values of a dotenv *text*, taken as they stand: no variable is expanded."""
    import io

    from dotenv import dotenv_values

    found = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value for name, value in found.items() if value is not None}
