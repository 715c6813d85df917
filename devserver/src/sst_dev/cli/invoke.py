"""`sst invoke`: one call through the cloud, as any other caller makes it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import click

from ..app.control import request
from ..core.errors import ExitCode, RemoteError, UserError
from .options import GlobalOptions
from .status import session_socket

PATIENCE = 960
"""Seconds until the call is given up: Lambda's longest timeout (900 s, Lambda quota) and a minute."""


@click.command(name="invoke")
@click.argument("name")
@click.option("--event", default="{}", metavar="JSON|@FILE|-", help="The event: JSON, a file, or - for standard input.")
@click.pass_obj
def command(options: GlobalOptions, name: str, event: str) -> int:
    """Invoke the function NAME and print its response as it came.

    A function error prints Lambda's error object on standard error and exits with 1.
    """
    payload = read_event(event)
    status = asyncio.run(request(session_socket(options), {"command": "status"}))
    error, body = _invoke(status, _lambda_name(status, name), payload)
    stream = sys.stderr if error else sys.stdout
    stream.buffer.write(body)
    stream.buffer.flush()
    if stream.isatty():
        click.echo("", file=stream)
    return ExitCode.FAILURE if error else ExitCode.OK


def read_event(argument: str) -> bytes:
    """The event's bytes. Raises `UserError` when the file is missing or the text is not JSON."""
    if argument == "-":
        source, data = "standard input", sys.stdin.buffer.read()
    elif argument.startswith("@"):
        source = argument[1:]
        try:
            data = Path(source).read_bytes()
        except OSError as error:
            raise UserError(
                f"--event: cannot read {source}: {error.strerror}.", hint="Name an existing file."
            ) from None
    else:
        source, data = "its value", argument.encode()
    try:
        json.loads(data, parse_constant=_no_constant)
    except ValueError as error:
        raise UserError(
            f"--event: {source} is not JSON: {error}.", hint="""Write for example --event '{"a": 1}'."""
        ) from None
    return data


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is Python's, not JSON's")


def _lambda_name(status: dict[str, Any], name: str) -> str:
    for function in status["functions"]:
        if name in (function["name"], function["lambda_name"]):
            return str(function["lambda_name"])
    names = ", ".join(function["name"] for function in status["functions"])
    raise UserError(f"The app has no function {name!r}.", hint=f"It has: {names or 'none yet (see `sst status`)'}.")


def _invoke(status: dict[str, Any], lambda_name: str, payload: bytes) -> tuple[bool, bytes]:
    """Call Lambda; whether it was a function error, and the payload."""
    import boto3
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    local = status["aws_endpoint_url"]
    credentials = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": status["region"]}
    # A profile of the developer, or one that does not exist, has no say in what is local.
    profile: dict[str, Any] = {"session_vars": {"profile": (None, [], None, None)}} if local else {}
    client = boto3.session.Session(botocore_session=botocore.session.Session(**profile)).client(
        "lambda",
        endpoint_url=local,
        config=Config(read_timeout=PATIENCE, retries={"total_max_attempts": 1}),
        **(credentials if local else {}),
    )
    try:
        answer = client.invoke(FunctionName=lambda_name, Payload=payload)
        return "FunctionError" in answer, answer["Payload"].read()
    except (BotoCoreError, ClientError) as error:
        raise RemoteError(f"Lambda refused to invoke {lambda_name}: {error}", hint="See `sst status`.") from error
