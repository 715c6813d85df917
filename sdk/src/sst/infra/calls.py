"""Checks of a call before it is made: known and complete arguments, by keyword, and the word that was meant."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

import pulumi

from .errors import ConfigError

P = ParamSpec("P")
Q = ParamSpec("Q")
S = TypeVar("S")
T = TypeVar("T")


def meant(word: object, known: Iterable[str]) -> str:
    """The hint that names the one of *known* that *word* is most like, or nothing."""
    near = difflib.get_close_matches(str(word), list(known), n=1)
    return f"Did you mean {near[0]!r}?" if near else ""


def check_call(function: Callable[..., Any], label: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raise `ConfigError` unless *function* takes *args* and *kwargs*, which are without its `self` or `cls`."""
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name not in ("self", "cls")]
    kinds = {p.kind for p in parameters}
    known = [p.name for p in parameters if p.name[0] != "_"]
    for key in kwargs:
        if key not in (p.name for p in parameters) and inspect.Parameter.VAR_KEYWORD not in kinds:
            near = difflib.get_close_matches(key, known, n=1)
            others = ", ".join(name for name in known if name != "name") or "no arguments"
            raise ConfigError(
                f"{label} has no argument `{key}`.",
                hint=f"Did you mean `{near[0]}`?" if near else f"It takes {others}.",
            )
    for parameter in parameters[len(args) :]:
        variable = parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        if parameter.default is parameter.empty and not variable and parameter.name not in kwargs:
            raise ConfigError(f"{label} needs the argument `{parameter.name}`.")
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    if len(args) > len(positional) and inspect.Parameter.VAR_POSITIONAL not in kinds:
        raise ConfigError(f"{label} takes its arguments by keyword, got {args[-1]!r} without one.")
    for parameter, value in zip(positional, args, strict=False):
        if parameter.name in kwargs:
            raise ConfigError(f"{label} got the argument `{parameter.name}` twice: {value!r} and by keyword.")


def check_function(label: str, function: Callable[P, T]) -> Callable[P, T]:
    """*function* behind the check of its calls; *label* is its name in errors."""

    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        check_call(function, label, args, kwargs)
        return function(*args, **kwargs)

    return functools.update_wrapper(call, function)


def check_method(name: str, method: Any) -> Any:
    """*method* behind the checks of its calls; None for what is no method. Of a `get` the ids must be strings."""
    if inspect.isfunction(method) and name != "sst_link":

        @functools.wraps(method)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            check_call(method, f"{self._label}.{name}", args, kwargs)
            return method(self, *args, **kwargs)

        return call
    if isinstance(method, classmethod):
        function: Callable[..., Any] = method.__func__

        @functools.wraps(function)
        def call_class(cls: type, *args: Any, **kwargs: Any) -> Any:
            check_call(function, f"{cls.__name__}.{name}", args, kwargs)
            for value in (*args, *kwargs.values()):
                if not isinstance(value, (str, pulumi.Output, pulumi.ResourceOptions, type(None))):
                    raise ConfigError(f"{cls.__name__}.{name} takes the name of a component and an id, got {value!r}.")
            return function(cls, *args, **kwargs)

        return classmethod(call_class)
    return None


class OnBoth(Generic[P, T, Q, S]):
    """A method that its class has too, with other arguments: `queue.subscribe(…)` and `Queue.subscribe(arn, …)`."""

    def __init__(self, method: Callable[Concatenate[Any, P], T], static: Callable[Q, S]) -> None:
        self._method = method
        self._static = static
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Callable[Q, S]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Callable[P, T]: ...

    def __get__(self, instance: object | None, owner: type) -> Any:
        if instance is None:
            return check_function(f"{owner.__name__}.{self._name}", self._static)
        bound = functools.partial(self._method, instance)
        return check_function(f"{instance._label}.{self._name}", bound)  # type: ignore[attr-defined]

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
