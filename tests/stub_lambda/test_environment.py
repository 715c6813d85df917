"""The stub's configuration, and what the handler gets to see of the environment."""

from __future__ import annotations

import base64

import pytest
from sst_stub.environment import ConfigurationError, config, handler_environment

KEY = bytes(range(32))
ENVIRON = {
    "SST_APP": "notes",
    "SST_STAGE": "joe",
    "SST_FUNCTION_ID": "Api",
    "SST_BRIDGE_HTTP": "x.appsync-api.us-east-1.amazonaws.com",
    "SST_BRIDGE_REALTIME": "x.appsync-realtime-api.us-east-1.amazonaws.com",
    "SST_BRIDGE_KEY": base64.b64encode(KEY).decode(),
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "ASIA1",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
}


def test_config_is_read_from_the_environment() -> None:
    """Names, hosts, key and role credentials have one variable each; streaming is off unless it is said."""
    read = config(ENVIRON)

    assert (read.app, read.stage, read.function, read.key) == ("notes", "joe", "Api", KEY)
    assert (read.http_host, read.realtime_host) == (ENVIRON["SST_BRIDGE_HTTP"], ENVIRON["SST_BRIDGE_REALTIME"])
    assert (read.access_key_id, read.secret_access_key, read.session_token) == ("ASIA1", "secret", "token")
    assert not read.streamed
    assert config({**ENVIRON, "SST_BRIDGE_STREAMED": "1"}).streamed


def test_accept_window_is_a_number_of_seconds() -> None:
    """Three seconds unless it is said; what is no number, or beyond any function's life, is named."""
    assert config(ENVIRON).accept_window == 3.0
    assert config({**ENVIRON, "SST_BRIDGE_ACCEPT_WINDOW": "0.5"}).accept_window == 0.5
    for wrong in ("soon", "0", "-1", "901", "nan"):
        with pytest.raises(ConfigurationError, match=f"SST_BRIDGE_ACCEPT_WINDOW is '{wrong}'"):
            config({**ENVIRON, "SST_BRIDGE_ACCEPT_WINDOW": wrong})


def test_secrets_are_not_printed() -> None:
    """The key and the credentials are absent from the repr."""
    text = repr(config(ENVIRON))

    assert "secret" not in text.replace("secret_access_key", "")
    assert "token" not in text.replace("session_token", "")
    assert repr(KEY) not in text


def test_every_missing_variable_is_named() -> None:
    """The error lists all that is missing and what to run."""
    environ = {name: value for name, value in ENVIRON.items() if name not in ("SST_BRIDGE_KEY", "SST_APP")}

    with pytest.raises(ConfigurationError, match=r"SST_APP, SST_BRIDGE_KEY not set .* Run `sst dev`"):
        config(environ)


@pytest.mark.parametrize("key", ["not base64!", base64.b64encode(b"short").decode()])
def test_wrong_key_is_named_and_not_shown(key: str) -> None:
    """A key of another form or length is refused, without its value in the sentence."""
    with pytest.raises(ConfigurationError, match="SST_BRIDGE_KEY is not the base64 of 32 bytes") as raised:
        config({**ENVIRON, "SST_BRIDGE_KEY": key})
    assert key not in str(raised.value)


KEPT = {
    "SST_APP": "notes",
    "SST_STAGE": "joe",
    "SST_RESOURCE_Notes": "{}",
    "SST_KEY": "k",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "ASIA1",
    "AWS_SECRET_ACCESS_KEY": "s",
    "AWS_SESSION_TOKEN": "t",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0",
    "AWS_LAMBDA_LOG_FORMAT": "JSON",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    "TZ": ":UTC",
    "TABLE": "mine",
}
DROPPED = [
    "SST_BRIDGE_KEY",
    "SST_BRIDGE_HTTP",
    "SST_FUNCTION_ID",
    "SST_STUB_PYTHON",
    "SST_STUB_HIDDEN",
    "SST_DEBUG_X",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    "AWS_LAMBDA_EXEC_WRAPPER",
    "AWS_XRAY_DAEMON_ADDRESS",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
    "PATH",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "HOME",
    "PWD",
    "SHLVL",
    "LANG",
    "NODE_PATH",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "_LAMBDA_TELEMETRY_LOG_FD",
    "_AWS_XRAY_DAEMON_PORT",
]


def test_handler_sees_its_own_variables_and_its_role() -> None:
    """The function's variables, links, region and role travel; the sandbox's and the stub's own stay."""
    environ = {**KEPT, **dict.fromkeys(DROPPED, "x")}

    assert handler_environment(environ) == KEPT


def test_hidden_names_stay_behind() -> None:
    """SST_STUB_HIDDEN lists what the embedded cloud's process had in its own environment."""
    environ = {"TABLE": "mine", "STATE_DIR": "/s", "AUTH": "true", "SST_STUB_HIDDEN": "STATE_DIR AUTH"}

    assert handler_environment(environ) == {"TABLE": "mine"}
