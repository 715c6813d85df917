"""`sst.aws.Function`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
import sst
from sst.infra.aws.function_settings import DEFAULT_RUNTIME
from sst.infra.context import Cloud
from sst.infra.errors import ConfigError

from tests.support.program import ACCOUNT, Declared, declare

CLOUD = Cloud(
    api_arn="arn:api", asset_bucket="assets", stub_key="stub.zip", http_host="h", realtime_host="r", bridge_key="k"
)

ALLOW = {"actions": ["s3:GetObject"], "resources": ["*"]}


def function(**args: Any) -> Declared:
    """A program with one function called Api."""
    return declare(lambda: sst.aws.Function("Api", **{"handler": "api.handler", **args}) and None, cloud=CLOUD)


def test_a_live_function_is_deployed_as_the_stub() -> None:
    """The stub's code, runtime and timeout; the user's variables beside the bridge's; links stay out of Lambda."""
    declared = declare(
        lambda: (
            sst.aws.Function("Api", handler="api.handler", environment={"DEBUG": "1"}, link=[sst.aws.Bucket("A")])
            and None
        ),
        cloud=CLOUD,
    )
    inputs = declared.inputs("ApiFunction")

    assert {k: inputs[k] for k in ("runtime", "handler", "s3Bucket", "s3Key", "timeout", "memorySize")} == {
        "runtime": "provided.al2023",
        "handler": "bootstrap",
        "s3Bucket": "assets",
        "s3Key": "stub.zip",
        "timeout": 900,
        "memorySize": 1024,
    }
    assert inputs["environment"]["variables"] == {
        "DEBUG": "1",
        "SST_APP": "notes",
        "SST_STAGE": "dev",
        "SST_FUNCTION_ID": "Api",
        "SST_BRIDGE_HTTP": "h",
        "SST_BRIDGE_REALTIME": "r",
        "SST_BRIDGE_KEY": "k",
    }


def test_the_manifest_says_what_the_dev_server_needs() -> None:
    """Everything about the real function, with the documented defaults."""
    declared = function(environment={"DEBUG": "1"}, url=True)
    entry = declared.function("Api")

    assert entry["lambda_name"] == declared.inputs("ApiFunction")["name"]
    assert {
        k: entry[k] for k in ("handler", "runtime", "timeout", "memory", "environment", "url", "live", "triggers")
    } == {
        "handler": "api.handler",
        "runtime": DEFAULT_RUNTIME,
        "timeout": 20,
        "memory": 1024,
        "environment": {"DEBUG": "1"},
        "url": "http://url/ApiUrl/",
        "live": True,
        "triggers": ["url"],
    }


def test_the_role_may_reach_the_bridge_and_nothing_else() -> None:
    """Without links and permissions the stub connects, publishes and subscribes: no more."""
    policy = json.loads(function().inputs("ApiPolicy")["policy"])

    assert policy["Statement"] == [
        {"Effect": "Allow", "Action": "appsync:EventConnect", "Resource": ["arn:api"]},
        {
            "Effect": "Allow",
            "Action": ["appsync:EventPublish", "appsync:EventSubscribe"],
            "Resource": ["arn:api/channelNamespace/sst"],
        },
    ]


def test_permissions_and_policies_go_into_the_role() -> None:
    """Statements inline, managed policies attached, beside the one for logs."""
    declared = function(permissions=[{"actions": ["s3:*"], "resources": ["arn:x"]}], policies=["arn:managed"])

    assert json.loads(declared.inputs("ApiPolicy")["policy"])["Statement"][0] == {
        "Effect": "Allow",
        "Action": ["s3:*"],
        "Resource": ["arn:x"],
    }
    assert [declared.inputs(f"ApiAttachment{i}")["policyArn"] for i in (0, 1)] == [
        "arn:managed",
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    ]


def test_without_logging_there_is_neither_group_nor_permission() -> None:
    """Function, `logging`: false writes no logs."""
    types = function(logging=False).types()

    assert "ApiLogGroup" not in types and "ApiAttachment0" not in types


def test_logging_settings() -> None:
    """Format and retention; an existing group is used as it is."""
    declared = function(logging={"format": "json", "retention": "1 week"})
    existing = function(logging={"log_group": "/mine"})

    assert declared.inputs("ApiLogGroup")["retentionInDays"] == 7
    assert declared.inputs("ApiFunction")["loggingConfig"] == {"logFormat": "JSON"}
    assert declared.function("Api")["log_format"] == "json"
    assert "ApiLogGroup" not in existing.types()
    assert existing.inputs("ApiFunction")["loggingConfig"]["logGroup"] == "/mine"


