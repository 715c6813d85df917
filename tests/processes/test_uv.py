"""Where uv is."""

import pytest
from sst_dev.core.errors import UserError
from sst_dev.processes.uv import find_uv


def test_without_uv_the_sentence_says_how_to_get_it(monkeypatch) -> None:
    """No uv beside the CLI and none on PATH is the user's to mend."""
    import uv

    def missing() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(uv, "find_uv_bin", missing)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError) as caught:
        find_uv()

    assert "pip install uv" in caught.value.hint
