"""Batches over concurrent requests, waiters, and the bounds of both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import pytest

from meterstream.contracts.envelope import Reply, Verdict
from meterstream.contracts.errors import PlatformTrouble
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import BrokerOutage
from meterstream.runtime.kafka.messages import Message
from meterstream.ws_adapter.gather import Gatherer
from meterstream.ws_adapter.model.progress import CommandKey
from meterstream.ws_adapter.replies import PendingReplies, reply_taker
from meterstream.ws_adapter.store.watch import Watchers


class Work:
    """Doubles numbers; holds its batches until released."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()

    async def __call__(self, items: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(items))
        await self.gate.wait()
        if 13 in items:
            raise BrokerOutage("unlucky")
        return [2 * item for item in items]


async def test_concurrent_items_share_a_batch_and_each_gets_its_own_answer() -> None:
    work = Work()
    work.gate.set()
    gatherer: Gatherer[int, int] = Gatherer(work, window_s=0.001, max_batch=4)
    assert await asyncio.gather(*(gatherer.submit(number) for number in range(10))) == [2 * n for n in range(10)]
    assert [len(batch) for batch in work.batches] == [4, 4, 2]


async def test_items_gather_while_the_batches_before_them_run(until: Callable[..., Any]) -> None:
    work = Work()
    gatherer: Gatherer[int, int] = Gatherer(work, window_s=0, max_in_flight=1)
    first = asyncio.create_task(gatherer.submit(1))
    await until(lambda: work.batches)
    others = [asyncio.create_task(gatherer.submit(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    work.gate.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6, 8]
    assert work.batches == [[1], [2, 3, 4]]


async def test_a_failure_reaches_every_caller_of_the_batch_and_no_other() -> None:
    work = Work()
    work.gate.set()
    gatherer: Gatherer[int, int] = Gatherer(work, window_s=0, max_batch=2)
    answers = await asyncio.gather(*(gatherer.submit(number) for number in (1, 13, 3, 4)), return_exceptions=True)
    assert [type(answer).__name__ for answer in answers] == ["BrokerOutage", "BrokerOutage", "int", "int"]


async def test_too_many_items_are_refused_and_a_caller_may_leave(until: Callable[..., Any]) -> None:
    work = Work()
    gatherer: Gatherer[int, int] = Gatherer(work, window_s=0, max_in_flight=1, max_waiting=2)
    first = asyncio.create_task(gatherer.submit(1))
    await until(lambda: work.batches)
    second, third = (asyncio.create_task(gatherer.submit(number)) for number in (2, 3))
    await asyncio.sleep(0)
    with pytest.raises(PlatformTrouble):
        await gatherer.submit(4)
    second.cancel()
    work.gate.set()
    assert (await first, await third) == (2, 6)
    await gatherer.drain()


def reply(submission_id: str) -> Reply:
    return Reply(
        submission_id=submission_id,
        organisation="A",
        correlation_uid="uid",
        operation="SynchronizeTime",
        verdict=Verdict.QUEUED,
    )


async def test_a_reply_reaches_its_waiter_and_waiters_are_bounded() -> None:
    pending = PendingReplies(limit=2)
    with pending.expect("1") as first, pending.expect("2") as second:
        with pytest.raises(PlatformTrouble), pending.expect("3"):
            pass
        for name in ("2", "unknown", "2"):
            pending.resolve(reply(name))
        assert (await second).submission_id == "2"
        assert not first.done()
    assert len(pending) == 0
    pending.resolve(reply("1"))  # late: nobody is there


async def test_unreadable_replies_do_not_hide_the_others(codec: Codec) -> None:
    pending = PendingReplies(limit=10)
    take = reply_taker(pending, codec)
    name = uuid4().hex
    with pending.expect(name) as future:
        take([Message("replies", 0, 0, None, b"junk"), Message("replies", 0, 1, None, codec.encode(reply(name)))])
        assert (await future).submission_id == name


async def test_watches_are_bounded_and_forgotten() -> None:
    watchers = Watchers(limit=1)
    key = CommandKey("A", "uid")
    with watchers.watch(key) as watch:
        with pytest.raises(PlatformTrouble), watchers.watch(key):
            pass
        watchers.wake([key.digest(), "AAAAAAAA"])
        now = asyncio.get_running_loop().time()
        assert await watch.moved(now + 5)
        assert not await watch.moved(now)
    assert watchers.count == 0
    watchers.wake(None)
