"""What has to be done, decided from the record and the declaration alone."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from sst_dev.core.errors import UserError
from sst_dev.engine.embedded.kind import Kind
from sst_dev.engine.embedded.plan import (
    Options,
    Preview,
    action_on,
    another_name,
    condemned,
    dependents_first,
    lookup_urn,
    old_goes_first,
    recorded,
    settle,
)
from sst_dev.engine.embedded.state import Entry

BUCKET = "aws:s3/bucket:Bucket"


class Named(Kind):
    replace: ClassVar[frozenset[str]] = frozenset({"name", "engine"})
    identity: ClassVar[frozenset[str]] = frozenset({"name"})


class Nameless(Kind):
    replace: ClassVar[frozenset[str]] = frozenset({"source"})


def entry(urn: str = "urn:a", **more: Any) -> Entry:
    return Entry(**{"urn": urn, "type": BUCKET, "name": urn[-1], "id": f"id-{urn[-1]}", **more})


@pytest.mark.parametrize(
    ("inputs", "options", "more", "action"),
    [
        ({"name": "n", "size": 1}, Options(), {}, None),
        ({"name": "n", "size": 2}, Options(), {}, "update"),
        ({"name": "n"}, Options(), {}, "update"),
        ({"name": "m", "size": 1}, Options(), {}, "replace"),
        ({"name": "n", "size": 2}, Options(replace_on=("size.deep",)), {}, "replace"),
        ({"name": "n", "size": 2}, Options(replace_on=("*",)), {}, "replace"),
        ({"name": "n", "size": 1}, Options(replace_on=("*",)), {}, None),
        ({"name": "n", "size": 1}, Options(), {"pending": True}, "update"),
        ({"name": "n", "size": 1}, Options(), {"id": ""}, "create"),
    ],
)
def test_the_action(inputs: dict[str, Any], options: Options, more: dict[str, Any], action: str | None) -> None:
    """Changed names make another resource, other changes change it, no change does nothing."""
    old = entry(inputs={"name": "n", "size": 1}, **more)

    assert action_on(Named(), old, entry(inputs=inputs), options, ()) == action


def test_what_hangs_on_a_replaced_resource_is_applied_again() -> None:
    """It may have gone with the old one."""
    same = entry(dependencies=["urn:b"])

    assert action_on(Named(), same, same, Options(), {"urn:b"}) == "update"
    assert action_on(Named(), same, same, Options(), {"urn:c"}) is None


def test_what_there_is_not_is_created() -> None:
    """No record, a creation."""
    assert action_on(Named(), None, entry(), Options(), ()) == "create"


@pytest.mark.parametrize(
    ("kind", "old", "new", "first"),
    [
        (Named(), {"name": "n", "engine": 1}, {"name": "n", "engine": 2}, True),
        (Named(), {"name": "n"}, {"name": "m"}, False),
        (Nameless(), {"source": "n"}, {"source": "m"}, False),
    ],
)
def test_the_old_one_goes_first_only_where_two_cannot_be(kind: Kind, old: Any, new: Any, first: bool) -> None:
    """One name is there once; `delete_before_replace` asks for it anyway."""
    assert old_goes_first(kind, entry(inputs=old), entry(inputs=new), Options()) is first
    assert old_goes_first(kind, entry(inputs=old), entry(inputs=new), Options(delete_first=True))


def test_ignored_changes_stay_as_they_are_recorded() -> None:
    """At the top, deep inside, added or taken away; `*` is all of them."""
    old = entry(inputs={"a": 1, "tags": {"owner": "me", "cost": "1"}, "gone": True})

    def settled(*ignore: str) -> dict[str, Any]:
        wanted = entry(inputs={"a": 2, "tags": {"owner": "you", "cost": "2"}, "new": 1})
        settle(wanted, old, Options(ignore=ignore))
        return wanted.inputs

    assert settled("a", "new", "gone") == {"a": 1, "tags": {"owner": "you", "cost": "2"}, "gone": True}
    assert settled("tags.owner") == {"a": 2, "tags": {"owner": "me", "cost": "2"}, "new": 1}
    assert settled("*") == old.inputs


def test_names_the_engine_has_given_stay() -> None:
    """The generated name hangs on the urn; a resource that is found under an alias keeps the one it has."""
    wanted = entry("urn:new", inputs={"name": "new-123"})
    old = recorded({"urn:old": entry("urn:old", inputs={"name": "old-456"})}, "urn:new", Options(aliases=("urn:old",)))
    settle(wanted, old, Options(named=("name",)))

    assert wanted.inputs == {"name": "old-456"}


def test_an_old_one_goes_before_what_it_was_made_from() -> None:
    """Replaced resources keep their places in the order of deletion."""
    bucket, setting = condemned(entry("urn:a")), condemned(entry("urn:b", dependencies=["urn:a"]))
    layers = dependents_first({e.urn: e for e in (bucket, setting, entry("urn:c", dependencies=["urn:b"]))})

    assert [[e.name for e in layer] for layer in layers] == [["c"], ["b"], ["a"]]


def test_a_preview_lists_what_an_apply_would_do() -> None:
    """With the names of the inputs that change, never their values; what is declared no more comes last."""
    names = ("a", "b", "c", "d")
    entries = {f"urn:{n}": entry(f"urn:{n}", inputs={"bucket": n, "tags": {"x": "1"}}) for n in names}
    entries["urn:d"].retain = True
    preview = Preview(entries)
    preview.resource(entry("urn:a", inputs={"bucket": "other", "tags": {"x": "1"}}), Options())
    preview.resource(entry("urn:b", inputs={"bucket": "b", "tags": {"x": "2"}}, dependencies=["urn:a"]), Options())
    preview.resource(entry("urn:n", inputs={"bucket": "n"}), Options())

    assert [(step.action, step.entry.name, step.changed) for step in preview.steps()] == [
        ("replace", "a", ("bucket",)),
        ("update", "b", ("tags",)),
        ("create", "n", ()),
        ("delete", "c", ()),
        ("forget", "d", ()),
    ]


def test_a_preview_of_what_is_recorded_is_unchanged() -> None:
    """All of the record and nothing else: then there is nothing to apply."""
    entries = {"urn:a": entry("urn:a"), lookup_urn("x"): entry(lookup_urn("x"), outputs={"found": 1})}
    preview = Preview(entries)
    assert preview.resource(entry("urn:a"), Options()).id == "id-a"
    assert not preview.unchanged
    assert preview.lookup("x") == {"found": 1}
    assert preview.unchanged

    protected = Preview(entries)
    protected.resource(entry("urn:a", protect=True), Options())
    protected.lookup("x")
    assert not protected.unchanged
    assert protected.steps() == []


def test_two_of_one_name_are_refused() -> None:
    """Before anything is made."""
    preview = Preview({})
    preview.resource(entry(), Options())
    with pytest.raises(UserError, match="are called 'a'"):
        preview.resource(entry(), Options())


def test_the_replacement_of_a_retained_resource_has_another_name() -> None:
    """Its generated name gives way, is recorded with the one it stands for, and stays in later runs."""
    options = Options(generated=("name",))
    old = entry(inputs={"name": "app-Tab-abcdefgh", "engine": 1}, retain=True)
    second = entry(inputs={"name": "app-Tab-abcdefgh", "engine": 2}, retain=True)

    assert action_on(Named(), old, second, options, ()) == "replace"
    assert second.inputs["name"] == another_name("app-Tab-abcdefgh") != "app-Tab-abcdefgh"
    assert not old_goes_first(Named(), old, second, options)

    later = entry(inputs={"name": "app-Tab-abcdefgh", "engine": 2}, retain=True)
    settle(later, second, options)
    assert action_on(Named(), second, later, options, ()) is None
    assert (later.inputs, later.renamed) == (second.inputs, second.renamed)

    third = entry(inputs={"name": "app-Tab-abcdefgh", "engine": 1}, retain=True)
    settle(third, later, options)
    assert action_on(Named(), later, third, options, ()) == "replace"
    assert third.inputs["name"] not in ("app-Tab-abcdefgh", second.inputs["name"])

    called = entry(inputs={"name": "app-Other-abcdefgh", "engine": 1})
    settle(called, third, options)
    assert (called.inputs["name"], called.renamed) == ("app-Other-abcdefgh", {})


def test_a_name_of_the_program_does_not_give_way() -> None:
    """Two cannot have it: the program is told before anything is done."""
    old = entry(inputs={"name": "mine", "engine": 1}, retain=True)

    with pytest.raises(UserError, match=r"a change of engine .* two cannot be called mine"):
        action_on(Named(), old, entry(inputs={"name": "mine", "engine": 2}), Options(), ())


@pytest.mark.parametrize("name", ["app-Tab-abcdefgh", "Raw-0a1b2c3", "app-Jobs-abcdefgh.fifo"])
def test_another_name_is_of_the_same_length_and_ends_alike(name: str) -> None:
    """So it fits wherever the first one did."""
    other = another_name(name)

    assert other != name
    assert (len(other), other.endswith(".fifo")) == (len(name), name.endswith(".fifo"))
    assert other == another_name(name) != another_name(other)
