"""How the workers of each function are started: interpreter, environment, and the zygote they come from."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from sst_worker.wire import Head

from ..core.errors import SstError, UserError
from ..core.handlers import ResolvedHandler, locate
from ..core.manifest import Function, Manifest
from ..core.settings import Settings
from ..core.tasks import cancel_all, spawn
from .environment import worker_environment, zygote_environment
from .ignore import IGNORED
from .interpreter import Interpreter, Interpreters, Packages
from .model import EnvironmentInfo
from .preload import Preloads
from .program import Child, Launch
from .spare import Spares
from .zygote import OnExit, Zygote

ZYGOTE_IDLE_LIMIT = 600.0
"""Seconds a zygote without workers is kept: starting one again costs a second or two."""

Say = Callable[[str, Literal["debug", "info", "warning"]], None]


class Nursery(Protocol):
    """Where workers come from: `Zygote` or `Spares`."""

    how: Launch

    @property
    def live(self) -> set[int]: ...
    @property
    def alive(self) -> bool: ...
    async def start(self) -> None: ...
    async def spawn(self, worker: int) -> Child: ...
    def prepare(self) -> None: ...
    def load_debugger(self, folder: str) -> None: ...
    def pid(self, worker: int) -> int | None: ...
    def kill(self, worker: int) -> None: ...
    def describe(self) -> dict[str, Any]: ...
    async def close(self) -> None: ...


@dataclass(frozen=True)
class _Plan:
    """What starting any worker of a function takes; found once, until the app or the handler's file changes."""

    resolved: ResolvedHandler
    interpreter: Interpreter
    key: tuple[Path, dict[str, str]]
    """Interpreter and variables, without the stub's own: environments that differ in those share a zygote."""


@dataclass
class _Held:
    """The nursery new workers of a function come from."""

    nursery: Nursery
    key: tuple[Path, dict[str, str]]
    packages: Packages
    idle_since: float


