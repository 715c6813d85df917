"""One MiniStack for the engine's tests; each test uses names of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.program import CloudUnderTest, cloud_under_test


@pytest.fixture(name="ministack", scope="session")
def fixture_ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudUnderTest]:
    with cloud_under_test(tmp_path_factory.mktemp("ministack")) as cloud:
        yield cloud


@pytest.fixture(name="cloud")
def fixture_cloud(ministack: CloudUnderTest, tmp_path: Path) -> CloudUnderTest:
    """The shared MiniStack with a record of this test's own."""
    return CloudUnderTest(ministack.endpoint, ministack.folder, tmp_path)
