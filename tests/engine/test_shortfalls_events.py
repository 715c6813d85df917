"""Where the events of MiniStack 1.5.33 differ from AWS's, as the table in docs/components.md says.

One app sends one event of each kind. Each test states what AWS sends and is expected to fail; when one passes,
MiniStack has been mended and its row can go.
"""

from __future__ import annotations

import contextlib
import io
import sys
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest
import sst
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from websockets.sync.client import connect

from tests.support.program import CloudUnderTest

KEEP = sst.App(name="notes", home="local", removal="remove")
STAGE = "shapes"
ACCEPT = {"handler": "a.b", "environment": {"ANSWER": '{"statusCode": 200}'}}
Events = dict[str, Any]


def differs(reason: str, *raises: type[Exception]) -> Any:
    """What AWS does and MiniStack does not."""
    return pytest.mark.xfail(strict=True, raises=raises or AssertionError, reason=f"MiniStack 1.5.33 {reason}")


def zipped(bootstrap: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        info = zipfile.ZipInfo("bootstrap")
        info.external_attr = 0o755 << 16
        file.writestr(info, bootstrap)
    return archive.getvalue()


def app() -> dict[str, Any]:
    queue, topic, bucket = sst.aws.Queue("Jobs"), sst.aws.SnsTopic("News"), sst.aws.Bucket("Files")
    queue.subscribe("a.b")
    topic.subscribe("On", "a.b")
    bucket.notify(notifications=[{"name": "On", "function": "a.b", "events": ["s3:ObjectCreated:*"]}])
    key = {"hash_key": "id"}
    table = sst.aws.Dynamo("Notes", fields={"id": "string"}, primary_index=key, stream="new-and-old-images")
    table.subscribe("On", "a.b")
    clicks = sst.aws.KinesisStream("Clicks")
    on = clicks.subscribe("On", "a.b")
    chat = sst.aws.ApiGatewayWebSocket("Chat")
    for route in ("$connect", "$default", "$disconnect"):
        chat.route(route, ACCEPT)
    return {
        "queue": queue.url, "topic": topic.arn, "bucket": bucket.name, "table": table.name, "stream": clicks.name,
        "role": on.nodes["function"].nodes["role"].arn, "chat": chat.url,
        "open": sst.aws.Function("Open", **ACCEPT, url=True).url,
        "signed": sst.aws.Function("Signed", **ACCEPT, url={"authorization": "iam"}).url,
    }  # fmt: skip


@pytest.fixture(name="events", scope="module")
def fixture_events(ministack: CloudUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Events:
    """What reached the function of each trigger, and the role of the stream's."""
    cloud = CloudUnderTest(ministack.endpoint, ministack.folder, tmp_path_factory.mktemp("shapes"))
    out = cloud.apply(app, stage=STAGE, app=KEEP)[0]["outputs"]
    attribute = {"k": {"DataType": "String", "StringValue": "v"}}
    cloud.client("sqs").send_message(QueueUrl=out["queue"], MessageBody="job", MessageAttributes=attribute)
    cloud.client("sns").publish(TopicArn=out["topic"], Message="news")
    cloud.client("s3").put_object(Bucket=out["bucket"], Key="a", Body=b"1")
    cloud.client("dynamodb").put_item(TableName=out["table"], Item={"id": {"S": "1"}})
    urllib.request.urlopen(urllib.request.Request(out["open"], headers={"Cookie": "a=1; b=2"})).close()
    signed = AWSRequest("GET", out["signed"])
    SigV4Auth(Credentials("test", "test"), "lambda", "us-east-1").add_auth(signed)
    urllib.request.urlopen(urllib.request.Request(out["signed"], headers=dict(signed.headers))).close()
    with connect(out["chat"]) as socket:
        socket.send("one")
        cloud.events(STAGE, "ChatRouteDefaultHandler")
        socket.send("two")
        chat = cloud.events(STAGE, "ChatRouteDefaultHandler", 2)
    names = {
        "sqs": "JobsSubscriber", "sns": "NewsSubscriberOn", "s3": "FilesSubscriberOn",
        "dynamodb": "NotesSubscriberOn", "open": "Open", "signed": "Signed",
    }  # fmt: skip
    got: Events = {kind: cloud.events(STAGE, name)[0] for kind, name in names.items()}
    got = {kind: event["Records"][0] if "Records" in event else event for kind, event in got.items()}
    while "kinesis" not in got:  # a stream is followed from its end, wherever that is when the poller comes up
        cloud.client("kinesis").put_record(StreamName=out["stream"], Data=b"click", PartitionKey="p")
        with contextlib.suppress(AssertionError):
            got["kinesis"] = cloud.events(STAGE, "ClicksSubscriberOn", timeout=1)[0]["Records"][0]
    return {**got, "chat": chat, "role": out["role"]}


def test_each_kind_of_event_came(events: Events) -> None:
    """What the tests below expect to fail is looked for in real events."""
    assert events["sqs"]["body"] == "job"
    assert events["sns"]["Sns"]["Message"] == "news"
    assert events["s3"]["s3"]["object"]["key"] == "a"
    assert events["dynamodb"]["dynamodb"]["Keys"] == {"id": {"S": "1"}}
    assert events["kinesis"]["kinesis"]["partitionKey"] == "p"
    assert {event["rawPath"] for event in (events["open"], events["signed"])} == {"/"}
    assert [event["body"] for event in events["chat"]] == ["one", "two"]


@differs("leaves the subject out", KeyError)
def test_a_notification_without_subject_says_null(events: Events) -> None:
    """`Subject` is always there."""
    assert events["sns"]["Sns"]["Subject"] is None


@differs("leaves empty attributes out", KeyError)
def test_a_notification_without_attributes_says_so(events: Events) -> None:
    """`MessageAttributes` is always there."""
    assert events["sns"]["Sns"]["MessageAttributes"] == {}


@pytest.mark.parametrize("key", ["SigningCertUrl", "UnsubscribeUrl"])
@differs("spells it as in notifications by HTTP")
def test_urls_of_a_notification_are_spelt_as_lambda_spells_them(events: Events, key: str) -> None:
    """SNS's own JSON ends in `URL`, Lambda's event in `Url`."""
    assert key in events["sns"]["Sns"]


@differs("says 2.6")
def test_an_upload_has_the_version_of_plain_uploads(events: Events) -> None:
    """`eventVersion` is 2.1 for anything but replication, lifecycle, tagging and the like."""
    assert events["s3"]["eventVersion"] == "2.1"


@differs("leaves it out", KeyError)
def test_a_message_has_the_digest_of_its_attributes(events: Events) -> None:
    """`md5OfMessageAttributes`, as SendMessage answered it."""
    assert events["sqs"]["md5OfMessageAttributes"]


@differs("says 0")
def test_a_change_of_a_table_has_its_size(events: Events) -> None:
    """`SizeBytes` counts the keys and images: `id` and `1`, twice."""
    assert events["dynamodb"]["dynamodb"]["SizeBytes"] > 0


@differs("names a role that does not exist")
def test_a_record_of_a_stream_names_the_role_of_the_function(events: Events) -> None:
    """`invokeIdentityArn` is the execution role."""
    assert events["kinesis"]["invokeIdentityArn"] == events["role"]


@differs("leaves cookies among the headers alone", KeyError)
def test_cookies_of_a_function_url_are_a_list(events: Events) -> None:
    """Payload format 2.0 has them in `cookies`."""
    assert events["open"]["cookies"] == ["a=1", "b=2"]


@differs("does not say who signed", KeyError)
def test_a_signed_request_says_who_signed_it(events: Events) -> None:
    """A URL with IAM authorization has the caller in `requestContext.authorizer.iam`."""
    assert events["signed"]["requestContext"]["authorizer"]["iam"]["accessKey"] == "test"


@differs("says when the message came")
def test_a_connection_keeps_the_time_it_began(events: Events) -> None:
    """`connectedAt` is the same for all messages of a WebSocket connection."""
    one, two = (event["requestContext"]["connectedAt"] for event in events["chat"])
    assert one == two


@differs("hands connections to $default, too")
def test_default_gets_messages_alone(cloud: CloudUnderTest) -> None:
    """A connection whose API has no `$connect` reaches no function (API Gateway developer guide, WebSocket routes)."""

    def run() -> dict[str, Any]:
        chat = sst.aws.ApiGatewayWebSocket("Chat")
        chat.route("$default", ACCEPT)
        return {"url": chat.url}

    with connect(cloud.apply(run, stage="short-default", app=KEEP)[0]["outputs"]["url"]) as socket:
        socket.send("hello")
        [event, *_] = cloud.events("short-default", "ChatRouteDefaultHandler")
    assert event["requestContext"]["eventType"] == "MESSAGE"


STREAMER = """#!{python}
import http.client, os, pathlib, time
chunk = lambda data: b"%x\\r\\n%s\\r\\n" % (len(data), data)
path = "/2018-06-01/runtime/invocation/"
while True:
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    api.request("GET", path + "next")
    asked = api.getresponse()
    asked.read()
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    api.putrequest("POST", path + asked.headers["Lambda-Runtime-Aws-Request-Id"] + "/response")
    api.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    api.putheader("Content-Type", "application/vnd.awslambda.http-integration-response")
    api.putheader("Transfer-Encoding", "chunked")
    api.endheaders(chunk(b'{{"statusCode": 200}}' + bytes(8) + b"first "))
    end = time.monotonic() + 3
    while not (seen := pathlib.Path({seen!r}).exists()) and time.monotonic() < end:
        time.sleep(0.02)
    api.send(chunk(b"seen" if seen else b"not seen") + b"0\\r\\n\\r\\n")
    api.getresponse().read()
"""
"""A stub that streams: it holds the end of its answer back until a file says that the beginning was seen, or 3 s."""


@differs("collects the whole answer of a function URL first")
def test_a_streamed_answer_leaves_as_it_is_made(cloud: CloudUnderTest, tmp_path: Path) -> None:
    """A URL with `InvokeMode` RESPONSE_STREAM hands on each part when it comes."""

    def run() -> dict[str, Any]:
        function = sst.aws.Function("Stream", handler="a.b", streaming=True, url=True)
        return {"url": function.url, "name": function.name}

    out = cloud.apply(run, stage="short-stream", app=KEEP)[0]["outputs"]
    seen = tmp_path / "seen"
    client, code = cloud.client("lambda"), zipped(STREAMER.format(python=sys.executable, seen=str(seen)))
    client.update_function_code(FunctionName=out["name"], ZipFile=code)
    client.get_waiter("function_updated_v2").wait(FunctionName=out["name"])
    with urllib.request.urlopen(out["url"], timeout=60) as answer:
        first = answer.read(6)
        seen.touch()
        rest = answer.read()
    if first != b"first ":
        pytest.fail(f"the stub answered otherwise: {first + rest!r}")
    assert rest == b"seen"
