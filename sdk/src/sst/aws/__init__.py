"""AWS, in both halves: clients for handlers (`task`, `realtime`, `stream`) and components for `sst_config.py`.

Every name is loaded when it is first used, so that a handler which takes a client does not import Pulumi.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sst.aws import realtime as realtime
    from sst.aws import task as task
    from sst.aws.streaming import stream as stream

_HOMES = {
    "realtime": "sst.aws.realtime",
    "stream": "sst.aws.streaming",
    "task": "sst.aws.task",
}
"""Name → the module it lives in, or is."""


def __getattr__(name: str) -> "Any":
    from sst._lazy import load

    return load(__name__, globals(), _HOMES, name)
