"""Every trigger reaches its function on a real MiniStack, and linking grants what is documented and no more."""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.request
from typing import Any

import pytest
import sst
from botocore.exceptions import ClientError

from tests.support.program import ACCOUNT, CloudUnderTest

KEEP = sst.App(name="notes", home="local", removal="remove")
TRUST = json.dumps(
    {
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
        ]
    }
)


def test_queue(cloud: CloudUnderTest) -> None:
    """A message reaches the subscriber as an SQS event of one record."""

    def run() -> dict[str, Any]:
        queue = sst.aws.Queue("Jobs")
        queue.subscribe({"handler": "a.b", "environment": {"ANSWER": "{}"}}, batch={"size": 1})
        return {"url": queue.url}

    manifest, _ = cloud.apply(run, stage="queue", app=KEEP)
    cloud.client("sqs").send_message(QueueUrl=manifest["outputs"]["url"], MessageBody="hello")

    [event] = cloud.events("queue", "JobsSubscriber")
    assert [(r["eventSource"], r["body"]) for r in event["Records"]] == [("aws:sqs", "hello")]
    assert manifest["functions"][0]["triggers"] == ["queue Jobs"]


def test_dead_letters(cloud: CloudUnderTest) -> None:
    """What keeps failing ends in the dead-letter queue after the retries."""

    def run() -> dict[str, Any]:
        dead = sst.aws.Queue("Dead")
        queue = sst.aws.Queue("Jobs", dlq={"queue": dead.arn, "retry": 1}, visibility_timeout="1 second")
        fail = json.dumps({"errorType": "Asked", "errorMessage": "to fail"})
        queue.subscribe({"handler": "a.b", "timeout": "1 second", "environment": {"FAIL": fail}})
        return {"url": queue.url, "dead": dead.url}

    manifest, _ = cloud.apply(run, stage="dead", app=KEEP)
    sqs = cloud.client("sqs")
    sqs.send_message(QueueUrl=manifest["outputs"]["url"], MessageBody="bad")

    answer = sqs.receive_message(QueueUrl=manifest["outputs"]["dead"], WaitTimeSeconds=20)
    assert [m["Body"] for m in answer["Messages"]] == ["bad"]


def test_fifo_queue(cloud: CloudUnderTest) -> None:
    """A FIFO queue has its suffix and takes deduplication by content."""

    def run() -> dict[str, Any]:
        return {"url": sst.aws.Queue("Orders", fifo={"content_based_deduplication": True}).url}

    manifest, _ = cloud.apply(run, stage="fifo", app=KEEP)
    url = manifest["outputs"]["url"]
    for _ in range(2):
        cloud.client("sqs").send_message(QueueUrl=url, MessageBody="once", MessageGroupId="g")

    assert url.endswith(".fifo")
    attributes = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "1"


def test_topic(cloud: CloudUnderTest) -> None:
    """A matching message reaches the function and the queue; the filter keeps the other away."""

    def run() -> dict[str, Any]:
        topic, queue = sst.aws.SnsTopic("Orders"), sst.aws.Queue("Archive")
        topic.subscribe("Mail", "a.b", filter={"kind": ["big"]})
        topic.subscribe_queue("Archive", queue)
        return {"arn": topic.arn, "queue": queue.url}

    manifest, _ = cloud.apply(run, stage="topic", app=KEEP)
    sns, sqs = cloud.client("sns"), cloud.client("sqs")
    for kind in ("small", "big"):
        attributes = {"kind": {"DataType": "String", "StringValue": kind}}
        sns.publish(TopicArn=manifest["outputs"]["arn"], Message=kind, MessageAttributes=attributes)

    [event] = cloud.events("topic", "OrdersSubscriberMail")
    assert [r["Sns"]["Message"] for r in event["Records"]] == ["big"]
    bodies = []
    while len(bodies) < 2:
        answer = sqs.receive_message(QueueUrl=manifest["outputs"]["queue"], WaitTimeSeconds=20, MaxNumberOfMessages=10)
        bodies += [json.loads(m["Body"])["Message"] for m in answer["Messages"]]
    assert sorted(bodies) == ["big", "small"]


