"""What the stub reads from its environment, and what of it the handler gets to see. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field


class ConfigurationError(Exception):
    """A variable the stub needs is missing or wrong; the message names it."""


@dataclass(frozen=True)
class Config:
    """The stub's configuration: who it is, where its channel is, and the key of this app and stage."""

    app: str
    stage: str
    function: str
    """The component's name (`SST_FUNCTION_ID`)."""
    http_host: str
    realtime_host: str
    key: bytes = field(repr=False)
    """32 bytes (`SST_BRIDGE_KEY`, base64)."""
    region: str
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    streamed: bool
    """`SST_BRIDGE_STREAMED=1`: the function's URL is RESPONSE_STREAM."""
    accept_window: float = 3.0
    """`SST_BRIDGE_ACCEPT_WINDOW`, seconds: how long the stub waits for a sign of a dev server."""


def config(environ: Mapping[str, str]) -> Config:
    """Read the configuration. Raises ConfigurationError naming every variable that is missing."""
    required = ("SST_APP", "SST_STAGE", "SST_FUNCTION_ID", "SST_BRIDGE_HTTP", "SST_BRIDGE_REALTIME",
                "SST_BRIDGE_KEY", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")  # fmt: skip
    missing = [name for name in required if not environ.get(name)]
    if missing:
        raise ConfigurationError(
            f"{', '.join(missing)} not set in the environment of this function. Run `sst dev` or `sst deploy` "
            "again, which set what the stub needs."
        )
    return Config(
        app=environ["SST_APP"],
        stage=environ["SST_STAGE"],
        function=environ["SST_FUNCTION_ID"],
        http_host=environ["SST_BRIDGE_HTTP"],
        realtime_host=environ["SST_BRIDGE_REALTIME"],
        key=_key(environ["SST_BRIDGE_KEY"]),
        region=environ["AWS_REGION"],
        access_key_id=environ["AWS_ACCESS_KEY_ID"],
        secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
        session_token=environ.get("AWS_SESSION_TOKEN", ""),
        streamed=environ.get("SST_BRIDGE_STREAMED") == "1",
        accept_window=_seconds("SST_BRIDGE_ACCEPT_WINDOW", environ.get("SST_BRIDGE_ACCEPT_WINDOW", "3")),
    )


def _seconds(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 900:
        raise ConfigurationError(f"{name} is {text!r}, not a number of seconds from 0 to 900.")
    return seconds


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise ConfigurationError(
            "SST_BRIDGE_KEY is not the base64 of 32 bytes. Run `sst dev` again, which writes a new key."
        )
    return key


# --- what the handler sees ------------------------------------------------------------------------

STUB_PREFIXES = ("SST_BRIDGE_", "SST_STUB_", "SST_DEBUG_", "AWS_CONTAINER_", "_")
"""The stub's own, SST's internals, credentials that do not work off the box, and the platform's: Lambda drops
customer variables that start with an underscore, so none of those is the user's."""

STUB_NAMES = frozenset(
    {
        "SST_FUNCTION_ID",
        # of the sandbox the stub runs in, wrong for a worker elsewhere
        "AWS_EXECUTION_ENV", "AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_EXEC_WRAPPER", "AWS_LAMBDA_MAX_CONCURRENCY", "AWS_XRAY_DAEMON_ADDRESS",
        "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
        "PATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONPATH", "PYTHONHOME", "NODE_PATH",
        "HOME", "PWD", "OLDPWD", "SHLVL", "USER", "LOGNAME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE",
    }
)  # fmt: skip
"""Names that stay behind (Lambda, defined runtime variables)."""


def handler_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that travel to the worker: the function's own and its role's credentials.

    `SST_STUB_HIDDEN` holds more names to leave out, separated by spaces: what the embedded cloud's own
    process had in its environment, which its children inherit.
    """
    hidden = STUB_NAMES.union(environ.get("SST_STUB_HIDDEN", "").split())
    return {name: value for name, value in environ.items() if name not in hidden and not name.startswith(STUB_PREFIXES)}
