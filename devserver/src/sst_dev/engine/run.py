"""One run of a config program in the child: `app(input)`, a preview of `run()`, then `run()` for real."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import importlib.util
import inspect
import io
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sst.infra.app import App, AppInput, check_segment
from sst.infra.errors import ConfigError

from ..core.errors import SstError, UserError
from ..core.settings import ENGINE_STATE
from .faults import is_own

if TYPE_CHECKING:
    from sst.infra.context import Context

Message = dict[str, Any]


class Run:
    """Serves the parent's messages for one run of the config at `start["config"]`."""

    def __init__(self, start: Message, send: Callable[[Message], None], receive: Callable[[], Message]) -> None:
        self._config = Path(start["config"])
        self._stage: str = start["stage"]
        self._dev: bool = start["dev"]
        self._force_local: bool = start["force_local"]
        self._command: str = start.get("command", "apply")
        self._secrets: dict[str, str] = start.get("secrets", {})
        self._state_file = Path(start["state_dir"]) / ENGINE_STATE
        self._send = send
        self._receive = receive
        self._kept = set(sys.modules)
        """Modules that were there before the user's: they stay between the passes."""

    def serve(self) -> None:
        """Go through the protocol. Raises what the user's code, the checks or the cloud raise."""
        from sst.infra import context

        context.running_in_dev = self._dev
        check_segment("Stage", self._stage)
        sys.path.insert(0, str(self._config.parent))
        module = self._load()
        app = self._app(module)
        self._send({"kind": "app", "app": self._app_document(app)})
        if self._command == "remove":
            self._remove(app, self._receive()["bootstrap"])
        else:
            self._preview(app, module)
            self._apply(app, self._receive()["bootstrap"])

    # --- the user's code --------------------------------------------------------------------------

    def _load(self) -> ModuleType:
        spec = importlib.util.spec_from_file_location("sst_config", self._config)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["sst_config"] = module
        spec.loader.exec_module(module)
        for name in ("app", "run"):
            if not callable(getattr(module, name, None)):
                raise UserError(
                    f"{self._config.name} defines no function {name}.",
                    hint="Define app(input), which returns sst.App(...), and run(), which creates the components.",
                )
        return module

    def _app(self, module: ModuleType) -> App:
        answer = module.app(AppInput(stage=self._stage))
        app = asyncio.run(_awaited(answer)) if inspect.isawaitable(answer) else answer
        if not isinstance(app, App):
            raise UserError(f"{self._config.name}: app(input) must return sst.App(...), it returned {app!r}.")
        if app.version:
            self._check_version(app.version)
        return app

    def _check_version(self, wanted: str) -> None:
        """Refuse to run an app that asks for another version of sst-py (Config, `version`)."""
        from importlib.metadata import version

        from packaging.specifiers import InvalidSpecifier, SpecifierSet

        installed = version("sst-py")
        try:
            # A bare version asks for just that one.
            known = SpecifierSet(wanted if not wanted[0].isdigit() else f"=={wanted}", prereleases=True)
        except InvalidSpecifier:
            raise UserError(
                f"{self._config.name}: App: version {wanted!r} is no version.", hint='For example "0.1.0" or ">= 0.1".'
            ) from None
        if installed not in known:
            raise UserError(
                f"{self._config.name} asks for sst-py {wanted}; this is {installed}.",
                hint="Install the version the app asks for, or change version in app(input).",
            )

    def _app_document(self, app: App) -> Message:
        return {
            "name": app.name,
            "stage": self._stage,
            "home": app.home,
            "removal": app.removal,
            "protect": app.protect,
            "region": app.region,
            "watch": list(app.watch),
        }

    def _forget_modules(self) -> None:
        """Drop the project's own modules, so that components they create on import are created in each pass."""
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if name not in self._kept and file and is_own(file, self._config.parent):
                del sys.modules[name]

    # --- the passes -------------------------------------------------------------------------------

    def _preview(self, app: App, module: ModuleType) -> None:
        """Run the program without making anything: every check of the components and handlers happens here."""
        from .embedded.monitor import Preview
        from .embedded.state import read

        context = self._context(app, check_handler=self._check_handler)
        printed, record = io.StringIO(), read(self._state_file)
        try:
            # The second pass prints the same again; what a pass that fails has printed helps to mend it.
            with contextlib.redirect_stdout(printed):
                self._pass(context, module, Preview(record), preview=True)
        except BaseException:
            print(printed.getvalue(), end="")  # noqa: T201 the user's own output
            raise
        self._forget_modules()
        if not record:
            # The first apply makes calls for certain, and there is nothing to do until the cloud is up.
            importlib.import_module("boto3")

    def _apply(self, app: App, bootstrap: Message) -> None:
        from .embedded.apply import Applier
        from .embedded.aws import Aws
        from .embedded.state import State, locked

        module = self._load()
        with locked(self._state_file.parent, self._say_waiting):
            state = State(self._state_file)
            state.open()
            try:
                applier = Applier(Aws(bootstrap), state, self._send)
                try:
                    manifest = self._pass(self._context(app, bootstrap), module, applier, preview=False)
                except Exception as error:
                    # What the program raised because of a failed resource is a consequence of that failure.
                    raise applier.failure or error from None
                applier.delete_undeclared()
            finally:
                state.close()
        manifest["app"] = self._app_document(app)
        self._send({"kind": "manifest", "manifest": manifest, "changed": applier.changed, "modules": self._installed()})

    def _remove(self, app: App, bootstrap: Message) -> None:
        from .embedded.apply import Applier
        from .embedded.aws import Aws
        from .embedded.state import State, locked

        if app.protect:
            raise UserError(
                f"App {app.name!r} is protected on stage {self._stage!r} and cannot be removed.",
                hint="Set protect=False in app(input).",
            )
        with locked(self._state_file.parent, self._say_waiting):
            state = State(self._state_file)
            state.open()
            try:
                applier = Applier(Aws(bootstrap), state, self._send)
                applier.delete_undeclared()
            finally:
                state.close()
        self._send({"kind": "removed", "changed": applier.changed})

    def _pass(self, context: Context, module: ModuleType, resources: Any, *, preview: bool) -> Message:
        """Run `run()` once against *resources* and return the manifest; nothing of it outlives the pass."""
        from .passes import program

        return contextvars.Context().run(asyncio.run, program(context, module.run, resources, preview=preview))

    def _context(self, app: App, bootstrap: Message | None = None, **more: Any) -> Context:
        from sst.infra.context import Cloud, Context

        cloud = Cloud()
        if bootstrap is not None:
            cloud = Cloud(**{k: v for k, v in bootstrap.items() if k in Cloud.__dataclass_fields__})
        return Context(
            app=app,
            stage=self._stage,
            root=self._config.parent,
            dev=self._dev,
            local=app.home == "local" or self._force_local,
            cloud=cloud,
            secrets=self._secrets,
            # Both passes come to the same notices; the first one says them.
            notice=self._say if bootstrap is None else lambda text: None,
            **more,
        )

    def _check_handler(self, handler: str, runtime: str) -> None:
        from ..core.handlers import resolve

        try:
            resolve(self._config.parent, handler)
        except SstError as error:
            raise ConfigError(error.message, hint=error.hint) from None

    def _say(self, text: str, level: str = "info") -> None:
        self._send({"kind": "notice", "text": text, "level": level})

    def _say_waiting(self, holder: str) -> None:
        self._say(f"Another sst ({holder}) is applying stage {self._stage!r}; waiting for it.", "warning")

    def _installed(self) -> list[str]:
        """Modules of installed packages that this run imported: what the next run wants to find imported."""
        roots = ("pulumi", "pulumi_aws", "boto3", "botocore", "sst", "sst_dev")
        return [name for name in sys.modules if name.partition(".")[0] in roots and name not in self._kept]


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value
