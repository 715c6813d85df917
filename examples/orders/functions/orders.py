"""The shop's counter: POST /orders takes one, GET /orders/{id} tells how far it is."""

import json
import uuid

import boto3
from sst import Resource

table = boto3.resource("dynamodb").Table(Resource.Orders.name)
sqs = boto3.client("sqs")


def take(event, context):
    order = json.loads(event["body"])
    if not isinstance(order.get("amount"), int) or order["amount"] <= 0:
        return answer(400, {"error": "an order has an amount, a whole number above 0"})
    order = {"id": uuid.uuid4().hex[:8], "amount": order["amount"], "status": "taken"}
    table.put_item(Item=order)
    sqs.send_message(QueueUrl=Resource.Payments.url, MessageBody=json.dumps(order))
    return answer(202, order)


def show(event, context):
    order = table.get_item(Key={"id": event["pathParameters"]["id"]}).get("Item")
    return answer(200, order) if order else answer(404, {"error": "there is no such order"})


def answer(status, value):
    body = json.dumps(value, default=int)
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": body}
