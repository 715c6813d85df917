"""The config program as the session sees it: a child, a manifest, one clear sentence for what is wrong."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import Any

import pytest
from sst_dev.core import events as e
from sst_dev.core.bootstrap import Bootstrap
from sst_dev.core.errors import SstError, UserError
from sst_dev.core.settings import Settings
from sst_dev.core.stream import Stream
from sst_dev.engine.program import Program

from tests.support.program import CloudUnderTest

HEAD = 'import sst\n\ndef app(input):\n    return sst.App(name="notes", home="local", removal="remove")\n\n'
RUN = HEAD + "def run():\n    "


class Project:
    """A project folder and what its program published."""

    def __init__(self, root: Path, config: str) -> None:
        self.root = root
        (root / "functions").mkdir()
        (root / "functions" / "api.py").write_text("def handler(event, context):\n    return 1\n")
        self.write(config)
        self.stream = Stream()
        self.events: list[e.Event] = []
        self.stream.observe(self.events.append)
        settings = Settings(config=root / "sst_config.py", stage="dev")
        self.secrets: dict[str, str] = {}
        self.program = Program(settings, self.stream, secrets=lambda: self.secrets)

    def write(self, config: str) -> None:
        (self.root / "sst_config.py").write_text(config)

    def seen(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


NOWHERE = Bootstrap(
    endpoint="http://127.0.0.1:9", region="us-east-1", account="000000000000", access_key_id="test",
    secret_access_key="test", http_host="h", realtime_host="r", api_arn="arn:aws:appsync:us-east-1:0:apis/x",
    asset_bucket="assets", stub_key="stub.zip", bridge_key="key",
)  # fmt: skip


async def error_of(tmp_path: Path, config: str) -> SstError:
    """What applying *config* raises; the cloud it is given does not exist, so nothing can have been made."""
    project = Project(tmp_path, config)
    with pytest.raises(SstError) as caught:
        try:
            await project.program.load()
            await project.program.apply(NOWHERE, trigger="start")
        finally:
            await project.program.close()
    assert project.seen(e.ResourceStarted) == []
    return caught.value


async def test_an_app_is_loaded_applied_and_applied_again(tmp_path: Path, cloud: CloudUnderTest) -> None:
    """The manifest has function, link and URL; the second apply changes nothing; a removal leaves nothing."""
    config = RUN + (
        'notes = sst.aws.Bucket("Notes")\n'
        '    api = sst.aws.Function("Api", handler="functions/api.handler", url=True, link=[notes],\n'
        '        timeout="3 minutes")\n'
        '    return {"api": api.url}\n'
    )
    project = Project(tmp_path, config)
    bootstrap = Bootstrap(**cloud.bootstrap)
    try:
        app = await project.program.load()
        first = await project.program.apply(bootstrap, trigger="start")
        second = await project.program.apply(bootstrap, trigger="sst_config.py")
        removed = await project.program.remove(bootstrap)
    finally:
        await project.program.close()

    assert (app.name, app.stage, app.home) == ("notes", "dev", "local")
    api = first.functions[0]
    assert (api.name, api.handler, api.timeout, api.links, api.live) == (
        "Api", "functions/api.handler", 180.0, ["Notes"], True,
    )  # fmt: skip
    assert api.url == first.outputs["api"] and api.url.startswith(f"{cloud.endpoint}/_aws/lambda-url/")
    assert first.link_environment(["Notes"])["SST_RESOURCE_Notes"].startswith('{"name": "notes-dev-notesbucket-')
    assert second == first
    assert [d.changed for d in project.seen(e.DeployFinished)] == [removed, 0]
    assert {d.trigger for d in project.seen(e.DeployStarted)} == {"start", "sst_config.py", "remove"}
    started = project.seen(e.ResourceStarted)
    assert ("Api", "sst:aws:Function", "create") in {(s.component, s.component_type, s.action) for s in started}
    record = project.root / ".sst/stages/dev/resources.jsonl"
    assert stat.S_IMODE(record.stat().st_mode) == 0o600


async def test_a_changed_config_is_a_new_program(tmp_path: Path, cloud: CloudUnderTest) -> None:
    """Each apply reads the configuration and its modules anew."""
    project = Project(tmp_path, RUN + 'import names\n    return {"name": names.NAME}\n')
    (tmp_path / "names.py").write_text('NAME = "one"\n')
    bootstrap = Bootstrap(**cloud.bootstrap)
    try:
        first = await project.program.apply(bootstrap, trigger="start")
        (tmp_path / "names.py").write_text('NAME = "two"\n')
        second = await project.program.apply(bootstrap, trigger="names.py")
    finally:
        await project.program.close()

    assert [first.outputs["name"], second.outputs["name"]] == ["one", "two"]


async def test_components_made_by_imported_modules_are_made_in_each_pass(tmp_path: Path, cloud: CloudUnderTest) -> None:
    """An app split into modules that `run()` imports works as if it were one file."""
    project = Project(tmp_path, RUN + 'from infra.storage import bucket\n    return {"name": bucket.name}\n')
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "storage.py").write_text('import sst\nbucket = sst.aws.Bucket("Split")\n')
    try:
        manifest = await project.program.apply(Bootstrap(**cloud.bootstrap), trigger="start")
    finally:
        await project.program.close()

    cloud.client("s3").head_bucket(Bucket=manifest.outputs["name"])


async def test_what_the_program_prints_and_dotenv_values_reach_their_ends(
    tmp_path: Path, cloud: CloudUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`print` becomes one notice, though the program runs twice; `.env` is read again by each run, the shell wins."""
    config = "import os\n" + RUN + 'print(os.environ["FILE"], os.environ["BOTH"], sst.dev, sst.app.stage)\n'
    project = Project(tmp_path, config)
    monkeypatch.setenv("BOTH", "shell")
    try:
        for value in ("one", "two"):
            (tmp_path / ".env").write_text(f"FILE={value}\nBOTH={value}\n")
            await project.program.apply(Bootstrap(**cloud.bootstrap), trigger=".env")
    finally:
        await project.program.close()

    assert [n.text for n in project.seen(e.Notice)] == ["one shell True dev", "two shell True dev"]


