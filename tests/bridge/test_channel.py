"""The seam between delivery and transport."""

from __future__ import annotations

import secrets

from sst_bridge.appsync.protocol import is_channel
from sst_bridge.channel import Paths


def test_paths_are_channels_of_the_service() -> None:
    """At most five segments of letters, digits and inner dashes, without a wildcard."""
    paths = Paths("notes", "ada-1")
    assert (paths.dev, paths.all) == ("/sst/notes/ada-1/dev", "/sst/notes/ada-1/all")
    environment = paths.environment(secrets.token_hex(16))
    for path in (paths.dev, paths.all, environment):
        assert is_channel(path)


def test_an_environment_cannot_be_taken_for_a_shared_path() -> None:
    """Ids of environments are 32 hexadecimal digits."""
    paths = Paths("notes", "ada")
    assert paths.environment(secrets.token_hex(16)) not in (paths.dev, paths.all)
