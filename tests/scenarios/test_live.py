"""A function runs live, end to end, on the embedded cloud: one session, tried as a user would."""

import concurrent.futures
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.session import SST, Session, config, environment, http, session

pytestmark = pytest.mark.scenario

FILES = {
    "sst_config.py": config("""
        files = sst.aws.Bucket("Files")
        api = sst.aws.Function("Api", handler="functions/api.handler", link=[files], url=True,
                               environment={"MODE": "live"}, timeout="5 seconds", memory="512 MB")
        sst.aws.Function("Outsider", handler="functions/outsider.handler", environment={"BUCKET": files.name})
        sst.aws.Function("Meeting", handler="functions/meeting.handler", timeout="60 seconds")
        sst.aws.Function("Bad", handler="functions/bad.handler", timeout="1 second")
        sst.aws.Function("Hungry", handler="functions/bad.handler", memory="128 MB")
        return {"api": api.url, "bucket": files.name}
    """),
    "functions/helper.py": "WORD = 'one'\n",
    "functions/api.py": """
        import json, os
        import boto3
        from sst import Resource
        from functions import helper

        s3 = boto3.client("s3")

        def handler(event, context):
            print("handling", event.get("rawPath"))
            if "env" in event:
                return {name: os.environ.get(name) for name in event["env"]}
            s3.put_object(Bucket=Resource.Files.name, Key="k", Body=json.dumps(event).encode())
            kept = s3.get_object(Bucket=Resource.Files.name, Key="k")["Body"].read()
            return {"word": helper.WORD, "kept": len(kept), "app": Resource.App.name, "stage": Resource.App.stage,
                    "pid": os.getpid()}
    """,
    "functions/outsider.py": """
        import os
        import boto3

        def handler(event, context):
            boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key="k", Body=b"x")
    """,
    "functions/meeting.py": """
        import os, pathlib, time

        def handler(event, context):
            # Returns when everybody is here: only calls that run at the same time can all come back.
            room = pathlib.Path(event["room"])
            (room / str(os.getpid())).touch()
            while len(list(room.iterdir())) < event["people"] and context.get_remaining_time_in_millis() > 1000:
                time.sleep(0.05)
            return {"pid": os.getpid(), "met": len(list(room.iterdir()))}
    """,
    "functions/bad.py": """
        import os, signal, sys, time

        def handler(event, context):
            how = event["how"]
            print("about to", how, flush=True)
            if how == "raise":
                raise ValueError("no good")
            if how == "exit":
                sys.exit(3)
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if how == "encode":
                return {1, 2}
            if how == "timeout":
                time.sleep(30)
            if how == "memory":
                eaten = bytearray(400 * 1024 * 1024)
                eaten[::4096] = bytes(len(eaten) // 4096)
                time.sleep(30)
            return how
    """,
    "script.py": """
        from sst import Resource
        print(Resource.Files.name, Resource.App.stage)
    """,
}


@pytest.fixture(name="live", scope="module")
def _live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with session(tmp_path_factory.mktemp("live"), FILES) as one:
        yield one


def test_the_narration_names_app_stage_components_outputs_and_ready(live: Session) -> None:
    """One block, in this order; components that do not depend on each other are created side by side."""
    text = live.wait_output("ready")
    places = [text.index(word) for word in ("shop", "test", "+ Api", "deployed", live.url("Api"), "ready")]

    assert places == sorted(places)
    assert text.index("test") < text.index("+ Files") < text.index("deployed")


def test_status_has_what_programs_need(live: Session) -> None:
    """State, app, stage, endpoint, functions and outputs."""
    status = live.refresh()
    api = live.function("Api")

    assert (status["state"], status["app"], status["stage"], status["pid"]) == (
        "ready", "shop", "test", live.process.pid,
    )  # fmt: skip
    assert api["handler"] == "functions/api.handler"
    assert api["url"] == status["outputs"]["api"]
    assert api["url"].startswith(live.endpoint)


