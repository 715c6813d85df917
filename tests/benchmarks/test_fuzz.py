"""The fuzzer, made small, and the inputs that once broke a decoder."""

from __future__ import annotations

import pytest

from tests.benchmarks import fuzz

KEPT = sorted(fuzz.SEEDS.glob("*")) if fuzz.SEEDS.exists() else []


def test_two_seconds_find_many_outcomes_and_no_failure() -> None:
    """Inputs reach every decoder, valid and not."""
    report = fuzz.fuzz(2.0, seed=1)
    assert report["failures"] == 0 and report["outcomes"] > 30


def test_a_failure_is_raised_and_kept(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """As a seed of the suite."""

    def broken(data: bytes) -> object:
        raise KeyError("x")

    monkeypatch.setattr(fuzz, "SEEDS", tmp_path / "seeds")
    monkeypatch.setitem(fuzz.DECODERS, "codec", broken)
    with pytest.raises(KeyError):
        fuzz.fuzz(1.0, seed=1)
    assert [file.name.split("-")[0] for file in (tmp_path / "seeds").iterdir()] == ["codec"]


def test_kept_seeds_stay_mended() -> None:
    """Each by the decoder it broke."""
    for file in KEPT:
        fuzz.attempt(file.name.split("-")[0], file.read_bytes())
