"""What went wrong in the config program, as one sentence, a hint, and the user's own frames."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

from ..core.errors import SstError

MEND = (
    "Mend it there: a session that is up applies the file when it is saved; one that was starting is to be run again."
)
"""The hint of a fault in the user's own code that says nothing better."""


def describe(error: BaseException, config: Path) -> dict[str, Any]:
    """`{"error", "message", "hint", "trace"}` of *error*: `error` names the class of `core.errors` to raise."""
    frames = _own_frames(error, config.parent)
    trace = "".join(traceback.format_list(frames))
    place = f"{_relative(frames[-1].filename, config.parent)}:{frames[-1].lineno}: " if frames else ""
    if isinstance(error, SstError):
        return {"error": type(error).__name__, "message": error.message, "hint": error.hint, "trace": trace}
    if type(error).__module__.startswith("sst.") and hasattr(error, "hint"):
        message, hint = str(error), str(error.hint) or MEND
        return {"error": "UserError", "message": f"{place}{message}", "hint": hint, "trace": trace}
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{_relative(error.filename, config.parent)}:{error.lineno}"
        text = f"{where}: {type(error).__name__}: {error.msg}"
        return {"error": "UserError", "message": text, "hint": MEND, "trace": trace}
    if isinstance(error, SystemExit):
        text = f"{place or config.name + ': '}the configuration called sys.exit({error.code!r})."
        return {"error": "UserError", "message": text, "hint": "Raise an exception instead.", "trace": trace}
    text = "".join(traceback.format_exception_only(error)).strip()
    if frames:
        return {"error": "UserError", "message": f"{place}{text}", "hint": MEND, "trace": trace}
    if isinstance(error, RuntimeError) and "circular dependency" in text:
        first = str(error).partition("\n")[0]
        hint = "Look at depends_on, parent and the outputs they take from each other."
        return {"error": "UserError", "message": f"{config.name}: {first}", "hint": hint, "trace": ""}
    everything = "".join(traceback.format_exception(error))
    return {"error": "BugError", "message": f"{config.name}: {text}", "hint": "", "trace": everything}


def _own_frames(error: BaseException, root: Path) -> list[traceback.FrameSummary]:
    """The frames of *error* that are in the user's project."""
    seen: list[traceback.FrameSummary] = []
    cause: BaseException | None = error
    met: set[int] = set()  # Pulumi raises an error from itself
    while cause is not None and not seen and id(cause) not in met:
        met.add(id(cause))
        seen = [frame for frame in traceback.extract_tb(cause.__traceback__) if is_own(frame.filename, root)]
        cause = cause.__cause__
    return seen


def is_own(filename: str, root: Path) -> bool:
    """Whether *filename* is a source of the project at *root*, not an installed package and not sst-py itself."""
    path = Path(filename)
    if not path.is_relative_to(root) or "site-packages" in path.parts:
        return False
    return not any(path.is_relative_to(home) for home in _OURS)


def _relative(filename: str, root: Path) -> str:
    path = Path(filename)
    return str(path.relative_to(root)) if path.is_relative_to(root) else filename


def _homes() -> list[Path]:
    import sst

    return [Path(__file__).parents[1], Path(sst.__file__ or "").parent]


_OURS = _homes()
