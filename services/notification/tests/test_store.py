from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.records import EndpointKind
from meterstream.notification.adapters.store import KEPT_SOURCE_BYTES, NewDelivery, Settlement, Source
from meterstream.notification.model.notice import notice_of
from meterstream.notification.model.targets import Target

A, B, C = UUID(int=10), UUID(int=11), UUID(int=12)
DAY_S = 86_400.0


@pytest.fixture
def new(make_result):
    def make(number: int, lane: UUID = A, *, value: bytes = b"original", refusal: str | None = None) -> NewDelivery:
        notice = notice_of(make_result(status=ResultStatus.FAILED, message="no ☃", uid=f"correlation uid no {number}"))
        assert notice is not None
        target = Target(UUID(int=number), lane, EndpointKind.SOAP, "https://e.example.org/", False, refusal)
        return NewDelivery(target, notice, Source("results", 3, number, b"key", value))

    return make


async def add(store, *deliveries: NewDelivery, give_up_after_s: float = DAY_S) -> int:
    return await store.add(deliveries, give_up_after_s=give_up_after_s)


async def claim(store, free: int = 100, room: int = 100, rooms=None, lease_s: float = 60):
    return await store.claim(free=free, room=room, rooms=rooms or {}, lease_s=lease_s)


async def test_gives_back_what_was_stored(store, new) -> None:
    assert await add(store, new(1)) == 1
    (found,) = await claim(store)
    assert found.notice == new(1).notice
    assert (found.delivery_id, found.lane_id, found.kind, found.attempt) == (UUID(int=1), A, EndpointKind.SOAP, 1)
    assert 0 <= found.age_s < 60
    assert "example.org" not in repr(found)


async def test_a_result_that_is_read_again_asks_for_nothing_new(store, new) -> None:
    assert await add(store, new(1), new(2), new(1)) == 2
    (first, _) = await claim(store)
    await store.settle([Settlement(first.delivery_id, first.claim, "delivered")])
    assert await add(store, new(1), new(2)) == 0
    assert await claim(store) == []


async def test_nothing_to_store_asks_nobody(store) -> None:
    assert await add(store) == 0


async def test_what_is_claimed_is_left_alone_until_the_lease_ends(store, new) -> None:
    await add(store, new(1))
    assert len(await claim(store, lease_s=60)) == 1
    assert await claim(store) == []


async def test_what_a_dead_process_held_is_taken_after_its_lease(store, new) -> None:
    await add(store, new(1))
    (first,) = await claim(store, lease_s=0)
    (second,) = await claim(store)
    assert (first.attempt, second.attempt) == (1, 2)
    assert await store.settle([Settlement(first.delivery_id, first.claim, "delivered")]) == 0
    assert await store.settle([Settlement(second.delivery_id, second.claim, "delivered")]) == 1


async def test_replicas_share_and_never_take_the_same(store, new) -> None:
    await add(store, *(new(number) for number in range(1, 201)))
    shares = await asyncio.gather(*(claim(store, free=50, room=50) for _ in range(4)))
    taken = [one.delivery_id for share in shares for one in share]
    assert len(taken) == len(set(taken))
    rest = await claim(store, free=500, room=500)
    assert len(taken) + len(rest) == 200


async def test_each_lane_gets_its_room(store, new) -> None:
    await add(store, *(new(number, A) for number in range(1, 11)))
    await add(store, *(new(number, B) for number in range(11, 21)))
    await add(store, *(new(number, C) for number in range(21, 31)))
    found = await claim(store, room=4, rooms={B: 1, C: 0, UUID(int=99): 7})
    assert sorted(one.lane_id for one in found) == [A] * 4 + [B]


async def test_lanes_in_order_come_before_lanes_in_trouble(store, new) -> None:
    await add(store, *(new(number, A) for number in range(1, 5)))
    await add(store, *(new(number, B) for number in range(5, 9)))
    found = await claim(store, free=4, room=4, rooms={A: 1})
    assert [one.lane_id for one in found] == [B] * 4


async def test_a_retry_waits_for_its_moment(store, new) -> None:
    await add(store, new(1))
    (found,) = await claim(store)
    await store.settle([Settlement(found.delivery_id, found.claim, "pending", 60, "no answer")])
    assert await claim(store) == []
    await add(store, new(2))
    (second,) = await claim(store)
    await store.settle([Settlement(second.delivery_id, second.claim, "pending", 0, "no answer")])
    (again,) = await claim(store)
    assert (again.delivery_id, again.attempt) == (UUID(int=2), 2)


async def test_what_is_overdue_is_no_longer_claimed_but_ended(store, new) -> None:
    await add(store, new(1), give_up_after_s=0)
    assert await claim(store) == []
    (overdue,) = await store.claim_overdue(limit=10, lease_s=60)
    assert overdue.attempts == 0
    assert await store.claim_overdue(limit=10, lease_s=60) == []
    sources = await store.sources([overdue.delivery_id])
    assert sources[overdue.delivery_id].source_value == b"original"
    assert await store.settle([Settlement(overdue.delivery_id, overdue.claim, "failed", reason="late")]) == 1
    assert await store.sources([overdue.delivery_id]) == {}


async def test_a_refused_target_is_stored_as_failed(store, database, new) -> None:
    assert await add(store, new(1, refusal="response_url: loopback address")) == 1
    assert await claim(store) == []
    async with database.connection() as connection:
        cursor = await connection.execute("select state, reason, source_value from notification.deliveries")
        assert await cursor.fetchone() == ("failed", "response_url: loopback address", None)


async def test_the_original_is_bounded_and_gone_with_the_outcome(store, database, new) -> None:
    await add(store, new(1, value=b"x" * 100_000))
    (found,) = await claim(store)
    sources = await store.sources([found.delivery_id])
    assert len(sources[found.delivery_id].source_value or b"") == KEPT_SOURCE_BYTES
    await store.settle([Settlement(found.delivery_id, found.claim, "delivered")])
    async with database.connection() as connection:
        cursor = await connection.execute("select state, source_value from notification.deliveries")
        assert await cursor.fetchone() == ("delivered", None)


async def test_purges_what_was_finished_long_ago_in_slices(store, database, new) -> None:
    await add(store, *(new(number) for number in range(1, 11)))
    found = await claim(store)
    await store.settle([Settlement(one.delivery_id, one.claim, "delivered") for one in found[:8]])
    assert await store.purge(keep_s=60, limit=5) == 0
    assert [await store.purge(keep_s=0, limit=5) for _ in range(3)] == [5, 3, 0]
    async with database.connection() as connection:
        cursor = await connection.execute("select count(*) from notification.deliveries where state = 'pending'")
        assert await cursor.fetchone() == (2,)


async def test_a_lane_that_pauses_hides_no_other(store, new) -> None:
    await add(store, *(new(number, A) for number in range(1, 3001)))
    await add(store, new(4000, B))
    (found,) = await claim(store, free=1, rooms={A: 0})
    assert found.lane_id == B
