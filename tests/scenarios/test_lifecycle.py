"""How a session ends, comes back and changes: nothing is left behind, nothing is lost."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.support.session import alive, config, descendants, http, session, sst, write

pytestmark = pytest.mark.scenario

RUN = """
    files = sst.aws.Bucket("Files")
    api = sst.aws.Function("Api", handler="api.handler", link=[files], url=True)
    return {"api": api.url, "bucket": files.name}
"""
API = """
    import boto3
    from sst import Resource

    def handler(event, context):
        s3 = boto3.client("s3")
        if event.get("rawPath") == "/write":
            s3.put_object(Bucket=Resource.Files.name, Key="k", Body=b"kept")
            return "written"
        return s3.get_object(Bucket=Resource.Files.name, Key="k")["Body"].read().decode()
"""
FILES = {"sst_config.py": config(RUN), "api.py": API}


def gone(pids: set[int], seconds: float = 15) -> set[int]:
    """Those of *pids* that are still alive after waiting for their end."""
    deadline = time.monotonic() + seconds
    while (left := alive(pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_session(tmp_path: Path, number: int) -> None:
    """After Ctrl-C, SIGTERM and SIGKILL: no MiniStack, no stub, no zygote, no worker."""
    with session(tmp_path, FILES) as one:
        http(one.url("Api", "write"))
        family = descendants(one.process.pid)
        code = one.stop(number)

        assert len(family) >= 4
        assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0)
        assert gone(family) == set()


def test_data_urls_and_silence_after_a_restart(tmp_path: Path) -> None:
    """The bucket's contents and the URL survive, and a second run with nothing changed says so."""
    with session(tmp_path, FILES) as first:
        http(first.url("Api", "write"))
        url = first.url("Api")
    with session(tmp_path) as second:
        assert second.url("Api") == url
        assert http(url).body == b"kept"
        assert "no resource changed" in second.output


def test_the_app_lives_in_its_region(tmp_path: Path) -> None:
    """ARNs, variables and clients are of the region in `providers`; a new region has the app made anew."""
    run = """
        queue = sst.aws.Queue("Jobs")
        queue.subscribe("jobs.handler")
        return {"arn": queue.arn}
    """
    there = config(run).replace("App(", 'App(providers={"aws": {"region": "eu-west-1"}}, ')
    jobs = """
        import os

        def handler(event, context):
            return [os.environ["AWS_REGION"], context.invoked_function_arn]
    """
    with session(tmp_path, {"sst_config.py": config(run), "jobs.py": jobs}) as here:
        assert ":us-east-1:" in here.status["outputs"]["arn"]
    with session(tmp_path, {"sst_config.py": there}) as moved:
        answer = sst("invoke", "JobsSubscriber", "--event", "{}", cwd=tmp_path)
        variables = sst("shell", "--", "env", cwd=tmp_path).stdout

        assert ":eu-west-1:" in moved.status["outputs"]["arn"]
        assert answer.returncode == 0, answer.stderr
        assert b'"eu-west-1"' in answer.stdout and b"arn:aws:lambda:eu-west-1:" in answer.stdout
        assert b"AWS_REGION=eu-west-1" in variables


def test_a_killed_session_starts_again(tmp_path: Path) -> None:
    """A kill costs at most a fresh apply; the function answers."""
    with session(tmp_path, FILES) as first:
        http(first.url("Api", "write"))
        first.stop(signal.SIGKILL)
    with session(tmp_path) as second:
        assert http(second.url("Api", "write")).body == b"written"
        second.stop(signal.SIGKILL)
    with session(tmp_path) as third:
        assert http(third.url("Api", "write")).body == b"written"


def test_stop_ends_it_in_order(tmp_path: Path) -> None:
    """`sst stop` returns when the session has ended."""
    with session(tmp_path, FILES) as one:
        assert one.sst("stop").returncode == 0
        assert one.process.wait(10) == 0
        assert not (tmp_path / ".sst/test.sock").exists()


def test_the_death_of_ministack_ends_the_session(tmp_path: Path) -> None:
    """It says so, names the log, and exits with an error."""
    with session(tmp_path, FILES) as one:
        cloud = next(
            pid for pid in descendants(one.process.pid) if b"ministack" in Path(f"/proc/{pid}/cmdline").read_bytes()
        )
        os.kill(cloud, signal.SIGKILL)

        assert one.process.wait(20) == 1
        one.wait_output("ministack.log")


