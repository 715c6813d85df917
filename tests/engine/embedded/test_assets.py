"""Assets and archives: what a record keeps of them, and what goes to the cloud."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pulumi
import pytest
import sst
from pulumi_aws import lambda_, s3
from sst_dev.core.errors import UserError

from tests.support.program import CloudUnderTest, actions, declare

APP = sst.App(name="notes", home="local", removal="remove")


def objects(**sources: pulumi.Asset | pulumi.Archive) -> Any:
    """A program with one object for each of *sources*."""

    def run() -> dict[str, Any]:
        bucket = sst.aws.Bucket("Files")
        for key, source in sources.items():
            s3.BucketObjectv2(f"Object{key}", bucket=bucket.name, key=key, source=source, content_type="text/x")
        return {"bucket": bucket.name}

    return run


def test_assets_become_objects(cloud: CloudUnderTest, tmp_path: Path) -> None:
    """A file and a text as they are, a folder as a zip of it; `sst.asset` knows which is which."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.svg").write_text("<svg/>")

    def run() -> dict[str, Any]:
        given = {"file": sst.asset("images/a.svg"), "text": pulumi.StringAsset("hello"), "zip": sst.asset("images")}
        outputs: dict[str, Any] = objects(**given)()
        return outputs

    manifest, _ = cloud.apply(run, stage="assets", root=tmp_path, app=APP)
    get = cloud.client("s3").get_object
    bodies = {key: get(Bucket=manifest["outputs"]["bucket"], Key=key) for key in ("file", "text", "zip")}

    assert bodies["file"]["ContentType"] == "text/x"
    assert (bodies["file"]["Body"].read(), bodies["text"]["Body"].read()) == (b"<svg/>", b"hello")
    with zipfile.ZipFile(io.BytesIO(bodies["zip"]["Body"].read())) as archive:
        assert archive.read("a.svg") == b"<svg/>"


def test_a_changed_file_is_a_changed_resource(cloud: CloudUnderTest, tmp_path: Path) -> None:
    """And one that only was touched is none."""
    file = tmp_path / "a.txt"
    file.write_text("one")
    run = objects(a=pulumi.FileAsset(str(file)))
    cloud.apply(run, stage="changed", app=APP)

    file.touch()
    assert actions(cloud.apply(run, stage="changed", app=APP)[1]) == []
    file.write_text("two")
    manifest, messages = cloud.apply(run, stage="changed", app=APP)

    assert actions(messages) == [("update", "Objecta")]
    got = cloud.client("s3").get_object(Bucket=manifest["outputs"]["bucket"], Key="a")
    assert got["Body"].read() == b"two"


def test_a_function_takes_an_archive(cloud: CloudUnderTest) -> None:
    """Made of texts, deployed as its zip; new code is an update."""

    def run(answer: str) -> Any:
        def declared() -> dict[str, Any]:
            role = sst.aws.Function("Any", handler="a.b").nodes["role"]
            code = pulumi.AssetArchive({"index.py": pulumi.StringAsset(f"def handler(e, c): return {answer!r}")})
            raw = lambda_.Function("Raw", role=role.arn, runtime="python3.11", handler="index.handler", code=code)
            return {"raw": raw.name}

        return declared

    for answer, action in (("one", "create"), ("two", "update")):
        manifest, messages = cloud.apply(run(answer), stage="archive", app=APP)
        assert (action, "Raw") in actions(messages)
        payload = cloud.client("lambda").invoke(FunctionName=manifest["outputs"]["raw"])["Payload"].read()
        assert payload == f'"{answer}"'.encode()


def test_a_missing_file_is_named() -> None:
    """Before anything is made."""
    with pytest.raises(UserError, match=r"'/nowhere/logo\.svg' does not exist"):
        declare(objects(logo=pulumi.FileAsset("/nowhere/logo.svg")))
