"""The dev server's side, one transition of its table a test."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sst_bridge.channel import Paths
from sst_bridge.delivery import dev as module
from sst_bridge.delivery.dev import DevDelivery, Environment, Forget, Keep, Lost, Release, Resume, Run, Send
from sst_bridge.delivery.link import Repeat
from sst_bridge.delivery.stage import SessionInfo
from sst_bridge.messages import (
    Accepted,
    Bye,
    Claim,
    Error,
    Heartbeat,
    Hello,
    Invoke,
    Message,
    Received,
    Reintroduce,
    Response,
    Stream,
    Working,
)

from tests.support.script import kinds, says

HELLO = Hello("env", "Api", {"TABLE": "notes"})
INVOKE = Invoke("env", "n1", "Api", "r-1", 2_000_000, "arn", 1_000.0, body=b"{}")
NEXT = Invoke("env", "n2", "Api", "r-2", 2_000_000, "arn", 1_001.0)
ENVIRONMENT = Environment("env", "Api", {"TABLE": "notes"})
REPLY = Response("me", "n1", body=b"1")
PATH = "/sst/notes/ada/env"


def new() -> DevDelivery:
    """A dev server that holds its stage."""
    dev = DevDelivery(SessionInfo("me", "laptop", "ada", 100.0), Paths("notes", "ada"), claim_window=0.0)
    dev.claim(0.0)
    for _ in range(4):
        dev.tick(0.0)
    dev.tick(1.0)
    assert dev.next_deadline() is None
    return dev


def hear(dev: DevDelivery, message: Message | Repeat, now: float = 10.0, sent_at: float = 1_000.0) -> list[Any]:
    return dev.receive(message, now, sent_at)


def running() -> DevDelivery:
    """A dev server that runs n1 since 10."""
    dev = new()
    hear(dev, HELLO)
    says(hear(dev, INVOKE), Run(ENVIRONMENT, INVOKE))
    return dev


def to(*messages: Message, again: bool = False) -> Send:
    return Send(PATH, messages, again)


def lost(effects: list[Any]) -> bool:
    [send] = [effect for effect in effects if isinstance(effect, Send)]
    [error] = send.messages
    return isinstance(error, Error) and json.loads(error.body)["errorType"] == "Sst.ReplyLost"


def test_an_invocation_runs_once_however_often_it_arrives() -> None:
    """A repeat while it runs is answered with a sign of life."""
    dev = running()
    says(hear(dev, INVOKE), to(Accepted("me", "n1")))
    says(hear(dev, INVOKE), to(Working("me", "n1")))
    says(hear(dev, Repeat("env", "n1")), to(Working("me", "n1")))


def test_a_large_event_that_could_not_be_taken_is_fetched_anew() -> None:
    """It came whole while another dev server held the stage, for example: now only its first frame comes."""
    repeat = Repeat("env", "n1", b"id")
    says(hear(new(), repeat), Forget(repeat))


def test_a_fast_reply_is_all_that_is_said() -> None:
    """Kept on disk before it is sent."""
    dev = running()
    assert dev.next_deadline() == 10.2
    says(dev.reply(REPLY, 10.1), Keep("env", REPLY), to(REPLY))
    assert dev.next_deadline() is None


def test_a_slow_one_is_accepted_and_then_worked_on() -> None:
    """After 200 ms, and every 5 s."""
    dev = running()
    says(dev.tick(10.2), to(Accepted("me", "n1")))
    assert dev.next_deadline() == 15.2
    says(dev.tick(15.2), to(Working("me", "n1")))
    says(dev.tick(15.3))


def test_a_repeat_after_the_answer_gets_the_reply_again() -> None:
    """From the cache, only the first frame of it."""
    dev = running()
    dev.reply(REPLY, 10.1)
    says(hear(dev, INVOKE), to(REPLY, again=True))
    says(hear(dev, Repeat("env", "n1")), to(REPLY, again=True))


def test_a_second_answer_is_ignored() -> None:
    """As Lambda does."""
    dev = running()
    dev.reply(REPLY, 10.1)
    says(dev.reply(Error("me", "n1"), 10.2))


def test_an_unknown_environment_is_asked_to_introduce_itself() -> None:
    """What it sent waits; the same again asks again; its hello runs it."""
    dev = new()
    says(hear(dev, INVOKE), to(Reintroduce("me", "n1")))
    says(hear(dev, INVOKE), to(Reintroduce("me", "n1")))
    says(hear(dev, HELLO), Run(ENVIRONMENT, INVOKE))
    says(hear(dev, HELLO))


def test_the_next_invocation_of_an_environment_ends_the_one_before() -> None:
    """Its caller has gone: no sign of life, no reply, and it does not run again."""
    dev = running()
    assert kinds(hear(dev, NEXT)) == ["run"]
    says(dev.tick(10.2), to(Accepted("me", "n2")))
    says(dev.reply(REPLY, 11.0))
    says(hear(dev, INVOKE))


def test_the_reply_before_is_dropped() -> None:
    """One reply an environment is kept."""
    dev = running()
    dev.reply(replace(REPLY, body=bytes(1_000)), 10.1)
    assert dev.held == 1_000
    hear(dev, NEXT)
    assert dev.held == 0


def test_an_invocation_that_was_overtaken_by_the_next_does_not_run() -> None:
    """Its stub has given it up already."""
    dev = new()
    hear(dev, HELLO)
    hear(dev, NEXT)
    says(hear(dev, INVOKE))


def test_an_invocation_past_its_deadline_does_not_run() -> None:
    """Both times are by the stub's clock."""
    dev = new()
    hear(dev, HELLO)
    says(hear(dev, INVOKE, sent_at=2_000.0))
    assert kinds(hear(dev, INVOKE, sent_at=1_999.0)) == ["run"]


