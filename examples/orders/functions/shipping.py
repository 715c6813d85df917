"""Ships what was paid: `ship` hears it from the table's stream, `mark` from the bus."""

import json

import boto3
from sst import Resource

events = boto3.client("events")


def ship(event, context):
    for record in event["Records"]:
        order_id = record["dynamodb"]["Keys"]["id"]["S"]
        entry = {
            "EventBusName": Resource.Shipped.name,
            "Source": "orders",
            "DetailType": "Shipped",
            "Detail": json.dumps({"id": order_id}),
        }
        events.put_events(Entries=[entry])
        print(f"{order_id} is on its way")


def mark(event, context):
    from functions.payments import set_status

    set_status(event["detail"]["id"], "shipped")
