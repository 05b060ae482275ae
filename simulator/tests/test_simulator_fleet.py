"""A fleet on real sockets: associations, counters, one line per meter, delays, idle lines."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from meterstream.dlms.client import ReceivedCounterPolicy, SecurityKeys, client_title_for
from meterstream.dlms.data import AttributeRef, CosemDateTime, Data, LogicalName, double_long_unsigned
from meterstream.dlms.errors import (
    AccessError,
    AssociationRejected,
    LinkClosed,
    LinkError,
    LinkReset,
)
from meterstream.dlms.meter import Habits, Level
from meterstream.dlms.objects import load_profile
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.settings import CounterRule, DelayPer, FleetSettings

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
COUNTER = AttributeRef(1, LogicalName.parse("0.0.43.1.0.255"), 2)
IMPORT = AttributeRef(3, LogicalName.parse("1.0.1.8.0.255"), 2)
IDENTIFICATION = AttributeRef(1, LogicalName.parse("0.0.96.1.1.255"), 2)
DSMR = ("DSMR 4.2.2",)


@pytest.mark.parametrize("level", list(Level))
async def test_each_level_reads_and_sets(open_meter: Any, clock: Any, level: Level) -> None:
    async with SimulatedFleet(FleetSettings(meters=2, level=level), clock) as fleet:
        async with await open_meter(fleet, 2) as session:
            assert (await session.get(IDENTIFICATION)).value == b"E0001000000000002"
            now = await session.get(CLOCK)
            await session.set(CLOCK, now)
            if level.ciphered:
                assert session.server_title == b"MSM" + (2).to_bytes(5, "big")
        assert fleet.stats.associations == fleet.stats.releases == 1
        assert (fleet.stats.gets, fleet.stats.sets, fleet.stats.clock_sets) == (2, 1, 1)
        assert fleet.stats.repeated_nonces == 0


async def test_a_large_buffer_comes_in_blocks(open_meter: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(habits=Habits(max_send_pdu=1024)), clock) as fleet:
        async with await open_meter(fleet, 1) as session:
            rows = await session.get(load_profile("SMR", "5.0.0").ref("interval_values_e", 2))
        assert isinstance(rows.value, tuple)
        assert len(rows.value) == 960
        assert fleet.stats.answers > 20
        assert fleet.stats.repeated_nonces == 0


async def test_with_list(open_meter: Any, clock: Any) -> None:
    async with (
        SimulatedFleet(FleetSettings(), clock) as fleet,
        await open_meter(fleet, 1, with_list_max=8) as session,
    ):
        results = await session.get_list([CLOCK, IMPORT, IDENTIFICATION])
    assert all(isinstance(result, Data) for result in results)


@pytest.mark.parametrize(("ports", "per_port"), [(1, 6), (2, 3), (6, 1), (4, 2)])
async def test_ports_and_logical_devices(open_meter: Any, clock: Any, ports: int, per_port: int) -> None:
    async with SimulatedFleet(FleetSettings(meters=6, ports=ports), clock) as fleet:
        assert len(set(fleet.ports)) == ports
        assert fleet.settings.devices_per_port == per_port
        assert len({fleet.address(number) for number in range(1, 7)}) == 6
        for number in (1, 4, 6):
            async with await open_meter(fleet, number) as session:
                value = (await session.get(IDENTIFICATION)).value
                assert value == fleet.identification(number).encode()
        assert fleet.known == 3
        with pytest.raises(ValueError, match="number is 7, expected 1 to 6"):
            fleet.address(7)


async def test_unknown_logical_device_is_refused(open_meter: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(meters=2), clock) as fleet:
        with pytest.raises(LinkError):
            await open_meter(fleet, 1, server_sap=3)
        assert fleet.stats.refused_connections == 1


async def test_meters_of_several_generations(open_meter: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(meters=2, protocols=("DSMR 4.2.2", "SMR 5.0.0")), clock) as fleet:
        for number, role, width in ((1, "daily_values_combined", 14), (2, "daily_values_e", 6)):
            name, version = fleet.settings.protocol_of(number).split(" ")
            async with await open_meter(fleet, number) as session:
                rows = (await session.get(load_profile(name, version).ref(role, 2))).value
            assert isinstance(rows, tuple)
            assert isinstance(rows[0].value, tuple)
            assert len(rows[0].value) == width


async def test_the_public_client(open_meter: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        async with await open_meter(fleet, 1, public=True) as session:
            assert CosemDateTime.from_data(await session.get(CLOCK)).to_datetime()
            assert await session.get(COUNTER) == double_long_unsigned(0)
            with pytest.raises(AccessError, match="READ_WRITE_DENIED"):
                await session.get(IMPORT)
            with pytest.raises(AccessError, match="READ_WRITE_DENIED"):
                await session.set(CLOCK, await session.get(CLOCK))
        assert fleet.stats.refused_accesses == 2


# --- keys and counters ---


async def test_each_meter_has_its_own_keys(open_meter: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(meters=2), clock) as fleet:
        title = client_title_for(fleet.identification(2))
        other = fleet.keys(1)
        with pytest.raises(LinkClosed):
            await open_meter(fleet, 2, keys=_keys(other), client_title=title)
        assert fleet.stats.aborted_sessions == 1
        assert fleet.stats.repeated_nonces == 0


async def test_wrong_password_is_rejected(open_meter: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(level=Level.LLS), clock) as fleet:
        with pytest.raises(AssociationRejected):
            await open_meter(fleet, 1, password=b"00000000")
        assert fleet.stats.rejected_associations == 1


async def test_the_invocation_counter_object_tells_the_last_accepted_one(
    open_meter: Any, counters: Any, clock: Any
) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        ours = counters(100)
        async with await open_meter(fleet, 1, ours) as session:
            await session.get(CLOCK)
        assert ours.next == 104
        async with await open_meter(fleet, 1, public=True) as session:
            assert await session.get(COUNTER) == double_long_unsigned(103)


async def test_the_meters_own_counter_rises_over_connections(open_meter: Any, counters: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        ours, last = counters(), 0
        for _ in range(3):
            known = {b"MSM\0\0\0\0\1": last}
            async with await open_meter(fleet, 1, ours, last_received_counters=known) as session:
                await session.get(CLOCK)
            assert session.last_received_counter > last
            last = session.last_received_counter


async def test_the_meters_own_counter_may_restart(open_meter: Any, counters: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(restart_counters=True), clock) as fleet:
        ours = counters()
        for _ in range(2):
            policy = ReceivedCounterPolicy.FREE
            async with await open_meter(fleet, 1, ours, received_counter_policy=policy) as session:
                await session.get(CLOCK)
            assert session.last_received_counter < 10


async def test_smr_ends_the_session_on_a_repeated_nonce_and_counts_it(
    open_meter: Any, counters: Any, clock: Any
) -> None:
    async with SimulatedFleet(FleetSettings(meters=2), clock) as fleet:
        async with await open_meter(fleet, 1, counters(1)) as session:
            await session.get(CLOCK)
        with pytest.raises(LinkClosed):
            await open_meter(fleet, 1, counters(4))
        assert fleet.stats.repeated_nonces == fleet.meter(1).repeated_nonces == 1
        async with await open_meter(fleet, 1, counters(5)) as session:
            await session.get(CLOCK)
        async with await open_meter(fleet, 2, counters(1)) as session:
            await session.get(CLOCK)
        assert (fleet.stats.repeated_nonces, fleet.meter(2).repeated_nonces) == (1, 0)


async def test_dsmr_serves_a_repeated_nonce_but_counts_it(open_meter: Any, counters: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(protocols=DSMR), clock) as fleet:
        for _ in range(2):
            async with await open_meter(fleet, 1, counters(1)) as session:
                await session.get(CLOCK)
        assert fleet.stats.repeated_nonces == 4
        assert fleet.meter(1).last_counter(client_title_for(fleet.identification(1))) == 4


async def test_a_rule_of_the_fleet_beats_that_of_the_generation(open_meter: Any, counters: Any, clock: Any) -> None:
    settings = FleetSettings(protocols=DSMR, counter_rule=CounterRule.STRICT)
    async with SimulatedFleet(settings, clock) as fleet:
        async with await open_meter(fleet, 1, counters(1)):
            pass
        with pytest.raises(LinkClosed):
            await open_meter(fleet, 1, counters(1))


async def test_a_token_with_the_counter_of_its_apdu_is_a_repeated_nonce(
    open_meter: Any, counters: Any, clock: Any
) -> None:
    class Shared(counters):
        def take(self) -> int:
            number = super().take()
            return 2 if number == 3 else number

    async with SimulatedFleet(FleetSettings(protocols=DSMR), clock) as fleet:
        async with await open_meter(fleet, 1, Shared(1)):
            pass
        assert fleet.stats.repeated_nonces == 1


async def test_another_client_title_makes_another_nonce(open_meter: Any, counters: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        for title in (b"   AAAAA", b"   BBBBB"):
            async with await open_meter(fleet, 1, counters(1), client_title=title) as session:
                await session.get(CLOCK)
        assert fleet.stats.repeated_nonces == 0


async def test_forged_octets_count_for_nothing(open_meter: Any, counters: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(meters=2), clock) as fleet:
        async with await open_meter(fleet, 1, counters(50)):
            pass
        with pytest.raises(LinkClosed):
            await open_meter(fleet, 1, counters(1), keys=_keys(fleet.keys(2)))
        assert fleet.stats.repeated_nonces == 0


# --- one line per meter ---


async def test_a_second_connection_waits_for_the_first(open_meter: Any, counters: Any, clock: Any, until: Any) -> None:
    async with SimulatedFleet(FleetSettings(second_connection_wait_ms=10_000), clock) as fleet:
        ours = counters()
        first = await open_meter(fleet, 1, ours)
        await first.get(CLOCK)
        second = asyncio.create_task(open_meter(fleet, 1, ours))
        await until(lambda: fleet.stats.overlapping_connections == 1)
        assert (fleet.stats.associations, second.done()) == (1, False)
        await first.close()
        async with await second as session:
            await session.get(CLOCK)
        assert fleet.stats.overlapping_connections == 1
        assert fleet.stats.refused_connections == 0


@pytest.mark.parametrize("wait_ms", [0, 20])
async def test_a_second_connection_is_refused_when_its_time_is_up(
    open_meter: Any, counters: Any, clock: Any, wait_ms: int
) -> None:
    async with SimulatedFleet(FleetSettings(meters=2, second_connection_wait_ms=wait_ms), clock) as fleet:
        async with await open_meter(fleet, 1) as first:
            with pytest.raises((LinkClosed, LinkReset)):
                await open_meter(fleet, 1, counters(100))
            async with await open_meter(fleet, 2) as other:
                await other.get(CLOCK)
            await first.get(CLOCK)
        assert fleet.stats.refused_connections == 1
        assert fleet.stats.repeated_nonces == 0


async def test_a_meter_may_need_a_while_to_be_free(open_meter: Any, counters: Any, clock: Any, until: Any) -> None:
    settings = FleetSettings(free_after_ms=60_000, second_connection_wait_ms=0)
    async with SimulatedFleet(settings, clock) as fleet:
        async with await open_meter(fleet, 1):
            assert fleet.is_connected(1)
        await until(lambda: not fleet.is_connected(1))
        with pytest.raises((LinkClosed, LinkReset)):
            await open_meter(fleet, 1, counters(100))


async def test_a_client_that_gives_up_waiting_leaves_no_trace(
    open_meter: Any, counters: Any, clock: Any, until: Any
) -> None:
    async with SimulatedFleet(FleetSettings(second_connection_wait_ms=50), clock) as fleet:
        async with await open_meter(fleet, 1) as first:
            host, port, _ = fleet.address(1)
            _, writer = await asyncio.open_connection(host, port)
            writer.write(bytes.fromhex("0001000100010001") + b"\0")
            await until(lambda: fleet.stats.overlapping_connections == 1)
            writer.close()
            await until(lambda: fleet.stats.open_connections == 1)
            await first.get(CLOCK)
        async with await open_meter(fleet, 1, counters(100)) as session:
            await session.get(CLOCK)


async def test_a_silent_client_is_dropped(clock: Any, until: Any) -> None:
    async with SimulatedFleet(FleetSettings(idle_timeout_s=0.05), clock) as fleet:
        host, port, _ = fleet.address(1)
        reader, writer = await asyncio.open_connection(host, port)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        assert (fleet.stats.idle_connections, fleet.stats.open_connections) == (1, 0)
        writer.close()


@pytest.mark.parametrize(
    "octets",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        bytes.fromhex("0001000100010000"),
        bytes.fromhex("0002000100010001 60".replace(" ", "")),
        bytes.fromhex("000100010001000560FFFFFFFF"),
        bytes.fromhex("0001000100010004C0018100"),
    ],
)
async def test_hostile_octets_end_their_own_line_only(
    open_meter: Any, counters: Any, clock: Any, octets: bytes
) -> None:
    async with SimulatedFleet(FleetSettings(idle_timeout_s=0.2), clock) as fleet:
        host, port, _ = fleet.address(1)
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(octets)
        async with asyncio.timeout(5):
            await reader.read()
        writer.close()
        async with await open_meter(fleet, 1) as session:
            await session.get(CLOCK)
        assert fleet.stats.repeated_nonces == 0


async def test_requests_in_pieces_and_in_one(clock: Any, open_meter: Any) -> None:
    """A frame may arrive octet by octet, or together with the next one."""
    aarq = bytes.fromhex("0001 0010 0001 001F 601D A109 0607 60857405080101 BE10 040E 01000000065F1F0400 00FE1D FFFF")
    get = bytes.fromhex("0001 0010 0001 000D C001 41 0008 0000010000FF 02 00")
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        host, port, _ = fleet.address(1)
        reader, writer = await asyncio.open_connection(host, port)
        for place in range(len(aarq)):
            writer.write(aarq[place : place + 1])
            await writer.drain()
        async with asyncio.timeout(5):
            assert (await _frame(reader))[0] == 0x61
            writer.write(get + get)
            assert (await _frame(reader))[:2] == bytes.fromhex("C401")
            assert (await _frame(reader))[:2] == bytes.fromhex("C401")
        writer.close()
        assert (fleet.stats.associations, fleet.stats.gets) == (1, 2)


# --- delays ---


class _DelayedFleet(SimulatedFleet):
    """Notes the delays asked for and answers at once."""

    def __init__(self, settings: FleetSettings, clock: Any) -> None:
        super().__init__(settings, clock)
        self.delays: list[float] = []

    def call_later(self, delay_s: float, callback: Any) -> asyncio.TimerHandle:
        if callback.__name__ != "_send_waiting":
            return super().call_later(delay_s, callback)
        self.delays.append(delay_s)
        return super().call_later(0, callback)


@pytest.mark.parametrize(("per", "answers"), [(DelayPer.SESSION, 1), (DelayPer.ANSWER, 5)])
async def test_the_delay_applies_to_the_session_or_to_each_answer(
    open_meter: Any, clock: Any, per: DelayPer, answers: int
) -> None:
    async with _DelayedFleet(FleetSettings(delay_ms=50, delay_per=per), clock) as fleet:
        async with await open_meter(fleet, 1) as session:
            await session.get(CLOCK)
            await session.get(CLOCK)
        assert fleet.delays == [0.05] * answers


async def test_delays_spread_evenly_and_the_same_for_one_seed(clock: Any) -> None:
    settings = FleetSettings(delay_ms=100, delay_spread=0.5)
    first, second = (SimulatedFleet(settings, clock) for _ in range(2))
    delays = [first.delay_s() for _ in range(1000)]
    assert 0.05 <= min(delays) < 0.06
    assert 0.14 < max(delays) <= 0.15
    assert sum(delays) / 1000 == pytest.approx(0.1, abs=0.005)
    assert delays == [second.delay_s() for _ in range(1000)]


async def test_a_delay_takes_its_time(open_meter: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(delay_ms=40), clock) as fleet:
        started = asyncio.get_running_loop().time()
        async with await open_meter(fleet, 1):
            assert asyncio.get_running_loop().time() - started >= 0.035


# --- start and stop ---


async def test_a_taken_port_is_told_and_nothing_stays_open(clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        other = SimulatedFleet(FleetSettings(port=fleet.ports[0]), clock)
        with pytest.raises(OSError, match="in use"):
            await other.start()


async def test_stopping_drops_open_lines(open_meter: Any, clock: Any) -> None:
    fleet = SimulatedFleet(FleetSettings(), clock)
    await fleet.start()
    session = await open_meter(fleet, 1)
    await fleet.stop()
    assert fleet.stats.open_connections == fleet.stats.open_associations == 0
    with pytest.raises(LinkError):
        await session.get(CLOCK)
    await session.close()


def _keys(keys: Any) -> Any:
    return SecurityKeys(keys.encryption, keys.authentication)


async def _frame(reader: asyncio.StreamReader) -> bytes:
    header = await reader.readexactly(8)
    return await reader.readexactly(int.from_bytes(header[6:], "big"))
