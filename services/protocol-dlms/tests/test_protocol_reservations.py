"""Blocks of invocation counters over a broker that loses acknowledgements, is away, or serves somebody else first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.records import CounterReservation
from meterstream.dlms.errors import CountersExhausted
from meterstream.protocol_dlms.model.counters import LAST_COUNTER, Series
from meterstream.protocol_dlms.views.sessions import SessionTable, Unreadable, decoder
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.errors import BrokerOutage
from meterstream.runtime.kafka import Lost, Message, Outgoing

Make = Callable[..., Any]
SERIES = Series("EXXXX123456789012", "ek1", bytes.fromhex("2020201CBE991A14"))


def other(number: int) -> Series:
    return Series(f"EXXXX{number:012d}", "ek1", bytes(8))


def marks(broker: Any) -> list[tuple[str, int, int]]:
    found = broker.records("device-sessions")
    return [(record.gateway, record.previous_mark, record.new_mark) for record in found]


def reserve_elsewhere(broker: Any, series: Series, start: int, end: int) -> None:
    """As another process does."""
    record = CounterReservation(
        gateway=series.gateway,
        key_id=series.key_id,
        client_title=series.client_title,
        owner="somebody else",
        previous_mark=start,
        new_mark=end,
    )
    partition = broker.partition_of("device-sessions", series.gateway.encode())
    key = series.record_key.encode()
    broker.append(Outgoing("device-sessions", key, shared_codec().encode(record), (), partition))


async def test_gives_counters_once_and_asks_for_the_next_block_in_time(broker: Any, make_reserver: Make) -> None:
    reserver, _ = make_reserver(block=16)
    counters = reserver.counters(SERIES, lambda: None)
    used = []
    for _ in range(40):
        await counters.ensure(1)
        used.append(counters.take())
    assert used == list(range(1, 41))
    assert counters.first == 1
    assert [end for _, _, end in marks(broker)] == [17, 33, 49]


async def test_the_key_names_series_and_the_partition_is_the_gateways(broker: Any, make_reserver: Make) -> None:
    reserver, _ = make_reserver()
    await reserver.counters(SERIES, lambda: None).ensure(1)
    ((outgoing,),) = broker.batches
    assert outgoing.key == b"EXXXX123456789012|counter|ek1|2020201cbe991a14"
    assert outgoing.partition == broker.partition_of("devices", b"EXXXX123456789012")
    assert dict(outgoing.headers)["ce_type"] == b"CounterReservation"


async def test_many_meters_share_one_batch(broker: Any, make_reserver: Make) -> None:
    reserver, _ = make_reserver()
    asking = [reserver.counters(other(number), lambda: None).ensure(3) for number in range(50)]
    await asyncio.gather(*asking)
    assert [len(batch) for batch in broker.batches] == [50]


async def test_nothing_is_used_before_it_was_read_back(broker: Any, make_reserver: Make, eventually: Make) -> None:
    reserver, _ = make_reserver()
    broker.held = True
    counters = reserver.counters(SERIES, lambda: None)
    waiting = asyncio.ensure_future(counters.ensure(1))
    await eventually(lambda: broker.waiting)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not waiting.done()
    with pytest.raises(CountersExhausted):
        counters.take()
    broker.read_all()
    await waiting
    assert counters.take() == 1
    assert counters.waited_s > 0


async def test_takes_the_next_block_when_somebody_else_was_first(
    broker: Any, make_reserver: Make, eventually: Make
) -> None:
    reserver, _ = make_reserver(block=16)
    broker.held = True
    reserve_elsewhere(broker, SERIES, 1, 257)
    counters = reserver.counters(SERIES, lambda: None)
    waiting = asyncio.ensure_future(counters.ensure(1))
    await eventually(lambda: len(broker.waiting) == 2)
    broker.held = False
    broker.read_all()
    await waiting
    assert counters.take() == 257
    assert [(start, end) for _, start, end in marks(broker)] == [(1, 257), (1, 17), (257, 273)]


async def test_a_lost_acknowledgement_wastes_a_block_and_repeats_nothing(broker: Any, make_reserver: Make) -> None:
    reserver, _ = make_reserver(block=16)
    broker.lost_acks = 1
    counters = reserver.counters(SERIES, lambda: None)
    await counters.ensure(1)
    assert counters.take() == 17
    assert [(start, end) for _, start, end in marks(broker)] == [(1, 17), (17, 33)]


async def test_an_outage_is_waited_for_and_then_told(broker: Any, make_reserver: Make) -> None:
    reserver, _ = make_reserver(wait_s=0.05)
    broker.outages = 1000
    with pytest.raises(BrokerOutage):
        await reserver.counters(SERIES, lambda: None).ensure(1)
    broker.outages = 0
    patient, _ = make_reserver(wait_s=5)
    broker.outages = 2
    await patient.counters(SERIES, lambda: None).ensure(1)
    await reserver.close()


async def test_a_stopped_worker_takes_no_counter(broker: Any, make_reserver: Make) -> None:
    reserver, _ = make_reserver()
    lost = False

    def fence() -> None:
        if lost:
            raise Lost("stood still")

    counters = reserver.counters(SERIES, fence)
    await counters.ensure(2)
    counters.take()
    lost = True
    with pytest.raises(Lost):
        counters.take()


async def test_the_rest_of_a_block_ends_with_the_partition(broker: Any, make_reserver: Make) -> None:
    reserver, sessions = make_reserver(block=16)
    counters = reserver.counters(SERIES, lambda: None)
    await counters.ensure(1)
    partition = broker.partition_of("devices", SERIES.gateway.encode())
    reserver.release([partition])
    sessions.drop([partition])
    for message in broker.logs["device-sessions", partition]:  # it comes back, and is read again
        sessions.on_record(message.key, shared_codec().decode(message.value), message)
    again = reserver.counters(SERIES, lambda: None)
    await again.ensure(1)
    assert again.take() == 17


async def test_who_waits_for_a_partition_that_leaves_is_told(
    broker: Any, make_reserver: Make, eventually: Make
) -> None:
    reserver, _ = make_reserver()
    broker.held = True
    waiting = asyncio.ensure_future(reserver.counters(SERIES, lambda: None).ensure(1))
    await eventually(lambda: broker.waiting)
    reserver.release(range(6))
    with pytest.raises(Lost):
        await waiting
    await reserver.close()


async def test_a_floor_gives_up_what_is_at_hand_and_on_its_way(
    broker: Any, make_reserver: Make, eventually: Make
) -> None:
    reserver, _ = make_reserver(block=16)
    counters = reserver.counters(SERIES, lambda: None)
    await counters.ensure(1)
    broker.held = True
    for _ in range(13):
        counters.take()
    await counters.ensure(1)  # asks ahead
    await eventually(lambda: broker.waiting)
    reserver.raise_floor(SERIES, 5000)
    broker.held = False
    broker.read_all()
    await counters.ensure(2)
    assert counters.take() == 5000
    assert reserver.next_counter(SERIES) == 5001


async def test_a_late_reservation_is_healed_before_compaction_forgets(
    broker: Any, make_reserver: Make, eventually: Make
) -> None:
    reserver, sessions = make_reserver(block=16)
    reserve_elsewhere(broker, SERIES, 1, 1000)
    reserve_elsewhere(broker, SERIES, 1, 17)
    partition = broker.partition_of("devices", SERIES.gateway.encode())
    assert sessions.lagging() == [(partition, SERIES)]
    reserver.heal()
    await eventually(lambda: not sessions.lagging())
    assert marks(broker)[-1][1:] == (1000, 1016)
    compacted = SessionTable("later")
    message = broker.logs["device-sessions", partition][-1]
    compacted.on_record(message.key, shared_codec().decode(message.value), message)
    assert compacted.mark(partition, SERIES) == 1016


async def test_used_up_counters_are_told_and_not_wrapped(broker: Any, make_reserver: Make) -> None:
    reserver, _ = make_reserver(block=16)
    reserve_elsewhere(broker, SERIES, 1, LAST_COUNTER + 1)
    with pytest.raises(CountersExhausted):
        await reserver.counters(SERIES, lambda: None).ensure(1)
    assert len(marks(broker)) == 1


async def test_a_mark_of_another_release_stops_the_series_and_no_other(broker: Any, make_reserver: Make) -> None:
    reserver, sessions = make_reserver()
    partition = broker.partition_of("devices", SERIES.gateway.encode())
    unreadable = decoder(shared_codec())(b"\xc3\x01" + bytes(8) + b"?")
    assert isinstance(unreadable, Unreadable)
    key = SERIES.record_key.encode()
    sessions.on_record(key, unreadable, Message("device-sessions", partition, 0, key, b"?"))
    with pytest.raises(PlatformError) as caught:
        await reserver.counters(SERIES, lambda: None).ensure(1)
    assert caught.value.code.name == "NOT_READY"
    assert caught.value.retryable
    with pytest.raises(PlatformError):
        reserver.known(SERIES)
    both = [reserver.counters(series, lambda: None).ensure(1) for series in (SERIES, other(7))]
    failed, served = await asyncio.gather(*both, return_exceptions=True)
    assert isinstance(failed, PlatformError)
    assert served is None


async def test_two_processes_on_one_log_share_no_counter(broker: Any, make_reserver: Make) -> None:
    first, first_table = make_reserver("process 1", block=16)
    second, second_table = make_reserver("process 2", block=16)

    def both(key: bytes, record: Any, message: Message) -> None:
        first_table.on_record(key, record, message)
        second_table.on_record(key, record, message)

    broker.views["device-sessions"] = both
    used: list[int] = []

    async def work(reserver: Any) -> None:
        counters = reserver.counters(SERIES, lambda: None)
        for _ in range(100):
            await counters.ensure(1)
            used.append(counters.take())
            await asyncio.sleep(0)

    await asyncio.gather(work(first), work(second))
    assert len(used) == 200
    assert len(set(used)) == 200
