"""What a worker's environment holds, and what it never holds."""

from __future__ import annotations

import json
from pathlib import Path

from sst_dev.core.manifest import Link
from sst_dev.functions.environment import worker_environment, zygote_environment

from tests.support.functions import ROLE, function, manifest

LOCAL = {
    "PATH": "/usr/bin",
    "HOME": "/home/dev",
    "AWS_PROFILE": "admin",
    "AWS_ACCESS_KEY_ID": "AKIADEVELOPER",
    "AWS_SECRET_ACCESS_KEY": "developer-secret",
    "GITHUB_TOKEN": "ghp",
    "PYTHONPATH": "/dev/libs",
}


def environment(stub: dict[str, str] | None = None, endpoint: str | None = None, **more: object) -> dict[str, str]:
    served = function(**{"environment": {"TABLE": "notes"}, "links": ["Bucket"], **more})
    links = [
        Link(name="Bucket", type="sst.aws.Bucket", properties={"name": "b"}),
        Link(name="Other", type="sst.aws.Bucket", properties={"name": "o"}),
    ]
    return worker_environment(
        local=LOCAL,
        stub=ROLE if stub is None else stub,
        manifest=manifest(served, links=links),
        function=served,
        root=Path("/app"),
        endpoint=endpoint,
        virtual_env=Path("/app/.venv"),
    )


def test_nothing_of_the_developers_account() -> None:
    """No `AWS_*` of the developer's shell arrives, with or without a role from the stub."""
    for stub in (ROLE, {}):
        seen = environment(stub)

        assert "developer-secret" not in seen.values()
        assert "AKIADEVELOPER" not in seen.values()
        assert not {"AWS_PROFILE", "GITHUB_TOKEN", "PYTHONPATH"} & seen.keys()
        assert seen["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"


def test_the_role_and_the_variables_of_the_stub() -> None:
    """What Lambda set for this environment is there, credentials included."""
    seen = environment({**ROLE, "CUSTOM": "1"})

    assert seen["AWS_ACCESS_KEY_ID"] == "ASIAROLE"
    assert seen["AWS_LAMBDA_LOG_STREAM_NAME"] == ROLE["AWS_LAMBDA_LOG_STREAM_NAME"]
    assert seen["CUSTOM"] == "1"


def test_what_only_holds_on_lambdas_machine_is_dropped() -> None:
    """Paths, sockets and the platform's own variables of the stub."""
    dropped = {
        "PATH": "/opt/bin",
        "LD_LIBRARY_PATH": "/opt/lib",
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
        "AWS_LAMBDA_MAX_CONCURRENCY": "8",
        "_LAMBDA_TELEMETRY_LOG_FD": "62",
        "AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1:2000",
        "PYTHONPATH": "/var/runtime",
        "_X_AMZN_TRACE_ID": "Root=1",
    }
    seen = environment({**ROLE, **dropped, "_HANDLER": "bootstrap", "LAMBDA_TASK_ROOT": "/var/task"})

    assert not [name for name, value in dropped.items() if seen.get(name) == value]
    assert seen["_HANDLER"] == "functions/api.handler"
    assert seen["LAMBDA_TASK_ROOT"] == "/app"
    assert seen["PATH"] == "/app/.venv/bin:/usr/bin"


def test_links_and_flags() -> None:
    """The function's own links only, the app, the stage, and that this is dev."""
    seen = environment()

    assert json.loads(seen["SST_RESOURCE_Bucket"]) == {"name": "b", "type": "sst.aws.Bucket"}
    assert "SST_RESOURCE_Other" not in seen
    assert json.loads(seen["SST_RESOURCE_App"]) == {"name": "test", "stage": "dev"}
    assert (seen["SST_DEV"], seen["SST_LIVE"], seen["SST_APP"], seen["SST_STAGE"]) == ("true", "true", "test", "dev")
    assert seen["TABLE"] == "notes"


def test_lambdas_own_variables() -> None:
    """Those of a Python runtime, though the stub runs on another."""
    seen = environment(runtime="python3.13", memory=2048, log_format="json")

    assert seen["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert seen["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "2048"
    assert seen["AWS_LAMBDA_LOG_FORMAT"] == "JSON"
    assert seen["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert seen["TZ"] == ":UTC"


def test_the_endpoint_in_local_mode() -> None:
    """boto3 in the handler reaches the embedded cloud, and AWS when there is none."""
    assert environment(endpoint="http://127.0.0.1:4566")["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert "AWS_ENDPOINT_URL" not in environment()


def test_a_zygote_has_no_credentials() -> None:
    """It serves several environments, each with credentials of its own."""
    seen = zygote_environment(environment())

    assert not {name for name in seen if name in ROLE and name != "AWS_REGION"}
    assert seen["TABLE"] == "notes"


def test_files_open_as_utf_8_whatever_the_developers_locale(tmp_path: Path) -> None:
    """On Lambda `open()` reads UTF-8; a Latin-1 shell must not change that."""
    local = {"LANG": "de_DE.ISO-8859-1", "LC_ALL": "de_DE.ISO-8859-1"}
    found = worker_environment(
        local=local, stub=local, manifest=manifest(function()), function=function(), root=tmp_path, endpoint=None,
        virtual_env=None,
    )  # fmt: skip

    assert (found["LC_CTYPE"], found["LANG"], "LC_ALL" in found) == ("C.UTF-8", "C.UTF-8", False)
