"""Searching a document."""

from __future__ import annotations

from sst_dev.tui.details import Fixed
from sst_dev.tui.rows import row
from sst_dev.tui.search import Search


def document(*texts: str) -> Fixed:
    fixed = Fixed([row(text) for text in texts])
    fixed.layout(80, 0, wrap=False)
    return fixed


def test_it_begins_at_the_last_match_in_sight_or_above() -> None:
    """What happened last is sought most; what is further down is left for later."""
    lines = document("x", "a", "x", "a", "x")
    found = []
    for y in range(5):
        search = Search("A")
        search.begin(lines, y)
        found.append((search.place, search.count))

    assert found == [(1, "1/2"), (1, "1/2"), (1, "1/2"), (3, "2/2"), (3, "2/2")]


def test_steps_go_around_and_take_what_came_meanwhile() -> None:
    """The count is that of now."""
    search = Search("a")
    search.begin(document("a", "a", "a"), 2)
    counts = [search.count]
    for lines, step in ((document("a", "a", "a", "a"), 1), (document("a", "a", "a", "a"), 1), (document("a"), -1)):
        search.step(lines, step)
        counts.append(search.count)

    assert counts == ["3/3", "4/4", "1/4", "1/1"]


def test_nothing_found_says_so() -> None:
    """And a step stays nowhere."""
    search = Search("b")
    search.begin(document("a"), 0)
    assert (search.count, search.place) == ("no match", None)
    search.step(document("a"), 1)

    assert (search.count, search.place) == ("no match", None)


def test_a_match_that_is_gone_is_where_it_was() -> None:
    """The next one is the next from there."""
    search = Search("a")
    search.begin(document("a", "x", "a", "x", "a"), 2)
    search.step(document("a", "x", "x", "x", "a"), 1)

    assert search.place == 4
