"""`sst.aws.Bucket`: an S3 bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi
from pulumi_aws import s3

from ..component import Component, Transform, checked, fields, flag, one_of, strings
from ..context import current
from ..errors import ConfigError
from ..linkable import Definition
from ..naming import physical_name
from ..permission import Permission
from . import policy as iam_policy
from .bucket_notification import BucketNotification
from .url import parse_cors

METHODS = ("DELETE", "GET", "HEAD", "POST", "PUT")
_PRINCIPALS = {"aws": "AWS", "service": "Service", "federated": "Federated", "canonical": "CanonicalUser"}


class Bucket(Component):
    """An S3 bucket.

    ```python
    bucket = sst.aws.Bucket("Uploads", versioning=True)
    sst.aws.Function("Api", handler="functions/api.handler", link=[bucket])
    ```

    A receiver of the link reads `Resource.Uploads.name` and may do `s3:*` on the bucket and its objects.
    """

    token = "sst:aws:Bucket"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("bucket", "cors", "policy", "public_access_block", "versioning")
    _notified: bool

    def __init__(
        self,
        name: str,
        *,
        access: str | None = None,
        cors: bool | Mapping[str, Any] = True,
        enforce_https: bool = True,
        policy: Sequence[Mapping[str, Any]] = (),
        versioning: bool = False,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        where = self._label
        if access is not None:
            one_of(f"{where}: access", access, ("public", "cloudfront"))
        flag(f"{where}: enforce_https", enforce_https)
        flag(f"{where}: versioning", versioning)
        given = {} if cors is True else cors
        if isinstance(given, Mapping):
            given = {"allow_methods": list(METHODS), **given}
        rules = parse_cors(f"{where}: cors", given, methods=METHODS)
        if not isinstance(policy, (list, tuple)):
            raise ConfigError(f"{where}: policy must be a list of dictionaries, got {policy!r}.")
        statements = [_statement(f"{self._label}: policy[{i}]", item) for i, item in enumerate(policy)]
        args: dict[str, Any] = {
            "bucket": physical_name(f"{name}Bucket", limit=63, lower=True),
            # The data goes with the bucket when the removal policy lets the bucket go.
            "force_destroy": True,
        }
        self._bucket = self._make(s3.Bucket, f"{name}Bucket", args, transform="bucket")
        self._read()
        self._make_settings(rules, versioning)
        self._make_policy(statements, access, enforce_https)

    @classmethod
    def get(cls, name: str, bucket_name: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> Bucket:
        """A bucket that exists already, for example one of another stage. Nothing is created.

        ```python
        bucket = sst.aws.Bucket.get("Uploads", "notes-dev-uploadsbucket-abcdefgh")
        ```
        """
        self = cls.__new__(cls)
        Component.__init__(self, name, opts)
        self._bucket = s3.Bucket.get(f"{name}Bucket", bucket_name, opts=pulumi.ResourceOptions(parent=self))
        self._read()
        return self

    def notify(
        self,
        *,
        notifications: Sequence[Mapping[str, Any]],
        transform: Mapping[str, Transform] | None = None,
    ) -> BucketNotification:
        """Tell functions, queues and topics what happens in this bucket; a bucket has one list of notifications.

        ```python
        bucket.notify(notifications=[
            {"name": "Thumbs", "function": "functions/thumbs.handler", "events": ["s3:ObjectCreated:*"],
             "filter_prefix": "images/"},
            {"name": "Log", "queue": queue, "events": ["s3:ObjectRemoved:*"]},
        ])
        ```
        """
        if self._notified:
            raise ConfigError(
                f"{self._label} has notifications already: S3 keeps them as one list.",
                hint="Give notify() all of them at once.",
            )
        self._notified = True
        return BucketNotification(
            f"{self._name}Notifications",
            bucket=self,
            notifications=notifications,
            transform=transform,
            opts=pulumi.ResourceOptions(parent=self),
        )

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `bucket`."""
        return {"bucket": self._bucket}

    def sst_link(self) -> Definition:
        """`name`; the receiver may do everything with the bucket and its objects (Bucket, Links)."""
        objects = pulumi.Output.concat(self.arn, "/*")
        return Definition({"name": self.name}, [Permission(["s3:*"], [self.arn, objects])])

    # --- private ----------------------------------------------------------------------------------

    def _read(self) -> None:
        self._notified = False
        self.name: pulumi.Output[str] = self._bucket.bucket
        self.arn: pulumi.Output[str] = self._bucket.arn
        self.domain: pulumi.Output[str] = self._bucket.bucket_domain_name

    def _make_settings(self, rules: dict[str, Any] | None, versioning: bool) -> None:
        if versioning:
            self._make(
                s3.BucketVersioning,
                f"{self._name}Versioning",
                {"bucket": self.name, "versioning_configuration": {"status": "Enabled"}},
                transform="versioning",
            )
        if rules is not None:
            rule = {
                "allowed_headers": rules["allow_headers"],
                "allowed_methods": rules["allow_methods"],
                "allowed_origins": rules["allow_origins"],
                "expose_headers": rules["expose_headers"],
                "max_age_seconds": rules["max_age"],
            }
            self._make(
                s3.BucketCorsConfiguration,
                f"{self._name}Cors",
                {"bucket": self.name, "cors_rules": [rule]},
                transform="cors",
            )

    def _make_policy(self, statements: list[dict[str, Any]], access: str | None, enforce_https: bool) -> None:
        """The bucket policy, and the block of public access that must be in place before it."""
        arn, objects = self.arn, pulumi.Output.concat(self.arn, "/*")
        block = None
        wanted: Any = self._transform.get("public_access_block")
        if wanted is not False:
            args: dict[str, Any] = {
                "bucket": self.name,
                "block_public_acls": True,
                "block_public_policy": access != "public",
                "ignore_public_acls": True,
                "restrict_public_buckets": access != "public",
            }
            block = self._make(
                s3.BucketPublicAccessBlock, f"{self._name}PublicAccessBlock", args, transform="public_access_block"
            )
        everyone = {"public": {"AWS": "*"}, "cloudfront": {"Service": "cloudfront.amazonaws.com"}}
        if access is not None:
            statements.append(
                {"Effect": "Allow", "Principal": everyone[access], "Action": "s3:GetObject", "Resource": objects}
            )
        # The embedded cloud speaks plain HTTP on loopback: the rule would refuse every request there.
        if enforce_https and not current().local:
            secure = {"Bool": {"aws:SecureTransport": "false"}}
            statements.append(
                {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:*", "Resource": [arn, objects],
                 "Condition": secure}
            )  # fmt: skip
        if statements or "policy" in self._transform:
            document = iam_policy.document(
                {**s, "Resource": [pulumi.Output.concat(arn, p) for p in s["Resource"]]} if s.pop("own", False) else s
                for s in statements
            )
            self._make(
                s3.BucketPolicy,
                f"{self._name}Policy",
                {"bucket": self.name, "policy": document},
                transform="policy",
                opts=pulumi.ResourceOptions(depends_on=[block] if block is not None else []),
            )


