"""What the session hands over."""

from __future__ import annotations

from sst_dev.functions.model import EnvironmentInfo, InvocationRequest


def test_nothing_secret_shows_in_a_traceback_or_log() -> None:
    """Credentials and events are not part of the representation."""
    environment = EnvironmentInfo("env", "Api", {"AWS_SECRET_ACCESS_KEY": "hush"})
    request = InvocationRequest("n", "r", 0, "arn", 0.0, body=b"hush")

    assert "hush" not in repr(environment) + repr(request)
