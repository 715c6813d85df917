"""The global helpers of `sst`: `transform`, `asset`, and the app that runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi

from . import context as _context
from .app import App
from .context import current
from .errors import ConfigError

if TYPE_CHECKING:
    app: RunningApp
    """The app and stage that run."""
    dev: bool
    """Whether this is `sst dev`."""


def __getattr__(name: str) -> Any:
    """`sst.app` and `sst.dev`: known only while a program runs, so not attributes of the module."""
    if name == "app":
        return RunningApp(current().app, current().stage)
    if name == "dev":
        return _context.running_in_dev
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class RunningApp:
    """`sst.app`: the app's settings and the stage of this run."""

    def __init__(self, app: App, stage: str) -> None:
        self.name = app.name
        self.stage = stage
        self.home = app.home
        self.removal = app.removal
        self.protect = app.protect
        self.providers = app.providers


def transform(
    resource_class: type[Any], callback: Callable[[dict[str, Any], pulumi.ResourceOptions, str], Any]
) -> None:
    """Call *callback* with the arguments, options and name of every *resource_class* created from here on.

    The callback changes the arguments in place:

    ```python
    sst.transform(sst.aws.Function, lambda args, opts, name: args.setdefault("memory", "512 MB"))
    ```
    """
    if not isinstance(resource_class, type) or not issubclass(resource_class, pulumi.Resource):
        raise ConfigError(f"sst.transform takes a component or resource class, got {resource_class!r}.")
    if not callable(callback):
        raise ConfigError(f"sst.transform takes a function of arguments, options and name, got {callback!r}.")
    current().transforms.append((resource_class, callback))


def asset(path: str) -> pulumi.Asset | pulumi.Archive:
    """The file or folder *path*, relative to the app's root or absolute, as a Pulumi asset or archive.

    ```python
    s3.BucketObjectv2("Logo", bucket=bucket.name, key="logo.svg", source=sst.asset("images/logo.svg"))
    ```
    """
    if not isinstance(path, (str, Path)):
        raise ConfigError(f"sst.asset takes a path, got {path!r}.")
    full = current().root / path
    if not full.exists():
        raise ConfigError(f"sst.asset: {path!r} does not exist in {current().root}.")
    return pulumi.FileArchive(str(full)) if Path(full).is_dir() else pulumi.FileAsset(str(full))


def iam_edit(policy: Any, callback: Callable[[dict[str, Any]], Any]) -> pulumi.Output[str]:
    """The IAM policy *policy* (JSON, or a document) after *callback* changed the document in place.

    ```python
    def allow_mail(args, opts, name):
        args["policy"] = sst.aws.iam_edit(args["policy"], lambda document: document["Statement"].append({…}))

    sst.aws.Bucket("Inbox", transform={"policy": allow_mail})
    ```
    """
    if not callable(callback):
        raise ConfigError(f"sst.aws.iam_edit takes a function that changes the document, got {callback!r}.")

    def edit(document: Any) -> pulumi.Output[str]:
        try:
            value = json.loads(document) if isinstance(document, str) else dict(document)
        except ValueError as error:
            raise ConfigError(f"sst.aws.iam_edit: {document!r} is no policy: {error}") from None
        callback(value)
        return pulumi.Output.json_dumps(value)

    return pulumi.Output.from_input(policy).apply(edit)