def _statement(where: str, value: Any) -> dict[str, Any]:
    """One entry of `policy=` as an IAM statement; its resources are still paths of the bucket (`own`)."""
    given = fields(
        where, value, ("actions", "principals", "effect", "paths", "conditions"), required=("actions", "principals")
    )
    statement: dict[str, Any] = {
        "Effect": one_of(f"{where}: effect", given.get("effect", "allow"), ("allow", "deny")).capitalize(),
        "Principal": _principal(f"{where}: principals", given["principals"]),
        "Action": strings(f"{where}: actions", given["actions"]),
        "Resource": [_path(path) for path in strings(f"{where}: paths", given.get("paths", ["", "*"]))],
        "own": True,
    }
    for index, item in enumerate(given.get("conditions", ())):
        needed = ("test", "variable", "values")
        condition = fields(f"{where}: conditions[{index}]", item, needed, required=needed)
        tests = statement.setdefault("Condition", {}).setdefault(condition["test"], {})
        tests[condition["variable"]] = strings(f"{where}: conditions[{index}].values", condition["values"])
    return statement


def _path(path: Any) -> Any:
    return checked(path, lambda value: f"/{value}" if value else "")


def _principal(where: str, value: Any) -> Any:
    """`principals=` as IAM spells it: everybody, or identifiers by their type."""
    if value == "*":
        return "*"
    if not isinstance(value, (list, tuple)):
        raise ConfigError(f'{where} must be "*" or a list of dictionaries, got {value!r}.')
    principal: dict[str, list[Any]] = {}
    for index, item in enumerate(value):
        kind = fields(f"{where}[{index}]", item, ("type", "identifiers"), required=("type", "identifiers"))
        one_of(f"{where}[{index}].type", kind["type"], tuple(_PRINCIPALS))
        identifiers = strings(f"{where}[{index}].identifiers", kind["identifiers"])
        principal.setdefault(_PRINCIPALS[kind["type"]], []).extend(identifiers)
    return principal
