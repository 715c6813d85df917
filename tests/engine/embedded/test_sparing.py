"""What is left out of Pulumi's work changes nothing that a program declares."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi
import sst
from sst_dev.engine import passes
from sst_dev.engine.embedded import sparing

from tests.support.program import declare

ROOT = Path(__file__).parents[3]


def wide() -> dict[str, Any]:
    """Links, triggers, secrets, options, aliases, and values that hang on others in all of Pulumi's ways."""
    mutable: dict[str, Any] = {"list": [1, {"deep": "text"}], "none": None}
    converted = pulumi.Output.from_input(mutable)
    mutable["list"].append("added later")
    bucket = sst.aws.Bucket("Files")
    queue = sst.aws.Queue("Jobs", opts=pulumi.ResourceOptions(depends_on=[bucket], protect=True))
    queue.subscribe("a.b")
    secret = pulumi.Output.secret({"key": "hidden"})
    api = sst.aws.Function(
        "Api",
        handler="a.b",
        url=True,
        link=[bucket, queue, sst.Linkable("Values", properties={"secret": secret, "names": [bucket.name, "x"]})],
        environment={"SECRET": secret["key"], "ARN": pulumi.Output.format("{0}!", queue.arn)},
        opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="Old")]),
    )
    sst.aws.ApiGatewayV2("Http").route("GET /", "a.b")
    return {
        "converted": converted,
        "all": pulumi.Output.all(bucket.arn, {"url": api.url, "deep": [queue.url]}),
        "json": pulumi.Output.json_dumps({"arn": bucket.arn, "plain": ["x", 1.5, True]}),
        "urn": bucket.urn,
        "lifted": api.nodes["function"].environment,
    }


def declared() -> dict[str, Any]:
    """All that *wide* comes to, as JSON knows it; the order in which resources come is no part of it."""
    found = declare(wide)
    entries = sorted((vars(entry) for entry in found.entries), key=lambda entry: entry["urn"])
    document: dict[str, Any] = json.loads(json.dumps({"entries": entries, "manifest": found.manifest}, default=vars))
    return document


def test_a_program_comes_to_the_same() -> None:
    """Pulumi as it is and Pulumi spared declare the same resources and export the same manifest."""
    code = (
        "import json\nfrom sst_dev.engine import passes\npasses.spare = lambda: None\n"
        "from tests.engine.embedded.test_sparing import declared\nprint(json.dumps(declared()))"
    )
    plain = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    expected = json.loads(plain.stdout)

    assert declared() == expected
    assert expected["manifest"]["outputs"]["converted"] == {
        "list": [1, {"deep": "text"}, "added later"],
        "none": None,
    }
    assert len(expected["entries"]) > 12


def test_this_version_of_pulumi_is_spared() -> None:
    """A version that lacks what is leant on would be slower and nobody would notice."""
    passes.spare()

    assert all(hasattr(home, name) for home, name in sparing._NEEDED)
    assert pulumi.runtime.rpc.transfer_properties is sparing._transfer_properties


def test_an_older_pulumi_is_left_alone(monkeypatch: Any) -> None:
    """Where one of the names is missing, nothing is put in place."""
    monkeypatch.setattr(sparing, "_NEEDED", ((pulumi.runtime.rpc, "no_such_name"),))
    monkeypatch.setattr(pulumi.runtime.rpc, "transfer_properties", None)
    sparing.spare()

    assert pulumi.runtime.rpc.transfer_properties is None
