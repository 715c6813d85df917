"""Every duration of the transport in one place; seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """The defaults are for the real service; tests shorten what they wait for."""

    answer: float = 15.0
    """For the handshake, the acknowledgement and a subscription, as AWS's own client waits (AppSync Events §7)."""
    echo: float = 0.25
    """Until the first echo probe is repeated, doubling: the service may swallow events for up to some seconds after it
    confirmed a subscription (§10)."""
    publish_answer: float = 5.0
    """After which a publish without an answer is sent again: an error without an id may have been its answer. If
    nothing else was heard meanwhile, the socket is dead."""
    proof: float = 1.0
    """For the confirmation that proves a socket after a thaw: dozens of round trips, a third of the stub's accept
    window."""
    tick: float = 5.0
    """Between two looks at the clock."""
    jump: float = 10.0
    """Past `tick`, the gap between two looks that means the machine slept or was frozen; a loop that is busy for less
    is awake."""
    silence: float = 150.0
    """Two and a half keep-alives of 60 s without any frame (§7, §17)."""
    lifetime: float = 23 * 3600.0
    """After which a socket is replaced while it works; the service closes it at 24 h (§7)."""
    lifetime_spread: float = 1800.0
    """Random addition to `lifetime`, so that environments started together do not hand over together."""
    overlap: float = 5.0
    """How long the old socket goes on listening after a hand-over: longer than any event is on its way."""
    steady: float = 1.0
    """A socket that lived this long counts as success: the backoff starts anew."""
    backoff_base: float = 0.1
    backoff_cap: float = 30.0
    grow: float = 1.0
    """Between two additional sockets while the rate of those there is used up."""
    shrink: float = 60.0
    """Without saturation, after which additional sockets are closed."""
    flush: float = 2.0
    """For what is queued to leave when the channel closes."""
