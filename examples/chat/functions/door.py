"""Lets in who knows the password; the room then knows the name."""

import hmac

from sst import Resource


def authorize(event, context):
    said = event["queryStringParameters"]
    right = hmac.compare_digest(said["password"].encode(), Resource.Password.value.encode())
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow" if right else "Deny",
        "Resource": event["methodArn"],
    }
    return {
        "principalId": said["name"],
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"name": said["name"]},
    }
