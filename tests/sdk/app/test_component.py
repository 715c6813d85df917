"""What every component checks and offers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare


def refusal(run: Callable[[], Any], **facts: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        declare(run, **facts)
    return caught.value


def test_an_unknown_argument_names_the_one_that_was_meant() -> None:
    """A typing error in an argument's name is found at once."""
    error = refusal(lambda: sst.aws.Function("Api", handlr="a.b"))  # type: ignore[call-arg]

    assert error.message == 'Function "Api" has no argument `handlr`.'
    assert error.hint == "Did you mean `handler`?"


def test_a_missing_argument_is_named() -> None:
    """What has no default must be given."""
    assert refusal(lambda: sst.aws.Function("Api")).message == 'Function "Api" needs the argument `handler`.'  # type: ignore[call-arg]


def test_arguments_are_given_by_keyword() -> None:
    """The second positional argument is refused in words."""
    error = refusal(lambda: sst.aws.Function("Api", "api.handler"))  # type: ignore[misc]

    assert error.message == "Function \"Api\" takes its arguments by keyword, got 'api.handler' without one."


@pytest.mark.parametrize("name", ["1a", "a b", "", "a.b", "x" * 65, 3])
def test_names_that_cannot_be(name: object) -> None:
    """Letters, digits, hyphens, underscores, and a letter first."""
    assert "a component's name starts with a letter" in refusal(lambda: sst.aws.Bucket(name)).message  # type: ignore[arg-type]


def test_the_name_app_is_taken() -> None:
    """`Resource.App` is the app."""
    assert "Resource.App" in refusal(lambda: sst.aws.Bucket("App")).message


def test_kebab_case_names_are_allowed() -> None:
    """Components, Name: `my-bucket` is looked up as `Resource["my-bucket"]`."""
    assert "my-bucket" in [
        link["name"] for link in declare(lambda: sst.aws.Bucket("my-bucket") and None).manifest["links"]
    ]


def test_a_transform_merges_or_changes_in_place() -> None:
    """A dictionary is merged into the resource's arguments, a callback changes arguments and options."""

    def change(args: dict[str, Any], opts: pulumi.ResourceOptions, name: str) -> None:
        args["tags"] = {"was": name}
        opts.protect = True

    def run() -> None:
        sst.aws.Bucket("A", transform={"bucket": {"bucket": "mine"}})
        sst.aws.Bucket("B", transform={"bucket": change})

    declared = declare(run)

    assert declared.inputs("ABucket")["bucket"] == "mine"
    assert declared.inputs("BBucket")["tags"] == {"was": "BBucket"}
    assert next(e for e in declared.entries if e.name == "BBucket").protect


def test_an_unknown_transform_is_refused() -> None:
    """The message lists what there is."""
    error = refusal(lambda: sst.aws.Bucket("A", transform={"buckt": {}}))

    assert error.message.startswith("Bucket \"A\": transform has no field 'buckt': it has bucket, cors")
    assert error.hint == "Did you mean 'bucket'?"


@pytest.mark.parametrize(
    ("removal", "kept"),
    [("remove", set()), ("retain", {"aws:s3/bucket:Bucket"}), ("retain-all", None)],
)
def test_the_removal_policy_marks_what_is_kept(removal: Any, kept: set[str] | None) -> None:
    """`retain` keeps buckets and tables, `retain-all` everything (Config, `removal`)."""
    app = sst.App(name="notes", home="local", removal=removal)
    entries = declare(lambda: sst.aws.Bucket("A") and None, app=app).entries

    assert {e.type for e in entries if e.retain} == ({e.type for e in entries} if kept is None else kept)


def test_a_subclass_is_checked_by_its_own_constructor() -> None:
    """Teams wrap components: their arguments count, and the base is not checked twice."""

    class Uploads(sst.aws.Bucket):
        def __init__(self, name: str, *, keep: bool, opts: pulumi.ResourceOptions | None = None) -> None:
            super().__init__(name, versioning=keep, opts=opts)

    assert "AVersioning" in declare(lambda: Uploads("A", keep=True) and None).types()
    assert refusal(lambda: Uploads("A")).message == 'Uploads "A" needs the argument `keep`.'  # type: ignore[call-arg]


def test_a_transform_gives_arguments_that_the_resource_has() -> None:
    """Those of Pulumi's class, whether a dictionary or a callback gives them."""

    def change(args: dict[str, Any], opts: Any, name: str) -> None:
        args["memory"] = 3

    for given in ({"memory": 3}, change):
        error = refusal(lambda given=given: sst.aws.Function("Api", handler="a.b", transform={"function": given}))

        assert error.message == "Function \"Api\": transform['function']: Function has no argument 'memory'."
        assert error.hint == "Did you mean 'memory_size'?"


def test_errors_name_the_call_that_the_user_wrote() -> None:
    """A subscriber is a component of its own, and nobody knows its name."""
    calls: dict[str, Callable[[], Any]] = {
        'Queue "A".subscribe: batch.size': lambda: sst.aws.Queue("A").subscribe("a.b", batch={"size": 0}),
        'Bucket "A".notify: notifications[0]': lambda: sst.aws.Bucket("A").notify(notifications=[{"name": "N"}]),
        'Bus "A".subscribe: pattern': lambda: sst.aws.Bus("A").subscribe("S", "a.b", pattern={"x": []}),
        'Bus "A".subscribe_queue: queue': lambda: sst.aws.Bus("A").subscribe_queue("S", "x"),
        'SnsTopic "A".subscribe_queue: queue': lambda: sst.aws.SnsTopic("A").subscribe_queue("S", "x"),
    }
    for beginning, call in calls.items():
        assert refusal(call).message.startswith(beginning)


def test_nodes_are_attributes_and_items() -> None:
    """SST's spelling, `bucket.nodes.bucket`, and Python's give the same resource."""

    def run() -> None:
        nodes = sst.aws.Bucket("Notes").nodes
        assert nodes.bucket is nodes["bucket"]
        with pytest.raises(AttributeError, match="nodes has no 'buckt': it has bucket"):
            _ = nodes.buckt

    declare(run)
