"""`sst.aws.Bucket`."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import Declared, declare


def bucket(local: bool = True, **args: Any) -> Declared:
    return declare(lambda: sst.aws.Bucket("Files", **args) and None, local=local)


def test_defaults_are_those_of_the_documentation() -> None:
    """Private, open CORS for the five methods, no versioning."""
    declared = bucket()

    assert declared.inputs("FilesBucket")["bucket"].startswith("notes-dev-filesbucket-")
    assert declared.inputs("FilesCors")["corsRules"] == [
        {
            "allowedHeaders": ["*"],
            "allowedMethods": ["DELETE", "GET", "HEAD", "POST", "PUT"],
            "allowedOrigins": ["*"],
            "exposeHeaders": [],
            "maxAgeSeconds": 0,
        }
    ]
    assert declared.inputs("FilesPublicAccessBlock")["blockPublicPolicy"] is True
    assert "FilesVersioning" not in declared.types() and "FilesPolicy" not in declared.types()


def test_https_is_enforced_on_aws_alone() -> None:
    """The embedded cloud is plain HTTP on loopback; on AWS the policy denies it."""
    statement = json.loads(bucket(local=False).inputs("FilesPolicy")["policy"])["Statement"][0]

    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert "FilesPolicy" not in bucket(local=False, enforce_https=False).types()


def test_public_access() -> None:
    """Everyone may read objects, and the block lets such a policy be."""
    declared = bucket(access="public")

    assert declared.inputs("FilesPublicAccessBlock")["restrictPublicBuckets"] is False
    assert json.loads(declared.inputs("FilesPolicy")["policy"])["Statement"] == [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject", "Resource": "arn:FilesBucket/*"}
    ]


def test_policy_statements() -> None:
    """Paths become resources, principals and conditions IAM's spelling."""
    policy = [
        {
            "actions": ["s3:*"],
            "principals": [{"type": "aws", "identifiers": ["1"]}],
            "paths": ["", "img/*"],
            "effect": "deny",
            "conditions": [{"test": "IpAddress", "variable": "aws:SourceIp", "values": ["10.0.0.0/16"]}],
        },
        {"actions": ["s3:GetObject"], "principals": "*"},
    ]

    assert json.loads(bucket(policy=policy).inputs("FilesPolicy")["policy"])["Statement"] == [
        {
            "Effect": "Deny",
            "Principal": {"AWS": ["1"]},
            "Action": ["s3:*"],
            "Resource": ["arn:FilesBucket", "arn:FilesBucket/img/*"],
            "Condition": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/16"]}},
        },
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["s3:GetObject"],
            "Resource": ["arn:FilesBucket", "arn:FilesBucket/*"],
        },
    ]


def test_an_existing_bucket_can_be_got() -> None:
    """`Bucket.get` creates nothing and links like any other."""
    declared = declare(lambda: sst.aws.Bucket.get("Shared", "other-bucket") and None)

    assert declared.link("Shared") == {"name": "other-bucket"}
    assert [(e.type, e.id) for e in declared.entries] == [("aws:s3/bucket:Bucket", "other-bucket")]


def test_the_access_block_can_be_left_out() -> None:
    """Bucket, `transform.publicAccessBlock`: False creates none."""
    assert "FilesPublicAccessBlock" not in bucket(transform={"public_access_block": False}).types()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"access": "private"}, "access must be one of public, cloudfront"),
        ({"cors": {"allow_methods": ["PATCH"]}}, "cors.allow_methods must be one of"),
        ({"policy": [{"actions": ["a"]}]}, r"policy\[0\] needs the field 'principals'"),
        ({"policy": [{"actions": ["a"], "principals": "*", "paths": "x"}]}, r"policy\[0\]: paths must be a list"),
    ],
)
def test_wrong_arguments(args: dict[str, Any], message: str) -> None:
    """One sentence with the component and the argument."""
    with pytest.raises(ConfigError, match=f'Bucket "Files": {message}'):
        bucket(**args)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"policy": {"actions": ["s3:*"]}}, "policy must be a list of dictionaries"),
        ({"policy": [{"actions": "s3:*", "principals": "*"}]}, r"policy\[0\]: actions must be a list of strings"),
        ({"policy": [{"actions": ["s3:*"], "principals": "me"}]}, r'principals must be "\*" or a list'),
        (
            {"policy": [{"actions": ["s3:*"], "principals": "*", "conditions": [{"test": "IpAddress"}]}]},
            r"conditions\[0\] needs the field 'variable'",
        ),
        ({"versioning": "yes"}, "versioning must be True or False, got 'yes'"),
        ({"cors": {"allow_origins": "https://example.com"}}, "cors.allow_origins must be a list of strings"),
    ],
)
def test_words_are_not_taken_for_lists(args: dict[str, Any], message: str) -> None:
    """A string in place of a list would be split into its letters."""
    with pytest.raises(ConfigError, match=message):
        declare(lambda: sst.aws.Bucket("Files", **args) and None)


def test_a_transformed_policy_is_there_without_statements_of_its_own() -> None:
    """`iam_edit` adds to what is empty on the embedded cloud."""

    def edit(args: dict[str, Any], opts: Any, name: str) -> None:
        statement = {"Effect": "Allow", "Action": "s3:PutObject", "Principal": "*", "Resource": "*"}
        args["policy"] = sst.aws.iam_edit(args["policy"], lambda document: document["Statement"].append(statement))

    declared = declare(lambda: sst.aws.Bucket("Files", transform={"policy": edit}) and None)

    assert json.loads(declared.inputs("FilesPolicy")["policy"])["Statement"][0]["Action"] == "s3:PutObject"