def test_curl_reaches_the_handler_and_the_linked_bucket(live: Session) -> None:
    """The URL answers with what the handler read back from the bucket by its link."""
    reply = http(live.url("Api", "notes?x=1"), data=b"hello", method="POST")

    assert reply.status == 200
    assert reply.json()["app"] == "shop" and reply.json()["stage"] == "test"
    assert reply.json()["kept"] > 100


def test_invoke_prints_the_payload_exactly(live: Session, tmp_path: Path) -> None:
    """An argument, a file and standard input give the same bytes on stdout."""
    event = json.dumps({"env": ["MODE"]})
    (tmp_path / "event.json").write_text(event)
    outs = [
        live.sst("invoke", "Api", "--event", event).stdout,
        live.sst("invoke", "Api", f"--event=@{tmp_path / 'event.json'}").stdout,
        live.sst("invoke", "Api", "--event", "-", input=event.encode()).stdout,
    ]

    assert outs == [b'{"MODE": "live"}'] * 3


def test_a_function_error_is_an_exit_code_and_an_object_on_stderr(live: Session) -> None:
    """`sst invoke` prints nothing on stdout and Lambda's error object on stderr."""
    done = live.sst("invoke", "Bad", "--event", '{"how": "raise"}')
    error = json.loads(done.stderr)

    assert (done.returncode, done.stdout) == (1, b"")
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no good")
    assert any("bad.py" in frame for frame in error["stackTrace"])
    assert "sst_worker" not in done.stderr.decode()


def test_an_unknown_function_names_the_known_ones(live: Session) -> None:
    """Before anything is called."""
    done = live.sst("invoke", "Nope")

    assert done.returncode == 2
    assert b"Api, Outsider, Meeting, Bad, Hungry" in done.stderr


