"""Notes in a bucket: POST / keeps one, GET / lists them, GET /<id> reads one, DELETE /<id> forgets one."""

import base64
import json
import uuid

import boto3
from sst import Resource

s3 = boto3.client("s3")
bucket = Resource.Notes.name


def handler(event, context):
    method = event["requestContext"]["http"]["method"]
    note_id = event["rawPath"].strip("/")
    if method == "POST":
        return answer(201, keep(body_of(event)))
    if method == "GET":
        return read(note_id) if note_id else answer(200, listed())
    if method == "DELETE" and note_id:
        s3.delete_object(Bucket=bucket, Key=note_id)
        return answer(200, {"deleted": note_id})
    return answer(405, {"error": f"{method} is not something notes can do"})


def keep(text):
    note_id = uuid.uuid4().hex[:8]
    s3.put_object(Bucket=bucket, Key=note_id, Body=text.encode(), ContentType="text/plain")
    print(f"kept {note_id}, {len(text)} characters")
    return {"id": note_id, "text": text}


def listed():
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    objects = [item for page in pages for item in page.get("Contents", [])]
    objects.sort(key=lambda item: item["LastModified"])
    return {"app": Resource.App.name, "stage": Resource.App.stage, "notes": [item["Key"] for item in objects]}


def read(note_id):
    try:
        found = s3.get_object(Bucket=bucket, Key=note_id)
    except s3.exceptions.NoSuchKey:
        return answer(404, {"error": f"there is no note {note_id}"})
    return answer(200, {"id": note_id, "text": found["Body"].read().decode()})


def body_of(event):
    body = event.get("body") or ""
    return base64.b64decode(body).decode() if event.get("isBase64Encoded") else body


def answer(status, value):
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(value)}
