"""One run of a config program in the child: `app(input)`, a preview of `run()`, then `run()` for real."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import importlib.util
import inspect
import io
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sst.infra.app import App, AppInput, check_segment
from sst.infra.errors import ConfigError

from ..core.errors import SstError, UserError
from ..core.settings import ENGINE_STATE
from .faults import is_own
from .patience import Patience

if TYPE_CHECKING:
    from sst.infra.context import Context

    from .embedded.plan import Preview, Step
    from .package import Packager

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
        self._patience = Patience(self._config.parent, lambda text: self._say(text, "warning"))
        self._to_parent = send
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
            return
        previewed = self._preview(app, module)
        if self._command == "diff":
            self._send({"kind": "steps", "steps": [_step(step) for step in previewed.resources.steps()]})
            return
        wish = self._receive()
        if not wish.get("refresh") and self._nothing_to_do(previewed, wish["bootstrap"]):
            print(previewed.printed, end="")  # noqa: T201 the user's own output
            self._send_manifest(app, previewed.manifest)
        else:
            self._apply(app, wish["bootstrap"], refresh=wish.get("refresh", False))

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

    def _preview(self, app: App, module: ModuleType) -> Previewed:
        """Run the program without making anything: every check of the components and handlers happens here."""
        from .embedded.plan import Preview
        from .embedded.state import read, read_cloud, signature

        printed, record = io.StringIO(), signature(self._state_file)
        cloud, entries = read_cloud(self._state_file), read(self._state_file)
        context = self._context(
            app, cloud, notice=self._say_once, check_handler=self._check_handler, package=self._packager(app).find
        )
        resources = Preview(entries)
        try:
            # The second pass prints the same again; what a pass that fails has printed helps to mend it.
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                manifest = self._pass(context, module, resources, preview=True)
        except BaseException:
            print(printed.getvalue(), end="")  # noqa: T201 the user's own output
            raise
        self._forget_modules()
        if not entries:
            # The first apply makes calls for certain, and there is nothing to do until the cloud is up.
            importlib.import_module("botocore.session")
        return Previewed(resources, manifest, cloud, record, printed.getvalue())

    def _nothing_to_do(self, previewed: Previewed, bootstrap: Message) -> bool:
        """Whether the record holds just what the preview came to, on this very cloud: then that was the apply."""
        from .embedded.state import locked, signature

        if not (previewed.manifest and previewed.resources.unchanged and previewed.cloud == _facts(bootstrap)):
            return False
        with locked(self._state_file.parent, self._say_waiting):
            return signature(self._state_file) == previewed.record

    def _apply(self, app: App, bootstrap: Message, *, refresh: bool) -> None:
        from .embedded.apply import Applier
        from .embedded.aws import Aws
        from .embedded.state import State, locked, read_cloud

        if self._is_local(app) and app.region != bootstrap["region"]:
            self._say(f"The region {app.region} takes effect when sst dev is started anew.", "warning")
        module = self._load()
        with locked(self._state_file.parent, self._say_waiting):
            state = State(self._state_file)
            was, state.cloud = read_cloud(self._state_file).get("region"), _facts(bootstrap)
            state.open()
            if refresh or was not in (None, bootstrap["region"]):
                # What was made in another region is not there in this one.
                state.suspect_all()
            try:
                applier = Applier(Aws(bootstrap), state, self._send)
                try:
                    context = self._context(app, state.cloud, package=self._packager(app).build)
                    manifest = self._pass(context, module, applier, preview=False)
                except Exception as error:
                    # What the program raised because of a failed resource is a consequence of that failure.
                    raise applier.failure or error from None
                applier.delete_undeclared()
            finally:
                state.close()
        self._send_manifest(app, manifest, applier.changed, sorted(applier.gone))

    def _send_manifest(self, app: App, manifest: Message, changed: int = 0, gone: Sequence[str] = ()) -> None:
        manifest["app"] = self._app_document(app)
        facts = {"changed": changed, "gone": gone, "modules": self._installed()}
        self._send({"kind": "manifest", "manifest": manifest, **facts})

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

        with self._patience.watching():
            return contextvars.Context().run(asyncio.run, program(context, module.run, resources, preview=preview))

    def _context(
        self, app: App, cloud: Message, notice: Callable[[str], None] = lambda text: None, **more: Any
    ) -> Context:
        """The context of one pass. Both passes come to the same notices; the first one says them."""
        from sst.infra.context import Cloud, Context

        return Context(
            app=app,
            stage=self._stage,
            root=self._config.parent,
            dev=self._dev,
            local=self._is_local(app),
            cloud=Cloud(**cloud),
            secrets=self._secrets,
            notice=notice,
            **more,
        )

    def _is_local(self, app: App) -> bool:
        return app.home == "local" or self._force_local

    def _packager(self, app: App) -> Packager:
        from .package import Packager

        return Packager(self._config.parent, self._state_file.parent / "packages", local=self._is_local(app))

    def _check_handler(self, handler: str, runtime: str) -> None:
        from ..core.handlers import resolve

        try:
            resolve(self._config.parent, handler)
        except SstError as error:
            raise ConfigError(error.message, hint=error.hint) from None

    def _send(self, message: Message) -> None:
        self._patience.note(message)
        self._to_parent(message)

    def _say(self, text: str, level: str = "info") -> None:
        self._send({"kind": "notice", "text": text, "level": level})

    def _say_once(self, text: str) -> None:
        """Say what stays true for as long as the session, however often the program runs in it."""
        self._send({"kind": "notice", "text": text, "level": "info", "once": True})

    def _say_waiting(self, holder: str) -> None:
        self._say(f"Another sst ({holder}) is applying stage {self._stage!r}; waiting for it.", "warning")

    def _installed(self) -> list[str]:
        """Modules of installed packages that this run has: what the next run wants to find imported."""
        roots = ("pulumi", "pulumi_aws", "boto3", "botocore", "sst", "sst_dev")
        return [name for name in sys.modules if name.partition(".")[0] in roots]


@dataclass(frozen=True)
class Previewed:
    """What the first pass came to."""

    resources: Preview
    manifest: Message
    """Empty when it depends on what is not made yet."""
    cloud: Message
    """What the cloud was taken to offer: what it did at the last apply."""
    record: tuple[int, ...]
    """The signature of the record."""
    printed: str


def _step(step: Step) -> Message:
    entry = step.entry
    names = {"component": entry.component, "name": entry.name, "type": entry.type}
    return {"action": step.action, **names, "changed": list(step.changed)}


def _facts(bootstrap: Message) -> Message:
    """What of *bootstrap* the program gets to see."""
    from sst.infra.context import Cloud

    return {key: value for key, value in bootstrap.items() if key in Cloud.__dataclass_fields__}


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value
