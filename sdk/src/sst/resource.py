"""What a process is linked to, read from its environment the first time anyone asks.

Three sources, in this order; a later one replaces a link of the same name from an earlier one:

1. `SST_RESOURCE_<Name>`: one JSON value a link.
2. `SST_RESOURCES_JSON`: one JSON object of them all (SST uses it on Windows, whose variable names lose their case).
3. `SST_KEY_FILE` and `SST_KEY`: an encrypted JSON object beside a deployed function (AES-256-GCM under the base64
   key, a nonce of twelve zero bytes, the tag last). Needs `cryptography`: `pip install "sst-py-sdk[key-file]"`.

This module runs in every handler, on Python 3.9 and later: it imports nothing until a link is read, so that
`from sst import Resource` costs a handler nothing it would notice.
"""

TYPE_CHECKING = False  # type checkers take the name as true; importing typing would cost 8 ms
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_PREFIX = "SST_RESOURCE_"
_ALL = "SST_RESOURCES_JSON"
_VIEWS = frozenset(("items", "keys", "values"))
_ACTIVATE = (
    "Links reach a process that sst started: run it with `sst dev -- <command>` or `sst shell -- <command>`; "
    "for a function, `sst dev` or `sst deploy`, with link=[…] where sst_config.py declares it"
)


class LinkError(AttributeError, KeyError):
    """A link, or a property of one, that this process does not have.

    It is an `AttributeError` and a `KeyError`, so that `hasattr`, `getattr` with a default and `except KeyError` work.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class LinkSourceError(Exception):
    """A source of links that is there and cannot be read; the message names it and says what to do."""


class Link(dict):  # type: ignore[type-arg]  # dict[str, Any] as a base would be evaluated on import
    """The properties of one link: a dict whose keys are attributes too, at every depth.

    A property wins over a method of dict that has its name, `Resource.Shop.get`, except over `items`, `keys` and
    `values`: what takes a dict, as `json.dumps` does, calls these. As items they are there: `Resource.Shop["items"]`.
    """

    __slots__ = ("_path",)

    def __init__(self, path: str, properties: "Mapping[str, Any]") -> None:
        super().__init__((key, _wrap(f"{path}.{key}", value)) for key, value in properties.items())
        self._path = path

    def __getattribute__(self, name: str) -> "Any":
        if name not in _VIEWS and not name.startswith("__") and dict.__contains__(self, name):
            return dict.__getitem__(self, name)
        return dict.__getattribute__(self, name)

    def __getattr__(self, name: str) -> "Any":
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __missing__(self, name: str) -> "Any":
        raise LinkError(f'{self._path} has no property "{name}"; it has: {", ".join(sorted(self)) or "none"}')

    def __dir__(self) -> "list[str]":
        return [*super().__dir__(), *self]

    def __reduce__(self) -> "tuple[Any, ...]":
        return Link, (self._path, dict(self))


class Links:
    """`Resource`: every link of this process, by attribute or by item."""

    __slots__ = ("_read",)

    def __init__(self) -> None:
        self._read: "tuple[dict[str, Any], dict[str, LinkSourceError]] | None" = None

    def __getattr__(self, name: str) -> "Any":
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> "Any":
        found, unread = self._links()
        if name in found:
            return found[name]
        for source in (_PREFIX + name, _ALL):
            if source in unread:
                raise unread[source]
        raise LinkError(_missing(name, found))

    def __contains__(self, name: object) -> bool:
        return name in self._links()[0]

    def __iter__(self) -> "Iterator[str]":
        return iter(self._links()[0])

    def __dir__(self) -> "list[str]":
        return [*super().__dir__(), *self]

    def __repr__(self) -> str:
        return f"<Resource: {', '.join(sorted(self)) or 'no links'}>"  # names only: values may be secrets

    def _links(self) -> "tuple[dict[str, Any], dict[str, LinkSourceError]]":
        if self._read is None:
            import os

            self._read = read_links(os.environ)
        return self._read


def read_links(environment: "Mapping[str, str]") -> "tuple[dict[str, Any], dict[str, LinkSourceError]]":
    """The links that *environment* gives (name → value, objects as `Link`), and what could not be read.

    A variable that is not JSON is no reason to refuse the links beside it: the second dict holds the error to
    raise, by variable, when one of its own is asked for. Raises LinkSourceError when the key file cannot be opened.
    """
    found: "dict[str, Any]" = {}
    unread: "dict[str, LinkSourceError]" = {}
    for variable, text in environment.items():
        try:
            if variable.startswith(_PREFIX) and text:
                name = variable[len(_PREFIX) :]
                found[name] = _wrap(f"Resource.{name}", _parse(variable, text))
        except LinkSourceError as error:
            unread[variable] = error
    if _ALL in environment:
        try:
            found.update(_parse_object(_ALL, environment[_ALL]))
        except LinkSourceError as error:
            unread[_ALL] = error
    if "SST_KEY_FILE" in environment and "SST_KEY" in environment:
        path = environment["SST_KEY_FILE"]
        found.update(_parse_object(f"SST_KEY_FILE={path}", _decrypt(path, environment["SST_KEY"])))
    return found, unread


def _parse(source: str, text: "str | bytes") -> "Any":
    import json

    try:
        return json.loads(text)
    except ValueError as error:
        raise LinkSourceError(
            f"{source} is not JSON ({error}). Whoever set it must mend it; sst sets valid JSON."
        ) from None


def _parse_object(source: str, text: "str | bytes") -> "Link":
    value = _parse(source, text)
    if not isinstance(value, dict):
        raise LinkSourceError(f"{source} must be a JSON object of links; it is a {type(value).__name__}.")
    return Link("Resource", value)


def _decrypt(path: str, key: str) -> bytes:
    import base64

    try:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        raise LinkSourceError(
            f"The links of this function are encrypted in {path}, and the package cryptography that opens them is not "
            'installed. Add it to the function: pip install "sst-py-sdk[key-file]"'
        ) from None
    try:
        with open(path, "rb") as file:
            sealed = file.read()
        return AESGCM(base64.b64decode(key)).decrypt(bytes(12), sealed, None)
    except OSError as error:
        raise LinkSourceError(
            f"SST_KEY_FILE={path} cannot be read: {error.strerror}. Deploy the function again."
        ) from None
    except InvalidTag:
        raise LinkSourceError(
            f"SST_KEY does not open SST_KEY_FILE={path}: the key is another's or the file is damaged. "
            "Deploy the function again."
        ) from None
    except ValueError as error:
        raise LinkSourceError(f"SST_KEY must be a base64 AES key of 32 bytes ({error}).") from None


def _wrap(path: str, value: "Any") -> "Any":
    if isinstance(value, dict):
        return Link(path, value)
    if isinstance(value, list):
        return [_wrap(f"{path}[{index}]", item) for index, item in enumerate(value)]
    return value


def _missing(name: str, links: "Mapping[str, Any]") -> str:
    if not links:
        return (
            f"Resource.{name} cannot be read: links are not active in this process (its environment has no "
            f"SST_RESOURCE_…, no SST_RESOURCES_JSON and no SST_KEY_FILE). {_ACTIVATE}."
        )
    import os

    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
    here = f"the function {function}" if function else "this process"
    return (
        f'"{name}" is not linked to {here}. Links are active; linked are: {", ".join(sorted(links))}. '
        f"Add it in sst_config.py, link=[…], or check the spelling."
    )


Resource = Links()