def test_table_stream(cloud: CloudUnderTest) -> None:
    """A change that matches the filter reaches the subscriber with its images."""

    def run() -> dict[str, Any]:
        table = sst.aws.Dynamo(
            "Notes",
            fields={"id": "string", "at": "number"},
            primary_index={"hash_key": "id"},
            global_indexes={"ByTime": {"hash_key": "at"}},
            stream="new-and-old-images",
            ttl="expires",
        )
        table.subscribe("Audit", "a.b", filters=[{"eventName": ["REMOVE"]}])
        return {"name": table.name}

    manifest, _ = cloud.apply(run, stage="table", app=KEEP)
    dynamo, name = cloud.client("dynamodb"), manifest["outputs"]["name"]
    dynamo.put_item(TableName=name, Item={"id": {"S": "1"}, "at": {"N": "5"}})
    assert dynamo.query(
        TableName=name,
        IndexName="ByTime",
        KeyConditionExpression="#a = :a",
        ExpressionAttributeNames={"#a": "at"},
        ExpressionAttributeValues={":a": {"N": "5"}},
    )["Items"]
    dynamo.delete_item(TableName=name, Key={"id": {"S": "1"}})

    [event] = cloud.events("table", "NotesSubscriberAudit")
    assert [(r["eventName"], r["dynamodb"]["OldImage"]["id"]["S"]) for r in event["Records"]] == [("REMOVE", "1")]
    assert dynamo.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"] == "expires"


def test_a_table_gains_and_loses_an_index_and_a_stream(cloud: CloudUnderTest) -> None:
    """Indexes and streams change in place; the data stays."""

    def table(**more: Any) -> Any:
        fields = {"id": "string", **({"at": "number"} if "global_indexes" in more else {})}
        return lambda: {"name": sst.aws.Dynamo("T", fields=fields, primary_index={"hash_key": "id"}, **more).name}

    first, _ = cloud.apply(table(), stage="index", app=KEEP)
    dynamo, name = cloud.client("dynamodb"), first["outputs"]["name"]
    dynamo.put_item(TableName=name, Item={"id": {"S": "1"}})
    cloud.apply(table(global_indexes={"ByTime": {"hash_key": "at"}}, stream="keys-only"), stage="index", app=KEEP)
    grown = dynamo.describe_table(TableName=name)["Table"]
    cloud.apply(table(), stage="index", app=KEEP)
    shrunk = dynamo.describe_table(TableName=name)["Table"]

    assert [i["IndexName"] for i in grown["GlobalSecondaryIndexes"]] == ["ByTime"]
    assert grown["StreamSpecification"]["StreamViewType"] == "KEYS_ONLY"
    assert not shrunk.get("GlobalSecondaryIndexes")
    assert not shrunk.get("StreamSpecification", {}).get("StreamEnabled")
    assert dynamo.get_item(TableName=name, Key={"id": {"S": "1"}})["Item"]


def test_kinesis(cloud: CloudUnderTest) -> None:
    """A record of the stream reaches the subscriber."""

    def run() -> dict[str, Any]:
        stream = sst.aws.KinesisStream("Clicks")
        stream.subscribe("Count", "a.b")
        return {"name": stream.name}

    manifest, _ = cloud.apply(run, stage="kinesis", app=KEEP)
    kinesis, received = cloud.client("kinesis"), []
    while not received:  # a stream is followed from its end, wherever that is when the poller comes up
        kinesis.put_record(StreamName=manifest["outputs"]["name"], Data=b"x", PartitionKey="p")
        with contextlib.suppress(AssertionError):
            received = cloud.events("kinesis", "ClicksSubscriberCount", timeout=1)

    assert {(r["eventSource"], r["kinesis"]["data"]) for r in received[0]["Records"]} == {("aws:kinesis", "eA==")}