def test_only_the_holder_of_the_stage_runs_anything() -> None:
    """Not before it holds it, and not after it left."""
    dev = DevDelivery(SessionInfo("me", "laptop", "ada", 100.0), Paths("notes", "ada"), claim_window=9.0)
    dev.claim(0.0)
    hear(dev, HELLO)
    says(hear(dev, INVOKE))
    dev = running()
    dev.leave()
    says(hear(dev, NEXT))


def test_one_that_leaves_names_what_it_runs_and_has_answered() -> None:
    """To other dev servers; when it is gone, to all."""
    dev = running()
    dev.reply(REPLY, 10.1)
    hear(dev, NEXT)
    says(dev.leave(), Send("/sst/notes/ada/dev", (Bye("me", ("n2",), ("n1",)),)))
    dev.reply(Response("me", "n2"), 11.0)
    bye = Send("/sst/notes/ada/dev", (Bye("me", (), ("n1", "n2")),))
    says(dev.gone(), bye, Send("/sst/notes/ada/all", (Bye("me"),)))


def test_one_that_leaves_does_not_begin_what_waits() -> None:
    """It is for whoever comes next."""
    dev = new()
    hear(dev, INVOKE)
    dev.leave()
    says(hear(dev, HELLO))
    assert dev.held == 0


def test_a_takeover_is_an_effect() -> None:
    """What runs goes on, the session is told who has the stage now."""
    dev = running()
    effects = hear(dev, Claim("other", "desktop", "grace", 200.0, takeover=True))
    bye = Send("/sst/notes/ada/dev", (Bye("me", ("n1",)),))
    says(effects, bye, Lost(SessionInfo("other", "desktop", "grace", 200.0)))
    says(dev.reply(REPLY, 10.1), Keep("env", REPLY), to(REPLY))


def test_a_claim_is_answered() -> None:
    """With the heartbeat that refuses the other one."""
    heartbeat = Heartbeat("me", "laptop", "ada", 100.0, 0, "other")
    says(hear(new(), Claim("other", "h", "u", 200.0)), Send("/sst/notes/ada/dev", (heartbeat,)))


def test_what_another_one_still_runs_is_left_to_it() -> None:
    """Until its last bye; then it runs here, when the other one did not answer."""
    dev = new()
    hear(dev, HELLO)
    hear(dev, Bye("old", running=("n1",)))
    says(hear(dev, INVOKE))
    says(hear(dev, INVOKE))
    hear(dev, Bye("third", running=()))
    says(hear(dev, INVOKE))
    hear(dev, Bye("old", running=()))
    assert kinds(hear(dev, INVOKE)) == ["run"]


@pytest.mark.parametrize("first", [Bye("old", answered=("n1",)), Bye("old", running=("n1",))])
def test_what_another_one_has_answered_is_not_run_again(first: Bye) -> None:
    """Its reply is lost, and the caller hears that."""
    dev = new()
    hear(dev, HELLO)
    hear(dev, first)
    if first.running:
        hear(dev, INVOKE)
        hear(dev, Bye("old", answered=("n1",)))
    assert lost(hear(dev, INVOKE))


def test_what_another_one_may_have_answered_is_not_run_again() -> None:
    """Its last bye was lost too."""
    dev = new()
    hear(dev, HELLO)
    hear(dev, Bye("old", running=("n1",)), 10.0)
    says(hear(dev, INVOKE, 39.0))
    assert lost(hear(dev, INVOKE, 40.0))


def test_a_reply_that_was_kept_on_disk_answers_a_repeat() -> None:
    """It ran in a process that was killed; its sender is this one now."""
    dev = new()
    dev.restore("env", replace(REPLY, sender="killed"), 10.0)
    says(hear(dev, INVOKE), to(REPLY, again=True))


def test_a_reply_too_old_to_be_kept_is_lost() -> None:
    """The nonce is remembered longer than the bytes."""
    dev = running()
    dev.reply(REPLY, 10.0)
    hear(dev, Invoke("env-2", "x", "Api", "r", 2_000_000, "arn", 0.0), 10.0 + module.REPLY_AGE + 1)
    assert lost(hear(dev, INVOKE))


