"""`.env` and `.env.<stage>`: what they add to the environment of the config program."""

from __future__ import annotations

from pathlib import Path

from .errors import UserError


def read_dotenv(root: Path, stage: str | None) -> dict[str, str]:
    """The values of `.env.<stage>`, and over them those of `.env` (SST docs, Config, .env).

    What the environment has already is the caller's to keep: a variable of the shell wins over both files.
    Raises `UserError` for a line that is none.
    """
    from dotenv import dotenv_values

    names = [*([f".env.{stage}"] if stage else []), ".env"]
    values: dict[str, str] = {}
    for path in (root / name for name in names):
        if path.is_file():
            _check(path)
            values |= {key: value for key, value in dotenv_values(path).items() if value is not None}
    return values


def _check(path: Path) -> None:
    from dotenv.parser import parse_stream

    with path.open(encoding="utf-8") as file:
        wrong = next((binding.original.line for binding in parse_stream(file) if binding.error), None)
    if wrong is not None:
        raise UserError(
            f"{path}:{wrong}: this is no NAME=VALUE line.", hint="Mend it, or begin it with # to leave it out."
        )
