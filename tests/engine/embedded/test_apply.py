"""The engine converges: on what is declared, after failures, kills, and deletions behind its back."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
import sst
from sst_dev.core.errors import RemoteError, UserError
from sst_dev.engine.embedded.aws import Aws
from sst_dev.engine.embedded.state import read

from tests.support.program import CloudUnderTest, actions


def bucket(name: str, **more: Any) -> Callable[[], Any]:
    def run() -> dict[str, Any]:
        return {"name": sst.aws.Bucket(name, **more).name}

    return run


def app(*, memory: str = "128 MB", more: bool = False) -> Callable[[], Any]:
    def run() -> None:
        notes = sst.aws.Bucket("Notes", cors=False)
        sst.aws.Function("Api", handler="api.handler", link=[notes], url=True, memory=memory)
        if more:
            sst.aws.Bucket("More", cors=False)

    return run


def test_the_second_run_makes_no_call(cloud: CloudUnderTest) -> None:
    """Unchanged inputs cost nothing: no message, and the same manifest."""
    first, _ = cloud.apply(app(), stage="second")
    second, messages = cloud.apply(app(), stage="second")

    assert messages == []
    assert second == first


def test_a_change_updates_only_what_it_is_about(cloud: CloudUnderTest) -> None:
    """A new memory size is one update of one resource."""
    cloud.apply(app(), stage="change")
    manifest, messages = cloud.apply(app(memory="256 MB"), stage="change")

    assert actions(messages) == [("update", "ApiFunction")]
    name = manifest["functions"][0]["lambda_name"]
    assert cloud.client("lambda").get_function_configuration(FunctionName=name)["MemorySize"] == 256


def test_what_is_no_longer_declared_is_deleted_dependents_first(cloud: CloudUnderTest) -> None:
    """A bucket's settings go before the bucket."""
    cloud.apply(app(more=True), stage="less", app=sst.App(name="notes", home="local", removal="remove"))
    _, messages = cloud.apply(app(), stage="less", app=sst.App(name="notes", home="local", removal="remove"))

    assert [m["name"] for m in messages if m["phase"] == "started"] == ["MorePublicAccessBlock", "MoreBucket"]


def test_a_bucket_with_objects_goes_under_removal_remove(cloud: CloudUnderTest) -> None:
    """`removal="remove"` deletes the data too, all of its versions."""
    settings = sst.App(name="notes", home="local", removal="remove")
    manifest, _ = cloud.apply(bucket("Full", versioning=True), stage="full", app=settings)
    s3, name = cloud.client("s3"), manifest["outputs"]["name"]
    for text in (b"one", b"two"):
        s3.put_object(Bucket=name, Key="a", Body=text)
    s3.delete_object(Bucket=name, Key="a")
    cloud.apply(lambda: None, stage="full", app=settings)

    assert name not in [b["Name"] for b in s3.list_buckets()["Buckets"]]


def test_removal_retain_keeps_buckets(cloud: CloudUnderTest) -> None:
    """`removal="retain"` forgets the bucket and leaves it where it is."""
    settings = sst.App(name="notes", home="local", removal="retain")
    manifest, _ = cloud.apply(bucket("Kept"), stage="kept", app=settings)
    cloud.apply(lambda: None, stage="kept", app=settings)

    cloud.client("s3").head_bucket(Bucket=manifest["outputs"]["name"])
    assert read(cloud.records / "state.jsonl") == {}


def table(key: str, **more: Any) -> Callable[[], Any]:
    def run() -> dict[str, Any]:
        return {"name": sst.aws.Dynamo("Tab", fields={key: "string"}, primary_index={"hash_key": key}, **more).name}

    return run


def key_of(cloud: CloudUnderTest, name: str) -> str:
    schema = cloud.client("dynamodb").describe_table(TableName=name)["Table"]["KeySchema"]
    return str(schema[0]["AttributeName"])


