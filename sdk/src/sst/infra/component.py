"""The base of every component: checked arguments, unique names, `transform` and `nodes`."""

from __future__ import annotations

import difflib
import functools
import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, ClassVar, Concatenate, Generic, ParamSpec, TypeVar, overload

import pulumi

from .context import Context, current
from .errors import ConfigError

T = TypeVar("T")
R = TypeVar("R", bound=pulumi.Resource)
P = ParamSpec("P")
Q = ParamSpec("Q")
S = TypeVar("S")

Transform = Mapping[str, Any] | Callable[[dict[str, Any], pulumi.ResourceOptions, str], Any] | None
"""Arguments to merge into those of the underlying resource, or a callback that changes them in place."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_RETAINED = {"aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2", "aws:dynamodb/table:Table"}
"""What `removal="retain"` keeps: the resources that hold the user's data (SST Config, `removal`)."""


class Component(pulumi.ComponentResource):
    """An SST component: a Pulumi component whose constructor is checked before anything is created."""

    token: ClassVar[str]
    """Pulumi type, for example `sst:aws:Bucket`."""
    transforms: ClassVar[tuple[str, ...]] = ()
    """What the argument `transform` may name."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in cls.__dict__:
            cls.__init__ = _checked(cls.__init__)  # type: ignore[method-assign]

    def __init__(
        self,
        name: str,
        opts: pulumi.ResourceOptions | None = None,
        transform: Mapping[str, Transform] | None = None,
    ) -> None:
        context = current()
        self._context = context
        self._label = f'{type(self).__name__} "{name}"'
        _claim(context, name, self._label)
        self._transform = _checked_transform(self._label, transform, self.transforms)
        super().__init__(self.token, name, None, opts)
        context.components.append(self)

    def _make(
        self,
        resource: Callable[..., R],
        name: str,
        args: dict[str, Any],
        *,
        transform: str = "",
        opts: pulumi.ResourceOptions | None = None,
    ) -> R:
        """Create one underlying resource as a child, once the user's transform called *transform* has seen it."""
        options = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self), opts)
        return resource(name, **transformed(self._transform.get(transform), args, options, name), opts=options)


def transformed(
    transform: Transform, args: dict[str, Any], options: pulumi.ResourceOptions, name: str
) -> dict[str, Any]:
    """*args* after *transform*: merged with a mapping, or changed in place by a callback."""
    if isinstance(transform, Mapping):
        return {**args, **transform}
    if transform is not None:
        transform(args, options, name)
    return {key: value for key, value in args.items() if value is not None}


def checked(value: Any, check: Callable[[Any], T]) -> Any:
    """*check* applied to *value* at once, or as soon as it is known when it is an output."""
    if isinstance(value, (pulumi.Output, Awaitable)):
        return pulumi.Output.from_input(value).apply(check)
    return check(value)


def one_of(where: str, value: object, allowed: tuple[str, ...]) -> str:
    """*value* if it is one of *allowed*, else a `ConfigError` that lists them."""
    if isinstance(value, str) and value in allowed:
        return value
    raise ConfigError(f"{where} must be one of {', '.join(allowed)}, got {value!r}.", hint=meant(value, allowed))


def meant(word: object, known: Iterable[str]) -> str:
    """The hint that names the one of *known* that *word* is most like, or nothing."""
    near = difflib.get_close_matches(str(word), list(known), n=1)
    return f"Did you mean {near[0]!r}?" if near else ""


def fields(where: str, value: object, allowed: tuple[str, ...], *, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """*value* as a dictionary that holds only *allowed* fields and all the *required* ones."""
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where} must be a dictionary, got {value!r}.")
    for key in value:
        if key not in allowed:
            raise ConfigError(f"{where} has no field {key!r}: it has {', '.join(allowed)}.", hint=meant(key, allowed))
    for key in required:
        if value.get(key) is None:
            raise ConfigError(f"{where} needs the field {key!r}.")
    return dict(value)


def strings(where: str, value: Any) -> Any:
    """*value* if it is a list of strings, outputs among them, or an output that will be one."""
    if isinstance(value, pulumi.Output):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(item, (str, pulumi.Output)) for item in value):
        return list(value)
    hint = f"Write [{value!r}]." if isinstance(value, str) else ""
    raise ConfigError(f"{where} must be a list of strings, got {value!r}.", hint=hint)


def flag(where: str, value: Any) -> Any:
    """*value* if it is True or False, or an output that will be."""
    if isinstance(value, (bool, pulumi.Output)):
        return value
    raise ConfigError(f"{where} must be True or False, got {value!r}.")


