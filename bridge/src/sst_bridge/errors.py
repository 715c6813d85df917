"""What can be wrong with what comes in. Nothing of it ends an endpoint: the frame is dropped and counted.

- `WireError`
    - `Malformed`: not a frame, not a message
    - `Refused`: a frame that cannot be trusted; the message names what was expected and what was found
    - `Replayed`: a frame that was seen before, as a network without guarantees has them every day
"""

from __future__ import annotations


class WireError(Exception):
    """An event that is dropped; the message is a sentence."""


class Malformed(WireError):
    """The bytes are not what this version, or any later one, would send."""


class Refused(WireError):
    """The frame is sealed with another key, altered, or too old."""


class Replayed(WireError):
    """The frame was opened once already, or is too far behind to tell."""