def test_a_given_role_is_used_and_not_changed() -> None:
    """Function, `role`: nothing of links and permissions goes to it, only what a live stub needs."""
    role = f"arn:aws:iam::{ACCOUNT}:role/team/mine"
    live, packed = (function(role=role, link=[], permissions=[ALLOW], dev=dev) for dev in (True, False))

    assert live.inputs("ApiFunction")["role"] == packed.inputs("ApiFunction")["role"] == role
    assert not {"ApiRole", "ApiPolicy", "ApiAttachment0"} & {*live.types(), *packed.types()}
    assert "ApiLivePolicy" not in packed.types()
    bridge = live.inputs("ApiLivePolicy")
    assert (bridge["role"], "s3:GetObject" in bridge["policy"]) == ("mine", False)


def test_a_role_of_another_account_is_replaced() -> None:
    """The embedded cloud has none: one line says so, and the function has what it asks for."""
    declared = function(role="arn:aws:iam::123456789012:role/theirs", permissions=[ALLOW])

    assert "s3:GetObject" in declared.inputs("ApiPolicy")["policy"]
    assert "role/theirs does not exist on the embedded cloud" in declared.notices[0]


def test_retries_make_an_invoke_config() -> None:
    """Only when set."""
    assert function(retries=0).inputs("ApiEventInvokeConfig")["maximumRetryAttempts"] == 0
    assert "ApiEventInvokeConfig" not in function().types()


def test_a_linked_function_may_be_invoked() -> None:
    """Its link is its name and, if it has one, its URL."""

    def run() -> None:
        worker = sst.aws.Function("Worker", handler="a.b", url=True)
        sst.aws.Function("Api", handler="a.b", link=[worker])

    declared = declare(run)

    assert declared.link("Worker") == {
        "name": declared.inputs("WorkerFunction")["name"],
        "url": "http://url/WorkerUrl/",
    }
    statement = json.loads(declared.inputs("ApiPolicy")["policy"])["Statement"][0]
    assert (statement["Action"], statement["Resource"]) == (["lambda:InvokeFunction"], ["arn:WorkerFunction"])


def test_variables_can_be_added_later() -> None:
    """`add_environment` reaches the manifest, from which the worker gets its variables."""

    def run() -> None:
        api = sst.aws.Function("Api", handler="a.b", url=True, environment={"AA": "1"})
        api.add_environment({"URL": api.url})

    assert declare(run).function("Api")["environment"] == {"AA": "1", "URL": "http://url/ApiUrl/"}


def test_outputs_may_stand_for_values() -> None:
    """Arguments that are known later are checked when they are."""

    def run(timeout: str) -> None:
        later = pulumi.Output.from_input
        sst.aws.Function("Api", handler=later("x.y"), timeout=later(timeout))

    declared = declare(lambda: run("1 minute"))

    assert (declared.function("Api")["timeout"], declared.function("Api")["handler"]) == (60, "x.y")
    with pytest.raises(ConfigError, match="timeout must be a duration"):
        declare(lambda: run("1m"))


def test_a_function_that_is_not_live_is_deployed_as_its_package() -> None:
    """With its own timeout, its links and variables; nothing of the stub, and nothing of the bridge in its role."""
    asked: list[dict[str, Any]] = []

    def package(**wanted: Any) -> tuple[str, str]:
        asked.append(wanted)
        return __file__, "api.handler"

    def run() -> None:
        linked = sst.Linkable("Limits", properties={"most": 3})
        sst.aws.Function("Api", handler="api.handler", dev=False, link=[linked], environment={"DEBUG": "1"})

    declared = declare(run, cloud=CLOUD, package=package)
    inputs = declared.inputs("ApiFunction")

    assert (declared.function("Api")["live"], inputs["timeout"], inputs["handler"]) == (False, 20, "api.handler")
    assert inputs["code"]["path"] == __file__ and "s3Key" not in inputs
    assert {name: json.loads(value) for name, value in inputs["environment"]["variables"].items()} == {
        "DEBUG": 1,
        "SST_RESOURCE_App": {"name": "notes", "stage": "dev"},
        "SST_RESOURCE_Limits": {"most": 3, "type": "sst.sst.Linkable"},
    }
    assert "ApiPolicy" not in declared.types()
    assert asked == [
        {
            "component": "Api", "handler": "api.handler", "runtime": DEFAULT_RUNTIME, "architecture": "x86_64",
            "bundle": None, "copy_files": [], "postbuild": None,
        }
    ]  # fmt: skip


def test_links_and_variables_together_are_what_lambda_takes() -> None:
    """Of a function that is deployed with them: 4 KB."""

    def run() -> None:
        linked = sst.Linkable("Big", properties={"text": "x" * 3000})
        sst.aws.Function("Api", handler="a.b", dev=False, link=[linked], environment={"MORE": "x" * 1200})

    with pytest.raises(ConfigError, match=r'Function "Api": environment, with the links, holds 4\d\d\d bytes'):
        declare(run)


