"""Wrong calls of components, their methods and the helpers: refused with the word that was meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare


def queue(**args: Any) -> Any:
    return sst.aws.Queue("Jobs", **args)


@pytest.mark.parametrize(
    ("run", "message", "hint"),
    [
        (lambda: queue().subscribe("a.b", filter=[]), 'Queue "Jobs".subscribe has no argument `filter`', "`filters`"),
        (lambda: queue().subscribe(), 'Queue "Jobs".subscribe needs the argument `subscriber`', ""),
        (lambda: queue().subscribe("a.b", 5), 'Queue "Jobs".subscribe takes its arguments by keyword, got 5', ""),
        (lambda: queue().subscribe("a.b", subscriber="a.b"), "got the argument `subscriber` twice", ""),
        (lambda: sst.aws.Queue.subscribe("jobs", "a.b"), "queue_arn must be the ARN of a queue, got 'jobs'", ""),
        (lambda: sst.aws.Queue.subscribe("arn:x"), "Queue.subscribe needs the argument `subscriber`", ""),
        (lambda: sst.aws.Bucket.get("Files", 5), "Bucket.get takes the name of a component and an id, got 5", ""),
        (lambda: sst.aws.Bucket("Files").notify([]), 'Bucket "Files".notify takes its arguments by keyword', ""),
        (lambda: sst.aws.Bus("Bus").subscribe("a.b"), 'Bus "Bus".subscribe needs the argument `subscriber`', ""),
        (lambda: queue(opts={"protect": True}), 'Queue "Jobs": opts must be pulumi.ResourceOptions', ""),
        (lambda: queue(transform={"queue": 5}), "transform\\['queue'\\] must be a dictionary or a function, got 5", ""),
        (lambda: sst.aws.SnsTopic("News").subscribe(5, "a.b"), "the name of a subscriber must be a string, got 5", ""),
        (lambda: sst.aws.permission(actions=["a:b"]), "sst.aws.permission needs the argument `resources`", ""),
        (lambda: sst.aws.permission(actions=["a:b"], resource=[]), "has no argument `resource`", "`resources`"),
        (lambda: sst.transform(sst.aws.Queue, 5), "sst.transform takes a function", ""),
        (lambda: sst.asset(5), "sst.asset takes a path, got 5", ""),
        (lambda: sst.aws.iam_edit("{", lambda document: None), "is no policy", ""),
        (lambda: sst.Linkable.wrap(sst.aws.Queue, 5), "sst.Linkable.wrap takes a function of the resource, got 5", ""),
        (lambda: sst.Linkable("L", properties={"a": [object()]}), r"properties\['a'\]\[0\] must be a string", ""),
        (lambda: sst.App(name="x", removl="retain"), "App has no argument `removl`", "`removal`"),
        (lambda: sst.App(home="local"), "App needs the argument `name`", ""),
        (lambda: sst.App(name="x", version=3), 'version must be a string like ">=0.1", got 3', ""),
    ],
)
def test_a_wrong_call(run: Callable[[], Any], message: str, hint: str) -> None:
    """One sentence with the component, the method and the argument."""
    with pytest.raises(ConfigError, match=message) as caught:
        declare(lambda: run() and None)
    assert hint in caught.value.hint


def test_a_name_that_does_not_exist() -> None:
    """The one it is most like is named."""
    with pytest.raises(AttributeError, match=r"no attribute 'Bukket'\. Did you mean 'Bucket'\?"):
        sst.aws.Bukket
