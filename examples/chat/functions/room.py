"""A chat room: who sends {"action": "say", "text": …} is heard by everybody who is in."""

import json

import boto3
from sst import Resource

people = boto3.resource("dynamodb").Table(Resource.People.name)


def enter(event, context):
    people.put_item(Item={"id": event["requestContext"]["connectionId"], "name": name(event)})
    return {"statusCode": 200}


def leave(event, context):
    people.delete_item(Key={"id": event["requestContext"]["connectionId"]})
    return {"statusCode": 200}


def say(event, context):
    room = boto3.client("apigatewaymanagementapi", endpoint_url=Resource.Room.managementEndpoint)
    message = json.dumps({"from": name(event), "text": json.loads(event["body"])["text"]})
    for person in people.scan()["Items"]:
        try:
            room.post_to_connection(ConnectionId=person["id"], Data=message.encode())
        except room.exceptions.GoneException:
            people.delete_item(Key={"id": person["id"]})
    return {"statusCode": 200}


def name(event):
    """Who speaks: the authorizer found out."""
    return event["requestContext"]["authorizer"]["name"]
