"""The details of one invocation."""

from __future__ import annotations

from sst_dev.core.events import Phases
from sst_dev.core.state import Invocation
from sst_dev.tui.details import BAR, Fixed, invocation_details, waterfall
from sst_dev.tui.rows import STYLES, plain

from tests.support.history import failing, finished, started


def test_everything_that_is_known() -> None:
    """Facts, phases, error with frames, response, event and log, under headings."""
    invocation = Invocation(started("a"), failing("a"), ["one line"])

    text = "\n".join(map(plain, invocation_details(invocation)))

    for part in (
        "Function    Api", "Trigger     url GET /notes", "Status      error", "Duration    12 ms", "Memory      61 MB",
        "Code        c0ffee1234", "\nPhases\n", "\nError\nKeyError: 'title'\n  File", '\nResponse\n{\n  "errorType"',
        '\nEvent\n{\n  "rawPath": "/notes"\n}', "\nLog\none line",
    ):  # fmt: skip
        assert part in text


def test_while_it_runs_there_is_its_event() -> None:
    """No answer yet: the event and the lines so far."""
    text = "\n".join(map(plain, invocation_details(Invocation(started("a"), None, ["so far"]))))

    assert "rawPath" in text and "so far" in text and "Status" not in text


def test_a_replay_shows_the_difference() -> None:
    """With the invocation it repeats, what changed in the answer."""
    before = Invocation(started("a"), finished("a", response={"n": 1}))
    after = Invocation(started("b"), finished("b", response={"n": 2}))

    text = "\n".join(map(plain, invocation_details(after, before)))

    assert 'Changed since a\n {\n-  "n": 1\n+  "n": 2' in text


def test_raw_shows_the_bytes() -> None:
    """`p` shows event and response as they were."""
    invocation = Invocation(started("a"), finished("a", response={"n": 1}))

    assert '{"n": 1}' in map(plain, invocation_details(invocation, raw=True))


def test_the_waterfall_shows_where_time_went() -> None:
    """Each phase begins where the one before ended, and all of them fill the bar."""
    rows = list(map(plain, waterfall(Phases(cloud_ms=10, queue_ms=None, handler_ms=30))))

    assert [text[:9].strip() for text in rows] == ["cloud", "handler"]
    first, second = (text[22:] for text in rows)
    assert (first.index("━"), first.count("━")) == (0, BAR // 4)
    assert (second.index("━"), second.count("━")) == (BAR // 4, BAR * 3 // 4)


def test_a_phase_too_short_to_see_is_seen() -> None:
    """Every measured phase has at least a cell, within the bar."""
    rows = list(map(plain, waterfall(Phases(handler_ms=1000, reply_ms=0.001))))

    assert all(text.count("━") >= 1 and len(text) <= 22 + BAR for text in rows)


def test_a_fixed_document_is_searched() -> None:
    """Search in details and help: whole lines, also when they are wrapped."""
    document = Fixed([((f"row {n} and more", STYLES[""]),) for n in range(10)])
    document.layout(8, 0, wrap=True)

    assert document.matches("ROW 7 and") == [14] and document.matches("more") == list(range(1, 20, 2))
    assert [document.continues(y) for y in (13, 14, 15)] == [True, False, True]
    assert document.row(99) == ()
