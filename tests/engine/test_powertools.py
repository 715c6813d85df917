"""The events that triggers deliver are read by AWS Lambda Powertools, code that is not ours."""

from __future__ import annotations

import contextlib
import json
import subprocess
import urllib.request
from typing import Any

import sst

from tests.support.program import CloudUnderTest
from tests.support.venvs import venv

PROGRAM = """
import json, sys
from aws_lambda_powertools.utilities import data_classes as d
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

events, got = json.load(sys.stdin), {}
got["sqs"] = [(r.body, r.event_source) for r in d.SQSEvent(events["sqs"]).records]
got["sns"] = [r.sns.message for r in d.SNSEvent(events["sns"]).records]
changes = d.DynamoDBStreamEvent(events["dynamodb"]).records
got["dynamodb"] = [(r.event_name.name, r.dynamodb.new_image["id"]) for r in changes]
got["kinesis"] = [r.kinesis.data_as_text() for r in d.KinesisStreamEvent(events["kinesis"]).records][:1]
got["s3"] = [(r.s3.get_object.key, r.event_name) for r in d.S3Event(events["s3"]).records]
bus = d.EventBridgeEvent(events["bus"])
got["bus"] = [bus.source, bus.detail_type, bus.detail]
http = d.APIGatewayProxyEventV2(events["http"])
got["http"] = [http.http_method, http.path, http.path_parameters, http.route_key]
url = d.LambdaFunctionUrlEvent(events["url"])
got["url"] = [url.http_method, url.path, url.query_string_parameters, url.body]


def fail(record):
    raise ValueError("asked to")


processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
answer = process_partial_response(event=events["sqs"], record_handler=fail, processor=processor, context=None)
got["failures"] = len(answer["batchItemFailures"])
print(json.dumps(got))
"""


def app() -> dict[str, Any]:
    queue, topic, bus, bucket = (
        sst.aws.Queue("Jobs"),
        sst.aws.SnsTopic("News"),
        sst.aws.Bus("Bus"),
        sst.aws.Bucket("Files"),
    )
    queue.subscribe("a.b")
    topic.subscribe("On", "a.b")
    bus.subscribe("On", "a.b")
    bucket.notify(notifications=[{"name": "On", "function": "a.b", "events": ["s3:ObjectCreated:*"]}])
    fields = {"id": "string"}
    table = sst.aws.Dynamo("Notes", fields=fields, primary_index={"hash_key": "id"}, stream="new-and-old-images")
    table.subscribe("On", "a.b")
    stream = sst.aws.KinesisStream("Clicks")
    stream.subscribe("On", "a.b")
    api = sst.aws.ApiGatewayV2("Api")
    api.route("GET /notes/{id}", "a.b")
    url = sst.aws.Function("Url", handler="a.b", url=True)
    return {
        "queue": queue.url, "topic": topic.arn, "bus": bus.name, "bucket": bucket.name, "table": table.name,
        "stream": stream.name, "api": api.url, "url": url.url,
    }  # fmt: skip


def test_powertools_reads_every_event(cloud: CloudUnderTest) -> None:
    """Its classes find what was sent, and its batch processor reports the failures of a batch."""
    manifest, _ = cloud.apply(app, stage="powertools", app=sst.App(name="notes", home="local", removal="remove"))
    out = manifest["outputs"]
    cloud.client("sqs").send_message(QueueUrl=out["queue"], MessageBody="job")
    cloud.client("sns").publish(TopicArn=out["topic"], Message="news")
    entry = {"EventBusName": out["bus"], "Source": "shop", "DetailType": "Ordered", "Detail": '{"n": 1}'}
    cloud.client("events").put_events(Entries=[entry])
    cloud.client("s3").put_object(Bucket=out["bucket"], Key="a b.txt", Body=b"1")
    cloud.client("dynamodb").put_item(TableName=out["table"], Item={"id": {"S": "1"}})
    for address in (f"{out['api']}/notes/7", out["url"] + "path?q=1"):
        request = urllib.request.Request(address, headers={"Content-Type": "text/plain"})
        urllib.request.urlopen(request).close()
    names = {
        "sqs": "JobsSubscriber", "sns": "NewsSubscriberOn", "bus": "BusSubscriberOn", "s3": "FilesSubscriberOn",
        "dynamodb": "NotesSubscriberOn", "http": "ApiRouteGETNotesIdHandler", "url": "Url",
    }  # fmt: skip
    events = {kind: cloud.events("powertools", name)[0] for kind, name in names.items()}
    while "kinesis" not in events:  # a stream is followed from its end, wherever that is when the poller comes up
        cloud.client("kinesis").put_record(StreamName=out["stream"], Data=b"click", PartitionKey="p")
        with contextlib.suppress(AssertionError):
            events["kinesis"] = cloud.events("powertools", "ClicksSubscriberOn", timeout=1)[0]

    python = venv("aws-lambda-powertools==3.22.0")
    answer = subprocess.run(
        [python, "-c", PROGRAM], input=json.dumps(events), capture_output=True, text=True, check=True
    )

    assert json.loads(answer.stdout) == {
        "sqs": [["job", "aws:sqs"]],
        "sns": ["news"],
        "dynamodb": [["INSERT", "1"]],
        "kinesis": ["click"],
        "s3": [["a+b.txt", "ObjectCreated:Put"]],
        "bus": ["shop", "Ordered", {"n": 1}],
        "http": ["GET", "/notes/7", {"id": "7"}, "GET /notes/{id}"],
        "url": ["GET", "/path", {"q": "1"}, None],
        "failures": 1,
    }
