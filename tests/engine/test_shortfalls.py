"""Where MiniStack 1.5.33 falls short of AWS, as the table in docs/components.md says.

Each test states what AWS does and is expected to fail; when one passes, MiniStack has been mended and its row can go.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
import sst
from botocore.exceptions import ClientError
from websockets.sync.client import connect

from tests.support.issuer import Issuer
from tests.support.program import CloudUnderTest

KEEP = sst.App(name="notes", home="local", removal="remove")
FAILING = {"handler": "a.b", "retries": 1, "environment": {"FAIL": '{"errorType": "E", "errorMessage": "m"}'}}


def applied(cloud: CloudUnderTest, stage: str, run: Callable[[], Any]) -> dict[str, Any]:
    """The outputs of *run*, and the names of its functions."""
    manifest, _ = cloud.apply(run, stage=stage, app=KEEP)
    return {**manifest["outputs"], **{f["name"]: f["lambda_name"] for f in manifest["functions"]}}


def deliveries(cloud: CloudUnderTest, stage: str, name: str, lambda_name: str, key: str) -> int:
    """How many events with *key* reached a function that fails, once its own asynchronous retry is through.

    That retry is later than one of an event sent before would be, so nothing else is waited for.
    """
    cloud.events(stage, name)
    cloud.client("lambda").invoke(FunctionName=lambda_name, InvocationType="Event", Payload=b'{"fence": 1}')
    events = cloud.events(stage, name)
    while sum("fence" in event for event in events) < 2:
        events = cloud.events(stage, name, len(events) + 1)
    return sum(key in event for event in events)


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="MiniStack 1.5.33 calls a topic's subscriber once")
def test_a_topic_calls_again_what_failed(cloud: CloudUnderTest) -> None:
    """SNS calls functions asynchronously: Lambda repeats a failed call."""

    def run() -> dict[str, Any]:
        topic = sst.aws.SnsTopic("News")
        topic.subscribe("Mail", FAILING)
        return {"topic": topic.arn}

    made = applied(cloud, "short-sns", run)
    cloud.client("sns").publish(TopicArn=made["topic"], Message="m")
    assert deliveries(cloud, "short-sns", "NewsSubscriberMail", made["NewsSubscriberMail"], "Records") == 2


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="MiniStack 1.5.33 calls a rule's target once")
def test_a_bus_calls_again_what_failed(cloud: CloudUnderTest) -> None:
    """EventBridge calls functions asynchronously: Lambda repeats a failed call; schedules are rules, too."""

    def run() -> dict[str, Any]:
        bus = sst.aws.Bus("Orders")
        bus.subscribe("Mail", FAILING)
        return {"bus": bus.name}

    made = applied(cloud, "short-bus", run)
    entry = {"EventBusName": made["bus"], "Source": "s", "DetailType": "d", "Detail": "{}"}
    cloud.client("events").put_events(Entries=[entry])
    assert deliveries(cloud, "short-bus", "OrdersSubscriberMail", made["OrdersSubscriberMail"], "detail") == 2


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="MiniStack 1.5.33 knows no $or and no equals-ignore-case in filters"
)
@pytest.mark.parametrize(
    "pattern", [{"body": {"$or": [{"a": ["x"]}, {"b": ["x"]}]}}, {"body": {"a": [{"equals-ignore-case": "X"}]}}]
)
def test_all_operators_of_filters_match(cloud: CloudUnderTest, pattern: dict[str, Any]) -> None:
    """Lambda's event filters know `$or` and `equals-ignore-case` (developer guide, event filtering)."""
    stage = "short-or" if "$or" in pattern["body"] else "short-case"

    def run() -> dict[str, Any]:
        queue = sst.aws.Queue("Jobs")
        queue.subscribe("a.b", filters=[pattern, {"body": {"fence": ["x"]}}], batch={"size": 1})
        return {"url": queue.url}

    made = applied(cloud, stage, run)
    for body in ({"a": "x"}, {"fence": "x"}):
        cloud.client("sqs").send_message(QueueUrl=made["url"], MessageBody=json.dumps(body))
    bodies: list[Any] = []
    while {"fence": "x"} not in bodies:
        events = cloud.events(stage, "JobsSubscriber", len(bodies) + 1)
        bodies = [json.loads(record["body"]) for event in events for record in event["Records"]]
    assert {"a": "x"} in bodies


@pytest.mark.xfail(
    strict=True, raises=pytest.fail.Exception, reason="MiniStack 1.5.33 takes a source that does not exist"
)
def test_an_event_source_has_to_exist(cloud: CloudUnderTest) -> None:
    """Lambda refuses an event source mapping of a queue that is not there."""
    made = applied(cloud, "short-source", lambda: {"f": sst.aws.Function("F", handler="a.b").name})
    with pytest.raises(ClientError):
        cloud.client("lambda").create_event_source_mapping(
            FunctionName=made["F"], EventSourceArn="arn:aws:sqs:us-east-1:000000000000:nothing"
        )


@pytest.mark.xfail(strict=True, raises=pytest.fail.Exception, reason="MiniStack 1.5.33 does not compare the two")
def test_a_function_has_to_end_before_its_messages_come_back(cloud: CloudUnderTest) -> None:
    """Lambda refuses a queue whose visibility timeout is shorter than the function's timeout."""

    def run() -> dict[str, Any]:
        sst.aws.Function("F", handler="a.b")
        return {"arn": sst.aws.Queue("Jobs", visibility_timeout="1 second").arn}

    made = applied(cloud, "short-visibility", run)
    cloud.client("lambda").update_function_configuration(FunctionName=made["F"], Timeout=60)
    with pytest.raises(ClientError):
        cloud.client("lambda").create_event_source_mapping(FunctionName=made["F"], EventSourceArn=made["arn"])


