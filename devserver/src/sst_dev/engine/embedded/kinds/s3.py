"""S3: buckets and what is set on them."""

from __future__ import annotations

import base64
from typing import Any

from ..assets import contents
from ..aws import Aws
from ..kind import Inputs, Kind, Made, Put


class Bucket(Kind):
    replace = frozenset({"bucket"})
    identity = frozenset({"bucket"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        name = inputs["bucket"]
        args: dict[str, Any] = {"Bucket": name}
        if aws.region != "us-east-1":
            args["CreateBucketConfiguration"] = {"LocationConstraint": aws.region}
        aws.client("s3").create_bucket(**args)
        return Made(name, self.update(aws, name, {}, inputs))

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        tags = new.get("tags", {})
        if tags != old.get("tags", {}):
            tag_set = [{"Key": k, "Value": v} for k, v in tags.items()]
            aws.client("s3").put_bucket_tagging(Bucket=id, Tagging={"TagSet": tag_set})
        return self.outputs(aws, id)

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        s3 = aws.client("s3")
        if inputs.get("forceDestroy"):
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=id):
                doomed = [
                    {"Key": item["Key"], "VersionId": item["VersionId"]}
                    for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
                ]
                if doomed:
                    s3.delete_objects(Bucket=id, Delete={"Objects": doomed, "Quiet": True})
        s3.delete_bucket(Bucket=id)

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        aws.client("s3").head_bucket(Bucket=inputs["bucket"])
        return Made(inputs["bucket"], self.update(aws, inputs["bucket"], {}, inputs))

    def read(self, aws: Aws, id: str) -> dict[str, Any]:
        aws.client("s3").head_bucket(Bucket=id)
        return self.presume(aws, id)

    def presume(self, aws: Aws, id: str) -> dict[str, Any]:
        return {"bucket": id, **self.outputs(aws, id)}

    def outputs(self, aws: Aws, id: str) -> dict[str, Any]:
        return {
            "arn": f"arn:aws:s3:::{id}",
            "bucketDomainName": f"{id}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{id}.s3.{aws.region}.amazonaws.com",
            "region": aws.region,
        }


class _Setting(Put):
    """Something a bucket has at most one of."""

    replace = frozenset({"bucket"})
    identity = frozenset({"bucket"})


class BucketVersioning(_Setting):
    def put(self, aws: Aws, inputs: Inputs) -> Made:
        status = inputs["versioningConfiguration"]["status"]
        aws.client("s3").put_bucket_versioning(Bucket=inputs["bucket"], VersioningConfiguration={"Status": status})
        return Made(inputs["bucket"])

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("s3").put_bucket_versioning(Bucket=id, VersioningConfiguration={"Status": "Suspended"})


class BucketCors(_Setting):
    def put(self, aws: Aws, inputs: Inputs) -> Made:
        rules = [
            {
                "AllowedHeaders": rule.get("allowedHeaders", []),
                "AllowedMethods": rule["allowedMethods"],
                "AllowedOrigins": rule["allowedOrigins"],
                "ExposeHeaders": rule.get("exposeHeaders", []),
                "MaxAgeSeconds": rule.get("maxAgeSeconds", 0),
            }
            for rule in inputs["corsRules"]
        ]
        aws.client("s3").put_bucket_cors(Bucket=inputs["bucket"], CORSConfiguration={"CORSRules": rules})
        return Made(inputs["bucket"])

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("s3").delete_bucket_cors(Bucket=id)


class BucketPublicAccessBlock(_Setting):
    def put(self, aws: Aws, inputs: Inputs) -> Made:
        block = {
            "BlockPublicAcls": inputs.get("blockPublicAcls", False),
            "BlockPublicPolicy": inputs.get("blockPublicPolicy", False),
            "IgnorePublicAcls": inputs.get("ignorePublicAcls", False),
            "RestrictPublicBuckets": inputs.get("restrictPublicBuckets", False),
        }
        aws.client("s3").put_public_access_block(Bucket=inputs["bucket"], PublicAccessBlockConfiguration=block)
        return Made(inputs["bucket"])

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("s3").delete_public_access_block(Bucket=id)


class BucketPolicy(_Setting):
    def put(self, aws: Aws, inputs: Inputs) -> Made:
        aws.client("s3").put_bucket_policy(Bucket=inputs["bucket"], Policy=inputs["policy"])
        return Made(inputs["bucket"])

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("s3").delete_bucket_policy(Bucket=id)


class BucketObject(Put):
    """An object whose contents the program declares, for example with `sst.asset`."""

    replace = frozenset({"bucket", "key"})
    identity = frozenset({"bucket", "key"})

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        args = {
            name: inputs[key]
            for key, name in (
                ("contentType", "ContentType"), ("cacheControl", "CacheControl"), ("metadata", "Metadata"),
                ("contentDisposition", "ContentDisposition"), ("contentEncoding", "ContentEncoding"),
            )
            if inputs.get(key)
        }  # fmt: skip
        answer = aws.client("s3").put_object(
            Bucket=inputs["bucket"], Key=inputs["key"], Body=self._body(inputs), **args
        )
        return Made(inputs["key"], {"etag": answer["ETag"].strip('"')})

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("s3").delete_object(Bucket=inputs["bucket"], Key=inputs["key"])

    def _body(self, inputs: Inputs) -> bytes:
        if "source" in inputs:
            return contents(inputs["source"])
        if "contentBase64" in inputs:
            return base64.b64decode(inputs["contentBase64"])
        return str(inputs.get("content", "")).encode()


class BucketNotification(_Setting):
    """All notifications of a bucket: S3 keeps them as one document."""

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        configuration = {}
        for key, name, arn in (
            ("lambdaFunctions", "LambdaFunctionConfigurations", "LambdaFunctionArn"),
            ("queues", "QueueConfigurations", "QueueArn"),
            ("topics", "TopicConfigurations", "TopicArn"),
        ):
            configuration[name] = [self._one(item, arn) for item in inputs.get(key, [])]
        aws.client("s3").put_bucket_notification_configuration(
            Bucket=inputs["bucket"], NotificationConfiguration=configuration
        )
        return Made(inputs["bucket"])

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("s3").put_bucket_notification_configuration(Bucket=id, NotificationConfiguration={})

    def _one(self, item: Inputs, arn: str) -> dict[str, Any]:
        rules = [
            {"Name": name, "Value": item[key]}
            for key, name in (("filterPrefix", "prefix"), ("filterSuffix", "suffix"))
            if item.get(key)
        ]
        out = {"Id": item["id"], arn: item[arn[0].lower() + arn[1:]], "Events": item["events"]}
        return {**out, "Filter": {"Key": {"FilterRules": rules}}} if rules else out


KINDS: dict[str, Kind] = {
    "Bucket": Bucket(),
    "BucketObject": BucketObject(),
    "BucketObjectv2": BucketObject(),
    "BucketVersioning": BucketVersioning(),
    "BucketCorsConfiguration": BucketCors(),
    "BucketPublicAccessBlock": BucketPublicAccessBlock(),
    "BucketPolicy": BucketPolicy(),
    "BucketNotification": BucketNotification(),
}
