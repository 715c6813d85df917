"""The event stream: order, bounds, ends."""

import asyncio

from sst_dev.core import stream as stream_module
from sst_dev.core.events import Notice
from sst_dev.core.stream import Stream


async def test_every_subscriber_gets_every_event_in_order() -> None:
    """Two subscribers see the same events in the order of publishing."""
    stream = Stream()
    with stream.subscribe() as one, stream.subscribe() as two:
        for number in range(3):
            stream.publish(Notice(number, str(number)))

        assert [event.at for event in one.drain()] == [0, 1, 2]
        assert [event.at for event in two.drain()] == [0, 1, 2]


async def test_a_slow_subscriber_loses_its_oldest(monkeypatch) -> None:
    """Past the bound the oldest event goes, and is counted."""
    monkeypatch.setattr(stream_module, "SUBSCRIBER_BOUND", 2)
    stream = Stream()
    with stream.subscribe() as slow:
        for number in range(5):
            stream.publish(Notice(number, ""))

        assert slow.dropped == 3
        assert [event.at for event in slow.drain()] == [3, 4]


async def test_closing_ends_an_iteration_after_what_is_queued() -> None:
    """A reader in `async for` gets the queued events and then ends."""
    stream = Stream()
    with stream.subscribe() as subscription:
        stream.publish(Notice(1, "last"))
        stream.close()

        assert [event.text async for event in subscription] == ["last"]


async def test_a_waiting_reader_wakes_on_publish() -> None:
    """`ready` returns once an event is there."""
    stream = Stream()
    with stream.subscribe() as subscription:
        waiting = asyncio.get_running_loop().create_task(subscription.ready())
        await asyncio.sleep(0)
        stream.publish(Notice(1, ""))

        assert await waiting is True


async def test_observers_are_called_at_once() -> None:
    """An observer has seen the event when `publish` returns."""
    stream, seen = Stream(), []
    stream.observe(seen.append)
    stream.publish(Notice(1, "now"))

    assert [event.text for event in seen] == ["now"]


async def test_whoever_comes_after_the_end_does_not_wait() -> None:
    """A subscription to a closed stream ends at once."""
    stream = Stream()
    stream.close()
    with stream.subscribe() as late:
        assert await late.ready() is False