async def test_what_cannot_be_is_said_once_in_a_session(tmp_path: Path, cloud: CloudUnderTest) -> None:
    """Each save runs the program again; what it leaves out is no news then."""
    left_out = 'sst.aws.Vpc("Net"); from pulumi_aws import ssm; ssm.Parameter("Par", type="String", value="{}")\n'
    project = Project(tmp_path, RUN + left_out.format(1))
    try:
        for value in (1, 2):
            project.write(RUN + left_out.format(value))
            await project.program.apply(Bootstrap(**cloud.bootstrap), trigger="start")
    finally:
        await project.program.close()

    assert [n.text for n in project.seen(e.Notice)] == [
        'Vpc "Net" does not exist on the embedded cloud and was left out.',
        "Par: aws:ssm/parameter:Parameter does not exist on the embedded cloud and was left out: "
        "its outputs are its inputs.",
    ]


async def test_a_changed_secret_reaches_the_next_apply(tmp_path: Path, cloud: CloudUnderTest) -> None:
    """Secrets are read at the start of each run, and never leave for the record of resources."""
    config = RUN + 'sst.aws.Function("Api", handler="functions/api.handler", link=[sst.Secret("Key")])\n'
    project = Project(tmp_path, config)
    values = []
    try:
        for value in ("first-value", "second-value"):
            project.secrets["Key"] = value
            manifest = await project.program.apply(Bootstrap(**cloud.bootstrap), trigger="secrets")
            values.append(next(link.properties["value"] for link in manifest.links if link.name == "Key"))
    finally:
        await project.program.close()

    assert values == ["first-value", "second-value"]
    assert "-value" not in (tmp_path / ".sst/stages/dev/resources.jsonl").read_text()
    assert [d.changed for d in project.seen(e.DeployFinished)][1] == 0


