"""Physical names: `app-stage-NameType-hash`, trimmed to what the AWS service allows."""

from __future__ import annotations

import hashlib
import re

from .context import current

_LETTERS = "abcdefghjkmnpqrstuvwxyz"
"""Letters only, so that a name never ends in what looks like a version or an account."""


def short_hash(*parts: str) -> str:
    """Eight letters that depend on all *parts*."""
    number = int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:8], "big")
    letters = []
    for _ in range(8):
        number, digit = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[digit])
    return "".join(letters)


def physical_name(name: str, *, limit: int = 64, lower: bool = False, suffix: str = "") -> str:
    """The name in AWS of the resource *name* of this app and stage: at most *limit* characters.

    The hash depends on account and region too, because bucket and role names are shared across them. It makes the
    name stable: the same resource has the same name in every run.
    """
    context = current()
    app, stage, clean = context.app.name, context.stage, re.sub(r"[^A-Za-z0-9]", "", name)
    tail = "-" + short_hash(app, stage, name, context.cloud.account, context.cloud.region) + suffix
    room = limit - len(tail)
    full = f"{app}-{stage}-{clean}"
    if len(full) > room:
        # The component's own name says most, so the app gives way first, then the stage.
        clean = clean[:room]
        prefix = f"{app}-{stage}"[: max(0, room - len(clean) - 1)].strip("-")
        full = f"{prefix}-{clean}" if prefix else clean
    result = full + tail
    result = result.lower() if lower else result
    context.generated.add(result)
    return result
