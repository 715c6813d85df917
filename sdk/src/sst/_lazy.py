"""One way to load a name of a package when it is first used."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def load(package: str, namespace: "dict[str, Any]", homes: "dict[str, str]", name: str) -> "Any":
    """The value of *name*, from the module that *homes* gives for it; kept in *namespace* for the next time.

    A module whose own name is *name* is the value itself; what a module computes in a `__getattr__` of its own is
    asked for anew each time. Raises AttributeError for a name that is not in *homes*,
    and ImportError, saying which extra to install, when the app half's libraries are missing.
    """
    if name not in homes:
        import difflib

        near = difflib.get_close_matches(name, homes, n=1)
        raise AttributeError(
            f"module {package!r} has no attribute {name!r}" + (f". Did you mean {near[0]!r}?" if near else "")
        )
    import sys

    try:
        __import__(homes[name])  # importlib would bring warnings along
    except ModuleNotFoundError as error:
        if error.name not in ("pulumi", "pulumi_aws"):
            raise
        raise ImportError(
            f"{package}.{name} is part of an app's configuration and needs {error.name}, which is not installed here. "
            'Install the extra: pip install "sst-py-sdk[infra]"'
        ) from None
    module = sys.modules[homes[name]]
    if homes[name] == f"{package}.{name}":
        return module  # the import itself has put it into *namespace*
    value = getattr(module, name)
    if name in vars(module):
        namespace[name] = value
    return value