BAD: dict[str, tuple[str, str, str]] = {
    "raises": (RUN + "return {}['a']\n", r"sst_config.py:7: KeyError: 'a'", ""),
    "raises in an output": (
        RUN + "import pulumi\n    pulumi.Output.from_input(1).apply(lambda x: x / 0)\n",
        "sst_config.py:8: ZeroDivisionError: division by zero",
        "",
    ),
    "no run": (HEAD, "sst_config.py defines no function run.", "Define app"),
    "no app": ("def run(): pass\n", "sst_config.py defines no function app.", "Define app"),
    "syntax": (HEAD + "def run(:\n", "sst_config.py:6: SyntaxError: invalid syntax", ""),
    "import": (
        "import nonexistent\n" + HEAD,
        "sst_config.py:1: ModuleNotFoundError: No module named 'nonexistent'",
        "",
    ),
    "app type": (
        "def app(input): return {}\ndef run(): pass\n",
        "app(input) must return sst.App(...), it returned {}.",
        "",
    ),
    "outputs type": (RUN + "return 3\n", "run() must return a dictionary of outputs or nothing, it returned 3.", ""),
    "two of one name": (
        RUN + 'sst.aws.Bucket("A")\n    sst.aws.Function("A", handler="functions/api.handler")\n',
        'sst_config.py:8: Two components are called "A": Bucket "A" and Function "A".',
        "links are found by them",
    ),
    "no handler file": (
        RUN + 'sst.aws.Function("A", handler="functions/nope.handler")\n',
        'sst_config.py:7: Function "A": handler="functions/nope.handler": there is no "functions/nope.py"',
        "relative to the folder",
    ),
    "no handler attribute": (
        RUN + 'sst.aws.Function("A", handler="functions/api.nope")\n',
        'Function "A": handler="functions/api.nope": "functions/api.py" defines no "nope"',
        "handler",
    ),
    "not linkable": (
        RUN + 'sst.aws.Function("A", handler="functions/api.handler", link=["x"])\n',
        "Function \"A\": link[0] is 'x', which is not linkable.",
        "sst.Linkable.wrap",
    ),
    "app name": (
        HEAD.replace('"notes"', '"my_notes"') + "def run(): pass\n",
        "sst_config.py:4: App name 'my_notes' cannot be used",
        "AWS builds",
    ),
    "another version": (
        HEAD.replace('name="notes"', 'name="notes", version=">= 99"') + "def run(): pass\n",
        "sst_config.py asks for sst-py >= 99; this is ",
        "Install the version",
    ),
    "no version": (
        HEAD.replace('name="notes"', 'name="notes", version="latest"') + "def run(): pass\n",
        "App: version 'latest' is no version",
        ">= 0.1",
    ),
    "outside run": (
        HEAD + 'sst.aws.Bucket("A")\n\ndef run(): pass\n',
        "Components can only be created while sst runs the `run()` function",
        "Move this code into `run()`",
    ),
    "ends its process": (
        RUN + "import os; os._exit(3)\n",
        "sst_config.py ended its process with status 3",
        "must not end",
    ),
    "exits in an output": (
        RUN + "import pulumi, sys; pulumi.Output.from_input(1).apply(sys.exit)\n",
        "the configuration called sys.exit(1).",
        "exception",
    ),
    "a circle": (
        RUN
        + "import pulumi\n    from pulumi_aws import s3\n"
        + '    a = sst.aws.Bucket("A")\n'
        + '    s3.Bucket("B", opts=pulumi.ResourceOptions(parent=a, depends_on=[a]))\n',
        "sst_config.py: We have detected a circular dependency involving a resource of type aws:s3/bucket:Bucket",
        "Look at depends_on, parent",
    ),
    "sys.exit": (RUN + "raise SystemExit(3)\n", "sst_config.py:7: the configuration called sys.exit(3).", "exception"),
}


@pytest.mark.parametrize("case", BAD)
async def test_bad_input_gets_one_sentence_and_makes_nothing(tmp_path: Path, case: str) -> None:
    """The message names file, component and argument; frames are the user's own."""
    config, message, hint = BAD[case]
    error = await error_of(tmp_path, config)

    assert isinstance(error, UserError)
    assert message in error.message
    assert hint in error.hint
    assert "site-packages" not in error.trace and "sst_dev" not in error.trace


async def test_a_stage_aws_would_refuse(tmp_path: Path) -> None:
    """The stage is checked before the configuration runs."""
    (tmp_path / "sst_config.py").write_text(HEAD + "def run(): pass\n")
    program = Program(Settings(config=tmp_path / "sst_config.py", stage="my_stage"), Stream())
    with pytest.raises(UserError, match="Stage 'my_stage' cannot be used"):
        await program.load()
    await program.close()


async def test_two_engines_at_once_take_turns(tmp_path: Path, cloud: CloudUnderTest) -> None:
    """The second waits for the first; both end with the same app, made once."""
    project = Project(tmp_path, RUN + 'return {"name": sst.aws.Bucket("Turns").name}\n')
    other = Program(Settings(config=tmp_path / "sst_config.py", stage="dev"), project.stream)
    bootstrap = Bootstrap(**cloud.bootstrap)
    try:
        first, second = await asyncio.gather(
            project.program.apply(bootstrap, trigger="one"), other.apply(bootstrap, trigger="two")
        )
    finally:
        await project.program.close()
        await other.close()

    assert first == second
    assert sorted(d.changed for d in project.seen(e.DeployFinished)) == [0, 3]


async def test_closing_leaves_no_process(tmp_path: Path, cloud: CloudUnderTest) -> None:
    """Neither a loaded program nor the one kept ready outlives `close`, nor what they started."""
    pidfile = tmp_path / "pid"
    config = (
        "import subprocess, os\n"
        + RUN
        + (f'p = subprocess.Popen(["sleep", "600"]); open({str(pidfile)!r}, "w").write(str(p.pid))\n')
    )
    project = Project(tmp_path, config)
    await project.program.apply(Bootstrap(**cloud.bootstrap), trigger="start")
    await project.program.load()
    pids = [int(pidfile.read_text())]
    await project.program.close()

    assert [pid for pid in pids if alive(pid)] == []


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
