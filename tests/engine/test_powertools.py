"""The events that triggers deliver are read by AWS Lambda Powertools, code that is not ours."""

from __future__ import annotations

import contextlib
import json
import subprocess
import urllib.request
from typing import Any

import sst
from websockets.sync.client import connect

from tests.support.issuer import Issuer
from tests.support.program import CloudUnderTest
from tests.support.venvs import venv

PROGRAM = """
import json, sys
from aws_lambda_powertools.utilities import data_classes as d
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, LambdaFunctionUrlResolver
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes import api_gateway_authorizer_event as a

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
got["claims"] = d.APIGatewayProxyEventV2(events["jwt"]).request_context.authorizer.jwt_claim["sub"]
got["context"] = d.APIGatewayProxyEventV2(events["guarded"]).request_context.authorizer.get_lambda
asked = a.APIGatewayAuthorizerEventV2(events["asked"])
got["asked"] = [asked.raw_path, asked.identity_source, asked.parsed_arn.http_method, asked.parsed_arn.resource]
asked = a.APIGatewayAuthorizerRequestEvent(events["asked1"])
got["asked1"] = [asked.path, asked.query_string_parameters, asked.parsed_arn.http_method]
asked = a.APIGatewayAuthorizerRequestEvent(events["connecting"])
got["connecting"] = [asked.query_string_parameters, asked.parsed_arn.http_method, asked.parsed_arn.resource]
for kind in ("connect", "message", "disconnect"):
    socket = d.APIGatewayWebSocketEvent(events[kind])
    got[kind] = [socket.request_context.event_type, socket.request_context.route_key, socket.body or ""]
got["same"] = len({events[k]["requestContext"]["connectionId"] for k in ("connect", "message", "disconnect")})
url = d.LambdaFunctionUrlEvent(events["url"])
got["url"] = [url.http_method, url.path, url.query_string_parameters, url.body]


app = APIGatewayHttpResolver()
app.get("/notes/<id>")(lambda id: {"id": id})
got["resolved"] = app.resolve(events["http"], None)["body"]
app = LambdaFunctionUrlResolver()
app.get("/path")(lambda: {"q": app.current_event.query_string_parameters["q"]})
got["resolved url"] = app.resolve(events["url"], None)["body"]


def fail(record):
    raise ValueError("asked to")


for kind, name in (("sqs", "SQS"), ("kinesis", "KinesisDataStreams"), ("dynamodb", "DynamoDBStreams")):
    processor = BatchProcessor(event_type=EventType[name], raise_on_entire_batch_failure=False)
    answer = process_partial_response(event=events[kind], record_handler=fail, processor=processor, context=None)
    got[f"failed {kind}"] = len(answer["batchItemFailures"]) == len(events[kind]["Records"])
print(json.dumps(got))
"""


ACCEPT = {"handler": "a.b", "environment": {"ANSWER": '{"statusCode": 200}'}}
ALLOW = {
    "principalId": "me",
    "policyDocument": {"Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}]},
    "context": {"room": "1"},
}


def app(issuer: str) -> dict[str, Any]:
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
    users = api.add_authorizer("Users", jwt={"issuer": issuer, "audiences": ["notes"]})
    api.route("GET /jwt", "a.b", auth={"jwt": {"authorizer": users.id}})
    yes = {"handler": "a.b", "environment": {"ANSWER": '{"isAuthorized": true, "context": {"n": 1}}'}}
    check = api.add_authorizer("Check", lambda_={"function": yes})
    api.route("GET /guarded", "a.b", auth={"lambda": check.id})
    allow = {"handler": "a.b", "environment": {"ANSWER": json.dumps(ALLOW)}}
    policy = {"response": "iam", "payload": "1.0", "identity_sources": ["$request.querystring.token"]}
    old = api.add_authorizer("Old", lambda_={"function": allow, **policy})
    api.route("GET /old", "a.b", auth={"lambda": old.id})
    chat = sst.aws.ApiGatewayWebSocket("Chat")
    source = {"identity_sources": ["route.request.querystring.token"]}
    members = chat.add_authorizer("Members", lambda_={"function": allow, **source})
    chat.route("$connect", ACCEPT, auth={"lambda": members.id})
    chat.route("$default", ACCEPT)
    chat.route("$disconnect", ACCEPT)
    url = sst.aws.Function("Url", handler="a.b", url=True)
    return {
        "queue": queue.url, "topic": topic.arn, "bus": bus.name, "bucket": bucket.name, "table": table.name,
        "stream": stream.name, "api": api.url, "url": url.url, "chat": chat.url,
    }  # fmt: skip


def ask(address: str, **headers: str) -> None:
    urllib.request.urlopen(urllib.request.Request(address, headers=headers)).close()


def test_powertools_reads_every_event(cloud: CloudUnderTest) -> None:
    """Its classes find what was sent, its resolvers route it, and its batch processor reports a batch's failures."""
    with Issuer() as issuer:
        keep = sst.App(name="notes", home="local", removal="remove")
        out = cloud.apply(lambda: app(issuer.url), stage="powertools", app=keep)[0]["outputs"]
        ask(f"{out['api']}/jwt", Authorization=f"Bearer {issuer.token(sub='me')}")
    ask(f"{out['api']}/guarded", Authorization="let me in")
    ask(f"{out['api']}/old?token=t")
    ask(f"{out['api']}/notes/7", **{"Content-Type": "text/plain"})
    ask(out["url"] + "path?q=1", **{"Content-Type": "text/plain"})
    with connect(f"{out['chat']}?token=t") as socket:
        socket.send("hello")
        cloud.events("powertools", "ChatRouteDefaultHandler")
    cloud.client("sqs").send_message(QueueUrl=out["queue"], MessageBody="job")
    cloud.client("sns").publish(TopicArn=out["topic"], Message="news")
    entry = {"EventBusName": out["bus"], "Source": "shop", "DetailType": "Ordered", "Detail": '{"n": 1}'}
    cloud.client("events").put_events(Entries=[entry])
    cloud.client("s3").put_object(Bucket=out["bucket"], Key="a b.txt", Body=b"1")
    cloud.client("dynamodb").put_item(TableName=out["table"], Item={"id": {"S": "1"}})
    names = {
        "sqs": "JobsSubscriber", "sns": "NewsSubscriberOn", "bus": "BusSubscriberOn", "s3": "FilesSubscriberOn",
        "dynamodb": "NotesSubscriberOn", "http": "ApiRouteGETNotesIdHandler", "url": "Url",
        "jwt": "ApiRouteGETJwtHandler", "guarded": "ApiRouteGETGuardedHandler",
        "asked": "ApiAuthorizerCheckFunction", "asked1": "ApiAuthorizerOldFunction",
        "connecting": "ChatAuthorizerMembersFunction", "connect": "ChatRouteConnectHandler",
        "message": "ChatRouteDefaultHandler", "disconnect": "ChatRouteDisconnectHandler",
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
        "claims": "me",
        "context": {"n": 1},
        "asked": ["/guarded", ["let me in"], "GET", "guarded"],
        "asked1": ["/old", {"token": "t"}, "GET"],
        "connecting": [{"token": "t"}, "$connect", ""],
        "connect": ["CONNECT", "$connect", ""],
        "message": ["MESSAGE", "$default", "hello"],
        "disconnect": ["DISCONNECT", "$disconnect", ""],
        "same": 1,
        "resolved": '{"id":"7"}',
        "resolved url": '{"q":"1"}',
        "failed sqs": True,
        "failed kinesis": True,
        "failed dynamodb": True,
    }
