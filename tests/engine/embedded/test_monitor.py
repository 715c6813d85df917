"""What Pulumi's programs ask, and what they are answered."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
import sst
from sst_dev.core.errors import UserError
from sst_dev.engine.embedded.monitor import _plain
from sst_dev.engine.embedded.plan import Preview
from sst_dev.engine.embedded.state import Entry

from tests.support.program import _run, declare


def test_inputs_are_plain_values() -> None:
    """Secrets unwrapped wherever they are, whole numbers as integers, nothing for nulls."""
    wrapped = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "s"}

    assert _plain({"a": [wrapped, 3.0, 2.5], "b": None, "c": {"d": wrapped}}) == {"a": ["s", 3, 2.5], "c": {"d": "s"}}


def test_urns_tell_the_whole_path() -> None:
    """As Pulumi's engine names resources: the types of all components above, then the resource's own."""
    [bucket] = [e for e in declare(lambda: sst.aws.Bucket("A") and None).entries if e.name == "ABucket"]

    assert bucket.urn == "urn:pulumi:dev::notes::sst:aws:Bucket$aws:s3/bucket:Bucket::ABucket"
    assert (bucket.component, bucket.component_type) == ("A", "sst:aws:Bucket")


def test_a_nested_component_belongs_to_the_outermost() -> None:
    """People know the component they wrote."""
    declared = declare(lambda: sst.aws.Queue("Jobs").subscribe("a.b") and None)

    assert {e.component for e in declared.entries} == {"Jobs"}


def test_dependencies_are_recorded() -> None:
    """What a resource was made from: it is deleted before that."""
    entries = {e.name: e for e in declare(lambda: sst.aws.Function("Api", handler="a.b") and None).entries}

    assert entries["ApiRole"].urn in entries["ApiFunction"].dependencies


def test_a_preview_knows_what_has_not_changed_and_nothing_else() -> None:
    """Outputs of the record are known while the inputs stay the same; a new resource's are not."""
    known: list[Any] = []
    first = declare(lambda: sst.aws.Bucket("A", cors=False) and None)
    record = {e.urn: Entry(**{**vars(e), "id": "x", "outputs": {"arn": "arn:known"}}) for e in first.entries}

    def run() -> None:
        for name in ("A", "B"):
            sst.aws.Bucket(name, cors=False).arn.apply(known.append)

    _run(run, Preview(record), preview=True, stage="dev")

    assert known == ["arn:known"]


def test_lookups() -> None:
    """The account and the region are known; what cannot be known here is refused by name."""
    import pulumi_aws as aws

    answered = declare(lambda: {"account": aws.get_caller_identity().account_id, "region": aws.get_region().region})

    assert answered.manifest["outputs"] == {"account": "000000000000", "region": "us-east-1"}


def test_two_components_of_one_type_and_name() -> None:
    """The user's own Pulumi components must have names of their own, too."""

    def run() -> None:
        pulumi.ComponentResource("my:own:Thing", "A")
        pulumi.ComponentResource("my:own:Thing", "A")

    with pytest.raises(UserError, match="are called 'A'"):
        declare(run)
