"""Where uv is."""

import threading
from concurrent.futures import ThreadPoolExecutor

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


def test_threads_ask_uv_one_after_the_other(monkeypatch) -> None:
    """Two packages are built at once, and the tables of `sysconfig`, which uv reads, fill up while it looks."""
    import uv

    both = threading.Barrier(2)

    def find() -> str:
        # Only a second thread that is let in meanwhile ends this wait.
        with pytest.raises(threading.BrokenBarrierError):
            both.wait(timeout=0.2)
        return "/bin/uv"

    monkeypatch.setattr(uv, "find_uv_bin", find)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: find_uv(), range(2))) == ["/bin/uv"] * 2
