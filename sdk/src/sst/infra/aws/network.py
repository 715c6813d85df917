"""Networks and file systems: arguments of other components, of which nothing exists on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi

from ..component import Component, Transform, flag, number, one_of, strings
from ..errors import ConfigError
from ..linkable import Definition


class OnlyOnAws(Component):
    """A component of which nothing exists on the embedded cloud: one line says so, and what takes it does without."""

    def __init__(
        self,
        name: str,
        opts: pulumi.ResourceOptions | None = None,
        transform: Mapping[str, Transform] | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        if not self._context.local:
            raise ConfigError(f"{self._label} cannot be deployed by this version.")
        self._context.say_once(f"{self._label} does not exist on the embedded cloud and was left out.")

    @property
    def nodes(self) -> dict[str, Any]:
        """Nothing is created."""
        return {}


class Vpc(OnlyOnAws):
    """A VPC: `sst.aws.Vpc("Network", nat="ec2", bastion=True)`.

    On the embedded cloud there is no network to cut off: its `id` names none, and it has no subnets.
    """

    token = "sst:aws:Vpc"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = (
        "bastion_instance", "bastion_security_group", "elastic_ip", "internet_gateway", "nat_gateway", "nat_instance",
        "nat_security_group", "private_route_table", "private_subnet", "public_route_table", "public_subnet",
        "security_group", "vpc",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        *,
        az: int | Sequence[pulumi.Input[str]] = 2,
        nat: str | Mapping[str, Any] | None = None,
        bastion: bool = False,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        if isinstance(az, int):
            number(f"{self._label}: az", az, least=1)
        else:
            strings(f"{self._label}: az", az)
        if nat is not None and not isinstance(nat, Mapping):
            one_of(f"{self._label}: nat", nat, ("ec2", "managed"))
        flag(f"{self._label}: bastion", bastion)
        if bastion:
            # No host: the session's Tunnel pane says that there is nothing to reach.
            self._context.tunnels.append({"name": name, "host": "", "subnets": []})
        self._read("vpc-local")

    @classmethod
    def get(cls, name: str, vpc_id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> Vpc:
        """A VPC that exists already, by its id; on the embedded cloud no more than its name."""
        self = cls.__new__(cls)
        OnlyOnAws.__init__(self, name, opts)
        self._read(vpc_id)
        return self

    def sst_link(self) -> Definition:
        """`bastion`, where there is one (Vpc, Links)."""
        return Definition({})

    def _read(self, vpc_id: pulumi.Input[str]) -> None:
        self.id: pulumi.Output[str] = pulumi.Output.from_input(vpc_id)
        self.bastion: pulumi.Output[str] = pulumi.Output.from_input("")
        self.private_subnets: pulumi.Output[list[str]] = pulumi.Output.from_input([])
        self.public_subnets: pulumi.Output[list[str]] = pulumi.Output.from_input([])
        self.security_groups: pulumi.Output[list[str]] = pulumi.Output.from_input([])


class Efs(OnlyOnAws):
    """A file system that functions and containers mount: `volume={"efs": sst.aws.Efs("Files", vpc=vpc)}`.

    On the embedded cloud nothing is mounted: a live function has the disk of this machine.
    """

    token = "sst:aws:Efs"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("access_point", "file_system", "security_group")

    def __init__(
        self,
        name: str,
        *,
        vpc: Any,
        performance: str = "general-purpose",
        throughput: str = "elastic",
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        one_of(f"{self._label}: performance", performance, ("general-purpose", "max-io"))
        one_of(f"{self._label}: throughput", throughput, ("elastic", "bursting", "provisioned"))
        self._read("fs-local")

    @classmethod
    def get(cls, name: str, file_system_id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> Efs:
        """A file system that exists already, by its id; on the embedded cloud no more than its name."""
        self = cls.__new__(cls)
        OnlyOnAws.__init__(self, name, opts)
        self._read(file_system_id)
        return self

    def _read(self, file_system_id: pulumi.Input[str]) -> None:
        self.id: pulumi.Output[str] = pulumi.Output.from_input(file_system_id)
        self.access_point: pulumi.Output[str] = pulumi.Output.from_input("fsap-local")
        self.access_point_arn: pulumi.Output[str] = pulumi.Output.concat(
            f"arn:aws:elasticfilesystem:{self._context.cloud.region}:{self._context.cloud.account}:access-point/",
            self.access_point,
        )
