"""Works off the payments. An amount nobody can pay stays in the queue, and so ends among the refused."""

import json

import boto3
from sst import Resource

table = boto3.resource("dynamodb").Table(Resource.Orders.name)
LIMIT = 1000


def handler(event, context):
    refused = []
    for record in event["Records"]:
        order = json.loads(record["body"])
        if order["amount"] > LIMIT:
            print(f"{order['id']} is refused: {order['amount']} is more than {LIMIT}")
            refused.append({"itemIdentifier": record["messageId"]})
        else:
            set_status(order["id"], "paid")
    return {"batchItemFailures": refused}


def set_status(order_id, status):
    table.update_item(
        Key={"id": order_id},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": status},
    )
