# ruff: noqa
"""numpy, pandas, SQLAlchemy, pydantic, boto3 and aws-xray-sdk."""

import datetime
import decimal
import json
import os

import boto3
import numpy as np
import pandas as pd
from aws_xray_sdk.core import patch_all, xray_recorder
from botocore.stub import Stubber
from pydantic import BaseModel, ValidationError
from sqlalchemy import String, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

patch_all()
engine = create_engine("sqlite://")
client = boto3.client("s3", region_name="us-east-1")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30))


class Order(BaseModel):
    id: int
    at: datetime.datetime
    total: decimal.Decimal


def arrays(event, context):
    matrix = np.arange(9.0).reshape(3, 3)
    return {
        "sum": float(matrix.sum()),
        "dot": (matrix @ matrix.T).tolist(),
        "det": round(float(np.linalg.det(matrix + np.eye(3))), 6),
    }


def large_product(event, context):
    matrix = np.ones((300, 300))
    return float((matrix @ matrix).trace())


def numpy_scalar(event, context):
    return {"n": np.int64(3)}


def numpy_float(event, context):
    return {"n": np.float64(1.5)}


def numpy_array(event, context):
    return np.arange(3)


def frame(event, context):
    table = pd.DataFrame({"k": ["a", "b", "a"], "v": [1, 2, 3]})
    print(table.groupby("k").sum())
    return json.loads(table.groupby("k")["v"].mean().to_json())


def frame_returned(event, context):
    return pd.DataFrame({"a": [1]})


def timestamp(event, context):
    return pd.Timestamp("2020-01-01")


def frame_from_csv(event, context):
    import io

    return pd.read_csv(io.StringIO("a,b\n1,x\n2,\n")).to_dict("records")


def database(event, context):
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(User(name="u"))
        session.commit()
        count = session.scalar(select(func.count()).select_from(User))
        return [count, session.scalars(select(User.name)).all()]


def database_row(event, context):
    with Session(engine) as session:
        return [session.execute(select(User.id, User.name)).first()]


def model(event, context):
    return Order(id="1", at="2020-01-01T00:00:00Z", total="1.50").model_dump()


def model_json(event, context):
    return json.loads(Order(id="1", at="2020-01-01T00:00:00Z", total="1.50").model_dump_json())


def model_invalid(event, context):
    Order.model_validate({"id": "x"})


def model_returned(event, context):
    return Order(id="1", at="2020-01-01T00:00:00Z", total="1.50")


def bucket_names(event, context):
    with Stubber(client) as stub:
        stub.add_response("list_buckets", {"Buckets": [{"Name": "b"}]})
        return [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]


def bucket_error(event, context):
    with Stubber(client) as stub:
        stub.add_client_error("get_object", "NoSuchKey", "gone", 404)
        client.get_object(Bucket="b", Key="k")


def boto_response(event, context):
    with Stubber(client) as stub:
        stub.add_response(
            "get_bucket_location", {"LocationConstraint": "EU", "ResponseMetadata": {"HTTPStatusCode": 200}}
        )
        return client.get_bucket_location(Bucket="b")


def traced(event, context):
    with xray_recorder.in_subsegment("work") as segment:
        segment.put_annotation("a", 1)
        return [segment.name, segment.trace_id if hasattr(segment, "trace_id") else None, bool(segment.sampled)]


def trace_context(event, context):
    return [type(xray_recorder.context).__name__, xray_recorder.get_trace_entity().trace_id]


def random_numbers_differ(event, context):
    return len({float(np.random.random()) for _ in range(5)})


def handler(event, context):
    return globals()[event](event, context)
