"""`App` and `AppInput`: what `app(input)` in `sst_config.py` takes and returns. Imports no Pulumi."""

from __future__ import annotations

import difflib
import functools
import importlib.util
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from .errors import ConfigError

Home = Literal["aws", "local"]
Removal = Literal["remove", "retain", "retain-all"]

SEGMENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?")
"""What AppSync Events allows as one segment of a channel name; app and stage are segments of the channel."""

_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d")


@dataclass(frozen=True)
class AppInput:
    """What `app(input)` is called with."""

    stage: str
    """The stage this run is for, for example `production` or your user name."""


@dataclass(frozen=True)
class App:
    """The app: its name, where its state lives, and what happens when it or a part of it is removed.

    ```python
    def app(input: sst.AppInput) -> sst.App:
        return sst.App(name="notes", home="aws", removal="retain" if input.stage == "production" else "remove")
    ```

    Raises `ConfigError` for a name AWS would refuse and for values that do not exist.
    """

    name: str
    home: Home = "aws"
    """`aws` for your AWS account, `local` for the embedded cloud."""
    removal: Removal = "retain"
    """`remove` deletes everything, `retain` keeps S3 buckets and DynamoDB tables, `retain-all` keeps all."""
    protect: bool = False
    """Refuse `sst remove` on this stage."""
    providers: Mapping[str, Any] = field(default_factory=dict)
    """Providers by name with their arguments, for example `{"aws": {"region": "eu-central-1"}}`.

    The region is that of the local cloud too. Another name is that of an installed package `pulumi_<name>`.
    """
    watch: Sequence[str] = ()
    """Folders, relative to the app's root, that `sst dev` watches; empty means the whole project."""
    version: str = ""
    """The version of sst-py this app asks for, as a PEP 440 specifier, for example `>=0.1`."""

    def __post_init__(self) -> None:
        check_segment("App name", self.name, start="a letter")
        _one_of("home", self.home, get_args(Home))
        _one_of("removal", self.removal, get_args(Removal))
        if not isinstance(self.protect, bool):
            raise ConfigError(f"App: protect must be True or False, got {self.protect!r}.")
        if not isinstance(self.version, str):
            raise ConfigError(f'App: version must be a string like ">=0.1", got {self.version!r}.')
        if isinstance(self.watch, str) or not all(isinstance(path, str) for path in self.watch):
            raise ConfigError(f"App: watch must be a list of paths, got {self.watch!r}.")
        if not isinstance(self.providers, Mapping):
            raise ConfigError(f"App: providers must be a dictionary, got {self.providers!r}.")
        for name in self.providers:
            _check_provider(name)
        if not _REGION.fullmatch(self.region):
            raise ConfigError(
                f"App: providers: aws.region must be an AWS region, got {self.region!r}.",
                hint='For example "eu-west-1".',
            )

    @property
    def region(self) -> str:
        """The AWS region of the app: `providers["aws"]["region"]`, else `us-east-1`."""
        aws = self.providers.get("aws")
        region = aws.get("region") if isinstance(aws, Mapping) else None
        return str(region) if region else "us-east-1"


def _check_keywords(init: Callable[..., None]) -> Callable[..., None]:
    """*init* of a dataclass, with an error that names the argument that was meant."""

    @functools.wraps(init)
    def checked(self: App, *args: Any, **kwargs: Any) -> None:
        known = [one.name for one in fields(self)]
        for key in kwargs:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"Did you mean `{near[0]}`?" if near else f"It takes {', '.join(known)}."
                raise ConfigError(f"App has no argument `{key}`.", hint=hint)
        if not args and "name" not in kwargs:
            raise ConfigError("App needs the argument `name`.")
        init(self, *args, **kwargs)

    return checked


App.__init__ = _check_keywords(App.__init__)  # type: ignore[method-assign]


def check_segment(what: str, value: object, *, start: str = "a letter or digit") -> None:
    """Raise `ConfigError` unless *value* can name an app or a stage everywhere: in AWS names and in channels."""
    if not isinstance(value, str):
        raise ConfigError(f"{what} must be a string, got {value!r}.")
    if not SEGMENT.fullmatch(value) or (start == "a letter" and not value[0].isalpha()):
        raise ConfigError(
            f"{what} {value!r} cannot be used: it must start with {start}, end with a letter or digit, and hold "
            "at most 50 letters, digits and hyphens.",
            hint="AWS builds the names of functions, roles, buckets and channels from it.",
        )


def _check_provider(name: object) -> None:
    """Raise `ConfigError` for a provider that no installed package brings."""
    package = f"pulumi_{name}".replace("-", "_")
    if name == "aws" or importlib.util.find_spec(package) is not None:
        return
    near = difflib.get_close_matches(str(name), ["aws"], n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Add the package {package.replace('_', '-')} to the project."
    raise ConfigError(f"App: providers: there is no provider {name!r}: {package} is not installed.", hint=hint)


def _one_of(argument: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        near = difflib.get_close_matches(str(value), allowed, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"App: {argument} must be one of {', '.join(allowed)}, got {value!r}.", hint=hint)
