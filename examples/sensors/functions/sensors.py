"""Readings of sensors: `take` hears them over MQTT, `alarm` watches the stream, `report` comes every minute."""

import base64
import json

import boto3
from sst import Resource
from sst.aws import realtime

kinesis = boto3.client("kinesis")
sqs = boto3.client("sqs")
dynamodb = boto3.resource("dynamodb")
iot = boto3.client("iot-data")


@realtime.authorizer
def authorize(token):
    allowed = f"{Resource.App.name}/{Resource.App.stage}/*"
    return {"publish": [allowed], "subscribe": [allowed]}


def take(event, context):
    kinesis.put_record(StreamName=Resource.Readings.name, Data=json.dumps(event), PartitionKey=event["sensor"])


def alarm(event, context):
    table = dynamodb.Table(Resource.Alarms.name)
    for record in event["Records"]:
        reading = json.loads(base64.b64decode(record["kinesis"]["data"]))
        table.put_item(Item={"sensor": reading["sensor"], "celsius": reading["celsius"]})
        topic = f"{Resource.App.name}/{Resource.App.stage}/alarms/{reading['sensor']}"
        iot.publish(topic=topic, payload=json.dumps({"celsius": reading["celsius"]}))
        print(f"{reading['sensor']} is too hot: {reading['celsius']} °C")


def report(event, context):
    hot = dynamodb.Table(Resource.Alarms.name).scan()["Items"]
    body = json.dumps({"title": event["title"], "sensors": sorted(item["sensor"] for item in hot)})
    sqs.send_message(QueueUrl=Resource.Reports.url, MessageBody=body)