def test_replies_are_bounded_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest goes first."""
    monkeypatch.setattr(module, "MAX_REPLY_BYTES", 2_500)
    dev = new()
    for index in range(4):
        hear(dev, Hello(f"env-{index}", "Api"))
        hear(dev, Invoke(f"env-{index}", f"n{index}", "Api", "r", 2_000_000, "arn", 1.0))
        dev.reply(Response("me", f"n{index}", body=bytes(1_000)), 10.0)
        assert dev.held <= 2_500
    assert [lost(hear(dev, Repeat(f"env-{index}", f"n{index}"))) for index in range(4)] == [True, True, False, False]


def test_events_are_bounded_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many gets an error at once, and is not run later."""
    monkeypatch.setattr(module, "MAX_WAITING_BYTES", 10)
    dev = running()
    hear(dev, Hello("env-2", "Api"))
    effects = hear(dev, Invoke("env-2", "big", "Api", "r", 2_000_000, "arn", 1.0, body=bytes(9)))
    assert kinds(effects) == ["keep", "error"]
    assert kinds(hear(dev, Repeat("env-2", "big"))) == ["error"]


def test_nonces_are_bounded_by_number_and_age(monkeypatch: pytest.MonkeyPatch) -> None:
    """Oldest first; those that run are not among them."""
    monkeypatch.setattr(module, "MAX_RECORDS", 3)
    dev = running()
    for index in range(10):
        hear(dev, Hello("env-2", "Api"))
        hear(dev, Invoke("env-2", f"m{index}", "Api", "r", 2_000_000, "arn", 10.0 + index))
        dev.reply(Response("me", f"m{index}"), 11.0)
    assert len(dev._records) <= 6
    assert kinds(hear(dev, INVOKE)) == ["accepted"]
    hear(dev, Invoke("env-2", "late", "Api", "r", 2_000_000, "arn", 99.0), 11.0 + module.RECORD_AGE + 1)
    assert set(dev._records) == {"n1", "late"}


def test_environments_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that said hello longest ago is asked again."""
    monkeypatch.setattr(module, "MAX_ENVIRONMENTS", 2)
    dev = new()
    for name in ("env", "env-2", "env-3"):
        hear(dev, Hello(name, "Api"))
    says(hear(dev, INVOKE), to(Reintroduce("me", "n1")))


def test_what_never_begins_is_forgotten() -> None:
    """An environment that never introduces itself does not hold its event for ever."""
    dev = new()
    hear(dev, INVOKE)
    assert dev.held == 2
    hear(dev, Invoke("env-2", "x", "Api", "r", 9e6, "arn", 1.0), 10.0 + module.RECORD_AGE + 1)
    assert dev.held == 0


# --- streams --------------------------------------------------------------------------------------


def piece(index: int, size: int = 0, *, final: bool = False) -> Stream:
    return Stream("me", "n1", index, final, body=bytes(size))


def test_pieces_go_out_at_once_and_count_as_a_sign_of_life() -> None:
    """No `accepted` beside them."""
    dev = running()
    says(dev.stream(piece(0), 10.1), to(piece(0)))
    assert dev.next_deadline() == 15.1
    says(dev.tick(15.1), to(piece(0), again=True))


def test_a_stream_stops_at_its_window_and_goes_on() -> None:
    """When the caller has taken some of it."""
    dev = running()
    for index in range(4):
        assert dev.may_stream("n1")
        dev.stream(piece(index, 1024 * 1024), 10.1)
    assert not dev.may_stream("n1")
    effects = hear(dev, Received("env", "n1", 2))
    says(effects, Release((piece(0, 1024 * 1024), piece(1, 1024 * 1024))), Resume("n1"))
    assert dev.may_stream("n1")


def test_received_without_news_brings_the_last_piece_again() -> None:
    """The one after it may be lost."""
    dev = running()
    dev.stream(piece(0), 10.1)
    dev.stream(piece(1), 10.1)
    hear(dev, Received("env", "n1", 1))
    says(hear(dev, Received("env", "n1", 1)), to(piece(1), again=True))
    dev.stream(piece(2, final=True), 10.2)
    says(hear(dev, Received("env", "n1", 1)), to(piece(2, final=True), again=True))


def test_the_last_piece_is_the_answer() -> None:
    """After a kill, all that can be said is that it ran."""
    dev = running()
    dev.stream(piece(0), 10.1)
    says(dev.reply(REPLY, 10.1))
    keep, sent = dev.stream(piece(1, final=True), 10.2)
    assert isinstance(keep, Keep) and keep.reply.error_type == "Sst.ReplyLost"
    assert sent == to(piece(1, final=True))
    says(dev.stream(piece(2), 10.3))
    says(hear(dev, INVOKE), to(piece(1, final=True), again=True))


def test_a_stream_whose_caller_has_gone_says_nothing() -> None:
    """And is not held back."""
    dev = running()
    hear(dev, NEXT)
    for index in range(10):
        says(dev.stream(piece(index, 1024 * 1024), 10.1))
        assert dev.may_stream("n1")
    says(dev.stream(piece(10, final=True), 10.2))