def test_bus(cloud: CloudUnderTest) -> None:
    """An event that matches the pattern reaches the function and the queue, another does not."""

    def run() -> dict[str, Any]:
        bus, queue = sst.aws.Bus("Orders"), sst.aws.Queue("All")
        bus.subscribe("Mail", "a.b", pattern={"source": ["shop"], "detail_type": ["Ordered"]})
        bus.subscribe_queue("All", queue)
        return {"name": bus.name, "queue": queue.url}

    manifest, _ = cloud.apply(run, stage="bus", app=KEEP)
    entries = [
        {"EventBusName": manifest["outputs"]["name"], "Source": "shop", "DetailType": kind, "Detail": '{"a": 1}'}
        for kind in ("Viewed", "Ordered")
    ]
    cloud.client("events").put_events(Entries=entries)

    [event] = cloud.events("bus", "OrdersSubscriberMail")
    assert (event["detail-type"], event["detail"]) == ("Ordered", {"a": 1})
    sqs, kinds = cloud.client("sqs"), []
    while len(kinds) < 2:
        answer = sqs.receive_message(QueueUrl=manifest["outputs"]["queue"], WaitTimeSeconds=20, MaxNumberOfMessages=10)
        kinds += [json.loads(m["Body"])["detail-type"] for m in answer["Messages"]]
    assert sorted(kinds) == ["Ordered", "Viewed"]


def test_bucket_notifications(cloud: CloudUnderTest) -> None:
    """An upload below the prefix reaches the function; the queue gets its own."""

    def run() -> dict[str, Any]:
        bucket, queue, topic = sst.aws.Bucket("Files"), sst.aws.Queue("Log"), sst.aws.SnsTopic("News")
        bucket.notify(
            notifications=[
                {"name": "Thumbs", "function": "a.b", "events": ["s3:ObjectCreated:*"], "filter_prefix": "img/"},
                {"name": "Log", "queue": queue, "events": ["s3:ObjectRemoved:*"]},
                {"name": "News", "topic": topic, "events": ["s3:ObjectTagging:*"]},
            ]
        )
        return {"bucket": bucket.name, "queue": queue.url}

    manifest, _ = cloud.apply(run, stage="notify", app=KEEP)
    s3, name = cloud.client("s3"), manifest["outputs"]["bucket"]
    s3.put_object(Bucket=name, Key="other/a", Body=b"1")
    s3.put_object(Bucket=name, Key="img/b", Body=b"2")
    s3.delete_object(Bucket=name, Key="img/b")

    [event] = cloud.events("notify", "FilesSubscriberThumbs")
    assert [r["s3"]["object"]["key"] for r in event["Records"]] == ["img/b"]
    bodies: list[dict[str, Any]] = []
    while not any("Records" in body for body in bodies):
        answer = cloud.client("sqs").receive_message(QueueUrl=manifest["outputs"]["queue"], WaitTimeSeconds=20)
        bodies += [json.loads(m["Body"]) for m in answer["Messages"]]
    assert bodies[-1]["Records"][0]["eventName"].startswith("ObjectRemoved:")


def test_cron(cloud: CloudUnderTest) -> None:
    """The rule, its target and its event are there, and a disabled schedule is off."""

    def run() -> dict[str, Any]:
        on = sst.aws.Cron("On", schedule="rate(1 minute)", function="a.b", event={"foo": "bar"})
        off = sst.aws.Cron("Off", schedule="cron(15 10 * * ? *)", function="a.b", enabled=False)
        return {"on": on.nodes["rule"].name, "off": off.nodes["rule"].name}

    manifest, _ = cloud.apply(run, stage="cron", app=KEEP)
    events = cloud.client("events")
    on, off = (events.describe_rule(Name=manifest["outputs"][name]) for name in ("on", "off"))

    assert (on["ScheduleExpression"], on["State"], off["State"]) == ("rate(1 minute)", "ENABLED", "DISABLED")
    [target] = events.list_targets_by_rule(Rule=on["Name"])["Targets"]
    assert target["Arn"] == manifest["functions"][0]["arn"]
    assert json.loads(target["Input"]) == {"foo": "bar"}


