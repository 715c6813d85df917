"""Keeps a catalog of a bucket: the bucket calls `measure` and `archive`, a queue `print_out`, a topic `forget`."""

import json
from urllib.parse import unquote_plus

import boto3
from sst import Resource
from sst.aws import task

table = boto3.resource("dynamodb").Table(Resource.Catalog.name)


def measure(event, context):
    s3 = boto3.client("s3")
    for key in keys(event):
        picture = s3.get_object(Bucket=Resource.Pictures.name, Key=key)["Body"].read()
        table.put_item(Item={"key": key, "status": "measured", "bytes": len(picture)})


def print_out(event, context):
    for message in event["Records"]:
        for key in keys(json.loads(message["body"])):
            table.put_item(Item={"key": key, "status": "printed"})


def archive(event, context):
    for key in keys(event):
        started = task.run(Resource.Archiver, {"FILM": key})
        print(f"{key} is being archived: {started.arn}")


def forget(event, context):
    for message in event["Records"]:
        for key in keys(json.loads(message["Sns"]["Message"])):
            table.delete_item(Key={"key": key})
            print(f"forgot {key}")


def keys(event):
    """The objects an S3 event is about; the test message S3 sends first has no records."""
    return [unquote_plus(record["s3"]["object"]["key"]) for record in event.get("Records", [])]
