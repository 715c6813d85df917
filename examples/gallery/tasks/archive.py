"""The task: packs one film, named by the variable that `task.run` gave, and puts it beside the others."""

import gzip
import os

import boto3
from sst import Resource

film = os.environ["FILM"]
s3 = boto3.client("s3")
table = boto3.resource("dynamodb").Table(Resource.Catalog.name)

content = s3.get_object(Bucket=Resource.Pictures.name, Key=film)["Body"].read()
s3.put_object(Bucket=Resource.Pictures.name, Key=f"archive/{film}.gz", Body=gzip.compress(content))
table.put_item(Item={"key": film, "status": "archived"})
print(f"archived {film}")
