"""Associations with simulated meters: keys, counters, refusals, hostile lines."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.records import Connection, CounterReservation, KeyKind, KeyState, SecurityLevel
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import Data, DataType
from meterstream.dlms.meter import Habits, Level, Reaction
from meterstream.protocol_dlms.executor import AccessRefused, At
from meterstream.protocol_dlms.fence import Leaving
from meterstream.protocol_dlms.limits import OPENED_IN_A_TURN, ConnectionLimits, TokenBucket, Turns
from meterstream.runtime.kafka import Lost
from meterstream.simulator.faults import Fault, FaultKind
from meterstream.simulator.settings import FleetSettings

Make = Callable[..., Any]


async def test_an_hls5_session_reads_and_repeats_no_nonce(make_bench: Make) -> None:
    bench = await make_bench()
    for _ in range(3):
        visit = bench.visit(bench.record())
        meter = await bench.associations.open(visit)
        value = await meter.get(At("active_energy_import"))
        assert value.type is DataType.DOUBLE_LONG_UNSIGNED
        assert meter.key_ids == ("ek-1", "ak-1")
        assert meter.alive
        await bench.associations.close(meter)
        assert not meter.alive
        assert meter.meter_s + visit.meter_s > 0
    assert bench.fleet.stats.repeated_nonces == 0
    assert bench.fleet.stats.associations == 4  # the first visit read the counter through the public client
    assert len(bench.broker.records("device-sessions")) == 1


async def test_the_first_visit_starts_a_block_above_what_the_meter_tells(make_bench: Make) -> None:
    bench = await make_bench(counter_block=64)
    told = bench.fleet.meter(1).last_invocation_counter
    meter = await bench.associations.open(bench.visit(bench.record()))
    await bench.associations.close(meter)
    (reservation,) = bench.broker.records("device-sessions")
    assert reservation == CounterReservation(
        gateway=bench.gateway(),
        key_id="ek-1",
        client_title=reservation.client_title,
        owner="process 1",
        previous_mark=told + 64,
        new_mark=told + 128,
    )


async def test_goes_on_above_the_meter_when_it_has_seen_higher_counters(make_bench: Make) -> None:
    bench = await make_bench(counter_block=64)
    record = bench.record()
    await bench.associations.close(await bench.associations.open(bench.visit(record)))
    simulated = bench.fleet.meter(1)
    title = bench.broker.records("device-sessions")[0].client_title
    simulated.accept_counter(title, 1_000_000_000 + simulated.last_invocation_counter)
    meter = await bench.associations.open(bench.visit(record))
    await meter.get(At("clock"))
    await bench.associations.close(meter)
    marks = [reservation.previous_mark for reservation in bench.broker.records("device-sessions")]
    assert marks == sorted(marks)
    assert marks[-1] > 1_000_000_000
    assert bench.fleet.stats.repeated_nonces == 1  # the one refused try


async def test_wrong_keys_are_told_as_what_the_meter_did(make_bench: Make) -> None:
    bench = await make_bench()
    record = bench.record()
    wrong = bench.record(2) if bench.fleet.settings.meters > 1 else None
    assert wrong is None
    spoilt = bench.sealed_key(record, "ek-wrong", KeyKind.E_METER_ENCRYPTION_KEY_UNICAST, bytes(16), KeyState.ACTIVE)
    only_wrong = spoilt.model_copy(update={"keys": [key for key in spoilt.keys if key.key_id != "ek-1"]})
    with pytest.raises(PlatformError) as caught:
        await bench.associations.open(bench.visit(only_wrong))
    assert caught.value.code.name == "SOCKET_CLOSED_BY_REMOTE"
    assert caught.value.retryable
    assert f"device {bench.gateway()} with Ip address:127.0.0.1" in caught.value.message
    assert bench.fleet.stats.associations == 1  # the counter alone


@pytest.mark.parametrize("reaction", [Reaction.CLOSE, Reaction.REJECT, Reaction.EXCEPTION])
async def test_finds_the_key_that_the_meter_holds(make_bench: Make, reaction: Reaction) -> None:
    bench = await make_bench(FleetSettings(habits=Habits(on_bad_security=reaction)))
    record = bench.record()
    keys = [key.model_copy(update={"state": KeyState.NEW, "proven": False}) for key in record.keys]
    record = record.model_copy(update={"keys": keys})
    record = bench.sealed_key(
        record, "ek-old", KeyKind.E_METER_ENCRYPTION_KEY_UNICAST, bytes(range(16)), KeyState.ACTIVE
    )
    record = bench.sealed_key(record, "ak-old", KeyKind.E_METER_AUTHENTICATION_KEY, bytes(range(16)), KeyState.ACTIVE)
    meter = await bench.associations.open(bench.visit(record))
    assert meter.key_ids == ("ek-1", "ak-1")
    assert meter.in_doubt
    await bench.associations.close(meter)
    # Next time the keys that have proven themselves come first.
    associations = bench.fleet.stats.rejected_associations + bench.fleet.stats.aborted_sessions
    again = await bench.associations.open(bench.visit(record, meter.key_ids))
    await bench.associations.close(again)
    assert bench.fleet.stats.rejected_associations + bench.fleet.stats.aborted_sessions == associations
    assert bench.fleet.stats.repeated_nonces == 0


async def test_lls_and_the_public_client(make_bench: Make) -> None:
    bench = await make_bench(FleetSettings(meters=1, level=Level.LLS))
    meter = await bench.associations.open(bench.visit(bench.record(security_level=SecurityLevel.LLS1)))
    assert (await meter.get(At("clock"))).type is DataType.OCTET_STRING
    assert meter.key_ids == ("ek-1", "ak-1", "pw-1")
    await bench.associations.close(meter)
    public = await bench.associations.open(bench.visit(bench.record(security_level=SecurityLevel.NONE)))
    assert public.key_ids == ()
    with pytest.raises(AccessRefused):
        await public.get(At("active_energy_import"))
    assert public.alive
    await bench.associations.close(public)


async def test_a_dsmr_meter_starts_at_one_without_asking(make_bench: Make) -> None:
    bench = await make_bench(FleetSettings(protocols=("DSMR 4.2.2",)))
    await bench.associations.close(await bench.associations.open(bench.visit(bench.record())))
    (reservation,) = bench.broker.records("device-sessions")
    assert reservation.previous_mark == 1
    assert bench.fleet.stats.associations == 1


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"security_level": SecurityLevel.HLS3}, 413),
        ({"security_level": SecurityLevel.HLS4}, 413),
        ({"use_short_names": True}, 413),
        ({"connection": Connection(address=" ")}, 212),
        ({"protocol_version": "9.9"}, 206),
        ({"challenge_length": 65}, 213),
        ({"challenge_length": 7}, 213),
        ({"keys": []}, 806),
        ({"recipient": "somebody else"}, 806),
    ],
)
async def test_what_the_record_lacks_is_told_before_any_traffic(make_bench: Make, changes: Any, number: int) -> None:
    bench = await make_bench()
    with pytest.raises(PlatformError) as caught:
        await bench.associations.open(bench.visit(bench.record(**changes)))
    assert caught.value.code.number == number
    assert bench.fleet.stats.answers == 0 or number in (213, 806)


async def test_keys_that_do_not_open_are_804(make_bench: Make) -> None:
    bench = await make_bench()
    record = bench.record()
    damaged = [key.model_copy(update={"sealed": key.sealed[:-1] + b"\0"}) for key in record.keys]
    with pytest.raises(PlatformError) as caught:
        await bench.associations.open(bench.visit(record.model_copy(update={"keys": damaged})))
    assert caught.value.code.number == 804
    assert damaged[0].sealed.hex() not in str(caught.value.to_record())


async def test_a_key_of_another_length_is_802(make_bench: Make) -> None:
    bench = await make_bench()
    record = bench.record()
    record = bench.sealed_key(record, "short", KeyKind.E_METER_ENCRYPTION_KEY_UNICAST, bytes(15), KeyState.ACTIVE)
    keys = [key for key in record.keys if key.key_id != "ek-1"]
    with pytest.raises(PlatformError) as caught:
        await bench.associations.open(bench.visit(record.model_copy(update={"keys": keys})))
    assert caught.value.code.number == 802


@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        (Fault(FaultKind.SILENT), {"RESPONSE_TIMEOUT"}),
        (Fault(FaultKind.REFUSE), {"SOCKET_CLOSED_BY_REMOTE", "CONNECTION_RESET"}),
        (Fault(FaultKind.WRONG_TAG), {"UNABLE_TO_DECYPHER", "ILLEGAL_RESPONSE"}),
        (Fault(FaultKind.CUT, after=20), {"SOCKET_CLOSED_BY_REMOTE", "CONNECTION_RESET"}),
        (Fault(FaultKind.LOST_ANSWER), {"SOCKET_CLOSED_BY_REMOTE", "CONNECTION_RESET"}),
        (Fault(FaultKind.SLOW, delay_ms=60_000), {"RESPONSE_TIMEOUT"}),
    ],
)
async def test_faults_while_associating(make_bench: Make, fault: Fault, codes: set[str]) -> None:
    bench = await make_bench(FleetSettings(protocols=("DSMR 4.2.2",)), response_timeout_s=0.2)
    bench.fleet.meter(1).fault = fault
    with pytest.raises(PlatformError) as caught:
        await bench.associations.open(bench.visit(bench.record()))
    assert caught.value.code.name in codes
    assert caught.value.retryable
    bench.fleet.meter(1).fault = None
    meter = await bench.associations.open(bench.visit(bench.record()))
    await meter.get(At("clock"))
    await bench.associations.close(meter)
    assert bench.fleet.stats.repeated_nonces == 0


@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        (Fault(FaultKind.SILENT, after=2), {"RESPONSE_TIMEOUT"}),
        (Fault(FaultKind.WRONG_TAG, after=2), {"UNABLE_TO_DECYPHER"}),
        (Fault(FaultKind.LOST_ANSWER, after=2), {"SOCKET_CLOSED_BY_REMOTE", "CONNECTION_RESET"}),
    ],
)
async def test_faults_in_an_association_end_it(
    make_bench: Make, eventually: Make, fault: Fault, codes: set[str]
) -> None:
    bench = await make_bench(FleetSettings(protocols=("DSMR 4.2.2",)), response_timeout_s=0.2)
    bench.fleet.meter(1).fault = fault
    meter = await bench.associations.open(bench.visit(bench.record()))
    with pytest.raises(PlatformError) as caught:
        await meter.get(At("clock"))
    assert caught.value.code.name in codes
    assert not meter.alive
    await bench.associations.close(meter)
    await eventually(lambda: bench.fleet.stats.open_associations == 0)


class Scripted:
    """A server that answers each connection with fixed bytes, whatever it is asked."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.port = 0

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while await reader.read(4096):
                writer.write(self.answer)
                await writer.drain()
        writer.close()


