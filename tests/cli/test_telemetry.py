"""`sst telemetry`: the command people know from SST, with a different answer."""

from __future__ import annotations

import pytest
from sst_dev.cli import main


@pytest.mark.parametrize("arguments", [[], ["enable"], ["disable"]])
def test_there_is_none(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is asked, nothing is collected, and that is not an error."""
    with pytest.raises(SystemExit) as ended:
        main(["telemetry", *arguments])

    assert ended.value.code == 0
    assert "collects nothing" in capsys.readouterr().out
