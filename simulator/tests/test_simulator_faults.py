"""Misbehaving meters: each fault as its client sees it, and plans that can be repeated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from meterstream.dlms.apdu import DEFAULT_CONFORMANCE, Aarq, ApplicationContext, GetRequestNormal, InitiateRequest
from meterstream.dlms.data import AttributeRef, LogicalName, double_long_unsigned
from meterstream.dlms.errors import (
    AccessError,
    AssociationRejected,
    DecipherError,
    ExceptionResponse,
    FrameError,
    LinkClosed,
    LinkError,
    ReplayError,
    ResponseTimeout,
)
from meterstream.dlms.framing import wrap
from meterstream.dlms.meter import Habits, Level
from meterstream.dlms.objects import load_profile
from meterstream.simulator.faults import Fault, FaultKind, PlannedFault, fault_for, spoil
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.settings import FleetSettings

FILTER = load_profile("SMR", "5.0.0").ref("alarm_filter_1", 2)
CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)


async def test_refuse(open_meter: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(meters=2), clock) as fleet:
        fleet.meter(1).fault = Fault(FaultKind.REFUSE)
        for _ in range(2):
            with pytest.raises(LinkError):
                await open_meter(fleet, 1)
        async with await open_meter(fleet, 2) as session:
            await session.get(CLOCK)
        assert fleet.stats.faults == 2
        assert fleet.meter(1).associations == 0


async def test_silent_executes_but_says_nothing(open_meter: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        fleet.meter(1).fault = Fault(FaultKind.SILENT, after=3)
        session = await open_meter(fleet, 1, timeout_s=1.0)
        now = await session.get(CLOCK)
        with pytest.raises(ResponseTimeout):
            await session.set(CLOCK, now)
        assert fleet.meter(1).clock_sets == 1
        await session.close()


async def test_lost_answer_executes_then_closes(open_meter: Any, counters: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        fleet.meter(1).fault = Fault(FaultKind.LOST_ANSWER, after=3, connections=1)
        ours = counters()
        session = await open_meter(fleet, 1, ours)
        now = await session.get(CLOCK)
        with pytest.raises(LinkError):
            await session.set(CLOCK, now)
        await session.close()
        assert fleet.meter(1).clock_sets == 1
        assert fleet.meter(1).fault is None
        async with await open_meter(fleet, 1, ours) as session:
            await session.get(CLOCK)
        assert fleet.stats.repeated_nonces == 0


@pytest.mark.parametrize("after", [0, 2])
async def test_wrong_tag(open_meter: Any, clock: Any, after: int) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        fleet.meter(1).fault = Fault(FaultKind.WRONG_TAG, after=after)
        with pytest.raises(DecipherError):
            async with await open_meter(fleet, 1) as session:
                await session.get(CLOCK)


@pytest.mark.parametrize("after", [0, 1, 8, 40])
async def test_cut_in_the_middle_of_an_answer(open_meter: Any, clock: Any, after: int) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        received = bytearray()
        fleet.meter(1).fault = Fault(FaultKind.CUT, after=after)
        with pytest.raises(LinkClosed):
            await open_meter(fleet, 1, trace=lambda direction, frame: received.extend(frame))
        assert fleet.stats.faults == 1


async def test_reject_is_an_aare_that_rejects(open_meter: Any, counters: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        fleet.meter(1).fault = Fault(FaultKind.REJECT, connections=1)
        ours = counters()
        with pytest.raises(AssociationRejected):
            await open_meter(fleet, 1, ours)
        assert (fleet.stats.faults, fleet.stats.rejected_associations, fleet.meter(1).associations) == (1, 1, 0)
        async with await open_meter(fleet, 1, ours) as session:
            await session.get(CLOCK)


@pytest.mark.parametrize("after", [0, 2])
async def test_exception_answers_and_does_not_execute(open_meter: Any, clock: Any, after: int) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        fleet.meter(1).fault = Fault(FaultKind.EXCEPTION, after=after)
        with pytest.raises(ExceptionResponse):
            async with await open_meter(fleet, 1) as session:
                await session.get(CLOCK)
        assert fleet.meter(1).gets == 0
        assert fleet.stats.faults >= 1


async def test_a_replayed_counter_is_refused_by_a_strict_client(open_meter: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        meter = fleet.meter(1)
        meter.fault = Fault(FaultKind.REPLAYED_COUNTER, after=3)
        async with await open_meter(fleet, 1) as session:
            await session.get(CLOCK)
            before = meter.own_counter
            with pytest.raises(ReplayError):
                await session.get(CLOCK)
        assert meter.own_counter >= before


async def test_an_answer_that_begins_like_no_frame(open_meter: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        fleet.meter(1).fault = Fault(FaultKind.WRONG_HEADER, after=2)
        async with await open_meter(fleet, 1) as session:
            with pytest.raises(FrameError):
                await session.get(CLOCK)
        assert (fleet.meter(1).gets, fleet.stats.faults) == (1, 1)


async def test_a_busy_meter_carries_nothing_out(open_meter: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        fleet.meter(1).fault = Fault(FaultKind.TEMPORARY_FAILURE, after=1, connections=1)
        async with await open_meter(fleet, 1) as session:
            await session.get(CLOCK)
            with pytest.raises(AccessError, match="TEMPORARY_FAILURE"):
                await session.set(FILTER, double_long_unsigned(7))
            with pytest.raises(AccessError, match="TEMPORARY_FAILURE"):
                await session.get(CLOCK)
        assert (fleet.meter(1).gets, fleet.meter(1).sets, fleet.stats.faults) == (1, 0, 2)


@pytest.mark.parametrize("misfortune", [None, Fault(FaultKind.WRONG_TAG, after=10_000)])
async def test_requests_ahead_of_megabytes_of_answers_end_their_line_only(clock: Any, misfortune: Fault | None) -> None:
    """Pipelined requests for a long attribute: the line is dropped at a bound, soon, and others are served."""
    async with SimulatedFleet(FleetSettings(meters=2, level=Level.NONE), clock) as fleet:
        fleet.meter(1).fault = misfortune
        aarq = Aarq(ApplicationContext.LOGICAL_NAMES, InitiateRequest(DEFAULT_CONFORMANCE, 0xFFFF).encode()).encode()
        objects = GetRequestNormal(0x41, AttributeRef(15, LogicalName.parse("0.0.40.0.0.255"), 2), None).encode()
        async with line_to(fleet, 1) as (reader, writer), asyncio.timeout(60):
            writer.write(wrap(1, fleet.address(1).logical_device, aarq))
            assert await reader.read(1 << 16)
            writer.write(wrap(1, fleet.address(1).logical_device, objects) * 4_000)
            with suppress(ConnectionError):
                while await reader.read(1 << 20):
                    pass
        async with line_to(fleet, 2) as (reader, writer), asyncio.timeout(60):
            writer.write(wrap(1, fleet.address(2).logical_device, aarq))
            assert await reader.read(1 << 16)
        assert fleet.stats.aborted_sessions == 1


@asynccontextmanager
async def line_to(
    fleet: SimulatedFleet, number: int
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, port, _ = fleet.address(number)
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize("after", [0, 3])
async def test_a_lost_block_of_a_long_answer(open_meter: Any, clock: Any, after: int) -> None:
    settings = FleetSettings(habits=Habits(max_send_pdu=512))
    async with SimulatedFleet(settings, clock) as fleet:
        fleet.meter(1).fault = Fault(FaultKind.LOST_BLOCK, after=after)
        session = await open_meter(fleet, 1, timeout_s=1.0)
        await session.get(CLOCK)
        answers = fleet.stats.answers
        with pytest.raises(ResponseTimeout):
            await session.get(load_profile("SMR", "5.0.0").ref("interval_values_e", 2))
        assert fleet.stats.answers == answers + 1 + after
        assert fleet.stats.faults == 1
        await session.close()


async def test_a_reboot_in_the_middle_forgets_nothing_written(
    open_meter: Any, counters: Any, clock: Any, until: Any
) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        meter, ours = fleet.meter(1), counters()
        meter.fault = Fault(FaultKind.REBOOT, after=3, connections=1, down_ms=100)
        session = await open_meter(fleet, 1, ours)
        meter.clock_offset_ms = -90_000
        await session.get(CLOCK)
        own = meter.own_counter
        with pytest.raises(LinkError):
            await session.set(FILTER, double_long_unsigned(7))
        await session.close()
        assert (fleet.stats.reboots, fleet.lines.is_down(1)) == (1, True)
        with pytest.raises(LinkError):
            await open_meter(fleet, 1, ours)
        await until(lambda: not fleet.lines.is_down(1))
        assert meter.own_counter > own
        assert meter.own_counter % 1000 == 0
        async with await open_meter(fleet, 1, ours) as session:
            assert await session.get(FILTER) == double_long_unsigned(7)
        assert meter.clock_offset_ms == -90_000
        codes = [row[1] for row in meter.events("standard_event_log")]
        assert codes[-2:] == [1, 2]
        assert fleet.stats.repeated_nonces == 0


async def test_a_reboot_may_lose_the_clock(clock: Any, until: Any) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        meter = fleet.meter(1)
        fleet.reboot(1, 20, clock_lost=True)
        fleet.reboot(1, 20)
        await until(lambda: not fleet.lines.is_down(1))
        assert meter.seconds(int(clock.seconds * 1000)) == 946_684_800
        assert [row[1] for row in meter.events("standard_event_log")] == [1, 6, 2]
        assert fleet.stats.reboots == 1


async def test_slow(open_meter: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        fleet.meter(1).fault = Fault(FaultKind.SLOW, after=2, delay_ms=60_000)
        session = await open_meter(fleet, 1, timeout_s=1.0)
        with pytest.raises(ResponseTimeout):
            await session.get(CLOCK)
        await session.close()


async def test_a_fault_of_so_many_connections_heals(open_meter: Any, counters: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        fleet.meter(1).fault = Fault(FaultKind.REFUSE, connections=2)
        for _ in range(2):
            with pytest.raises(LinkError):
                await open_meter(fleet, 1)
        async with await open_meter(fleet, 1) as session:
            await session.get(CLOCK)


def test_a_plan_strikes_its_share_and_the_same_meters_for_one_seed() -> None:
    plan = (PlannedFault.parse("silent:0.1"), PlannedFault.parse("cut:0.2:after=40:connections=3"))
    numbers = range(1, 5001)
    faults = {number: fault_for(plan, "demo", number) for number in numbers}
    kinds = [fault.kind for fault in faults.values() if fault]
    assert 420 < kinds.count(FaultKind.SILENT) < 580
    assert 880 < kinds.count(FaultKind.CUT) < 1120
    assert faults == {number: fault_for(plan, "demo", number) for number in numbers}
    assert faults != {number: fault_for(plan, "other", number) for number in numbers}
    assert fault_for((), "demo", 1) is None
    assert Fault(FaultKind.CUT, 40, 3) in faults.values()


async def test_planned_faults_are_there_from_the_start(clock: Any) -> None:
    fleet = SimulatedFleet(FleetSettings(meters=100, faults=(PlannedFault.parse("refuse:1"),)), clock)
    assert all(fleet.meter(number).fault == Fault(FaultKind.REFUSE) for number in range(1, 101))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("broken:0.1", "fault 'broken' is unknown; known: silent, refuse"),
        ("silent", "share '' of fault silent is no number"),
        ("silent:2", "outside 0 to 1"),
        ("silent:nan", "outside 0 to 1"),
        ("silent:0.1:before=2", "option 'before=2' of fault silent is unknown"),
        ("silent:0.1:after=-2", "is unknown"),
        ("silent:0.1:connections=0", "connections is 0, expected 1 or more"),
        ("silent:0.1:clock-lost=true", "option 'clock-lost=true' of fault silent is unknown"),
    ],
)
def test_plans_that_cannot_be(text: str, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        PlannedFault.parse(text)


def test_spoil_touches_the_last_octet_of_each_frame() -> None:
    frame = bytes.fromhex("0001000100010003AABBCC")
    assert spoil(frame * 2) == bytes.fromhex("0001000100010003AABBCD") * 2
