"""`sst diff`, `sst refresh`, `sst state` and `sst unlock` on a real stage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.session import config, session, sst

pytestmark = pytest.mark.scenario

RUN = """
jobs = sst.aws.Queue("Jobs", visibility_timeout="41 seconds")
return {"bucket": sst.aws.Bucket("Files").name, "jobs": jobs.url}
"""


def test_what_others_did_is_put_right(tmp_path: Path) -> None:
    """A deleted bucket comes back, a changed queue is changed back: by the session, or without one."""
    with session(tmp_path, {"sst_config.py": config(RUN)}) as one:
        bucket, jobs = one.status["outputs"]["bucket"], one.status["outputs"]["jobs"]
        s3, sqs = one.client("s3"), one.client("sqs")
        s3.delete_bucket(Bucket=bucket)
        sqs.set_queue_attributes(QueueUrl=jobs, Attributes={"VisibilityTimeout": "7"})
        assert one.sst("diff").stdout == b""
        asked = one.sst("refresh")
        assert asked.returncode == 0 and b"has applied every resource again" in asked.stderr, asked.stderr.decode()

        s3.head_bucket(Bucket=bucket)
        found = sqs.get_queue_attributes(QueueUrl=jobs, AttributeNames=["VisibilityTimeout"])["Attributes"]
        assert found == {"VisibilityTimeout": "41"}
        one.wait_output("Deleted outside sst, made anew: FilesBucket.")
        one.wait_output("deployed: 4 resources changed")
        one.edit("sst_config.py", config("nothing_of_this_name"))
        broken = one.sst("refresh")
        assert broken.returncode != 0 and b"nothing_of_this_name" in broken.stderr, broken.stderr.decode()
        one.edit("sst_config.py", config(RUN))
        s3.delete_bucket(Bucket=bucket)

    alone = sst("refresh", cwd=tmp_path)
    assert alone.returncode == 0 and b"every resource is as the app says" in alone.stderr, alone.stderr.decode()
    with session(tmp_path) as one:
        one.client("s3").head_bucket(Bucket=bucket)


def test_a_difference_is_shown_and_a_resource_forgotten(tmp_path: Path) -> None:
    """Names of arguments and no values; what is forgotten is taken over again."""
    with session(tmp_path, {"sst_config.py": config(RUN)}) as one:
        bucket = one.status["outputs"]["bucket"]
        one.client("s3").put_object(Bucket=bucket, Key="kept", Body=b"1")
    (tmp_path / "sst_config.py").write_text(config(RUN.replace("41", "42") + "\n").replace("Files", "Other"))
    different = sst("diff", cwd=tmp_path)
    as_json = sst("diff", "--json", cwd=tmp_path)
    (tmp_path / "sst_config.py").write_text(config(RUN))
    forgotten = sst("state", "remove", "FilesBucket", cwd=tmp_path)
    listed = sst("state", "list", cwd=tmp_path)
    with session(tmp_path) as one:
        taken = one.client("s3").get_object(Bucket=bucket, Key="kept")["Body"].read()

    lines = different.stdout.decode().splitlines()
    assert "~ update   Jobs: JobsQueue (aws:sqs/queue:Queue): visibilityTimeoutSeconds" in lines
    assert "+ create   Other: OtherBucket (aws:s3/bucket:Bucket)" in lines
    assert "· forget   Files: FilesBucket (aws:s3/bucket:Bucket)" in lines  # removal="retain" is the default
    assert b"1 to update" in different.stderr
    assert {step["action"] for step in json.loads(as_json.stdout)} == {"create", "update", "delete", "forget"}
    assert b"FilesBucket (aws:s3/bucket:Bucket" in forgotten.stderr
    assert b"JobsQueue" in listed.stdout and b"FilesBucket" not in listed.stdout
    assert taken == b"1"
