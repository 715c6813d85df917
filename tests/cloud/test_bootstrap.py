"""The bootstrap: one Event API, one bucket, the stub's zip; made once and found again."""

import stat
from pathlib import Path

import pytest
from sst_dev.cloud.bootstrap import NAMESPACE, LocalCloud
from sst_dev.core.errors import RemoteError

from tests.support.ministack import client, running_ministack


@pytest.fixture(name="stub")
def _stub(tmp_path: Path) -> Path:
    path = tmp_path / "stub.zip"
    path.write_bytes(b"PK one")
    return path


async def test_it_makes_what_is_missing_and_finds_it_again(tmp_path: Path, stub: Path) -> None:
    """Two bootstraps give one document; the API has the namespace and the bucket has the zip."""
    async with running_ministack(tmp_path) as cloud:
        local = LocalCloud(cloud.endpoint, tmp_path / ".sst/stages/test")
        first = local.bootstrap(stub, trust_cache=False)
        second = local.bootstrap(stub, trust_cache=False)
        appsync = client("appsync", cloud.endpoint)
        apis = appsync.list_apis()["apis"]
        body = client("s3", cloud.endpoint).get_object(Bucket=first.asset_bucket, Key=first.stub_key)["Body"].read()

        assert first == second
        assert [api["name"] for api in apis] == [NAMESPACE]
        assert apis[0]["eventConfig"]["connectionAuthModes"] == [{"authType": "AWS_IAM"}]
        assert first.http_host == apis[0]["dns"]["HTTP"]
        assert body == b"PK one"


async def test_each_region_has_its_own(tmp_path: Path, stub: Path) -> None:
    """What is cached for one region is not taken for another's."""
    home = tmp_path / ".sst/stages/test"
    async with running_ministack(tmp_path) as cloud:
        here = LocalCloud(cloud.endpoint, home).bootstrap(stub, trust_cache=False)
        there = LocalCloud(cloud.endpoint, home, "eu-west-1").bootstrap(stub, trust_cache=True)

    assert (here.region, there.region) == ("us-east-1", "eu-west-1")
    assert (":us-east-1:" in here.api_arn, ":eu-west-1:" in there.api_arn) == (True, True)
    assert here.asset_bucket != there.asset_bucket


async def test_a_new_stub_is_a_new_object(tmp_path: Path, stub: Path) -> None:
    """The key names the content, so a function that points at it is updated when the stub changes."""
    async with running_ministack(tmp_path) as cloud:
        local = LocalCloud(cloud.endpoint, tmp_path / ".sst/stages/test")
        before = local.bootstrap(stub, trust_cache=False)
        stub.write_bytes(b"PK two")
        after = local.bootstrap(stub, trust_cache=True)

        assert before.stub_key != after.stub_key
        assert before.bridge_key == after.bridge_key


async def test_a_trusted_cache_needs_no_cloud(tmp_path: Path, stub: Path) -> None:
    """After an orderly stop nothing is asked: the document comes from the file, the key from its own."""
    home = tmp_path / ".sst/stages/test"
    async with running_ministack(tmp_path) as cloud:
        made = LocalCloud(cloud.endpoint, home).bootstrap(stub, trust_cache=False)

    assert LocalCloud(cloud.endpoint, home).bootstrap(stub, trust_cache=True) == made


async def test_the_sealing_key_is_private_and_in_one_place(tmp_path: Path, stub: Path) -> None:
    """The key's file is the user's alone, and the cached document does not repeat it."""
    home = tmp_path / ".sst/stages/test"
    async with running_ministack(tmp_path) as cloud:
        made = LocalCloud(cloud.endpoint, home).bootstrap(stub, trust_cache=False)

    assert stat.S_IMODE((home / "bridge.key").stat().st_mode) == 0o600
    assert made.bridge_key not in (home / "cloud/bootstrap.json").read_text()
    assert made.bridge_key not in repr(made)


def test_a_cloud_that_does_not_answer_is_a_remote_error(tmp_path: Path, stub: Path) -> None:
    """The sentence says what was being done."""
    with pytest.raises(RemoteError, match="Preparing MiniStack failed"):
        LocalCloud("http://127.0.0.1:9", tmp_path).bootstrap(stub, trust_cache=False)
