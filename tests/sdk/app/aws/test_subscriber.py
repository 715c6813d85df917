"""What stands for a function that gets called."""

from __future__ import annotations

import json

import sst
from sst.infra.aws.subscriber import child_name

from tests.support.program import declare


def test_an_existing_function_gets_the_trigger_and_the_permission() -> None:
    """A `Function` component is not made twice: its role gains a policy, its entry a trigger."""

    def run() -> None:
        worker = sst.aws.Function("Worker", handler="a.b")
        sst.aws.Queue("Jobs").subscribe(worker)

    declared = declare(run)

    assert [f["name"] for f in declared.manifest["functions"]] == ["Worker"]
    assert declared.function("Worker")["triggers"] == ["queue Jobs"]
    assert declared.inputs("JobsSubscriberMapping")["functionName"] == "arn:WorkerFunction"
    added = json.loads(declared.inputs("JobsSubscriberPolicy")["policy"])["Statement"]
    assert [s["Resource"] for s in added] == [["arn:JobsQueue"]]
    assert declared.inputs("JobsSubscriberPolicy")["name"] == "JobsSubscriber"


def test_an_arn_is_used_as_it_is() -> None:
    """No function is made for an ARN, whether it is known already or not."""

    def run() -> None:
        worker = sst.aws.Function("Worker", handler="a.b")
        topic = sst.aws.SnsTopic("News")
        topic.subscribe("A", "arn:aws:lambda:us-east-1:1:function:f")
        topic.subscribe("B", worker.arn)

    declared = declare(run)

    assert len(declared.manifest["functions"]) == 1
    assert declared.inputs("NewsSubscriberASubscription")["endpoint"] == "arn:aws:lambda:us-east-1:1:function:f"
    assert declared.inputs("NewsSubscriberBSubscription")["endpoint"] == "arn:WorkerFunction"


def test_arguments_of_a_function_make_one() -> None:
    """Permissions given beside the handler are kept."""

    def run() -> None:
        given = {"handler": "a.b", "permissions": [{"actions": ["x:y"], "resources": ["*"]}], "memory": "2 GB"}
        sst.aws.Queue("Jobs").subscribe(given)

    declared = declare(run)
    statements = json.loads(declared.inputs("JobsSubscriberPolicy")["policy"])["Statement"]

    assert declared.function("JobsSubscriber")["memory"] == 2048
    assert statements[0]["Action"] == ["x:y"]


def test_subscribers_are_no_links() -> None:
    """What a component makes for itself is not in `Resource`."""
    declared = declare(lambda: sst.aws.Queue("Jobs").subscribe("a.b") and None)

    assert [link["name"] for link in declared.manifest["links"]] == ["Jobs"]


def test_names_of_parts() -> None:
    """Words in Pascal case; never longer than a name may be, and still different."""
    assert child_name("Api", "Route", "GET /notes/{id}") == "ApiRouteGETNotesId"
    long = [child_name("Api", "Route", "GET /" + "a" * 80 + end) for end in "xy"]
    assert max(map(len, long)) <= 64 and len(set(long)) == 2