@pytest.mark.parametrize(
    ("how", "kind", "message"),
    [
        ("exit", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ("kill", "Runtime.ExitError", "Runtime exited with error: signal: killed"),
        ("encode", "Runtime.MarshalError", "not JSON serializable"),
        ("timeout", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
    ],
)
def test_each_way_to_fail_is_lambdas_own_error(live: Session, how: str, kind: str, message: str) -> None:
    """The caller gets Lambda's error object, what was printed is shown, and the next call is served."""
    payload, error = live.invoke("Bad", {"how": how})

    assert (error, payload["errorType"]) == ("Unhandled", kind)
    assert message in payload["errorMessage"]
    live.wait_output(f"about to {how}")
    assert live.invoke("Bad", {"how": "fine"}) == ("fine", None)


def test_more_memory_than_the_function_has_ends_the_worker(live: Session) -> None:
    """Lambda's own error, a line that says why, and the next call is served."""
    payload, error = live.invoke("Hungry", {"how": "memory"})

    assert (error, payload["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert "signal: killed" in payload["errorMessage"]
    live.wait_output("and has 128: killed")
    assert live.invoke("Hungry", {"how": "fine"}) == ("fine", None)


def test_twenty_calls_at_once_run_at_once(live: Session, tmp_path: Path) -> None:
    """Each has a worker of its own, and all of them run at the same time."""
    event = {"room": str(tmp_path), "people": 20}
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: live.invoke("Meeting", event)[0], range(20)))

    assert len({answer["pid"] for answer in answers}) == 20
    assert [answer["met"] for answer in answers] == [20] * 20


def test_the_handlers_environment(live: Session) -> None:
    """SST's names, the function's own variables, the role's credentials, and the cloud's address."""
    names = ["SST_DEV", "SST_APP", "SST_STAGE", "AWS_ENDPOINT_URL", "MODE", "AWS_ACCESS_KEY_ID", "SST_BRIDGE_KEY",
             "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]  # fmt: skip
    found, _ = live.invoke("Api", {"env": names})

    assert found["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    del found["AWS_ACCESS_KEY_ID"]
    assert found == {
        "SST_DEV": "true",
        "SST_APP": "shop",
        "SST_STAGE": "test",
        "AWS_ENDPOINT_URL": live.endpoint,
        "MODE": "live",
        "SST_BRIDGE_KEY": None,
        "AWS_LAMBDA_FUNCTION_NAME": live.function("Api")["lambda_name"],
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    }


def test_without_the_link_the_same_call_is_denied(live: Session) -> None:
    """IAM is enforced: the function's role has only what its links and permissions grant."""
    payload, error = live.invoke("Outsider")

    assert error == "Unhandled"
    assert "AccessDenied" in payload["errorMessage"]


def test_an_edit_of_a_helper_answers_the_next_call(live: Session) -> None:
    """The very next call runs the new code."""
    for word in ("two", "three"):
        live.edit("functions/helper.py", f"WORD = {word!r}\n")
        assert http(live.url("Api"), data=b"x").json()["word"] == word


def test_code_that_does_not_import_is_reported_and_mended(live: Session) -> None:
    """Calls get Lambda's init error until the file is mended."""
    live.edit("functions/helper.py", "WORD = = 1\n")
    payload, _ = live.invoke("Api")
    assert payload["errorType"] == "Runtime.UserCodeSyntaxError"

    live.edit("functions/helper.py", "import nothing_of_that_name\n")
    payload, _ = live.invoke("Api")
    assert payload["errorType"] == "Runtime.ImportModuleError"
    assert "nothing_of_that_name" in payload["errorMessage"]

    live.edit("functions/helper.py", "WORD = 'mended'\n")
    assert live.invoke("Api")[0]["word"] == "mended"


def test_log_lines_and_durations_are_printed(live: Session) -> None:
    """Each invocation has a line when it starts, its own lines, and one when it ends."""
    before = len(live.output)
    http(live.url("Api", "hello"), data=b"x")
    live.wait_output("handling /hello")
    text = live.output[before:]

    assert "→ " in text and "/hello" in text


def test_shell_runs_a_script_with_the_links(live: Session) -> None:
    """`Resource` works in any Python the command starts."""
    done = live.sst("shell", "--", sys.executable, "script.py")

    assert done.stdout.decode().split() == [live.status["outputs"]["bucket"], "test"], done.stderr
    assert done.returncode == 0


def test_a_shell_without_a_command_is_the_users_shell(live: Session) -> None:
    """It reads commands from standard input."""
    done = live.sst("shell", input=b'echo "$SST_RESOURCE_Files"; exit 4\n', SHELL="/bin/sh")

    assert json.loads(done.stdout)["name"] == live.status["outputs"]["bucket"]
    assert done.returncode == 4


def test_a_second_session_is_refused(live: Session) -> None:
    """The sentence names the process that has the stage."""
    done = live.sst("dev", "--mode=basic")

    assert done.returncode == 2
    assert str(live.process.pid) in done.stderr.decode()


def test_logs_shows_what_happened_and_follows(live: Session) -> None:
    """A reader that comes later sees what was before, and then the next invocation as it happens."""
    live.invoke("Bad", {"how": "earlier"})
    reader = subprocess.Popen([*SST, "logs"], cwd=live.folder, env=environment(), stdout=subprocess.PIPE)
    try:
        assert reader.stdout is not None
        assert any(b"about to earlier" in line for line in iter(reader.stdout.readline, b""))
        live.invoke("Bad", {"how": "later"})
        assert any(b"about to later" in line for line in iter(reader.stdout.readline, b""))
    finally:
        reader.terminate()
        reader.communicate()


def test_secrets_are_not_in_the_logs(live: Session) -> None:
    """Neither the role's credentials nor the sealing key are written under `.sst/log/` or printed."""
    key = (live.folder / ".sst/stages/test/bridge.key").read_text()
    secret, _ = live.invoke("Api", {"env": []}), None
    logs = "".join(path.read_text(errors="replace") for path in (live.folder / ".sst/log").iterdir())

    assert key not in logs + live.output
    assert secret is not None
    assert os.stat(live.folder / ".sst").st_mode & 0o077 == 0