class Launcher:
    """Owner of the zygotes, one for each function that was called."""

    def __init__(self, settings: Settings, *, say: Say, on_exit: OnExit, on_line: Callable[[str, str], None]) -> None:
        self._root = settings.root
        self._say = say
        self._on_exit = on_exit
        self._on_line = on_line
        self._interpreters = Interpreters(self._root, lambda text: say(text, "info"))
        self._preloads = Preloads(settings.stage_home / "preload.json")
        self._spare = worker_kind(os.environ) == "spare"
        self._sdk = sdk_folder()
        self._plans: dict[str, _Plan] = {}
        self._held: dict[str, _Held] = {}
        self._retired: list[Nursery] = []
        self._of_worker: dict[int, Nursery] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._warned: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing: set[asyncio.Task[Any]] = set()
        self.secret = secrets.token_hex(16)
        """Of the markers in this session's worker output."""
        self.debugging: Callable[[], Head] = dict
        """What a new worker is told of debuggers: `debugger`, `tty` and `attach` of its `init`."""
        self._manifest: Manifest | None = None
        self._endpoint: str | None = None

    def update(self, manifest: Manifest, endpoint: str | None) -> None:
        """The app changed; zygotes whose function's variables changed are replaced at their next use."""
        self._manifest, self._endpoint = manifest, endpoint
        self._plans.clear()
        for name in [name for name in self._held if manifest.function(name) is None]:
            self._retire(self._held.pop(name).nursery)

    async def make_environments(self) -> None:
        """Find the interpreter of every function now, so that a missing environment is made before anyone calls."""
        for function in list(self._manifest.functions) if self._manifest else ():
            if function.live:
                try:
                    await self._plan(function)
                except SstError as error:
                    self._say(f"{function.name}: {error.message} {error.hint}", "warning")

    def function(self, name: str) -> Function | None:
        """The function called *name*, as the app has it now."""
        return self._manifest.function(name) if self._manifest else None

    async def launch(self, worker: int, name: str, environment: EnvironmentInfo) -> tuple[Child, Head]:
        """Start *worker* of the function called *name*: its process and what to initialize it with.

        Raises UserError when the function is gone or its environment cannot be made.
        """
        function = self.function(name)
        if function is None:
            raise UserError(f'this app has no function "{name}"', hint="Deploy again, or call another one.")
        plan = await self._plan(function)
        variables = self._variables(function, environment, plan.interpreter)
        held = await self._nursery(function, plan, variables)
        self._of_worker[worker] = held.nursery
        child = await held.nursery.spawn(worker)
        return child, {
            "handler": function.handler,
            "module": plan.resolved.module,
            "attribute": plan.resolved.attribute,
            "root": str(self._root),
            "paths": [str(path) for path in plan.resolved.paths],
            "environment": variables,
            "sdk": str(self._sdk) if self._sdk else None,
            "marker": self.secret,
            "function": function.name,
            **self.debugging(),
            "ignore": [str(self._root / name) for name in IGNORED],
        }

    def outdated(self, function: str) -> list[str]:
        """Paths of the interpreter's environment that changed since the zygote of *function* was started."""
        held = self._held.get(function)
        return held.packages.changed() if held else []

    def learn(self, function: str, modules: list[str]) -> None:
        """Remember what a worker imported; when that is more than its zygote holds, start a better one."""
        held = self._held.get(function)
        if held is None or not self._preloads.learn(function, [*held.nursery.how.modules, *modules]):
            return
        spawn(self._succeed(function, held), name=f"zygote of {function}", owner=self._tasks)

    def prepare(self, worker: int) -> None:
        """*worker* is up and its zygote idle: have it make the next process before that is needed."""
        if nursery := self._of_worker.get(worker):
            nursery.prepare()

    def load_debugger(self) -> None:
        """An IDE has attached: workers connect to it, and find what that takes imported."""
        if debugger := self.debugging().get("debugger"):
            for held in self._held.values():
                held.nursery.load_debugger(debugger["debugpy"])

    def pid(self, worker: int) -> int | None:
        """The process of *worker*."""
        nursery = self._of_worker.get(worker)
        return nursery.pid(worker) if nursery else None

    def kill(self, worker: int) -> None:
        """Kill the process group of *worker*."""
        if nursery := self._of_worker.get(worker):
            nursery.kill(worker)

    def packages(self) -> list[Path]:
        """What to watch for changes of the interpreters' environments."""
        return sorted({path for held in self._held.values() for path in held.packages.folders()})

    def evict(self, now: float) -> None:
        """End zygotes that have had no worker for long."""
        for function, held in list(self._held.items()):
            if held.nursery.live:
                held.idle_since = now
            elif now - held.idle_since > ZYGOTE_IDLE_LIMIT:
                self._retire(self._held.pop(function).nursery)

    async def settled(self) -> None:
        """Returns once no zygote is being started or closed."""
        while pending := self._tasks | self._closing:
            await asyncio.gather(*pending)

    def describe(self) -> dict[str, dict[str, Any]]:
        """Zygotes by function, for `sst status`."""
        return {
            name: {"python": str(held.nursery.how.python), **held.nursery.describe()}
            for name, held in self._held.items()
        }

    async def close(self) -> None:
        """End every zygote and with them every worker."""
        await cancel_all(self._tasks)
        nurseries = [*self._retired, *(held.nursery for held in self._held.values())]
        self._held.clear()
        self._retired.clear()
        await asyncio.gather(*self._closing, *(nursery.close() for nursery in nurseries))

    async def _plan(self, function: Function) -> _Plan:
        plan = self._plans.get(function.name)
        if plan is None or not plan.resolved.file.is_file() or not plan.interpreter.python.exists():
            resolved = self._locate(function)
            interpreter = await self._interpreters.of(resolved.file)
            key = (interpreter.python, self._variables(function, EnvironmentInfo("", ""), interpreter))
            plan = self._plans[function.name] = _Plan(resolved, interpreter, key)
        return plan

    def _locate(self, function: Function) -> ResolvedHandler:
        """Where the handler is now. A file that went missing is left to `import` to complain about."""
        try:
            return locate(self._root, function.handler, component=function.name)
        except UserError:
            module, _, attribute = function.handler.removeprefix("./").rpartition(".")
            file = self._root / f"{module}.py"
            return ResolvedHandler(self._root, (self._root,), module.replace("/", "."), attribute, file)

    def _variables(self, function: Function, environment: EnvironmentInfo, interpreter: Interpreter) -> dict[str, str]:
        assert self._manifest is not None, "functions are invoked after the first update"
        return worker_environment(
            local=os.environ,
            stub=environment.variables,
            manifest=self._manifest,
            function=function,
            root=self._root,
            endpoint=self._endpoint,
            virtual_env=interpreter.virtual_env,
        )

    async def _nursery(self, function: Function, plan: _Plan, variables: dict[str, str]) -> _Held:
        async with self._locks.setdefault(function.name, asyncio.Lock()):
            held = self._held.get(function.name)
            if held is not None and held.key == plan.key and held.nursery.alive and not held.packages.changed():
                return held
            self._warn_of_version(function, plan.interpreter)
            how = Launch(
                python=plan.interpreter.python,
                root=self._root,
                environment=zygote_environment(variables),
                sdk=self._sdk,
                modules=self._preloads.of(function.name),
            )
            packages = Packages(plan.interpreter)
            try:
                new = await self._start(function.name, how, plan.key, packages)
            except (SstError, TimeoutError) as error:
                if not how.modules:
                    raise
                self._say(f"{function.name}: its imports cannot be preloaded: {error}", "warning")
                new = await self._start(function.name, replace(how, modules=()), plan.key, packages)
            self._hold(function.name, new)
            return new

    async def _succeed(self, function: str, held: _Held) -> None:
        """Replace *held* by a zygote that holds what was learned, without keeping anyone waiting."""
        how = replace(held.nursery.how, modules=self._preloads.of(function))
        try:
            new = await self._start(function, how, held.key, held.packages)
        except (SstError, OSError, TimeoutError) as error:
            self._say(f"{function}: its imports cannot be preloaded: {error}", "warning")
            return
        if self._held.get(function) is held:
            self._hold(function, new)
            self._say(f"{function}: the next worker finds {len(how.modules)} modules imported", "debug")
        else:
            await new.nursery.close()

    async def _start(self, function: str, how: Launch, key: tuple[Path, dict[str, str]], packages: Packages) -> _Held:
        kind = Spares if self._spare else Zygote
        nursery: Nursery = kind(how, on_exit=self._exited, on_line=lambda text: self._on_line(function, text))
        await nursery.start()
        if debugger := self.debugging().get("debugger"):
            nursery.load_debugger(debugger["debugpy"])
        return _Held(nursery, key, packages, asyncio.get_running_loop().time())

    def _hold(self, function: str, new: _Held) -> None:
        old, self._held[function] = self._held.get(function), new
        if old is not None:
            self._retire(old.nursery)

    def _retire(self, nursery: Nursery) -> None:
        """Workers end with their zygote, so it stays until its last one is done."""
        self._retired.append(nursery)
        self._close_retired()

    def _exited(self, worker: int, code: int | None, by_signal: int | None) -> None:
        self._of_worker.pop(worker, None)
        self._on_exit(worker, code, by_signal)
        self._close_retired()

    def _close_retired(self) -> None:
        for nursery in [n for n in self._retired if not n.live]:
            self._retired.remove(nursery)
            spawn(nursery.close(), name="closing a zygote", owner=self._closing)

    def _warn_of_version(self, function: Function, interpreter: Interpreter) -> None:
        wanted = function.runtime.removeprefix("python")
        pair = (function.runtime, interpreter.version)
        if interpreter.version and wanted != interpreter.version and pair not in self._warned:
            self._warned.add(pair)
            self._say(
                f'{function.name} declares runtime="{function.runtime}", and runs here on Python '
                f"{interpreter.version} ({interpreter.python})",
                "warning",
            )


def worker_kind(environment: Mapping[str, str]) -> Literal["zygote", "spare"]:
    """`SST_WORKERS`, or what suits the platform: macOS frameworks do not survive a fork. Raises UserError."""
    kind = environment.get("SST_WORKERS") or ("zygote" if sys.platform.startswith("linux") else "spare")
    if kind == "zygote":
        return "zygote"
    if kind == "spare":
        return "spare"
    raise UserError(f'SST_WORKERS="{kind}": expected "zygote" or "spare"', hint="Unset it for the default.")


def sdk_folder() -> Path | None:
    """The package folder of the copy of `sst` installed with this program."""
    spec = importlib.util.find_spec("sst")
    return Path(spec.origin).parent if spec and spec.origin else None
