"""The corpus: handlers and events to run under AWS's runtime client and under ours."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HANDLERS = Path(__file__).parent / "handlers"


@dataclass(frozen=True)
class Call:
    """One invocation: a case of the corpus."""

    name: str
    event: bytes
    headers: dict[str, str] = field(default_factory=dict)
    """Of the Runtime API's answer to `/next`."""


@dataclass(frozen=True)
class Group:
    """Cases that share an environment, so that a process serves many; one that ends it costs a new one."""

    name: str
    files: dict[str, bytes]
    calls: tuple[Call, ...]
    handler: str = "app.handler"
    environment: dict[str, str] = field(default_factory=dict)
    at_least: tuple[int, int] = (3, 9)
    """The first Python version it applies to."""


def groups() -> Iterator[Group]:
    """Every group, in a fixed order."""
    for old_or_new in ("AWS_Lambda_python3.11", "AWS_Lambda_python3.13"):
        variant = old_or_new.rpartition("python")[2]
        env = {"AWS_EXECUTION_ENV": old_or_new}
        yield _from_file(f"responses {variant}", "responses", names=_keys("responses"), environment=env)
        yield _from_file(f"errors {variant}", "errors", environment=env)
    for name, variables in LOGGING.items():
        yield _from_file(f"logs {name}", "logs", environment=variables)
    yield Group("events", {"app.py": ECHO}, tuple(_events()))
    yield Group("context", {"app.py": _source("context")}, tuple(_contexts()), environment=NAMED)
    yield Group("context bare", {"app.py": _source("context")}, tuple(_bare_contexts()))
    yield _from_file("state", "state", environment={"CUSTOM": "c"})
    yield from _handlers()
    yield from _inits()


NAMED = {
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef",
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "_HANDLER": "app.handler",
    "CUSTOM": "value with spaces = and ü",
    "TZ": "Asia/Tokyo",
}

LOGGING = {
    "text": {},
    "text at INFO": {"AWS_LAMBDA_LOG_LEVEL": "INFO"},
    "text at trace": {"AWS_LAMBDA_LOG_LEVEL": "TRACE", "AWS_LAMBDA_LOG_FORMAT": "Text"},
    "JSON": {"AWS_LAMBDA_LOG_FORMAT": "JSON"},
    "JSON at ERROR": {"AWS_LAMBDA_LOG_FORMAT": "json", "AWS_LAMBDA_LOG_LEVEL": "error"},
    "text at nonsense": {"AWS_LAMBDA_LOG_LEVEL": "LOUD"},
}

ECHO = b"""\
def handler(event, context):
    return [type(event).__name__, repr(event)]
"""


def _source(name: str) -> bytes:
    return (HANDLERS / f"{name}.py").read_bytes()


def _keys(name: str) -> list[str]:
    """The keys of `CASES` in a handler file."""
    for node in ast.parse(_source(name)).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "CASES":
            assert isinstance(node.value, ast.Dict)
            return [ast.literal_eval(key) for key in node.value.keys if key is not None]
    raise AssertionError(f"{name}.py has no CASES")


def _functions(name: str) -> list[str]:
    tree = ast.parse(_source(name))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name != "handler"]


def _from_file(group: str, file: str, *, names: list[str] | None = None, environment: dict[str, str]) -> Group:
    calls = (Call(name, json.dumps(name).encode()) for name in names or _functions(file))
    return Group(group, {"app.py": _source(file)}, tuple(calls), environment=environment)


# --- events ---------------------------------------------------------------------------------------

