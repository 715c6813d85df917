"""The base of every component: checked arguments, unique names, `transform` and `nodes`."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, TypeVar

import pulumi

from .calls import check_call, check_method, meant
from .context import Context, current
from .errors import ConfigError

T = TypeVar("T")
R = TypeVar("R", bound=pulumi.Resource)

Transform = Mapping[str, Any] | Callable[[dict[str, Any], pulumi.ResourceOptions, str], Any] | None
"""Arguments to merge into those of the underlying resource, or a callback that changes them in place."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_RETAINED = {"aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2", "aws:dynamodb/table:Table"}
"""What `removal="retain"` keeps: the resources that hold the user's data (SST Config, `removal`)."""

_NO_ARGUMENTS = {"__self__", "resource_name", "opts", "__props__"}
"""What the constructor of a Pulumi class takes beside the arguments of the resource."""


class Nodes(dict[str, Any]):
    """The underlying resources of a component, by attribute and by item: `bucket.nodes.bucket`."""

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(f"nodes has no {name!r}: it has {', '.join(self)}.")


class Component(pulumi.ComponentResource):
    """An SST component: a Pulumi component whose constructor is checked before anything is created."""

    token: ClassVar[str]
    """Pulumi type, for example `sst:aws:Bucket`."""
    transforms: ClassVar[tuple[str, ...]] = ()
    """What the argument `transform` may name."""
    made_by: ClassVar[str] = ""
    """The method of its parent that makes it: that is what the user wrote, and what errors name."""
    _label: str
    """What errors and notices call it."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in cls.__dict__:
            cls.__init__ = _checked(cls.__init__)  # type: ignore[method-assign]
        nodes = cls.__dict__.get("nodes")
        if isinstance(nodes, property) and (getter := nodes.fget) is not None:
            cls.nodes = property(lambda self: Nodes(getter(self)), doc=nodes.__doc__)  # type: ignore[attr-defined]
        for name, method in list(cls.__dict__.items()):
            if not name.startswith("_") and (checked_method := check_method(name, method)) is not None:
                setattr(cls, name, checked_method)

    def __init__(
        self,
        name: str,
        opts: pulumi.ResourceOptions | None = None,
        transform: Mapping[str, Transform] | None = None,
    ) -> None:
        context = current()
        self._context = context
        parent = opts.parent if opts is not None and self.made_by else None
        own = f'{type(self).__name__} "{name}"'
        self._label = f"{parent._label}.{self.made_by}" if isinstance(parent, Component) else own
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
        change = self._transform.get(transform)
        changed = transformed(change, args, options, name)
        if change is not None:
            _check_arguments(f"{self._label}: transform[{transform!r}]", resource, changed)
        return resource(name, **changed, opts=options)


def _check_arguments(where: str, resource: Callable[..., Any], args: Mapping[str, Any]) -> None:
    """Raise `ConfigError` for an argument that the Pulumi class *resource* does not have."""
    known = inspect.signature(getattr(resource, "_internal_init", resource)).parameters.keys() - _NO_ARGUMENTS
    for key in args:
        if key not in known:
            raise ConfigError(f"{where}: {resource.__name__} has no argument {key!r}.", hint=meant(key, sorted(known)))


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
    given = fields(f"{label}: transform", transform, allowed) if transform is not None else {}
    for key, value in given.items():
        # False leaves a resource out, where that is documented.
        if not (value is None or value is False or isinstance(value, Mapping) or callable(value)):
            raise ConfigError(f"{label}: transform[{key!r}] must be a dictionary or a function, got {value!r}.")
    return given


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
        check_call(init, label := f'{type(self).__name__} "{name}"', args, kwargs)
        bound = signature.bind(self, *args, **kwargs).arguments
        given = {key: value for key, value in bound.items() if key not in ("self", "name", "opts")}
        for parameter in signature.parameters.values():
            if parameter.kind is parameter.VAR_KEYWORD:
                given |= given.pop(parameter.name, {})
        opts = bound.get("opts") or pulumi.ResourceOptions()
        if not isinstance(opts, pulumi.ResourceOptions):
            raise ConfigError(f"{label}: opts must be pulumi.ResourceOptions(…), got {opts!r}.")
        for kind, callback in current().transforms:
            if isinstance(self, kind):
                callback(given, opts, name)
        check_call(init, label, (name,), given)
        init(self, name, opts=opts, **given)
        self.register_outputs({})

    return construct
