"""Databases in dev."""

from __future__ import annotations

from typing import Any

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare


def test_dev_says_where_the_server_is() -> None:
    """`dev` wins over the arguments, those over the defaults; the password is a secret."""

    def run() -> dict[str, Any]:
        database = sst.aws.Postgres("Db", username="me", dev={"password": "p", "port": 5433})
        return {"host": database.host}

    declared = declare(run)

    assert declared.link("Db") == {
        "host": "localhost",
        "port": 5433,
        "username": "me",
        "password": "p",
        "database": "notes",
    }
    assert declared.manifest["links"][0]["secret_properties"] == ["password"]
    assert (declared.manifest["outputs"], declared.notices) == ({"host": "localhost"}, [])


def test_without_dev_a_line_says_where_the_link_points() -> None:
    """No server is started here."""
    declared = declare(lambda: sst.aws.Redis("Cache") and None)

    assert declared.link("Cache")["port"] == 6379
    assert "points to localhost:6379" in declared.notices[0]


def test_on_aws_dev_is_needed() -> None:
    """This version creates no database servers."""
    with pytest.raises(ConfigError, match='Postgres "Db" cannot be deployed'):
        declare(lambda: sst.aws.Postgres("Db") and None, local=False)
    assert declare(lambda: sst.aws.Postgres("Db", dev={}) and None, local=False).link("Db")["port"] == 5432


@pytest.mark.parametrize(
    ("dev", "message"), [({"prot": 1}, "dev has no field 'prot'"), ({"port": "1"}, "must be a number")]
)
def test_wrong_arguments(dev: Any, message: str) -> None:
    """One sentence with the field."""
    with pytest.raises(ConfigError, match=message):
        declare(lambda: sst.aws.Mysql("Db", dev=dev) and None)


def test_an_existing_database_is_linked_to_this_machine() -> None:
    """No AWS is asked: its link has the defaults, and one line says where it points."""

    def run() -> None:
        sst.aws.Postgres.get("Database", id="app-dev-database", proxy_id="app-dev-database-proxy")
        sst.aws.Mysql.get("Old", id="app-dev-old")
        sst.aws.Redis.get("Cache", "app-dev-cache")

    declared = declare(run, app=sst.App(name="my-notes", home="local"))

    assert declared.link("Database")["database"] == "my_notes"
    assert [declared.link(name)["port"] for name in ("Database", "Old", "Cache")] == [5432, 3306, 6379]
    assert [notice.split('"')[1] for notice in declared.notices] == ["Database", "Old", "Cache"]


def test_a_typo_among_the_arguments_of_a_deployed_server() -> None:
    """It is refused here already."""
    with pytest.raises(ConfigError, match='Postgres "Db" has no argument `multiaz`') as caught:
        declare(lambda: sst.aws.Postgres("Db", multiaz=True) and None)
    assert "'multi_az'" in caught.value.hint
