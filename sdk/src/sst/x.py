"""Components that belong to no cloud: `sst.x.DevCommand`."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sst.infra.dev_command import DevCommand as DevCommand

_HOMES = {"DevCommand": "sst.infra.dev_command"}
"""Name → the module it lives in."""


def __getattr__(name: str) -> "Any":
    from sst._lazy import load

    return load(__name__, globals(), _HOMES, name)


def __dir__() -> "list[str]":
    return [*globals(), *_HOMES]
