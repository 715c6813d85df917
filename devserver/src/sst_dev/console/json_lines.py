"""`--json`: one JSON object per event and line, its kind under `event`."""

from __future__ import annotations

import json

from sst_dev.core.events import Event, to_json


def json_lines(event: Event) -> list[str]:
    """The event as one line of JSON. What JSON cannot say (a path in an output) is written as a string."""
    return [json.dumps(to_json(event), default=str, ensure_ascii=False)]