def test_a_retained_table_stays_beside_its_replacement(cloud: CloudUnderTest) -> None:
    """Another key is another table of another name, linked by it; the old one keeps its name, its key and its data."""
    settings = sst.App(name="notes", home="local", removal="retain")
    first, _ = cloud.apply(table("id"), stage="beside", app=settings)
    old = first["outputs"]["name"]
    cloud.client("dynamodb").put_item(TableName=old, Item={"id": {"S": "kept"}})
    second, messages = cloud.apply(table("k"), stage="beside", app=settings)
    new = second["outputs"]["name"]

    assert actions(messages) == [("replace", "TabTable")]
    assert [m["text"] for m in messages if m["kind"] == "notice"] == [
        f"Tab: TabTable ({old}) stays where it is, as the removal policy says."
    ]
    assert new != old and second["links"][0]["properties"]["name"] == new
    assert (key_of(cloud, old), key_of(cloud, new)) == ("id", "k")
    assert cloud.client("dynamodb").scan(TableName=old)["Count"] == 1

    again, messages = cloud.apply(table("k"), stage="beside", app=settings)
    assert (again, messages) == (second, [])

    third, _ = cloud.apply(table("id"), stage="beside", app=settings)
    assert third["outputs"]["name"] not in (old, new)


def test_a_retained_table_keeps_the_name_it_was_given(cloud: CloudUnderTest) -> None:
    """A replacement of the same name is refused before any call; another name is all it takes."""
    settings = sst.App(name="notes", home="local", removal="retain")
    cloud.apply(table("id", transform={"table": {"name": "given"}}), stage="given", app=settings)
    with pytest.raises(UserError, match=r"Tab: a change of hashKey needs another Table.*two cannot be called given"):
        cloud.apply(table("k", transform={"table": {"name": "given"}}), stage="given", app=settings)
    cloud.apply(table("k", transform={"table": {"name": "given-2"}}), stage="given", app=settings)

    assert (key_of(cloud, "given"), key_of(cloud, "given-2")) == ("id", "k")


def test_a_table_of_another_key_is_not_taken_over(cloud: CloudUnderTest) -> None:
    """What an earlier removal has kept is the app's again only if it is what the app declares."""
    settings = sst.App(name="notes", home="local", removal="retain")
    first, _ = cloud.apply(table("id"), stage="found", app=settings)
    cloud.apply(lambda: None, stage="found", app=settings)
    with pytest.raises(UserError, match=r"exists already, with the key 'id \(S\)' where the app has 'k \(S\)'"):
        cloud.apply(table("k"), stage="found", app=settings)

    assert cloud.apply(table("id"), stage="found", app=settings)[0]["outputs"] == first["outputs"]


def test_a_protected_resource_is_not_deleted(cloud: CloudUnderTest) -> None:
    """Deleting what has `protect=True` is refused, by name."""
    settings = sst.App(name="notes", home="local", removal="remove")
    manifest, _ = cloud.apply(
        bucket("Safe", transform={"bucket": lambda args, opts, name: setattr(opts, "protect", True)}),
        stage="safe",
        app=settings,
    )

    with pytest.raises(UserError, match="Safe: SafeBucket is protected"):
        cloud.apply(lambda: None, stage="safe", app=settings)
    cloud.client("s3").head_bucket(Bucket=manifest["outputs"]["name"])


def test_a_failure_names_the_component_and_the_next_run_goes_on(cloud: CloudUnderTest) -> None:
    """The AWS error is in the message; what was made stays in the record and is not made again."""

    def broken(args: dict[str, Any], opts: pulumi.ResourceOptions, name: str) -> None:
        args["role"] = "not an ARN"

    def run(transform: Any = None) -> None:
        sst.aws.Bucket("Notes", cors=False)
        sst.aws.Function("Api", handler="api.handler", transform={"function": transform} if transform else None)

    with pytest.raises(RemoteError, match=r'Function "Api": could not create ApiFunction .*: \w+: ') as failure:
        cloud.apply(lambda: run(broken), stage="broken")
    made = {entry.name for entry in read(cloud.records / "state.jsonl").values() if entry.id}
    _, messages = cloud.apply(run, stage="broken")

    assert "role" in failure.value.message.lower()
    assert "ApiRole" in made
    assert not made & {name for _, name in actions(messages)}
    assert ("create", "ApiFunction") in actions(messages)


def test_a_resource_deleted_behind_its_back_is_made_again_when_it_changes(cloud: CloudUnderTest) -> None:
    """An update of what is gone becomes a creation, and what hung on it comes back too."""
    manifest, _ = cloud.apply(app(), stage="behind")
    name = manifest["functions"][0]["lambda_name"]
    cloud.client("lambda").delete_function(FunctionName=name)
    cloud.apply(app(memory="256 MB"), stage="behind")

    assert cloud.client("lambda").get_function_url_config(FunctionName=name)["AuthType"] == "NONE"


def _delete_topic(cloud: CloudUnderTest, name: str) -> None:
    sns = cloud.client("sns")
    [arn] = [topic["TopicArn"] for topic in sns.list_topics()["Topics"] if topic["TopicArn"].endswith(":" + name)]
    sns.delete_topic(TopicArn=arn)


