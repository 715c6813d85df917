"""The benchmarks of the functions half work, in a small version; numbers are read, not asserted."""

from __future__ import annotations

import json
import sys

import pytest

from tests.benchmarks import dispatch, memory, reload

SCRIPTS = [
    (reload, ["--rounds", "2", "--case", "nothing"], {"edit_to_answer_p50_ms", "swap_p50_ms", "fresh_p50_ms", "ratio"}),
    (dispatch, ["--rounds", "5"], {"bytes", "live_p50_ms", "baseline_p50_ms", "ratio"}),
    (memory, ["--functions", "1"], {"functions", "private_mb", "plain_private_mb"}),
]


@pytest.mark.parametrize(("script", "arguments", "fields"), SCRIPTS)
async def test_a_small_run_prints_a_table_and_one_json_line(
    script: object,
    arguments: list[str],
    fields: set[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each case has its fields, and no time or size is zero."""
    monkeypatch.setattr(sys, "argv", ["benchmark", *arguments])
    await script.main()  # type: ignore[attr-defined]
    last = json.loads(capsys.readouterr().out.splitlines()[-1])

    assert last["cases"]
    for case in last["cases"]:
        assert fields <= case.keys()
        assert all(case[name] > 0 for name in fields)
