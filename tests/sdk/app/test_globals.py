"""The global helpers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
import sst
from sst.infra import context, globals
from sst.infra.errors import ConfigError

from tests.support.program import declare


def test_a_transform_sets_defaults_for_components_created_after_it() -> None:
    """Global, `transform`: arguments the component gives itself win, earlier components are not touched."""

    def run() -> None:
        sst.aws.Function("Before", handler="a.b")
        sst.transform(sst.aws.Function, lambda args, opts, name: args.setdefault("memory", "512 MB"))
        sst.aws.Function("After", handler="a.b")
        sst.aws.Function("Own", handler="a.b", memory="256 MB")

    declared = declare(run)

    assert [declared.function(n)["memory"] for n in ("Before", "After", "Own")] == [1024, 512, 256]


def test_a_transform_of_a_resource_class_reaches_what_components_create() -> None:
    """Any Pulumi class can be transformed, wherever its instances are made."""
    from pulumi_aws import iam

    def run() -> None:
        sst.transform(iam.Role, lambda args, opts, name: args.update(permissions_boundary="arn:b"))
        sst.aws.Function("Api", handler="a.b")

    assert declare(run).inputs("ApiRole")["permissionsBoundary"] == "arn:b"


def test_a_transform_cannot_slip_in_a_wrong_argument() -> None:
    """What a callback adds is checked like what the component was given."""

    def run() -> None:
        sst.transform(sst.aws.Function, lambda args, opts, name: args.update(memori="1 GB"))
        sst.aws.Function("Api", handler="a.b")

    with pytest.raises(ConfigError, match="no argument `memori`"):
        declare(run)


def test_the_running_app_and_dev(monkeypatch: pytest.MonkeyPatch) -> None:
    """`sst.app` has the stage; `sst.dev` is known before any context is."""
    seen: dict[str, Any] = {}
    monkeypatch.setattr(context, "running_in_dev", True)
    declare(lambda: seen.update(app=globals.app, dev=globals.dev), stage="blue")

    assert (seen["app"].name, seen["app"].stage, seen["dev"]) == ("notes", "blue", True)
    with pytest.raises(AttributeError):
        _ = globals.nothing  # type: ignore[attr-defined]


def test_assets_are_relative_to_the_root(tmp_path: Path) -> None:
    """A file is an asset, a folder an archive, and what does not exist is an error at once."""
    (tmp_path / "a.txt").write_text("a")
    made: list[Any] = []
    declare(lambda: made.extend([sst.asset("a.txt"), sst.asset(".")]), root=tmp_path)

    assert [type(item) for item in made] == [pulumi.FileAsset, pulumi.FileArchive]
    with pytest.raises(ConfigError, match=r"sst.asset: 'b.txt' does not exist"):
        declare(lambda: sst.asset("b.txt") and None, root=tmp_path)


def test_iam_edit_changes_a_document() -> None:
    """The callback sees the document, whatever form the policy had; outputs may go in."""

    def run() -> dict[str, Any]:
        bucket = sst.aws.Bucket("A")
        policy = json.dumps({"Statement": []})
        return {"policy": sst.aws.iam_edit(policy, lambda doc: doc["Statement"].append({"Resource": bucket.arn}))}

    assert json.loads(declare(run).manifest["outputs"]["policy"]) == {"Statement": [{"Resource": "arn:ABucket"}]}