def _delete_bus(cloud: CloudUnderTest, name: str) -> None:
    events = cloud.client("events")
    for rule in events.list_rules(EventBusName=name)["Rules"]:
        targets = events.list_targets_by_rule(EventBusName=name, Rule=rule["Name"])["Targets"]
        events.remove_targets(EventBusName=name, Rule=rule["Name"], Ids=[target["Id"] for target in targets])
        events.delete_rule(EventBusName=name, Name=rule["Name"])
    events.describe_event_bus(Name=name)
    events.delete_event_bus(Name=name)


DELETE: dict[str, Callable[[CloudUnderTest, str], Any]] = {
    "bucket": lambda cloud, name: cloud.client("s3").delete_bucket(Bucket=name),
    "topic": _delete_topic,
    "bus": _delete_bus,
}
"""How somebody else deletes one."""


@pytest.mark.parametrize("component", DELETE)
def test_what_hangs_on_a_deleted_resource_fails_once(cloud: CloudUnderTest, component: str) -> None:
    """Its failure names what may be gone and what to do; the next run makes that anew, and all that hung on it."""

    def run(subscribed: bool = False) -> dict[str, Any]:
        one: Any = {"bucket": sst.aws.Bucket, "topic": sst.aws.SnsTopic, "bus": sst.aws.Bus}[component]("One")
        if subscribed and component == "bucket":
            one.notify(notifications=[{"name": "A", "function": "a.b"}])
        elif subscribed:
            one.subscribe("A", "a.b")
        return {"name": one.name}

    removing = sst.App(name="notes", home="local", removal="remove")
    stage = f"gone-{component}"
    manifest, _ = cloud.apply(run, stage=stage, app=removing)
    DELETE[component](cloud, manifest["outputs"]["name"])
    with pytest.raises(RemoteError) as failure:
        cloud.apply(lambda: run(True), stage=stage, app=removing)
    manifest, _ = cloud.apply(lambda: run(True), stage=stage, app=removing)

    assert "One" in failure.value.hint and "apply once more" in failure.value.hint
    assert cloud.apply(lambda: run(True), stage=stage, app=removing)[1] == []
    DELETE[component](cloud, manifest["outputs"]["name"])  # it raises for what does not exist


def test_a_new_name_replaces_the_resource(cloud: CloudUnderTest) -> None:
    """An input that cannot be changed in place: the old one goes, a new one comes."""

    def named(name: str) -> Callable[[], Any]:
        return bucket("Renamed", cors=False, transform={"bucket": {"bucket": name}})

    cloud.apply(named("renamed-one"), stage="renamed")
    _, messages = cloud.apply(named("renamed-two"), stage="renamed")

    assert ("replace", "RenamedBucket") in actions(messages)
    names = [b["Name"] for b in cloud.client("s3").list_buckets()["Buckets"]]
    assert "renamed-two" in names


def test_the_new_one_is_made_before_the_old_one_goes(cloud: CloudUnderTest) -> None:
    """Where names allow it; what belonged to the old one goes with it, before it."""
    gone = sst.App(name="notes", home="local", removal="remove")

    def named(name: str) -> Callable[[], Any]:
        return bucket("Moved", cors=False, transform={"bucket": {"bucket": name}})

    cloud.apply(named("moved-one"), stage="moved", app=gone)
    _, messages = cloud.apply(named("moved-two"), stage="moved", app=gone)

    started = [(m["action"], m["name"]) for m in messages if m["phase"] == "started"]
    assert started == [
        ("replace", "MovedBucket"),
        ("replace", "MovedPublicAccessBlock"),
        ("delete", "MovedPublicAccessBlock"),
        ("delete", "MovedBucket"),
    ]
    names = [b["Name"] for b in cloud.client("s3").list_buckets()["Buckets"]]
    assert ("moved-one" in names, "moved-two" in names) == (False, True)
    assert cloud.apply(named("moved-two"), stage="moved", app=gone)[1] == []


