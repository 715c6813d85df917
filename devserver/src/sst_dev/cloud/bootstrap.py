"""What every app on a cloud shares: one AppSync Event API, one bucket for assets, and the stub's zip in it.

Made once, found again later; the calls are idempotent, so a half-finished bootstrap is finished by the next session.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from pathlib import Path
from typing import Any

from ..core.bootstrap import Bootstrap
from ..core.errors import RemoteError
from ..core.files import write_private

NAMESPACE = "sst"
"""The channel namespace, and the name of the Event API: one per account and region serves every app and stage."""
LOCAL_ACCOUNT = "000000000000"


class LocalCloud:
    """Bootstraps MiniStack. Blocking: call it in a thread. Raises `RemoteError` when MiniStack refuses."""

    def __init__(self, endpoint: str, stage_home: Path, region: str = "us-east-1") -> None:
        """*region* is the app's: MiniStack has them all, and keeps what is in one apart from what is in another."""
        self._endpoint = endpoint
        self._region = region
        self._cache = stage_home / "cloud" / "bootstrap.json"
        self._key = stage_home / "bridge.key"

    def bootstrap(self, stub: Path, *, trust_cache: bool) -> Bootstrap:
        """Make what is missing and say where it is.

        *stub* is the stub's zip. With *trust_cache*, what the last session found is used without asking: right
        when MiniStack was stopped in order since.
        """
        digest = hashlib.sha256(stub.read_bytes()).hexdigest()[:16]
        stub_key = f"stub/{digest}.zip"
        if trust_cache and (cached := self._cached(stub_key)):
            return cached
        try:
            document = self._ensure(stub, stub_key)
        except Exception as error:
            raise RemoteError(f"Preparing MiniStack failed: {error}", hint="See .sst/log/ministack.log.") from error
        write_private(self._cache, document.model_dump_json(exclude={"bridge_key"}))
        return document

    def _ensure(self, stub: Path, stub_key: str) -> Bootstrap:
        api = _ensure_event_api(self._client("appsync"))
        bucket = self._ensure_bucket(stub, stub_key)
        return Bootstrap(
            endpoint=self._endpoint,
            region=self._region,
            account=LOCAL_ACCOUNT,
            access_key_id="test",
            secret_access_key="test",  # noqa: S106 - MiniStack's root key takes any secret
            http_host=api["dns"]["HTTP"],
            realtime_host=api["dns"]["REALTIME"],
            api_arn=api["apiArn"],
            asset_bucket=bucket,
            stub_key=stub_key,
            bridge_key=self._bridge_key(),
        )

    def _ensure_bucket(self, stub: Path, stub_key: str) -> str:
        s3 = self._client("s3")
        bucket = f"sst-asset-{LOCAL_ACCOUNT}-{self._region}"
        place = {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
        s3.create_bucket(Bucket=bucket, **(place if self._region != "us-east-1" else {}))
        found = s3.list_objects_v2(Bucket=bucket, Prefix=stub_key)
        if not found.get("KeyCount"):
            s3.put_object(Bucket=bucket, Key=stub_key, Body=stub.read_bytes())
        return bucket

    def _bridge_key(self) -> str:
        """32 random bytes of this app and stage, base64, kept in a file of mode 0600."""
        if not self._key.exists():
            write_private(self._key, base64.b64encode(secrets.token_bytes(32)).decode())
        return self._key.read_text()

    def _cached(self, stub_key: str) -> Bootstrap | None:
        try:
            fields = json.loads(self._cache.read_text())
        except (FileNotFoundError, ValueError):
            return None
        wanted = {"stub_key": stub_key, "endpoint": self._endpoint, "region": self._region}
        if any(fields.get(name) != value for name, value in wanted.items()):
            return None
        return Bootstrap(**fields, bridge_key=self._bridge_key())

    def _client(self, service: str) -> Any:
        import botocore.session
        from botocore.config import Config

        # Without a profile: the developer's own, or one that does not exist, has no say in what is local.
        return botocore.session.Session(session_vars={"profile": (None, [], None, None)}).create_client(
            service,
            endpoint_url=self._endpoint,
            region_name=self._region,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - as above
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 3}),
        )


def _ensure_event_api(appsync: Any) -> dict[str, Any]:
    """The Event API called `sst`, with its channel namespace; IAM is the only way in."""
    iam = [{"authType": "AWS_IAM"}]
    pages = appsync.get_paginator("list_apis").paginate()
    api = next((api for page in pages for api in page["apis"] if api["name"] == NAMESPACE), None)
    if api is None:
        api = appsync.create_api(
            name=NAMESPACE,
            eventConfig={
                "authProviders": iam,
                "connectionAuthModes": iam,
                "defaultPublishAuthModes": iam,
                "defaultSubscribeAuthModes": iam,
            },
        )["api"]
    names = appsync.list_channel_namespaces(apiId=api["apiId"])["channelNamespaces"]
    if all(namespace["name"] != NAMESPACE for namespace in names):
        appsync.create_channel_namespace(
            apiId=api["apiId"], name=NAMESPACE, publishAuthModes=iam, subscribeAuthModes=iam
        )
    return dict(api)
