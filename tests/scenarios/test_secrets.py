"""Secrets reach running functions, and nothing else."""

import hashlib
import time
from pathlib import Path

import pytest

from tests.support.session import config, session

pytestmark = pytest.mark.scenario

FILES = {
    "sst_config.py": config("""
        key = sst.Secret("StripeKey", "placeholder")
        sst.aws.Function("Api", handler="api.handler", link=[key])
        sst.aws.Function("Other", handler="api.other")
    """),
    "api.py": """
        import hashlib
        from sst import Resource

        CALLS = []

        def handler(event, context):
            # Its response is in the log of invocations, so not the value itself.
            return hashlib.sha256(Resource.StripeKey.value.encode()).hexdigest()

        def other(event, context):
            CALLS.append(1)
            return len(CALLS)
    """,
}


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def test_a_changed_secret_reaches_running_functions(tmp_path: Path) -> None:
    """Without a restart; functions that are not linked keep their workers; nothing is written in clear."""
    with session(tmp_path, FILES) as one:
        assert one.invoke("Api")[0] == digest("placeholder")
        one.invoke("Other")
        done = one.sst("secret", "set", "StripeKey", input=b"sk_live_'$x\"\n")
        assert (done.returncode, done.stdout) == (0, b"")
        deadline = time.monotonic() + 30
        while one.invoke("Api")[0] == digest("placeholder") and time.monotonic() < deadline:
            time.sleep(0.05)

        assert one.invoke("Api")[0] == digest("sk_live_'$x\"")
        assert one.invoke("Other")[0] == 2
        assert "StripeKey=" in one.sst("secret", "list").stdout.decode()
        written = [
            path for path in (tmp_path / ".sst").rglob("*") if path.is_file() and b"sk_live_" in path.read_bytes()
        ]
        assert written == []
        assert "sk_live_" not in one.output