def test_the_stub_runs_as_long_as_the_shortest_of_its_queues_allows() -> None:
    """However the function is named to them: AWS refuses a function that may outlive what it was given."""

    def run() -> None:
        shared = sst.aws.Function("Shared", handler="a.b")
        sst.aws.Queue("Long", visibility_timeout="5 minutes").subscribe(shared)
        sst.aws.Queue("Short", visibility_timeout="40 seconds").subscribe(shared.arn)
        sst.aws.Queue("Later", visibility_timeout=pulumi.Output.from_input("2 minutes")).subscribe(shared)
        sst.aws.Function("Alone", handler="a.b")

    declared = declare(run)

    assert [declared.inputs(f"{name}Function")["timeout"] for name in ("Shared", "Alone")] == [40, 900]
    assert declared.function("Shared")["triggers"] == ["queue Long", "queue Short", "queue Later"]
    assert "ShortSubscriberPolicy" in declared.types()


def test_provisioned_concurrency_is_of_the_published_version() -> None:
    """It needs `versioning`."""
    inputs = function(versioning=True, concurrency={"provisioned": 2, "reserved": 5}).inputs

    assert inputs("ApiProvisioned")["provisionedConcurrentExecutions"] == 2
    assert (inputs("ApiFunction")["publish"], inputs("ApiFunction")["reservedConcurrentExecutions"]) == (True, 5)


def test_a_bundle_is_where_the_handler_is(tmp_path: Path) -> None:
    """Live too: the handler is named from the folder of the bundle."""
    (tmp_path / "dist").mkdir()
    declared = declare(lambda: sst.aws.Function("Api", handler="index.handler", bundle="dist") and None, root=tmp_path)

    assert declared.function("Api")["handler"] == "dist/index.handler"


def test_layers_and_vpcs_are_said_and_left_out() -> None:
    """What does not exist on this machine costs one line, not the app."""
    notices = function(layers=["arn:layer"], vpc={"private_subnets": [], "security_groups": []}).notices

    assert [n.partition(" is")[0] for n in notices] == ['Function "Api": layers', 'Function "Api": vpc']


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"handler": "api"}, "handler must be a file and a function, got 'api'"),
        ({"runtime": "python2.7"}, "runtime must be one of python3.9"),
        ({"timeout": "16 minutes"}, "timeout must be between 1 and 900 seconds"),
        ({"memory": "64 MB"}, "memory must be between 128 MB and 10240 MB"),
        ({"storage": "1 MB"}, "storage must be between 512 MB"),
        ({"architecture": "arm"}, "architecture must be one of x86_64, arm64"),
        ({"environment": {"AWS_REGION": "x"}}, "environment sets AWS_REGION, which Lambda sets itself"),
        ({"environment": {"1A": "x"}}, "environment has the name '1A'"),
        ({"environment": {"AA": 1}}, r"environment\['AA'\] must be a string, got 1"),
        ({"environment": {"AA": "x" * 5000}}, "environment holds 5002 bytes; Lambda takes at most 4096"),
        ({"environment": "AA=1"}, "environment must be a dictionary"),
        ({"permissions": ["s3:*"]}, r"permissions\[0\] must be a permission"),
        ({"python": {"containr": True}}, "python has no field 'containr'"),
        ({"copy_files": [{"to": "x"}]}, r"copy_files\[0\] needs the field 'from'"),
        ({"layers": ["arn:layer"] * 6}, "layers holds 6 layers; Lambda takes 5"),
        ({"retries": 3}, "retries must be 0, 1 or 2, got 3"),
        ({"concurrency": {"provisioned": 1}}, "concurrency.provisioned needs versioning=True"),
        ({"concurrency": {"reservd": 1}}, "concurrency has no field 'reservd'"),
        ({"logging": {"retention": "1 fortnight"}}, "logging.retention must be one of 1 day"),
        (
            {"logging": {"retention": "1 day", "log_group": "x"}},
            "logging.retention does not apply to an existing log group",
        ),
    ],
)
def test_wrong_arguments(args: dict[str, Any], message: str) -> None:
    """One sentence with the component and the argument."""
    with pytest.raises(ConfigError, match=f'Function "Api": {message}'):
        function(**args)


def test_a_missing_handler_is_reported_with_the_component() -> None:
    """The resolver's sentence, behind the component's name."""

    def check(handler: str, runtime: str) -> None:
        raise ConfigError(f"no {handler} for {runtime}", hint="Write it.")

    with pytest.raises(ConfigError) as caught:
        declare(
            lambda: sst.aws.Function("Api", handler="a.b", runtime="python3.10") and None,
            check_handler=check,
            root=Path("/"),
        )

    assert (caught.value.message, caught.value.hint) == ('Function "Api": no a.b for python3.10', "Write it.")
