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
    from sst import x as x
    from sst.infra.app import App as App
    from sst.infra.app import AppInput as AppInput
    from sst.infra.errors import ConfigError as ConfigError
    from sst.infra.globals import app as app
    from sst.infra.globals import asset as asset
    from sst.infra.globals import dev as dev
    from sst.infra.globals import transform as transform
    from sst.infra.linkable import Linkable as Linkable
    from sst.infra.secret import Secret as Secret
    from sst.resource import Link as Link
    from sst.resource import LinkError as LinkError
    from sst.resource import LinkSourceError as LinkSourceError

_HOMES = {
    "App": "sst.infra.app",
    "AppInput": "sst.infra.app",
    "ConfigError": "sst.infra.errors",
    "Link": "sst.resource",
    "LinkError": "sst.resource",
    "LinkSourceError": "sst.resource",
    "Linkable": "sst.infra.linkable",
    "Resource": "sst.resource",
    "Secret": "sst.infra.secret",
    "app": "sst.infra.globals",
    "asset": "sst.infra.globals",
    "aws": "sst.aws",
    "dev": "sst.infra.globals",
    "transform": "sst.infra.globals",
    "x": "sst.x",
}
"""Name → the module it lives in, or is. Type checkers read the imports above; a test keeps the two alike."""


def __getattr__(name: str) -> "Any":
    from sst._lazy import load

    return load(__name__, globals(), _HOMES, name)


def __dir__() -> "list[str]":
    return [*globals(), *_HOMES]
