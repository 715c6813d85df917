"""What user code imports: `Resource` in handlers, and the components of an app in `sst_config.py`.

Both halves are loaded by name, when a name is first used: a handler that reads `Resource` never imports Pulumi, and
`import sst` itself imports nothing (it is in the path of every cold start and every reload).
"""

TYPE_CHECKING = False  # type checkers take the name as true; importing typing would cost 8 ms
if TYPE_CHECKING:
    from typing import Any

    # Written beside the user's pyproject.toml by `sst dev` and `sst deploy`: it types every link of the app.
    # Without the file `Resource` is Any.
    from sst_env import Resource as Resource

    from sst import aws as aws
    from sst.resource import Link as Link
    from sst.resource import LinkError as LinkError
    from sst.resource import LinkSourceError as LinkSourceError

_HOMES = {
    "Link": "sst.resource",
    "LinkError": "sst.resource",
    "LinkSourceError": "sst.resource",
    "Resource": "sst.resource",
    "aws": "sst.aws",
}
"""Name → the module it lives in, or is."""


def __getattr__(name: str) -> "Any":
    from sst._lazy import load

    return load(__name__, globals(), _HOMES, name)
