"""mypy and pyright, as a user of the SDK has them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from .venvs import venv

SDK = Path(__file__).parents[2] / "sdk"


def type_checkers() -> Path:
    """The folder of a mypy and a pyright that know our SDK as an installed package."""
    return venv("mypy==1.18.2", "pyright[nodejs]==1.1.407", f"--editable={SDK}").parent


def mypy(checkers: Path, folder: Path, *paths: str) -> list[tuple[str, str]]:
    """What mypy reveals in *folder*, or misses: (type, "") or ("", 'has no attribute "x"')."""
    answer = subprocess.run(
        [checkers / "mypy", "--strict", "--cache-dir=/dev/null", *paths], cwd=folder, capture_output=True, text=True
    )
    assert answer.stderr == ""
    return re.findall(r"Revealed type is \"(?:builtins\.)?(\w+)\"|(has no attribute \"\w+\")", answer.stdout)


def environment(checkers: Path) -> dict[str, str]:
    """What makes the checkers' interpreter the one pyright finds."""
    return {"PATH": f"{checkers}:/usr/bin:/bin", "HOME": str(Path.home())}


def pyright(checkers: Path, folder: Path, *paths: str) -> tuple[list[str], list[str]]:
    """The types that pyright reveals in *folder*, and its errors."""
    answer = subprocess.run(
        [checkers / "pyright", "--outputjson", "--pythonpath", checkers / "python", *(paths or ["."])],
        cwd=folder,
        capture_output=True,
        text=True,
        env=environment(checkers),
    )
    found = json.loads(answer.stdout)["generalDiagnostics"]
    types = [match[1] for item in found if (match := re.search(r' is "(\w+)"$', item["message"]))]
    return types, [item["message"].splitlines()[0] for item in found if item["severity"] == "error"]
