"""`sst.aws.Vpc` and `sst.aws.Efs`: not there on the embedded cloud, and no reason to stop."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare


def test_they_say_once_that_they_are_not_there() -> None:
    """Their properties can be used, they can be linked and taken as arguments; nothing is created for them."""

    def run() -> dict[str, Any]:
        vpc = sst.aws.Vpc("Net", az=3, nat={"ec2": {"instance": "t4g.large"}}, bastion=True)
        shared = sst.aws.Vpc.get("Shared", "vpc-12345678901234567")
        files = sst.aws.Efs("Files", vpc=vpc, performance="max-io")
        existing = sst.aws.Efs.get("Old", "fs-1")
        volume = {"efs": files, "path": "/mnt/files"}
        sst.aws.Function("Api", handler="a.b", vpc=shared, volume=volume, link=[vpc])
        return {"ids": [vpc.id, shared.id, files.id, existing.id], "subnets": vpc.private_subnets}

    declared = declare(run)

    assert declared.manifest["tunnels"] == [{"name": "Net", "host": "", "subnets": []}]
    assert declared.manifest["outputs"] == {
        "ids": ["vpc-local", "vpc-12345678901234567", "fs-local", "fs-1"],
        "subnets": [],
    }
    assert [notice.split('"')[1] for notice in declared.notices] == ["Net", "Shared", "Files", "Old", "Api", "Api"]
    assert not any("ec2" in kind or "efs" in kind for kind in declared.types().values())


def test_on_aws_a_function_gets_them() -> None:
    """Subnets, security groups and the access point go to Lambda, and the layers."""

    def run() -> None:
        sst.aws.Function(
            "Api",
            handler="a.b",
            dev=False,
            vpc={"private_subnets": ["subnet-1"], "security_groups": [pulumi.Output.from_input("sg-1")]},
            volume={"efs": "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-1"},
            layers=["arn:aws:lambda:us-east-1:123456789012:layer:l:1"],
        )

    inputs = declare(run, local=False).inputs("ApiFunction")

    assert inputs["vpcConfig"] == {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}
    assert inputs["fileSystemConfig"]["localMountPath"] == "/mnt/efs"
    assert (inputs["runtime"][:7], inputs["layers"]) == ("python3", ["arn:aws:lambda:us-east-1:123456789012:layer:l:1"])


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: sst.aws.Vpc("Net", natt="ec2"), "has no argument `natt`"),
        (lambda: sst.aws.Vpc("Net", nat="yes"), "nat must be one of ec2, managed, got 'yes'"),
        (lambda: sst.aws.Vpc("Net", az=0), "az must be a number, at least 1, got 0"),
        (lambda: sst.aws.Vpc("Net", bastion="yes"), "bastion must be True or False, got 'yes'"),
        (lambda: sst.aws.Efs("Files"), "needs the argument `vpc`"),
        (lambda: sst.aws.Efs("Files", vpc=None, throughput="slow"), "throughput must be one of elastic"),
    ],
)
def test_wrong_arguments(run: Any, message: str) -> None:
    """They are checked where nothing is made of them, too."""
    with pytest.raises(ConfigError, match=message):
        declare(lambda: run() and None)
