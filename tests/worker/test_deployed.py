"""The runtime of a packaged function, against the Runtime API of a real MiniStack."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sst_dev.engine.package import Packager

from tests.support.ministack import client, ministack_process
from tests.support.session import write

HANDLERS = {
    "handlers.py": """
        import logging, os, sys
        from sst.aws import stream

        calls = 0

        class Odd(Exception):
            "An error of the user's own."

        def answer(event, context):
            global calls
            calls += 1
            print("said")
            logging.warning("warned")
            names = sorted(name for name in os.environ if name.startswith(("SST_STUB", "GATEWAY", "MY")))
            where = [os.getcwd() == os.environ["LAMBDA_TASK_ROOT"], os.environ["AWS_EXECUTION_ENV"]]
            facts = {"names": names, "where": where, "memory": context.memory_limit_in_mb}
            return {"event": event, "calls": calls, **facts}

        def fail(event, context):
            raise Odd("bad luck")

        def leave(event, context):
            exit(3)

        def wait(event, context):
            import time
            time.sleep(30)

        @stream
        def pieces(event, context):
            yield "one "
            yield b"two"
            if event.get("fail"):
                raise Odd("half way")
    """,
    "broken.py": "import nothing_like_it\n\ndef handler(event, context): ...\n",
}


class Deployed:
    """Functions on one MiniStack."""

    def __init__(self, endpoint: str, folder: Path) -> None:
        self.client, self.logs, self.iam = (client(service, endpoint) for service in ("lambda", "logs", "iam"))
        self._folder = folder
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        self._role = self.iam.create_role(RoleName="deployed", AssumeRolePolicyDocument=policy)["Role"]["Arn"]

    def call(self, handler: str, event: Any = None, *, times: int = 1, **settings: Any) -> tuple[Any, str | None]:
        """Deploy *handler* unless it is, and invoke it *times* times: the last answer and the kind of its error."""
        name = handler.replace(".", "-")
        if name not in {f["FunctionName"] for f in self.client.list_functions()["Functions"]}:
            packager = Packager(self._folder, self._folder / ".sst", local=True)
            version = f"python3.{sys.version_info.minor}"
            archive, found = packager.build(component=name, handler=handler, runtime=version)
            self.client.create_function(
                FunctionName=name, Role=self._role, Runtime="provided.al2023", Handler=found,
                Code={"ZipFile": Path(archive).read_bytes()}, **{"Timeout": 10, **settings},
            )  # fmt: skip
        for _ in range(times):
            answer = self.client.invoke(FunctionName=name, Payload=json.dumps(event or {}).encode())
            body = answer["Payload"].read()
        return json.loads(body), answer.get("FunctionError")

    def logged(self, name: str) -> list[str]:
        """The lines of its log."""
        return [event["message"] for event in self.logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]]


@pytest.fixture(name="deployed", scope="module")
def fixture_deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("deployed")
    write(folder / "app", HANDLERS)
    with ministack_process(folder) as endpoint:
        yield Deployed(endpoint, folder / "app")


def test_it_answers_in_one_environment(deployed: Deployed) -> None:
    """Globals live from call to call; of the cloud's own variables the handler sees none."""
    answer, error = deployed.call(
        "handlers.answer", {"a": [1, "ü"]}, times=2, Environment={"Variables": {"MY_OWN": "1"}}, MemorySize=256
    )

    assert error is None
    assert answer == {
        "event": {"a": [1, "ü"]},
        "calls": 2,
        "names": ["MY_OWN"],
        "where": [True, f"AWS_Lambda_python3.{sys.version_info.minor}"],
        "memory": "256",
    }


def test_what_it_writes_is_in_its_log(deployed: Deployed) -> None:
    """Prints and records alike, without the markers of a live worker."""
    deployed.call("handlers.answer")

    lines = "\n".join(deployed.logged("handlers-answer"))
    assert "said" in lines and "[WARNING]" in lines and "\x1e" not in lines


def test_an_error_is_the_handlers_own(deployed: Deployed) -> None:
    """Type, message and trace; the environment lives on."""
    answer, error = deployed.call("handlers.fail", times=2)

    assert (answer["errorType"], answer["errorMessage"], error) == ("Odd", "bad luck", "Unhandled")
    assert "handlers.py" in answer["stackTrace"][-1]


@pytest.mark.parametrize(
    ("handler", "kind"),
    [("handlers.leave", "Runtime.ExitError"), ("broken.handler", "Runtime.ImportModuleError")],
)
def test_an_environment_that_cannot_go_on_says_so(deployed: Deployed, handler: str, kind: str) -> None:
    """And the next call gets another one."""
    answers = [deployed.call(handler)[0]["errorType"] for _ in range(2)]

    assert answers == [kind, kind]


def test_a_call_ends_with_the_functions_timeout(deployed: Deployed) -> None:
    """Its own, as on Lambda: no stub waits in its place."""
    answer, _ = deployed.call("handlers.wait", Timeout=1)

    assert "Task timed out after 1.00 seconds" in answer["errorMessage"]


def test_a_stream_arrives_whole(deployed: Deployed) -> None:
    """MiniStack gathers its pieces, and does not look at how it ends."""
    assert [deployed.call("handlers.pieces", {"fail": fail})[0] for fail in (0, 1)] == ["one two", "one two"]
