# ruff: noqa
"""What a handler may write: one function a case, named by the event."""

import contextlib
import ctypes
import io
import logging
import os
import subprocess
import sys
import threading
import time
import warnings

log = logging.getLogger(__name__)
libc = ctypes.CDLL(None)
waiting = []


def print_line():
    print("one line")


def print_nothing():
    print()


def print_no_newline():
    print("no newline", end="")


def print_lines():
    print("one\ntwo\n\nfour")


def print_unicode():
    print("Grüße 世界 🎉 \x1b[31mred\x1b[0m")


def print_surrogate():
    print("\ud800")


def print_escaped_byte():
    print("\udcff")


def print_stderr():
    print("to stderr", file=sys.stderr)
    print("to stdout")


def print_binary():
    sys.stdout.buffer.write(b"\x00\x01\xff\xfe\n")
    sys.stdout.buffer.flush()


def print_large_line():
    print("x" * 1_000_000)


def print_many_lines():
    for n in range(5_000):
        print("line", n)


def write_lines():
    sys.stdout.writelines(["a\n", "b\n"])


def write_returns():
    return [sys.stdout.write("abc\n"), sys.stderr.write("")]


def stream_kinds():
    return [sys.stdout.encoding, sys.stdout.errors, sys.stderr.errors, sys.stdout.isatty(), sys.stdout.fileno()]


def raw_write():
    os.write(1, b"fd 1\n")
    os.write(2, b"fd 2\n")


def from_child():
    subprocess.run(["sh", "-c", "echo child out; echo child err >&2"])


def from_c():
    libc.write(1, b"from C\n", 7)


def unflushed():
    sys.stdout.buffer.write(b"unflushed\n")


def unflushed_exit():
    sys.stdout.buffer.write(b"unflushed before exit\n")
    sys.exit(2)


def buffered_in_c():
    libc.printf(b"from printf\n")


def redirected():
    with contextlib.redirect_stdout(io.StringIO()) as text:
        print("captured")
        log.warning("not captured")
    return text.getvalue()


def warn():
    warnings.warn("careful")


def levels():
    for level in (1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60):
        log.log(level, "at %d", level)


def enabled_levels():
    return [logging.getLogger().level, log.getEffectiveLevel(), log.isEnabledFor(logging.INFO)]


def root_functions():
    logging.debug("d")
    logging.info("i")
    logging.warning("w")
    logging.error("e")
    logging.critical("c")


def basic_config_is_ignored():
    logging.basicConfig(level=logging.DEBUG, format="%(message)s")
    logging.info("not at this level")
    logging.warning("formatted by Lambda")


def set_level():
    logging.getLogger().setLevel(logging.INFO)
    log.info("now shown")
    logging.getLogger().setLevel(logging.WARNING)


def arguments():
    log.warning("%s and %(a)s" % {"a": 1, "": 2} if False else "%s=%r", "k", {"v": 1})


def bad_arguments():
    logging.raiseExceptions = True
    log.warning("%d", "not a number")


def multiline():
    log.warning("one\ntwo")


def ends_with_newline():
    log.warning("ends\n")


def unicode():
    log.warning("Grüße 世界 🎉")


def surrogate():
    log.warning("\ud800")


def empty():
    log.warning("")


def not_text():
    log.warning({"a": 1, "b": [1, None]})


def not_text_with_arguments():
    log.warning({"a": 1}, "unused") if False else log.warning(ValueError("as message"))


def not_serialisable():
    log.warning({"a": object, "b": {1, 2} and 3})


def extra():
    log.warning("with extra", extra={"user": "u", "n": 1, "nested": {"a": [1]}, "none": None})


def extra_odd():
    log.warning("odd extra", extra={"s": {1}, "logger": "clash", "level": "clash", "tenantId": "t"})


def exception():
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("it %s", "broke")
    print("after the exception")


def exc_info_without_error():
    log.error("no error", exc_info=True)


def exc_info_instance():
    log.error("an instance", exc_info=KeyError("k"))


def chained_exception():
    try:
        try:
            1 / 0
        except ZeroDivisionError as error:
            raise ValueError("second") from error
    except ValueError:
        log.exception("chained")


def stack_info():
    log.warning("here", stack_info=True)


def child_logger():
    logging.getLogger("a.b.c").error("child")


def other_handler():
    logger = logging.getLogger("own")
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("own: %(message)s"))
    logger.addHandler(handler)
    logger.propagate = False
    logger.warning("mine")


def handlers_of_root():
    return [len(logging.getLogger().handlers), hasattr(logging.getLogger().handlers[0], "log_sink")]


def formatter_reused():
    handler = logging.getLogger().handlers[0]
    stream = logging.StreamHandler(sys.stdout)
    stream.setFormatter(handler.formatter)
    record = log.makeRecord("n", 30, "p", 1, "again", (), None)
    record.aws_request_id = "given"
    stream.handle(record)


def utc_everywhere():
    return logging.Formatter.converter is time.gmtime


def context_log(context):
    context.log("plain")
    context.log("with newline\n")
    context.log({"not": "text"})


def large_record():
    log.warning("y" * 1_000_000)


def after_response():
    """Starts a thread that writes once the next invocation lets it."""
    go = threading.Event()

    def write():
        go.wait()
        print("late print")
        log.warning("late record")

    thread = threading.Thread(target=write)
    thread.start()
    waiting.append((go, thread))


def after_response_join():
    go, thread = waiting.pop()
    go.set()
    thread.join()


def unhandled_error():
    raise ValueError("logged by the runtime")


def unhandled_without_message():
    raise ValueError


def unhandled_multiline():
    raise ValueError("one\n  two")


def unhandled_unicode():
    raise ValueError("ü")


def marshal_error():
    return object()


def handler(event, context):
    function = globals()[event]
    return function(context) if event == "context_log" else function()