EVENTS: dict[str, bytes] = {
    "null": b"null",
    "true": b"true",
    "false": b" false ",
    "int": b"12",
    "int negative zero": b"-0",
    "int large": b"123456789012345678901234567890",
    "int huge": b"9" * 5000,
    "float": b"1.10",
    "float exponent": b"1E+2",
    "float overflow": b"1e400",
    "float negative zero": b"-0.0",
    "float long": b"0.1234567890123456789012345678901234567890",
    "string": '"Grüße 🎉"'.encode(),
    "string escapes": rb'"\"\\\/\b\f\n\r\t\u00fc\ud83c\udf89"',
    "string lone surrogate": rb'"\ud800"',
    "string surrogate then text": rb'"\ud83cx"',
    "string upper hex": rb'"\uABCD"',
    "list": b"[1, [], {}, null]",
    "dict": b'{"b": 1, "a": {"c": []}}',
    "dict duplicate keys": b'{"a": 1, "b": 2, "a": 3}',
    "dict empty key": b'{"": 1}',
    "whitespace": b' \t\r\n{ "a" : [ 1 , 2 ] }\n',
    "deep": b"[" * 200 + b"]" * 200,
    "too deep": b"[" * 100_000 + b"]" * 100_000,
    "large": json.dumps({"body": "x" * 5_000_000}).encode(),
    "many": json.dumps([{"id": i, "on": True} for i in range(20_000)]).encode(),
    "empty": b"",
    "blank": b"  ",
    "nan": b"NaN",
    "infinity": b"[Infinity]",
    "negative infinity": b'{"a": -Infinity}',
    "word": b"hello",
    "word none": b"None",
    "word capital": b"True",
    "word cut": b"tru",
    "single quotes": b"{'a': 1}",
    "brace only": b"{",
    "bracket only": b"[",
    "brace text": b"{bad",
    "key only": b'{"a"',
    "key and colon": b'{"a":',
    "no colon": b'{"a" 1}',
    "no value": b'{"a": }',
    "no comma in dict": b'{"a": 1 "b": 2}',
    "no comma in list": b"[1 2]",
    "trailing comma in dict": b'{"a": 1,}',
    "trailing comma in dict spaced": b'{"a": 1 , }',
    "trailing comma in list": b"[1,]",
    "trailing comma in list spaced": b"[1 , ]",
    "comma first": b"[,1]",
    "comma first in dict": b"{,}",
    "comma and word": b'{"a": 1, b: 2}',
    "comma and end": b'{"a": 1,',
    "list comma and end": b"[1,",
    "list value and end": b"[1",
    "dict value and end": b'{"a": 1',
    "number key": b"{1: 2}",
    "extra data": b"{} {}",
    "extra word": b"1 x",
    "extra on later line": b"{}\n\n  x\ny",
    "leading zero": b"01",
    "plus sign": b"+1",
    "minus only": b"-",
    "point only": b"1.",
    "point first": b".5",
    "exponent only": b"1e",
    "hex": b"0x10",
    "unterminated string": b'"abc',
    "unterminated escape": b'"abc\\',
    "unterminated later": b'{"a": "b\n',
    "bad escape": rb'"a\x41"',
    "bad unicode escape": rb'"\u12g4"',
    "short unicode escape": rb'"\u12"',
    "short unicode escape at end": rb'"\u12',
    "bad second surrogate": rb'"\ud83c\u12"',
    "sign in unicode escape": rb'"\u+123"',
    "control character": b'"a\tb"',
    "control character nul": b'["a\0b"]',
    "error on third line": b'{\n  "a": 1,\n  "b": x\n}',
    "error after unicode": '{"ü": 世}'.encode(),
    "byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "byte order mark and error": b"\xef\xbb\xbf{bad",
    "byte order mark only": b"\xef\xbb\xbf",
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "invalid utf-8": b'{"a": "\xff"}',
    "cut utf-8": b'"\xc3',
    "utf-8 surrogate": b'"\xed\xa0\x80"',
    "comment": b"{} // comment",
    "nan and then error": b"[NaN, }",
    "huge and then error": b"[" + b"9" * 5000 + b", }",
}


def _events() -> Iterator[Call]:
    for name, event in EVENTS.items():
        yield Call(name, event)
    for content_type in (
        "text/plain",
        "application/json; charset=utf-8",
        "application/octet-stream",
        "Application/JSON",
    ):
        yield Call(f"content type {content_type}", b'{"a": 1}', {"Content-Type": content_type})


# --- context --------------------------------------------------------------------------------------

CLIENT = {
    "custom": {"k": "v"},
    "env": {"locale": "en"},
    "client": {"installation_id": "i", "app_title": "t", "app_version_name": "n", "unknown": "dropped"},
    "unknown": 1,
    "w3c": {"traceparent": "00-abc-def-01", "tracestate": "a=b", "baggage": 1, "other": "x"},
}
CONTEXTS: dict[str, str] = {
    "full": json.dumps(CLIENT),
    "empty": "{}",
    "null": "null",
    "list": "[]",
    "text": '"text"',
    "number": "1",
    "broken": "{bad",
    "client null": '{"client": null}',
    "client list": '{"client": []}',
    "client text": '{"client": "x"}',
    "w3c list": '{"w3c": [1]}',
}
IDENTITIES: dict[str, str] = {
    "full": '{"cognitoIdentityId": "id", "cognitoIdentityPoolId": "pool"}',
    "empty": "{}",
    "null": "null",
    "list": "[]",
    "broken": "nope",
}


def _contexts() -> Iterator[Call]:
    for name in _functions("context"):
        yield Call(name, json.dumps({"case": name}).encode())
    for name, text in CONTEXTS.items():
        for case in ("client", "w3c"):
            headers = {"Lambda-Runtime-Client-Context": text}
            yield Call(f"{case} {name}", json.dumps(case).encode(), headers)
    full = {"Lambda-Runtime-Client-Context": CONTEXTS["full"], "Lambda-Runtime-Cognito-Identity": IDENTITIES["full"]}
    yield Call("everything full", b'"everything"', full)
    yield Call("client slots full", b'"client_slots"', full)
    for name, text in IDENTITIES.items():
        yield Call(f"identity {name}", b'"identity"', {"Lambda-Runtime-Cognito-Identity": text})
    yield Call("tenant given", b'"tenant"', {"Lambda-Runtime-Aws-Tenant-Id": "tenant-1"})
    yield Call("tenant not given any more", b'"tenant"')
    yield Call("trace given", b'"trace"', {"Lambda-Runtime-Trace-Id": "Root=1-5;Parent=2;Sampled=1"})
    yield Call("trace not given any more", b'"trace"')


def _bare_contexts() -> Iterator[Call]:
    for name in ("everything", "values", "environment", "zone"):
        yield Call(name, json.dumps(name).encode())


# --- handlers and their import --------------------------------------------------------------------

KINDS: dict[str, str] = {
    "lambda": "handler = lambda event, context: 'lambda'",
    "partial": "import functools\nhandler = functools.partial(lambda a, e, c: [a, e], 1)",
    "callable object": "class H:\n    def __call__(self, event, context):\n        return 'called'\nhandler = H()",
    "class": "class handler:\n    def __init__(self, event, context):\n        pass",
    "bound method": "class H:\n    def h(self, event, context):\n        return 'bound'\nhandler = H().h",
    "builtin": "handler = max",
    "no arguments": "def handler():\n    return 1",
    "one argument": "def handler(event):\n    return 1",
    "three arguments": "def handler(event, context, more):\n    return 1",
    "keyword only": "def handler(*, event, context):\n    return 1",
    "any arguments": "def handler(*args, **kw):\n    return [len(args), kw]",
    "default arguments": "def handler(event=None, context=None):\n    return event",
    "other names": "def handler(a, b):\n    return a",
    "coroutine function": "async def handler(event, context):\n    return 1",
    "generator function": "def handler(event, context):\n    yield 1",
    "async generator function": "async def handler(event, context):\n    yield 1",
    "decorated": (
        "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def wrapper(e, c):\n"
        "        return {'wrapped': f(e, c)}\n    return wrapper\n@deco\ndef handler(event, context):\n    return 1 / event"  # noqa: E501
    ),
    "not callable": "handler = 3",
    "none": "handler = None",
    "module": "import json as handler",
    "raises type error inside": "def handler(event, context):\n    return len(3)",
}


def _handlers() -> Iterator[Group]:
    calls = (Call("first", b"1"), Call("second", b"0"))
    for name, source in KINDS.items():
        yield Group(f"handler is {name}", {"app.py": source.encode()}, calls)


OK = "def handler(event, context):\n    return [__name__, __package__, __file__.rsplit('/', 1)[1]]\n"

PLACES: dict[str, tuple[str, dict[str, str]]] = {
    "app.handler": ("app.handler", {"app.py": OK}),
    "slashes": ("src/fn/api.handler", {"src/fn/api.py": OK}),
    "dots": ("src.fn.api.handler", {"src/fn/api.py": OK}),
    "package": ("pkg.handler", {"pkg/__init__.py": OK}),
    "package module": ("pkg.mod.handler", {"pkg/__init__.py": "", "pkg/mod.py": OK}),
    "dash": ("my-fn.handler", {"my-fn.py": OK}),
    "unicode": ("über.handler", {"über.py": OK}),
    "relative import": (
        "pkg/mod.handler",
        {"pkg/__init__.py": "", "pkg/mod.py": "from .helper import handler", "pkg/helper.py": OK},
    ),
    "relative import in namespace": (
        "pkg.mod.handler",
        {"pkg/mod.py": "from . import helper\nhandler = helper.handler", "pkg/helper.py": OK},
    ),
    "relative import beyond": ("app.handler", {"app.py": "from . import helper"}),
    "no dot": ("handler", {"handler.py": OK}),
    "empty": ("", {"app.py": OK}),
    "leading dot": (".handler", {"app.py": OK}),
    "leading dot slash": ("./app.handler", {"app.py": OK}),
    "leading slash": ("/app.handler", {"app.py": OK}),
    "trailing dot": ("app.", {"app.py": OK}),
    "with suffix": ("app.py.handler", {"app.py": OK}),
    "class method": ("app.Class.method", {"app.py": "class Class:\n    def method(e, c): ..."}),
    "builtin module": ("sys.handler", {"app.py": OK}),
    "builtin module by slash": ("time/x.handler", {"app.py": OK}),
    "missing module": ("nope.handler", {"app.py": OK}),
    "missing package": ("nope/app.handler", {"app.py": OK}),
    "missing module in package": ("pkg.nope.handler", {"pkg/__init__.py": ""}),
    "missing attribute": ("app.nope", {"app.py": OK}),
    "missing attribute with __getattr__": (
        "app.nope",
        {"app.py": "def __getattr__(name):\n    raise AttributeError(name)"},
    ),
    "dynamic attribute": ("app.dyn", {"app.py": "def __getattr__(name):\n    return lambda e, c: name"}),
    "import error in handler": ("app.handler", {"app.py": "import nope_nope\n" + OK}),
    "import error in helper": ("app.handler", {"app.py": "import helper", "helper.py": "import nope.nope"}),
    "import error of name": ("app.handler", {"app.py": "from helper import nope", "helper.py": "x = 1"}),
    "import error raised": ("app.handler", {"app.py": "raise ImportError('by hand')"}),
    "import error without text": ("app.handler", {"app.py": "raise ImportError"}),
    "import error subclass": ("app.handler", {"app.py": "class E(ImportError): pass\nraise E('mine')"}),
    "circular import": ("app.handler", {"app.py": "from b import x\ny = 1", "b.py": "from app import y\nx = 1"}),
    "syntax error": ("app.handler", {"app.py": "def handler(event, context)\n    return 1\n"}),
    "syntax error in helper": ("app.handler", {"app.py": "import helper", "helper.py": "x = (\n"}),
    "syntax error unicode": ("app.handler", {"app.py": "x = '世' +* 1\n"}),
    "indentation error": ("app.handler", {"app.py": "def f():\nreturn 1\n"}),
    "tab error": ("app.handler", {"app.py": "if 1:\n\tx = 1\n        y = 2\n"}),
    "bad encoding declaration": ("app.handler", {"app.py": "# coding: nope\n" + OK}),
    "syntax error in exec": ("app.handler", {"app.py": "exec('x = = 1')\n"}),
    "exception": ("app.handler", {"app.py": "1 / 0"}),
    "exception in helper": (
        "app.handler",
        {"app.py": "import helper", "helper.py": "def f():\n    return {}['k']\nf()"},
    ),
    "exception custom": ("app.handler", {"app.py": "class Mine(Exception): pass\nraise Mine('ü', 1)"}),
    "exception without text": ("app.handler", {"app.py": "raise ValueError"}),
    "exception chained": (
        "app.handler",
        {"app.py": "try:\n    1 / 0\nexcept Exception as e:\n    raise ValueError('x') from e"},
    ),
    "recursion": ("app.handler", {"app.py": "def f(): return f()\nf()"}),
    "bad __str__": (
        "app.handler",
        {"app.py": "class E(Exception):\n    def __str__(self):\n        return 1\nraise E"},
    ),
    "sys.exit 0": ("app.handler", {"app.py": "import sys\nprint('going')\nsys.exit(0)"}),
    "sys.exit 3": ("app.handler", {"app.py": "import sys\nsys.exit(3)"}),
    "sys.exit text": ("app.handler", {"app.py": "import sys\nsys.exit('why')"}),
    "keyboard interrupt": ("app.handler", {"app.py": "raise KeyboardInterrupt"}),
    "os._exit": ("app.handler", {"app.py": "import os\nos._exit(4)"}),
    "killed": ("app.handler", {"app.py": "import os\nos.kill(os.getpid(), 9)"}),
    "slow": ("app.handler", {"app.py": "import time\ntime.sleep(0.2)\n" + OK}),
    "prints": ("app.handler", {"app.py": "import sys\nprint('out')\nprint('err', file=sys.stderr)\n" + OK}),
    "logs": (
        "app.handler",
        {"app.py": "import logging\nlogging.warning('at init')\nlogging.getLogger('x').info('no')\n" + OK},
    ),
    "logs then fails": ("app.handler", {"app.py": "import logging\nlogging.error('soon')\n1 / 0"}),
    "thread": (
        "app.handler",
        {
            "app.py": "import threading\nt = threading.Thread(target=print, args=('thread',))\nt.start()\nt.join()\n"
            + OK
        },
    ),
    "reads a file": ("app.handler", {"app.py": "text = open('data.txt').read()\n" + OK, "data.txt": "data"}),
    "warns": ("app.handler", {"app.py": "import warnings\nwarnings.warn('at import', DeprecationWarning)\n" + OK}),
    "replaces stdout": ("app.handler", {"app.py": "import sys, io\nsys.stdout = io.StringIO()\nprint('lost')\n" + OK}),
    "sets logging up itself": (
        "app.handler",
        {
            "app.py": "import logging\nlogging.basicConfig(force=True, level=10, format='%(message)s')\nlogging.info('mine')\n"  # noqa: E501
            + OK
        },
    ),
    "removes handlers": (
        "app.handler",
        {
            "app.py": "import logging\nlogging.getLogger().handlers.clear()\n"
            "def handler(event, context):\n    logging.getLogger().warning('last resort')\n    context.log('logged')\n"
        },
    ),
    "main guard": ("app.handler", {"app.py": "if __name__ == '__main__':\n    print('never')\n" + OK}),
    "future annotations": ("app.handler", {"app.py": "from __future__ import annotations\nx: nope = 1\n" + OK}),
    "syntax error with nul": ("app.handler", {"app.py": "x = 1\0\n" + OK}),
    "latin-1 source": ("app.handler", {"app.py": "# coding: latin-1\nx = 'ü'\n" + OK}),
    "byte order mark": ("app.handler", {"app.py": "\ufeff" + OK}),
    "name of a library": ("random_name.handler", {"random_name.py": OK, "colorsys.py": "mine = True"}),
}


def _inits() -> Iterator[Group]:
    for name, (handler, files) in PLACES.items():
        sources = {path: text.encode() for path, text in files.items()}
        yield Group(f"init {name}", sources, (Call("call", b"{}"),), handler)
    for name in ("exception", "import error in helper", "logs", "logs then fails"):
        handler, files = PLACES[name]
        sources = {path: text.encode() for path, text in files.items()}
        yield Group(f"init JSON {name}", sources, (Call("call", b"{}"),), handler, {"AWS_LAMBDA_LOG_FORMAT": "JSON"})