def test_http_api(cloud: CloudUnderTest) -> None:
    """A request to the API's URL reaches the route's function with its path parameters, and the answer comes back."""
    answer = json.dumps({"statusCode": 201, "headers": {"x-a": "b"}, "body": "made"})

    def run() -> dict[str, Any]:
        api = sst.aws.ApiGatewayV2("Api")
        api.route("POST /notes/{id}", {"handler": "a.b", "environment": {"ANSWER": answer}})
        api.route("GET /secret", "a.b", auth={"iam": True})
        return {"url": api.url}

    manifest, _ = cloud.apply(run, stage="api", app=KEEP)
    url = manifest["outputs"]["url"]
    request = urllib.request.Request(f"{url}/notes/7?x=1", data=b"hi", method="POST")
    with urllib.request.urlopen(request) as response:
        got = (response.status, response.headers["x-a"], response.read())
    with pytest.raises(urllib.error.HTTPError) as forbidden:
        urllib.request.urlopen(f"{url}/secret")

    assert got == (201, "b", b"made")
    assert forbidden.value.code == 403
    [event] = cloud.events("api", "ApiRoutePOSTNotesIdHandler")
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "POST /notes/{id}", "/notes/7")
    assert (event["pathParameters"], event["queryStringParameters"]) == ({"id": "7"}, {"x": "1"})


def test_http_api_with_a_function_authorizer(cloud: CloudUnderTest) -> None:
    """A route behind an authorizer that says no is forbidden."""

    def run() -> dict[str, Any]:
        api = sst.aws.ApiGatewayV2("Api")
        deny = {"handler": "a.b", "environment": {"ANSWER": '{"isAuthorized": false}'}}
        check = api.add_authorizer(name="Check", lambda_={"function": deny})
        api.route("GET /", "a.b", auth={"lambda": check.id})
        return {"url": api.url}

    manifest, _ = cloud.apply(run, stage="authorizer", app=KEEP)
    request = urllib.request.Request(manifest["outputs"]["url"] + "/", headers={"Authorization": "me"})
    with pytest.raises(urllib.error.HTTPError) as forbidden:
        urllib.request.urlopen(request)

    assert forbidden.value.code == 403
    [event] = cloud.events("authorizer", "ApiAuthorizerCheckFunction")
    assert event["headers"]["authorization"] == "me"


async def test_websocket_api(cloud: CloudUnderTest) -> None:
    """A message with an action reaches its route, and the management endpoint reaches the connection."""
    import asyncio

    import websockets

    def run() -> dict[str, Any]:
        chat = sst.aws.ApiGatewayWebSocket("Chat")
        connect = {"handler": "a.b", "environment": {"ANSWER": '{"statusCode": 200}'}}
        chat.route("$connect", connect)
        chat.route("send", connect)
        return {"url": chat.url, "manage": chat.management_endpoint}

    manifest, _ = await asyncio.to_thread(lambda: cloud.apply(run, stage="socket", app=KEEP))
    outputs = manifest["outputs"]
    async with websockets.connect(outputs["url"]) as socket:
        await socket.send(json.dumps({"action": "send", "text": "hi"}))
        [event] = await asyncio.to_thread(cloud.events, "socket", "ChatRouteSendHandler")
        connection = event["requestContext"]["connectionId"]
        manage = CloudUnderTest(outputs["manage"], cloud.folder).client("apigatewaymanagementapi")
        await asyncio.to_thread(lambda: manage.post_to_connection(ConnectionId=connection, Data=b"pong"))
        assert await asyncio.wait_for(socket.recv(), 10) == "pong"

    assert json.loads(event["body"])["text"] == "hi"
    assert event["requestContext"]["routeKey"] == "send"