def test_a_changed_config_is_applied_while_it_runs(tmp_path: Path) -> None:
    """A new function appears, a broken config keeps the last good app, a removed function goes."""
    with session(tmp_path, FILES) as one:
        more = RUN.replace("return", 'sst.aws.Function("More", handler="api.handler", url=True)\n    return')
        one.edit("sst_config.py", config(more))
        one.wait_output("+ More")
        while "More" not in {f["name"] for f in one.refresh()["functions"]}:
            time.sleep(0.05)
        assert http(one.url("Api", "write")).body == b"written"

        one.edit("sst_config.py", config(more) + "\nraise RuntimeError('broken on purpose')\n")
        one.wait_output("broken on purpose")
        assert http(one.url("Api")).body == b"kept"

        one.edit("sst_config.py", config(RUN))
        one.wait_output("- More")


def test_a_command_joins_the_running_session(tmp_path: Path) -> None:
    """It gets the links, and its exit code is the command's."""
    script = "from sst import Resource; import sys; print(Resource.Files.name); sys.exit(5)"
    with session(tmp_path, FILES) as one:
        done = one.sst("dev", "--", sys.executable, "-c", script)

        assert (done.returncode, done.stdout.decode().strip()) == (5, one.status["outputs"]["bucket"])


def test_a_command_without_a_session_gets_one(tmp_path: Path) -> None:
    """The session starts in the same process, its narration is on stderr, and both end together."""
    write(tmp_path, FILES)
    script = "from sst import Resource; print(Resource.Files.name)"
    done = sst("dev", "--mode=basic", "--", sys.executable, "-c", script, cwd=tmp_path)

    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().strip().startswith("shop-test-")
    assert b"ready" in done.stderr


def test_uvicorn_serves_an_app_that_reads_its_links(tmp_path: Path) -> None:
    """`sst dev --mode=basic -- uvicorn app:app` is the case to try."""
    import socket
    import subprocess

    from tests.support.session import SST, environment

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    write(tmp_path, {
        **FILES,
        "app.py": """
            from fastapi import FastAPI
            from sst import Resource

            app = FastAPI()

            @app.get("/")
            def index():
                return {"bucket": Resource.Files.name}
        """,
    })  # fmt: skip
    process = subprocess.Popen(
        [*SST, "dev", "--mode=basic", "--", sys.executable, "-m", "uvicorn", "app:app", f"--port={port}"],
        cwd=tmp_path, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if b"Uvicorn running" in line:
                break
        family = descendants(process.pid)
        assert http(f"http://127.0.0.1:{port}/").json()["bucket"].startswith("shop-test-")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert gone(family) == set()


def test_a_second_interrupt_does_not_wait(tmp_path: Path) -> None:
    """While a handler holds up the end, another Ctrl-C ends it at once, with its own exit code and no trace."""
    slow = "import time\n\ndef handler(event, context):\n    print('sleeping', flush=True)\n    time.sleep(60)\n"
    with session(tmp_path, {**FILES, "api.py": slow}) as one:
        one.client("lambda").invoke(FunctionName=one.function("Api")["lambda_name"], InvocationType="Event")
        one.wait_output("sleeping")
        family = descendants(one.process.pid)
        one.process.send_signal(signal.SIGINT)
        one.wait_output("Stopping")
        one.process.send_signal(signal.SIGINT)  # the same Ctrl-C, passed on by `uv run`: no second one
        time.sleep(0.7)
        assert one.process.poll() is None
        one.process.send_signal(signal.SIGINT)

        assert one.process.wait(30) == 130
        assert "Traceback" not in one.output
        assert "✗" in one.output, "the call's line has no end"
        assert gone(family) == set()


def test_a_call_that_the_end_of_the_session_cut_off_has_an_end(tmp_path: Path) -> None:
    """One Ctrl-C gives handlers a moment; the line of one that takes longer says what became of it."""
    slow = "import time\n\ndef handler(event, context):\n    print('sleeping', flush=True)\n    time.sleep(60)\n"
    with session(tmp_path, {**FILES, "api.py": slow}) as one:
        one.client("lambda").invoke(FunctionName=one.function("Api")["lambda_name"], InvocationType="Event")
        one.wait_output("sleeping")
        assert one.stop(timeout=60) == 0
        one.wait_output("stopped: the session ended")


def test_takeover_replaces_the_session_that_runs(tmp_path: Path) -> None:
    """The first ends in order and says why; the second serves the same URL with the same data."""
    with session(tmp_path, FILES) as first:
        http(first.url("Api", "write"))
        with session(tmp_path, None, "--takeover", ready=False) as second:
            second.wait_output("ready in")
            assert first.process.wait(20) == 0
            assert f"taken over by process {second.process.pid}" in first.output
            assert http(first.url("Api")).body == b"kept"
