# ruff: noqa
"""What a handler can see of its invocation: one function a case, named by the event."""

import os
import sys
import time


def everything(context):
    return repr(context)


def names(context):
    return sorted(name for name in dir(context) if not name.startswith("_"))


def values(context):
    return {name: repr(value) for name, value in vars(context).items() if not name.startswith("_")}


def type_name(context):
    return [type(context).__name__, str(context) == repr(context)]


def remaining(context):
    first = context.get_remaining_time_in_millis()
    time.sleep(0.005)
    second = context.get_remaining_time_in_millis()
    return [type(first).__name__, first > second, 0 < second < 61_000]


def remaining_over(context):
    context._epoch_deadline_time_in_ms = 1
    return context.get_remaining_time_in_millis()


def client(context):
    value = context.client_context
    if value is None:
        return None
    inner = value.client
    return [repr(value), repr(value.custom), repr(value.env), inner and inner.app_title, inner and repr(inner)]


def client_slots(context):
    context.client_context.unknown = 1


def identity(context):
    value = context.identity
    return [repr(value), bool(value), value.cognito_identity_id, value.cognito_identity_pool_id]


def tenant(context):
    return context.tenant_id


def w3c(context):
    return [context.w3c(), repr(context.client_context)]


def trace(context):
    return os.environ.get("_X_AMZN_TRACE_ID")


def arn(context):
    return context.invoked_function_arn


def writable(context):
    context.aws_request_id = "changed"
    context.anything = 1
    return [context.aws_request_id, context.anything]


def environment(context):
    wanted = ("AWS_LAMBDA_FUNCTION_NAME", "AWS_EXECUTION_ENV", "TZ", "_HANDLER", "LAMBDA_TASK_ROOT", "CUSTOM", "HOME")
    return {name: os.environ.get(name) for name in wanted}


def zone(context):
    return [time.tzname[0], time.localtime(0).tm_hour]


def place(context):
    return [os.getcwd() == os.path.dirname(os.path.abspath(__file__)), sys.path[0] == os.getcwd(), __name__]


def signals(context):
    import signal

    return [str(signal.getsignal(s)) for s in (signal.SIGTERM, signal.SIGPIPE, signal.SIGHUP, signal.SIGCHLD)]


def interrupt_handler(context):
    import signal

    return signal.getsignal(signal.SIGINT) is signal.default_int_handler


def threads(context):
    import threading

    current = threading.current_thread()
    return [current.name, current is threading.main_thread(), [t.name for t in threading.enumerate()]]


def umask(context):
    value = os.umask(0)
    os.umask(value)
    return value


def stdin(context):
    return [sys.stdin is not None, sys.stdin.read()]


def limits(context):
    return [sys.getrecursionlimit(), sys.getswitchinterval(), sys.flags.optimize, sys.flags.dev_mode]


def handler(event, context):
    return globals()[event["case"] if isinstance(event, dict) else event](context)