def test_the_old_one_goes_first_on_request(cloud: CloudUnderTest) -> None:
    """`delete_before_replace`, and a retained one is left where it is."""
    from pulumi_aws import s3

    def named(name: str, **options: Any) -> Callable[[], Any]:
        return lambda: s3.Bucket("Raw", bucket=name, opts=pulumi.ResourceOptions(**options)) and None

    gone = sst.App(name="notes", home="local", removal="remove")
    cloud.apply(named("raw-one"), stage="raw", app=gone)
    _, messages = cloud.apply(named("raw-two", delete_before_replace=True), stage="raw", app=gone)
    assert actions(messages) == [("replace", "Raw")]
    cloud.apply(named("raw-two", retain_on_delete=True), stage="raw", app=gone)
    cloud.apply(named("raw-three"), stage="raw", app=gone)

    names = [b["Name"] for b in cloud.client("s3").list_buckets()["Buckets"] if b["Name"].startswith("raw-")]
    assert names == ["raw-three", "raw-two"]


def test_an_alias_keeps_the_resource(cloud: CloudUnderTest) -> None:
    """A renamed resource that says what it was called is the same one, with its generated name and its data."""
    from pulumi_aws import s3

    gone = sst.App(name="notes", home="local", removal="remove")

    def called(name: str, *before: str) -> Callable[[], Any]:
        aliases = [pulumi.Alias(name=one) for one in before]
        return lambda: {"name": s3.Bucket(name, opts=pulumi.ResourceOptions(aliases=aliases)).bucket}

    first, _ = cloud.apply(called("First"), stage="alias", app=gone)
    second, messages = cloud.apply(called("Second", "First"), stage="alias", app=gone)
    third, _ = cloud.apply(called("Second"), stage="alias", app=gone)

    assert first["outputs"] == second["outputs"] == third["outputs"]
    assert messages == []
    assert [entry.name for entry in read(cloud.records / "state.jsonl").values()] == ["Second"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("transforms", [lambda args: None]),
        ("hooks", pulumi.ResourceHookBinding(before_create=[lambda args: None])),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(cloud: CloudUnderTest, option: str, value: Any) -> None:
    """In one sentence, with the resource and the option."""
    from pulumi_aws import s3

    with pytest.raises(UserError, match=rf"Other \(aws:s3/bucket:Bucket\): the option {option} is not possible"):
        cloud.apply(lambda: s3.Bucket("Other", opts=pulumi.ResourceOptions(**{option: value})), stage="refused")


def test_an_import_is_made_anew(cloud: CloudUnderTest) -> None:
    """Nothing of the other cloud is here; a notice says so, and the app runs."""
    from pulumi_aws import s3

    said: list[str] = []
    options = pulumi.ResourceOptions(import_="elsewhere")
    cloud.apply(lambda: s3.Bucket("Mine", bucket="imported", opts=options) and None, stage="import", notice=said.append)

    assert said == ["Mine (aws:s3/bucket:Bucket): import_ is not used on the embedded cloud; it is made anew there."]
    cloud.client("s3").head_bucket(Bucket="imported")


def test_a_renamed_component_may_keep_its_resource(cloud: CloudUnderTest) -> None:
    """A bucket whose name is given stays when its component gets another name: the old entry alone goes."""
    gone = sst.App(name="notes", home="local", removal="remove")
    fixed = {"transform": {"bucket": {"bucket": "renamed-component"}}, "cors": False}
    cloud.apply(bucket("Before", **fixed), stage="rename", app=gone)
    cloud.client("s3").put_object(Bucket="renamed-component", Key="a", Body=b"1")
    cloud.apply(bucket("After", **fixed), stage="rename", app=gone)

    assert cloud.client("s3").get_object(Bucket="renamed-component", Key="a")["Body"].read() == b"1"
    block = cloud.client("s3").get_public_access_block(Bucket="renamed-component")
    assert block["PublicAccessBlockConfiguration"]["BlockPublicAcls"] is True
    assert {entry.component for entry in read(cloud.records / "state.jsonl").values()} == {"After"}


def test_two_resources_of_one_name_are_refused(cloud: CloudUnderTest) -> None:
    """Pulumi's rule holds here too, in words."""
    from pulumi_aws import s3

    def run() -> None:
        s3.Bucket("Same", bucket="same-one")
        s3.Bucket("Same", bucket="same-two")

    with pytest.raises(UserError, match="called 'Same'"):
        cloud.apply(run, stage="same")


def test_a_type_the_engine_does_not_have_is_said_and_left_out(cloud: CloudUnderTest) -> None:
    """One line, and the rest of the app is applied."""
    from pulumi_aws import efs

    def run() -> dict[str, Any]:
        efs.FileSystem("Disk")
        return {"name": sst.aws.Bucket("Beside").name}

    manifest, messages = cloud.apply(run, stage="leftout")

    assert "efs/fileSystem" in next(m["text"] for m in messages if m["kind"] == "notice")
    cloud.client("s3").head_bucket(Bucket=manifest["outputs"]["name"])


def killed(cloud: CloudUnderTest, at: int, *, before: bool, **facts: Any) -> bool:
    """Apply in a child process that ends itself at its call number *at*; whether it came that far."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            calls = itertools.count()
            make = Aws._make

            def counting(self: Aws, service: str) -> Any:
                client = make(self, service)

                def end(**_: Any) -> None:
                    if next(calls) == at:
                        os._exit(9)

                client.meta.events.register("before-send" if before else "after-call", end)
                return client

            Aws._make = counting  # type: ignore[method-assign]
            cloud.apply(**facts)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(process, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, 9)
    return code == 9


@pytest.mark.parametrize("before", [True, False])
def test_a_run_killed_at_any_call_converges(cloud: CloudUnderTest, before: bool) -> None:
    """Cut before or after any request to AWS: the next run ends as an undisturbed one does, and the third is idle."""
    gone = sst.App(name="notes", home="local", removal="remove")
    stage = f"kill-{before}"
    wanted, _ = cloud.apply(app(), stage=stage)
    cloud.apply(lambda: None, stage=stage, app=gone)

    at = 0
    while killed(cloud, at, before=before, run=app(), stage=stage):
        again, _ = cloud.apply(app(), stage=stage)
        _, third = cloud.apply(app(), stage=stage)
        cloud.apply(lambda: None, stage=stage, app=gone)

        assert [f["arn"] for f in again["functions"]] == [f["arn"] for f in wanted["functions"]]
        assert third == []
        at += 1

    assert at > 7


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("change", ["update", "replace"])
def test_a_change_killed_at_any_call_converges(cloud: CloudUnderTest, change: str, before: bool) -> None:
    """An update and a replacement that were cut end as undisturbed ones do, and leave nothing of the old."""
    gone = sst.App(name="notes", home="local", removal="remove")
    stage = f"cut-{change}-{before}"

    def version(number: int) -> Callable[[], Any]:
        def run() -> dict[str, Any]:
            name = f"{stage}-{number if change == 'replace' else 0}".lower()
            made = sst.aws.Bucket("Notes", cors=False, transform={"bucket": {"bucket": name}})
            queue = sst.aws.Queue("Jobs", visibility_timeout=f"{30 + number} seconds")
            memory, link = f"{128 + number} MB", [made, queue]
            sst.aws.Function("Api", handler="a.b", link=link, url=True, memory=memory)
            return {"bucket": made.name}

        return run

    number, going = 0, True
    while going:
        cloud.apply(version(number), stage=stage, app=gone)
        going = killed(cloud, number, before=before, run=version(number + 1), stage=stage, app=gone)
        wanted, _ = cloud.apply(version(number + 1), stage=stage, app=gone)
        idle = cloud.apply(version(number + 1), stage=stage, app=gone)[1]
        buckets = [
            b["Name"] for b in cloud.client("s3").list_buckets()["Buckets"] if b["Name"].startswith(stage.lower())
        ]

        assert (idle, buckets) == ([], [wanted["outputs"]["bucket"]]), f"killed at call {number}"
        memory = cloud.client("lambda").get_function_configuration(FunctionName=wanted["functions"][0]["lambda_name"])
        assert memory["MemorySize"] == 129 + number
        number += 1

    assert number > (6 if change == "replace" else 2)


def wide() -> dict[str, Any]:
    """Resources whose ids are AWS's own, and triggers between them."""
    queue = sst.aws.Queue("Jobs")
    queue.subscribe("a.b")
    sst.aws.SnsTopic("News").subscribe_queue("Jobs", queue)
    api = sst.aws.ApiGatewayV2("Http")
    api.route("GET /", "a.b")
    sst.aws.Bus("Bus").subscribe("All", "a.b")
    fields = {"id": "string"}
    sst.aws.Dynamo("T", fields=fields, primary_index={"hash_key": "id"}, stream="new-image").subscribe("S", "a.b")
    sst.aws.Bucket("B", cors=False).notify(notifications=[{"name": "N", "function": "a.b"}])
    return {"url": api.url}


def inventory(cloud: CloudUnderTest) -> dict[str, int]:
    """How many of the things whose names do not tell them apart there are."""
    api, lambda_ = cloud.client("apigatewayv2"), cloud.client("lambda")
    apis = [one["ApiId"] for one in api.get_apis()["Items"] if "-wide-" in one["Name"]]
    mappings = lambda_.list_event_source_mappings()["EventSourceMappings"]
    return {
        "apis": len(apis),
        "routes": sum(len(api.get_routes(ApiId=one)["Items"]) for one in apis),
        "integrations": sum(len(api.get_integrations(ApiId=one)["Items"]) for one in apis),
        "mappings": sum("-wide-" in one["FunctionArn"] for one in mappings),
    }


def test_a_wide_app_killed_after_any_call_is_made_once(cloud: CloudUnderTest) -> None:
    """Also what has no name of its own is found again instead of being made twice."""
    gone = sst.App(name="notes", home="local", removal="remove")
    cloud.apply(wide, stage="wide", app=gone)
    counted = inventory(cloud)
    cloud.apply(lambda: None, stage="wide", app=gone)

    at = 0
    while killed(cloud, at, before=False, run=wide, stage="wide", app=gone):
        cloud.apply(wide, stage="wide", app=gone)
        _, third = cloud.apply(wide, stage="wide", app=gone)
        found = inventory(cloud)
        cloud.apply(lambda: None, stage="wide", app=gone)

        assert (third, found) == ([], counted), f"killed after call {at}"
        at += 5  # every fifth keeps the test short; the offset of the calls differs from run to run

    assert counted == {"apis": 1, "routes": 1, "integrations": 1, "mappings": 2}
    assert at > 50


def test_a_removal_killed_at_any_call_converges(cloud: CloudUnderTest) -> None:
    """A removal that was cut goes on in the next run until nothing is left."""
    gone = sst.App(name="notes", home="local", removal="remove")
    at, going = 0, True
    while going:
        manifest, _ = cloud.apply(app(), stage="unkill", app=gone)
        going = killed(cloud, at, before=False, run=lambda: None, stage="unkill", app=gone)
        cloud.apply(lambda: None, stage="unkill", app=gone)

        assert read(cloud.records / "state.jsonl") == {}
        with pytest.raises(cloud.client("lambda").exceptions.ResourceNotFoundException):
            cloud.client("lambda").get_function(FunctionName=manifest["functions"][0]["lambda_name"])
        at += 1

    assert at > 5


def test_what_is_of_another_account_is_left_out(cloud: CloudUnderTest) -> None:
    """One line for each, and the app goes on: its links have the names, its own functions are there."""
    elsewhere = "us-east-1:123456789012"

    def run() -> dict[str, Any]:
        bucket = sst.aws.Bucket.get("Shared", "another-apps-bucket")
        queue = sst.aws.Queue.get("Work", "https://sqs.us-east-1.amazonaws.com/123456789012/work")
        topic = sst.aws.SnsTopic.get("News", f"arn:aws:sns:{elsewhere}:news")
        topic.subscribe("Mail", "a.b")
        topic.subscribe_queue("Keep", sst.aws.Queue("Keep"))
        sst.aws.Queue.subscribe(f"arn:aws:sqs:{elsewhere}:jobs", "a.b")
        sst.aws.Queue("Own").subscribe(f"arn:aws:lambda:{elsewhere}:function:theirs")
        sst.aws.Cron("Often", schedule="rate(1 day)", function=f"arn:aws:lambda:{elsewhere}:function:theirs")
        sst.aws.Dynamo.get("Table", "another-apps-table")
        sst.aws.KinesisStream.get("Stream", "another-apps-stream")
        sst.aws.Bus.get("Bus", "another-apps-bus")
        return {"bucket": bucket.arn, "queue": queue.arn, "topic": topic.arn}

    manifest, messages = cloud.apply(run, stage="elsewhere")
    said = [m["text"].partition(" does not exist")[0].partition(": ")[2] for m in messages if m["kind"] == "notice"]

    assert manifest["outputs"] == {
        "bucket": "arn:aws:s3:::another-apps-bucket",
        "queue": f"arn:aws:sqs:{elsewhere}:work",
        "topic": f"arn:aws:sns:{elsewhere}:news",
    }
    assert {f["name"] for f in manifest["functions"]} == {"NewsSubscriberMail", "JobsSubscriber"}
    assert sorted(said) == [
        "another-apps-bucket",
        "another-apps-bus",
        "another-apps-stream",
        "another-apps-table",
        f"arn:aws:lambda:{elsewhere}:function:theirs",
        f"arn:aws:sns:{elsewhere}:news",
        f"arn:aws:sqs:{elsewhere}:jobs",
        "https://sqs.us-east-1.amazonaws.com/123456789012/work",
    ]