HOSTILE = {
    "no wrapper": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "addresses swapped": bytes.fromhex("00010001001000050501020304"),
    "zero length": bytes.fromhex("0001000100010000"),
    "unknown tag": bytes.fromhex("000100010001000301FFFF"),
    "deep data": bytes.fromhex("000100010001000461020201"),
    "plain answer in a ciphered association": bytes.fromhex("0001000100010009C40141000600003039"),
    "replayed AARE": bytes.fromhex(
        "000100010001006B6169A109060760857405080103A203020100A305A10302010EA40A04084F5347000000270F88020780890760857405"
        "080205AA1280106162636465666768696A6B6C6D6E6F70BE230421281F30000001F461084FA6DC689770FB70F990008CFB9E9840D521"
        "003707D4B3C8"
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_bytes_end_that_session_alone(make_bench: Make, name: str) -> None:
    bench = await make_bench(FleetSettings(protocols=("DSMR 4.2.2",)), response_timeout_s=1)
    async with Scripted(HOSTILE[name]).serve() as port:
        record = bench.record(connection=Connection(address="127.0.0.1", port=port))
        with pytest.raises(PlatformError) as caught:
            await bench.associations.open(bench.visit(record))
    assert caught.value.retryable
    meter = await bench.associations.open(bench.visit(bench.record()))
    await bench.associations.close(meter)


async def test_a_refused_connection(make_bench: Make, unused_port: int) -> None:
    bench = await make_bench(FleetSettings(protocols=("DSMR 4.2.2",)))
    record = bench.record(connection=Connection(address="127.0.0.1", port=unused_port))
    with pytest.raises(PlatformError) as caught:
        await bench.associations.open(bench.visit(record))
    assert caught.value.code.number == 225


async def test_a_lost_partition_sends_no_frame(make_bench: Make) -> None:
    bench = await make_bench(FleetSettings(protocols=("DSMR 4.2.2",)))
    bench.guard.lost = True
    with pytest.raises(Lost):
        await bench.associations.open(bench.visit(bench.record()))
    assert bench.fleet.stats.connections == 0


async def test_a_worker_that_wakes_up_in_an_association_sends_no_frame(make_bench: Make) -> None:
    bench = await make_bench(FleetSettings(protocols=("DSMR 4.2.2",)))
    meter = await bench.associations.open(bench.visit(bench.record()))
    answered = bench.fleet.stats.answers
    bench.guard.lost = True
    with pytest.raises(Lost):
        await meter.get(At("clock"))
    assert bench.fleet.stats.answers == answered


async def test_a_pause_ends_when_the_partition_leaves(make_bench: Make) -> None:
    bench = await make_bench(counter_read_pause_s=600)
    bench.guard.leaving = True
    async with asyncio.timeout(5):
        with pytest.raises(Leaving):
            await bench.associations.open(bench.visit(bench.record()))


async def test_a_counter_below_an_accepted_one_is_808(make_bench: Make) -> None:
    bench = await make_bench()
    record = bench.record()
    await bench.associations.close(await bench.associations.open(bench.visit(record)))
    simulated = bench.fleet.meter(1)
    accepted = simulated.last_invocation_counter
    lower = Data(DataType.DOUBLE_LONG_UNSIGNED, accepted - 1)
    counter = simulated.model.profile.ref("invocation_counter", 2)
    assert simulated.override(counter, lower) is DataAccessResult.SUCCESS
    simulated.fault = Fault(FaultKind.REFUSE, connections=1)
    with pytest.raises(PlatformError) as caught:
        await bench.associations.open(bench.visit(record))
    assert caught.value.code.number == 808
    assert caught.value.details["accepted"] == str(accepted)


async def test_places_are_given_back_whatever_happens(make_bench: Make) -> None:
    bench = await make_bench(FleetSettings(protocols=("DSMR 4.2.2",)), max_sessions=1, response_timeout_s=0.2)
    for kind in (FaultKind.REFUSE, FaultKind.SILENT, FaultKind.WRONG_TAG):
        bench.fleet.meter(1).fault = Fault(kind, connections=1)
        with pytest.raises(PlatformError):
            await bench.associations.open(bench.visit(bench.record()))
    async with asyncio.timeout(5):
        meter = await bench.associations.open(bench.visit(bench.record()))
    await bench.associations.close(meter)


class TestLimits:
    def test_a_bucket_spreads_connects(self) -> None:
        now = 100.0
        bucket = TokenBucket(10, 2, lambda: now)
        assert [round(bucket.reserve(), 3) for _ in range(4)] == [0, 0, 0.1, 0.2]
        now += 10
        assert [round(bucket.reserve(), 3) for _ in range(3)] == [0, 0, 0.1]

    async def test_no_more_open_than_allowed(self) -> None:
        limits = ConnectionLimits(2, 1000)
        await limits.acquire()
        await limits.acquire()
        third = asyncio.ensure_future(limits.acquire())
        await asyncio.sleep(0)
        assert not third.done()
        limits.release()
        await third
        assert limits.open == 2

    async def test_giving_up_while_waiting_keeps_no_place(self) -> None:
        limits = ConnectionLimits(1, 0.001)
        await limits.acquire()
        limits.release()
        waiting = asyncio.ensure_future(limits.acquire())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert limits.open == 0
        assert not limits._places.locked()

    async def test_a_turn_of_the_loop_begins_a_few_in_their_order(self) -> None:
        turns = Turns(2)
        begun: list[tuple[int, int]] = []
        turn = 0

        def count() -> None:
            nonlocal turn
            turn += 1
            if len(begun) < 7:
                asyncio.get_running_loop().call_soon(count)

        async def begin(number: int) -> None:
            await turns.wait()
            begun.append((number, turn))

        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            for number in range(7):
                group.create_task(begin(number))
            asyncio.get_running_loop().call_soon(count)
        assert [number for number, _ in begun] == list(range(7))
        assert max(Counter(at for _, at in begun).values()) == 2

    async def test_who_gives_up_waiting_for_a_turn_takes_no_place_in_it(self) -> None:
        limits = ConnectionLimits(10, 1000)
        waiting = [asyncio.ensure_future(limits.acquire()) for _ in range(OPENED_IN_A_TURN + 2)]
        await asyncio.sleep(0)
        assert limits.open == OPENED_IN_A_TURN
        waiting[-2].cancel()
        async with asyncio.timeout(5):
            await waiting[-1]
        assert waiting[-2].cancelled()
        assert limits.open == OPENED_IN_A_TURN + 1


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.parametrize("rises", [True, False])
async def test_with_lls_counters_of_answers_rise_over_sessions(make_bench: Make, rises: bool) -> None:
    fleet = FleetSettings(level=Level.LLS, restart_counters=True, protocols=("DSMR 4.2.2",))
    bench = await make_bench(fleet, lls_counters_rise=rises)
    record = bench.record(security_level=SecurityLevel.LLS1)
    meter = await bench.associations.open(bench.visit(record))
    await meter.get(At("clock"))
    await bench.associations.close(meter)
    if rises:
        with pytest.raises(PlatformError) as caught:
            await bench.associations.open(bench.visit(record))
        assert caught.value.code.name == "REPLAYED_COUNTER"
    else:
        await bench.associations.close(await bench.associations.open(bench.visit(record)))


async def test_with_hls_a_meter_may_restart_its_counter(make_bench: Make) -> None:
    bench = await make_bench(FleetSettings(restart_counters=True, protocols=("DSMR 4.2.2",)))
    for _ in range(2):
        meter = await bench.associations.open(bench.visit(bench.record()))
        await meter.get(At("clock"))
        await bench.associations.close(meter)
