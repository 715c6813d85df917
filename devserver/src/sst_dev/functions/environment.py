"""The environment variables of a worker: one pure function.

Minimal local base < what the stub sent, minus what only holds on Lambda's machine < the app's own. Nothing else of
the developer's shell reaches a worker, least of all `AWS_*`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from ..core.manifest import Function, Manifest

# fmt: off
BASE = (
    "PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TEMP", "TMP",
    "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
    "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
    "PYTHONBREAKPOINT",
)
"""What a program needs to find its tools, home, temporary files and the network on this machine, and where the
developer wants `breakpoint()` to lead."""

DROPPED = frozenset({
    "AWS_EXECUTION_ENV", "AWS_LAMBDA_EXEC_WRAPPER", "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_MAX_CONCURRENCY", "AWS_LAMBDA_RUNTIME_API", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS",
    "AWS_XRAY_DAEMON_PORT", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "NODE_PATH", "OLDPWD", "PWD",
    "LANG", "LC_ALL", "LC_CTYPE", "PYTHONHOME", "PYTHONPATH", "SHLVL", "SHELL", "TERM", "_HANDLER",
    "_X_AMZN_TRACE_ID", "_",
}).union(BASE)
"""Variables of the stub that describe Lambda's machine or the stub's own runtime."""
# fmt: on
DROPPED_PREFIXES = ("_LAMBDA_", "_AWS_XRAY_", "SST_DEBUG_")

CREDENTIALS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
_OF_ONE_ENVIRONMENT = CREDENTIALS | {"AWS_LAMBDA_LOG_STREAM_NAME"}


def worker_environment(
    *,
    local: Mapping[str, str],
    stub: Mapping[str, str],
    manifest: Manifest,
    function: Function,
    root: Path,
    endpoint: str | None,
    virtual_env: Path | None,
) -> dict[str, str]:
    """The environment of one worker of *function*.

    *local* is the developer's environment, *stub* the Lambda process's, *endpoint* the AWS endpoint URL in
    local mode, *virtual_env* the environment of the interpreter when it has one.
    """
    base = {name: local[name] for name in BASE if name in local}
    if virtual_env is not None:
        base["VIRTUAL_ENV"] = str(virtual_env)
        base["PATH"] = f"{virtual_env / 'bin'}:{base.get('PATH', '/usr/bin:/bin')}"
    sent = {
        name: value for name, value in stub.items() if name not in DROPPED and not name.startswith(DROPPED_PREFIXES)
    }
    return {
        **base,
        **_defaults(manifest, function),
        **sent,
        **function.environment,
        **manifest.link_environment(function.links),
        **_fixed(manifest, function, root),
        **({"AWS_ENDPOINT_URL": endpoint} if endpoint else {}),
    }


def zygote_environment(worker: Mapping[str, str]) -> dict[str, str]:
    """What the preloaded modules may see: *worker*'s, without credentials and what names one environment."""
    kept = {name: value for name, value in worker.items() if name not in _OF_ONE_ENVIRONMENT}
    if "pydevd" in sys.modules:  # a debugger launched this session, and comes down to what it starts
        kept["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # it warns of frozen modules in the handler's log
    return kept


def _defaults(manifest: Manifest, function: Function) -> dict[str, str]:
    """What Lambda sets, for a stub that does not say; and the doors to the developer's own account, shut."""
    return {
        "AWS_REGION": manifest.app.region,
        "AWS_DEFAULT_REGION": manifest.app.region,
        "AWS_LAMBDA_FUNCTION_NAME": function.lambda_name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.lambda_name}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "TZ": ":UTC",
        # Lambda's, with a language that is installed everywhere: the developer's could make `open()` read Latin-1.
        "LANG": "C.UTF-8",
        "LC_CTYPE": "C.UTF-8",
    }


def _fixed(manifest: Manifest, function: Function, root: Path) -> dict[str, str]:
    return {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        **({"AWS_LAMBDA_LOG_FORMAT": "JSON"} if function.log_format == "json" else {}),
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "LAMBDA_TASK_ROOT": str(root),
        "PWD": str(root),
        "_HANDLER": function.handler,
        "SST_APP": manifest.app.name,
        "SST_STAGE": manifest.app.stage,
        "SST_DEV": "true",
        "SST_LIVE": "true",
    }
