# ruff: noqa
"""What one call leaves for the next in the same environment, and what a new environment starts with."""

import asyncio
import builtins
import os
import random
import sys
import tempfile
import threading

calls = 0
left = []


def count():
    global calls
    calls += 1
    return calls


def set_variable():
    os.environ["LEFT_BEHIND"] = "yes"
    os.environ.pop("CUSTOM", None)


def get_variable():
    return [os.environ.get("LEFT_BEHIND"), os.environ.get("CUSTOM")]


def change_folder():
    os.chdir(tempfile.gettempdir())


def get_folder():
    return os.getcwd() == tempfile.gettempdir()


def restore_folder():
    os.chdir(os.path.dirname(os.path.abspath(__file__)))


def leave_thread():
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, name="left", daemon=True)
    thread.start()
    left.append((stop, thread))


def find_thread():
    return [thread.name for thread in threading.enumerate()]


def end_thread():
    stop, thread = left.pop()
    stop.set()
    thread.join()
    return len(threading.enumerate())


def leave_loop():
    loop = asyncio.new_event_loop()
    left.append(loop)
    loop.create_task(asyncio.sleep(0, "done"), name="left")


def resume_loop():
    loop = left.pop()
    results = loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(loop)))
    loop.close()
    return results


def run_loop():
    return asyncio.run(asyncio.sleep(0, "ran"))


def patch_builtins():
    builtins.left_here = 1


def find_patch():
    return builtins.left_here


def replace_stdout():
    left.append(sys.stdout)
    sys.stdout = open(os.devnull, "w")
    print("nobody sees this")


def restore_stdout():
    sys.stdout.close()
    sys.stdout = left.pop()
    print("seen again")


def close_stdout():
    left.append(sys.stdout)
    sys.stdout = None
    print("goes nowhere")


def reopen_stdout():
    sys.stdout = left.pop()
    print("back")


def write_file():
    with open(os.path.join(tempfile.gettempdir(), "left.txt"), "w") as file:
        file.write("kept")


def read_file():
    with open(os.path.join(tempfile.gettempdir(), "left.txt")) as file:
        return file.read()


def late_import():
    import colorsys

    return colorsys.__name__


def recursion_limit():
    sys.setrecursionlimit(2_000)


def end():
    os._exit(9)


def start_anew():
    """The environment after the one that ended knows nothing of it."""
    return [calls, left, hasattr(builtins, "left_here"), os.environ.get("LEFT_BEHIND"), os.environ["CUSTOM"]]


def handler(event, context):
    return globals()[event]()
