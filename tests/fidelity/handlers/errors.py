# ruff: noqa
"""How a handler may fail: one function a case, named by the event."""

import json
import os
import signal
import sys
import threading


class Custom(Exception):
    pass


class Outer:
    class Inner(ValueError):
        pass


class OddStr(Exception):
    def __str__(self):
        return "from __str__"


class BadStr(Exception):
    def __str__(self):
        raise RuntimeError("no str")


class NoneStr(Exception):
    def __str__(self):
        return None


class TwoArguments(Exception):
    def __init__(self, a, b):
        super().__init__(a, b)


def value_error():
    raise ValueError("bad value")


def empty_message():
    raise ValueError


def blank_message():
    raise ValueError("")


def key_error():
    {}["k"]


def index_error():
    [][1]


def zero_division():
    1 / 0


def attribute_error():
    None.nothing


def name_error():
    undefined_name


def type_error():
    len(1)


def unpack_error():
    a, b = [1]


def assertion():
    assert False, "not so"


def os_error():
    open("/does/not/exist")


def unicode_error():
    b"\xff".decode()


def custom():
    raise Custom("mine", 2)


def nested_class():
    raise Outer.Inner("inner")


def odd_str():
    raise OddStr("never shown")


def bad_str():
    raise BadStr


def none_str():
    raise NoneStr


def two_arguments():
    raise TwoArguments("a", {"b": 1})


def error_value_not_text():
    raise ValueError({"a": 1})


def chained():
    try:
        raise KeyError("first")
    except KeyError as error:
        raise ValueError("second") from error


def chained_implicitly():
    try:
        raise KeyError("first")
    except KeyError:
        raise ValueError("second")


def nested_frames():
    def a(n):
        return b(n) if n else 1 / n

    def b(n):
        return a(n - 1)

    return a(3)


def long_expression():
    return json.loads("{" + "not json")  # the frame's line


def in_library():
    json.loads("[1, ")


def in_exec():
    exec("def f():\n    raise ValueError('no source')\nf()")


def in_lambda():
    (lambda: 1 / 0)()


def in_comprehension():
    [1 / n for n in (1, 0)]


def in_generator():
    def numbers():
        yield 1
        raise ValueError("in generator")

    list(numbers())


def stop_iteration():
    next(iter([]))


def recursion():
    return recursion()


def exception_group():
    raise ExceptionGroup("g", [ValueError(1), TypeError("t")])


def with_notes():
    error = ValueError("noted")
    error.add_note("a note")
    raise error


def unicode_message():
    raise ValueError("Grüße 世界 🎉")


def surrogate_message():
    raise ValueError("\ud800")


def multiline_message():
    raise ValueError("one\ntwo\r\n  three\tfour")


def long_message():
    raise ValueError("x" * 300_000)


def null_message():
    raise ValueError("a\0b")


def html_message():
    raise ValueError("<script>\"quoted\" & 'more'</script>")


def finally_runs():
    try:
        raise ValueError("after cleanup")
    finally:
        print("cleanup")


def imports_missing():
    import there_is_no_such_module


def imports_broken():
    exec("import ast\nast.parse('def')")


def not_implemented():
    raise NotImplementedError


def memory_error():
    raise MemoryError


def memory_limit():
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (1 << 32, resource.RLIM_INFINITY))
    try:
        return len(bytearray(1 << 33))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def timeout_error():
    raise TimeoutError("slow")


def in_thread():
    thread = threading.Thread(target=value_error, name="worker-thread")
    thread.start()
    thread.join()
    return "the thread's error is its own"


def exit_zero():
    sys.exit(0)


def exit_none():
    sys.exit()


def exit_three():
    print("going")
    sys.exit(3)


def exit_text():
    sys.exit("goodbye")


def exit_in_thread():
    thread = threading.Thread(target=sys.exit, args=(3,))
    thread.start()
    thread.join()
    return "a thread's exit is its own"


def system_exit_raised():
    raise SystemExit(4)


def builtin_quit():
    raise SystemExit(True)


def keyboard_interrupt():
    raise KeyboardInterrupt


def base_exception():
    raise BaseException("base")


def generator_exit():
    raise GeneratorExit


def os_exit():
    os._exit(7)


def os_exit_zero():
    os._exit(0)


def abort():
    os.abort()


def segfault():
    os.kill(os.getpid(), signal.SIGSEGV)


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def terminated():
    os.kill(os.getpid(), signal.SIGTERM)


def exec_other_program():
    os.execvp("true", ["true"])


def exit_with_atexit():
    import atexit

    atexit.register(print, "atexit ran")
    sys.exit(5)


def handler(event, context):
    return globals()[event]()
