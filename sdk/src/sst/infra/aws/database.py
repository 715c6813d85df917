"""Databases that run beside the app: in `sst dev` their links point to a server on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi

from ..calls import meant
from ..component import Component, Transform, fields
from ..errors import ConfigError
from ..linkable import Definition


class _Server(Component):
    """A database server. `dev` says where the local one is."""

    local: ClassVar[Mapping[str, Any]]
    """The link's properties with their defaults for a server on this machine."""
    deployment: ClassVar[tuple[str, ...]]
    """Arguments that matter to a server on AWS only."""

    def __init__(
        self,
        name: str,
        *,
        vpc: Any = None,
        dev: Mapping[str, Any] | None = None,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **deployment: Any,
    ) -> None:
        super().__init__(name, opts, transform)
        allowed = tuple(dict.fromkeys((*self.deployment, *self.local)))
        for key in deployment:
            if key not in allowed:
                raise ConfigError(f"{self._label} has no argument `{key}`.", hint=meant(key, (*allowed, "vpc", "dev")))
        if not self._context.local and not (self._context.dev and dev is not None):
            raise ConfigError(
                f"{self._label} cannot be deployed by this version.",
                hint="In `sst dev`, give it dev={…} to link to a server on this machine.",
            )
        self._use({**deployment, **fields(f"{self._label}: dev", {} if dev is None else dev, tuple(self.local))})
        if dev is None:
            self._context.say_once(
                f"{self._label}: no server is created on the embedded cloud; its link points to {self._address}. "
                "Give it dev={…} to say where yours is."
            )

    @property
    def _address(self) -> str:
        return f"{self._properties['host']}:{self._properties['port']}"

    def _use(self, given: Mapping[str, Any]) -> None:
        """Have the link say what *given* does, and the defaults for the rest."""
        database = self._context.app.name.replace("-", "_")
        known = {**self.local, "database": database, **{k: v for k, v in given.items() if v is not None}}
        self._properties = {key: known[key] for key in self.local}
        for key, value in self._properties.items():
            kind, what = (int, "a number") if key == "port" else (str, "a string")
            if not isinstance(value, (kind, pulumi.Output)) or isinstance(value, bool):
                raise ConfigError(f"{self._label}: {key} must be {what}, got {value!r}.")

    @classmethod
    def _existing(cls, name: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions | None) -> Any:
        self: Any = cls.__new__(cls)
        Component.__init__(self, name, opts)
        if not self._context.local:
            raise ConfigError(f"{self._label}: an existing server cannot be looked up by this version.")
        self.id = pulumi.Output.from_input(id)
        self._use({})
        self._context.say_once(
            f"{self._label}: the embedded cloud knows no servers of AWS; its link points to {self._address}."
        )
        return self

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
    transforms: ClassVar[tuple[str, ...]] = ("instance", "parameter_group", "proxy", "subnet_group")
    deployment: ClassVar[tuple[str, ...]] = ("instance", "multi_az", "proxy", "storage", "version")
    local: ClassVar[Mapping[str, Any]] = {
        "host": "localhost",
        "port": 5432,
        "username": "postgres",
        "password": "password",
        "database": "",
    }

    @classmethod
    def get(
        cls,
        name: str,
        *,
        id: pulumi.Input[str],
        proxy_id: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> Postgres:
        """A database that exists already, by its id: `sst.aws.Postgres.get("Database", id="app-dev-database")`."""
        existing: Postgres = cls._existing(name, id, opts)
        return existing


class Mysql(_Server):
    """A MySQL database; its link is that of `Postgres`."""

    token = "sst:aws:Mysql"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("instance", "parameter_group", "proxy", "subnet_group")
    deployment: ClassVar[tuple[str, ...]] = ("instance", "multi_az", "proxy", "storage", "version")
    local: ClassVar[Mapping[str, Any]] = {
        "host": "localhost",
        "port": 3306,
        "username": "root",
        "password": "password",
        "database": "",
    }

    @classmethod
    def get(
        cls,
        name: str,
        *,
        id: pulumi.Input[str],
        proxy_id: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> Mysql:
        """A database that exists already, by its id: `sst.aws.Mysql.get("Database", id="app-dev-database")`."""
        existing: Mysql = cls._existing(name, id, opts)
        return existing


class Redis(_Server):
    """A Redis or Valkey cluster: `sst.aws.Redis("Cache", vpc=vpc, dev={"host": "localhost", "port": 6379})`.

    A receiver of the link reads `Resource.Cache.host`, `.port`, `.username` and `.password`.
    """

    token = "sst:aws:Redis"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("cluster", "parameter_group", "subnet_group")
    deployment: ClassVar[tuple[str, ...]] = ("cluster", "engine", "instance", "parameters", "version")
    local: ClassVar[Mapping[str, Any]] = {"host": "localhost", "port": 6379, "username": "default", "password": ""}

    @classmethod
    def get(cls, name: str, cluster_id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> Redis:
        """A cluster that exists already, by its id: `sst.aws.Redis.get("Cache", "app-dev-cache")`."""
        existing: Redis = cls._existing(name, cluster_id, opts)
        return existing