def test_realtime(cloud: CloudUnderTest) -> None:
    """A message on a matching topic reaches the subscriber."""

    def run() -> dict[str, Any]:
        server = sst.aws.Realtime("Server", authorizer="a.b")
        server.subscribe("a.b", filter="notes/realtime/chat/#")
        return {"endpoint": server.endpoint}

    manifest, _ = cloud.apply(run, stage="realtime", app=KEEP)
    data = cloud.client("iot-data")
    data.publish(topic="notes/realtime/other", payload=b'{"a": 1}')
    data.publish(topic="notes/realtime/chat/room1", payload=b'{"a": 2}')

    assert ".iot.us-east-1." in manifest["outputs"]["endpoint"]
    assert cloud.events("realtime", "ServerSubscriber") == [{"a": 2}]


def linked(component: str) -> Any:
    """A program with one component and a role that the test may assume, and that has what linking grants."""

    def run() -> dict[str, Any]:
        made = {
            "bucket": lambda: sst.aws.Bucket("Res"),
            "queue": lambda: sst.aws.Queue("Res"),
            "topic": lambda: sst.aws.SnsTopic("Res"),
            "table": lambda: sst.aws.Dynamo("Res", fields={"id": "string"}, primary_index={"hash_key": "id"}),
            "bus": lambda: sst.aws.Bus("Res"),
            "stream": lambda: sst.aws.KinesisStream("Res"),
            "function": lambda: sst.aws.Function("Res", handler="a.b"),
        }[component]()
        trust = {"role": {"assume_role_policy": TRUST}}
        sst.aws.Function("Api", handler="a.b", link=[made], transform=trust)
        sst.aws.Function("Bare", handler="a.b", transform=trust)
        return {key: getattr(made, key) for key in ("name", "arn", "url") if hasattr(made, key)}

    return run


def put_event(events: Any, bus: str) -> None:
    events.put_events(Entries=[{"EventBusName": bus, "Source": "a", "DetailType": "b", "Detail": "{}"}])


ALLOWED: dict[str, tuple[str, Any]] = {
    "bucket": ("s3", lambda c, o: c.put_object(Bucket=o["name"], Key="a", Body=b"1")),
    "queue": ("sqs", lambda c, o: c.send_message(QueueUrl=o["url"], MessageBody="1")),
    "topic": ("sns", lambda c, o: c.publish(TopicArn=o["arn"], Message="1")),
    "table": ("dynamodb", lambda c, o: c.put_item(TableName=o["name"], Item={"id": {"S": "1"}})),
    "bus": ("events", lambda c, o: put_event(c, o["name"])),
    "stream": ("kinesis", lambda c, o: c.put_record(StreamName=o["name"], Data=b"1", PartitionKey="p")),
    "function": ("lambda", lambda c, o: c.invoke(FunctionName=o["name"])),
}


@pytest.mark.parametrize("component", ALLOWED)
def test_linking_grants_access(cloud: CloudUnderTest, component: str) -> None:
    """The linked function's role may use the component; the same call with a role without the link is denied."""
    service, call = ALLOWED[component]
    manifest, _ = cloud.apply(linked(component), stage=f"grant-{component}", app=KEEP)
    api, bare = (next(f for f in manifest["functions"] if f["name"] == name) for name in ("Api", "Bare"))

    call(cloud.as_role(api["role_arn"], service), manifest["outputs"])
    with pytest.raises(ClientError) as denied:
        call(cloud.as_role(bare["role_arn"], service), manifest["outputs"])
    assert (
        "Denied" in denied.value.response["Error"]["Code"] or "Authorization" in denied.value.response["Error"]["Code"]
    )


def test_a_link_to_a_function_grants_invocation_alone(cloud: CloudUnderTest) -> None:
    """`lambda:InvokeFunction` on the linked function, and no other action on it."""
    manifest, _ = cloud.apply(linked("function"), stage="invoke-only", app=KEEP)
    api = next(f for f in manifest["functions"] if f["name"] == "Api")

    with pytest.raises(ClientError, match="Denied"):
        cloud.as_role(api["role_arn"], "lambda").delete_function(FunctionName=manifest["outputs"]["name"])
