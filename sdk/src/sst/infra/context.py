"""What one run of the config program knows and gathers. The engine enters it; the components read and fill it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from .app import App
from .errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True)
class Cloud:
    """What the stage's cloud offers the app's components. In a preview the values are placeholders."""

    endpoint: str | None = None
    """AWS endpoint URL in local mode, None on AWS."""
    region: str = "us-east-1"
    account: str = "000000000000"
    http_host: str = "preview"
    realtime_host: str = "preview"
    api_arn: str = "arn:aws:appsync:us-east-1:000000000000:apis/preview"
    asset_bucket: str = "preview"
    stub_key: str = "preview"
    bridge_key: str = field(default="preview", repr=False)


@dataclass
class Context:
    """One pass of the program: a preview, or the real thing."""

    app: App
    stage: str
    root: Path
    """The folder of `sst_config.py`."""
    dev: bool
    local: bool
    """The app runs on the embedded cloud."""
    cloud: Cloud = Cloud()
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    """Values of `sst secret`, by name."""
    check_handler: Callable[[str, str], None] = lambda handler, runtime: None
    """Raises `ConfigError` when the handler's file, module or attribute does not exist."""
    package: Callable[..., tuple[str, str]] = lambda **wanted: ("", "")
    """The package of a function that does not run live: the zip's path and the handler in it. Called in a thread.

    Takes the fields of `sst_dev.engine.package.Wanted`. In a preview it builds nothing.
    """
    notice: Callable[[str], None] = print
    """Say one line to the developer."""

    names: dict[str, str] = field(default_factory=dict)
    """Names of components by their lower-case form: links are global across the app."""
    generated: set[str] = field(default_factory=set)
    """Physical names that the components made up: the engine may choose others."""
    policies: dict[Any, Any] = field(default_factory=dict)
    """The policy of each queue and topic that others send to, and the statements it will hold; by component or ARN."""
    components: list[Any] = field(default_factory=list)
    """Every component of the app, children too."""
    functions: list[dict[str, Any]] = field(default_factory=list)
    links: dict[str, Any] = field(default_factory=dict)
    """Links that were asked for, by name, with their resources."""
    linkables: list[Any] = field(default_factory=list)
    """Every resource that may be linked, whether it is or not: `Resource` is typed for all of them."""
    dev_commands: list[dict[str, Any]] = field(default_factory=list)
    tunnels: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    transforms: list[tuple[type, Callable[..., None]]] = field(default_factory=list)
    wraps: dict[type, Callable[[Any], Any]] = field(default_factory=dict)
    noticed: set[str] = field(default_factory=set)

    at_end: list[Callable[[], None]] = field(default_factory=list)
    """Called once when `run()` has returned or failed."""
    at_pause: list[Callable[[], None]] = field(default_factory=list)
    """Called once when an asynchronous `run()` waits for something, or when it has returned or failed."""

    def when_declared(self, value: Callable[[], T], *, or_awaited: bool = False) -> Awaitable[T]:
        """What *value* gives once the whole program has run: for resources that sum up what others ask of them.

        With *or_awaited* when it waits: what it waits for may hang on this.
        """
        import asyncio

        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        (self.at_pause if or_awaited else self.at_end).append(lambda: future.set_result(value()))
        return future

    def paused(self) -> None:
        """Say that the program waits."""
        waiting, self.at_pause = self.at_pause, []
        for callback in waiting:
            callback()

    def ended(self) -> None:
        """Say that the program has run to its end."""
        self.paused()
        for callback in self.at_end:
            callback()

    def say_once(self, text: str) -> None:
        """One notice per run, however many components have the same thing to say."""
        if text not in self.noticed:
            self.noticed.add(text)
            self.notice(text)


running_in_dev = False
"""Whether this program runs in `sst dev`: known before any context is."""

_current: Context | None = None


@contextmanager
def entered(context: Context) -> Iterator[Context]:
    """Make *context* the current one. A config program runs alone in its process, so one global is enough."""
    global _current
    previous, _current = _current, context
    try:
        yield context
    finally:
        _current = previous


def current() -> Context:
    """The context of the running program; raises `ConfigError` outside `run()`."""
    if _current is None:
        raise ConfigError(
            "Components can only be created while sst runs the `run()` function of sst_config.py.",
            hint="Move this code into `run()`, or into a module that `run()` imports.",
        )
    return _current
