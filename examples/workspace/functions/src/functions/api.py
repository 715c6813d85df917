import json

from core import greeting
from sst import Resource


def handler(event, context):
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"greeting": greeting("workspace"), "foo": Resource.MyLinkableValue.foo}),
    }
