"""Databases that run beside the app: in `sst dev` their links point to a server on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi

from ..component import Component, fields
from ..errors import ConfigError
from ..linkable import Definition


class _Server(Component):
    """A database server. `dev` says where the local one is."""

    local: ClassVar[Mapping[str, Any]]
    """The link's properties with their defaults for a server on this machine."""

    def __init__(
        self,
        name: str,
        *,
        vpc: Any = None,
        dev: Mapping[str, Any] | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **deployment: Any,
    ) -> None:
        super().__init__(name, opts)
        if not self._context.local and not (self._context.dev and dev is not None):
            raise ConfigError(
                f"{self._label} cannot be deployed by this version.",
                hint="In `sst dev`, give it dev={…} to link to a server on this machine.",
            )
        known = {key: deployment[key] for key in self.local if deployment.get(key) is not None}
        given = fields(f"{self._label}: dev", dev or {}, tuple(self.local))
        self._properties = {**self.local, "database": self._context.app.name, **known, **given}
        self._properties = {key: self._properties[key] for key in self.local}
        if not isinstance(self._properties["port"], int):
            raise ConfigError(f"{self._label}: dev.port must be a number, got {self._properties['port']!r}.")
        if dev is None:
            address = f"{self._properties['host']}:{self._properties['port']}"
            self._context.say_once(
                f"{self._label}: no server is created on the embedded cloud; its link points to {address}. "
                "Give it dev={…} to say where yours is."
            )

    def __getattr__(self, name: str) -> Any:
        if name != "_properties" and name in self.local:
            return pulumi.Output.from_input(self._properties[name])
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def nodes(self) -> dict[str, Any]:
        """Nothing is created in dev."""
        return {}

    def sst_link(self) -> Definition:
        """Where the server is and how to log in; the password is a secret."""
        secret = {"password": pulumi.Output.secret(self._properties["password"])} if "password" in self.local else {}
        return Definition({**self._properties, **secret})


class Postgres(_Server):
    """A Postgres database.

    ```python
    database = sst.aws.Postgres("Database", vpc=vpc, dev={"username": "postgres", "password": "p", "port": 5432})
    ```

    A receiver of the link reads `Resource.Database.host`, `.port`, `.username`, `.password` and `.database`.
    """

    token = "sst:aws:Postgres"  # noqa: S105 a Pulumi type
    local: ClassVar[Mapping[str, Any]] = {
        "host": "localhost",
        "port": 5432,
        "username": "postgres",
        "password": "password",
        "database": "",
    }


class Mysql(_Server):
    """A MySQL database; its link is that of `Postgres`."""

    token = "sst:aws:Mysql"  # noqa: S105 a Pulumi type
    local: ClassVar[Mapping[str, Any]] = {
        "host": "localhost",
        "port": 3306,
        "username": "root",
        "password": "password",
        "database": "",
    }


class Redis(_Server):
    """A Redis or Valkey cluster: `sst.aws.Redis("Cache", vpc=vpc, dev={"host": "localhost", "port": 6379})`.

    A receiver of the link reads `Resource.Cache.host`, `.port`, `.username` and `.password`.
    """

    token = "sst:aws:Redis"  # noqa: S105 a Pulumi type
    local: ClassVar[Mapping[str, Any]] = {"host": "localhost", "port": 6379, "username": "default", "password": ""}