@pytest.mark.xfail(strict=True, raises=KeyError, reason="MiniStack 1.5.33 leaves cookies among the headers alone")
def test_cookies_of_an_http_request_are_a_list(cloud: CloudUnderTest) -> None:
    """Payload format 2.0 has them in `cookies` (API Gateway developer guide, Lambda integrations)."""

    def run() -> dict[str, Any]:
        api = sst.aws.ApiGatewayV2("Api")
        api.route("$default", "a.b")
        return {"url": api.url}

    made = applied(cloud, "short-cookies", run)
    urllib.request.urlopen(urllib.request.Request(f"{made['url']}/", headers={"Cookie": "a=1; b=2"})).close()
    [event] = cloud.events("short-cookies", "ApiRouteDefaultHandler")
    assert event["cookies"] == ["a=1", "b=2"]


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="MiniStack 1.5.33 hands on the content type alone")
def test_headers_of_another_server_come_back(cloud: CloudUnderTest) -> None:
    """An HTTP proxy integration hands on the whole response."""
    with Issuer() as issuer:

        def run() -> dict[str, Any]:
            api = sst.aws.ApiGatewayV2("Api")
            api.route_url("GET /{proxy+}", issuer.url + "/{proxy}")
            return {"url": api.url}

        with urllib.request.urlopen(applied(cloud, "short-proxy", run)["url"] + "/keys") as answer:
            assert answer.headers["X-Issuer"] == issuer.url


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="MiniStack 1.5.33 writes no access logs")
def test_access_logs_are_written(cloud: CloudUnderTest) -> None:
    """One line a request, in the log group of the stage."""

    def run() -> dict[str, Any]:
        api = sst.aws.ApiGatewayV2("Api")
        api.route("$default", "a.b")
        return {"url": api.url, "group": api.nodes["log_group"].name}

    made = applied(cloud, "short-log", run)
    urllib.request.urlopen(f"{made['url']}/").close()
    cloud.events("short-log", "ApiRouteDefaultHandler")
    assert cloud.client("logs").filter_log_events(logGroupName=made["group"])["events"]


@pytest.mark.xfail(strict=True, raises=KeyError, reason="MiniStack 1.5.33 leaves the direction of a message out")
def test_a_websocket_event_has_its_direction(cloud: CloudUnderTest) -> None:
    """`messageDirection` is IN (API Gateway developer guide, WebSocket mapping template reference)."""

    def run() -> dict[str, Any]:
        chat = sst.aws.ApiGatewayWebSocket("Chat")
        chat.route("$default", {"handler": "a.b", "environment": {"ANSWER": '{"statusCode": 200}'}})
        return {"url": chat.url}

    with connect(applied(cloud, "short-socket", run)["url"]) as socket:
        socket.send("hello")
        [event] = cloud.events("short-socket", "ChatRouteDefaultHandler")
    assert event["requestContext"]["messageDirection"] == "IN"


@pytest.mark.xfail(strict=True, raises=ClientError, reason="MiniStack 1.5.33 has no IoT authorizers")
def test_iot_has_authorizers(cloud: CloudUnderTest) -> None:
    """`CreateAuthorizer` makes what decides about MQTT clients."""
    made = applied(cloud, "short-iot", lambda: {"f": sst.aws.Function("F", handler="a.b").arn})
    cloud.client("iot").create_authorizer(
        authorizerName="short", authorizerFunctionArn=made["f"], signingDisabled=True, status="ACTIVE"
    )


TASK = {"family": "short", "containerDefinitions": [{"name": "Task", "image": "local"}]}


@pytest.mark.xfail(strict=True, raises=ClientError, reason="MiniStack 1.5.33 asks for the task's cluster alone")
def test_a_role_may_be_allowed_one_task(cloud: CloudUnderTest) -> None:
    """DescribeTasks is asked for the task (service authorization reference, Amazon ECS)."""

    def run() -> None:
        allowed = {"actions": ["ecs:*"], "resources": ["arn:aws:ecs:us-east-1:000000000000:task/short/*"]}
        sst.aws.Function("F", handler="a.b", permissions=[allowed])

    [function] = cloud.apply(run, stage="short-task", app=KEEP)[0]["functions"]
    ecs = cloud.client("ecs")
    ecs.create_cluster(clusterName="short")
    ecs.register_task_definition(**TASK)
    [started] = ecs.run_task(cluster="short", taskDefinition="short")["tasks"]
    cloud.as_role(function["role_arn"], "ecs").describe_tasks(cluster="short", tasks=[started["taskArn"]])


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="MiniStack 1.5.33 takes no exit code of a container")
def test_a_container_has_the_exit_code_it_is_given(cloud: CloudUnderTest) -> None:
    """`SubmitTaskStateChange` is how an agent reports it."""
    ecs = cloud.client("ecs")
    ecs.create_cluster(clusterName="short-exit")
    ecs.register_task_definition(**TASK)
    [started] = ecs.run_task(cluster="short-exit", taskDefinition="short")["tasks"]
    report = {"containerName": "Task", "exitCode": 3, "status": "STOPPED"}
    ecs.submit_task_state_change(cluster="short-exit", task=started["taskArn"], status="STOPPED", containers=[report])
    [known] = ecs.describe_tasks(cluster="short-exit", tasks=[started["taskArn"]])["tasks"]
    assert known["containers"][0].get("exitCode") == 3