def number(where: str, value: Any, *, least: int, most: int | None = None) -> int:
    """*value* if it is a whole number between *least* and *most*."""
    if isinstance(value, int) and not isinstance(value, bool) and least <= value and (most is None or value <= most):
        return value
    bounds = f"between {least} and {most}" if most is not None else f"at least {least}"
    raise ConfigError(f"{where} must be a number, {bounds}, got {value!r}.")


def component_of(value: Any) -> Any:
    """The component of this app whose `arn` *value* is, or *value* itself: an ARN tells nothing of what it names."""
    if not isinstance(value, pulumi.Output):
        return value
    return next((one for one in current().components if getattr(one, "arn", None) is value), value)


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
        return self._static if instance is None else functools.partial(self._method, instance)


def prepare(context: Context) -> None:
    """Attach *context* to the stack that is about to run: removal policy, `sst.transform`, links of raw resources."""

    def on_resource(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
        props, opts = args.props, args.opts
        removal = context.app.removal
        if removal == "retain-all" or (removal == "retain" and args.type_ in _RETAINED):
            opts.retain_on_delete = True if opts.retain_on_delete is None else opts.retain_on_delete
        if not isinstance(args.resource, Component):
            for kind, callback in context.transforms:
                if isinstance(args.resource, kind):
                    changed = dict(props)
                    callback(changed, opts, args.name)
                    props = changed
        if not isinstance(opts.parent, Component):
            context.linkables.append(args.resource)
        return pulumi.ResourceTransformationResult(props, opts)

    pulumi.runtime.register_stack_transformation(on_resource)


def _claim(context: Context, name: object, label: str) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError(
            f"{label}: a component's name starts with a letter and holds at most 64 letters, digits, hyphens and "
            "underscores."
        )
    if name == "App":
        raise ConfigError(f"{label}: the name App is taken by the app itself (Resource.App).")
    if name in context.names:
        raise ConfigError(
            f'Two components are called "{name}": {context.names[name]} and {label}.',
            hint="Names are global across the app, because links are found by them.",
        )
    context.names[name] = label


def _checked_transform(
    label: str, transform: Mapping[str, Transform] | None, allowed: tuple[str, ...]
) -> dict[str, Transform]:
    return fields(f"{label}: transform", transform, allowed) if transform is not None else {}


def _checked(init: Callable[..., None]) -> Callable[..., None]:
    """*init* behind the checks of its call: known and complete arguments, then `sst.transform` callbacks."""
    signature = inspect.signature(init)

    @functools.wraps(init)
    def construct(self: Component, *args: Any, **kwargs: Any) -> None:
        if "_constructing" in self.__dict__:
            # A subclass calls the constructor of its base: its arguments have been checked already.
            init(self, *args, **kwargs)
            return
        self.__dict__["_constructing"] = True
        name = args[0] if args else kwargs.get("name")
        _check_call(signature, f'{type(self).__name__} "{name}"', args, kwargs)
        bound = signature.bind(self, *args, **kwargs).arguments
        given = {key: value for key, value in bound.items() if key not in ("self", "name", "opts")}
        for parameter in signature.parameters.values():
            if parameter.kind is parameter.VAR_KEYWORD:
                given |= given.pop(parameter.name, {})
        opts = bound.get("opts") or pulumi.ResourceOptions()
        for kind, callback in current().transforms:
            if isinstance(self, kind):
                callback(given, opts, name)
        _check_call(signature, f'{type(self).__name__} "{name}"', (name,), given)
        init(self, name, opts=opts, **given)
        self.register_outputs({})

    return construct


def _check_call(signature: inspect.Signature, label: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    known = [name for name in signature.parameters if name != "self"]
    open_ended = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    for key in kwargs:
        if key not in known and not open_ended:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"Did you mean `{near[0]}`?" if near else f"It takes {', '.join(known[1:])}."
            raise ConfigError(f"{label} has no argument `{key}`.", hint=hint)
    for parameter in list(signature.parameters.values())[1 + len(args) :]:
        variable = parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        if parameter.default is parameter.empty and not variable and parameter.name not in kwargs:
            raise ConfigError(f"{label} needs the argument `{parameter.name}`.")
    positional = [p for p in signature.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    if len(args) >= len(positional) and not any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values()):
        raise ConfigError(f"{label} takes its arguments by keyword, got {args[-1]!r} without one.")
