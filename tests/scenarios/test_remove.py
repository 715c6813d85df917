"""`sst remove`: what a stage has goes, as the app says, and not while somebody uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.session import config, session, sst

pytestmark = pytest.mark.scenario

RUN = """
sst.aws.Queue("Jobs")
return {"bucket": sst.aws.Bucket("Kept").name}
"""


def test_remove(tmp_path: Path) -> None:
    """Refused while a session runs and while protected; then all but the data goes, and nothing is left to go."""
    with session(tmp_path, {"sst_config.py": config(RUN)}) as one:
        refused = sst("remove", cwd=tmp_path)
        bucket = one.status["outputs"]["bucket"]
        assert refused.returncode == 2 and b"process" in refused.stderr, refused.stderr.decode()

    text = config(RUN)
    (tmp_path / "sst_config.py").write_text(text.replace('home="local"', 'home="local", protect=True'))
    guarded = sst("remove", cwd=tmp_path)
    (tmp_path / "sst_config.py").write_text(text)
    removed = sst("remove", cwd=tmp_path)
    nothing = sst("remove", cwd=tmp_path)

    assert guarded.returncode == 2 and b"protected" in guarded.stderr
    assert removed.returncode == 0 and b"- Jobs" in removed.stderr, removed.stderr.decode()
    assert nothing.returncode == 0 and b"nothing to remove" in nothing.stderr, nothing.stderr.decode()
    with session(tmp_path, {"sst_config.py": config("pass")}) as one:
        assert [b["Name"] for b in one.client("s3").list_buckets()["Buckets"] if b["Name"] == bucket] == [bucket]
        assert one.client("sqs").list_queues().get("QueueUrls", []) == []
