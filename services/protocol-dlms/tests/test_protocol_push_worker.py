"""Pushes from the socket to events: the same tests on Kafka in memory and on a real one."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from worker_stage import Make, OnMemory, OnRealKafka, Stage

from meterstream.contracts.events import EventKind, PushTrigger
from meterstream.contracts.records import LearntAddress, Push, PushTransport
from meterstream.contracts.shared.alarms import AlarmType
from meterstream.dlms.apdu import DataNotification
from meterstream.dlms.data import Data, DataType, LogicalName, double_long_unsigned, octet_string
from meterstream.dlms.framing import wrap
from meterstream.dlms.security import SecurityKeys, SecuritySuite
from meterstream.dlms.security.counters import RisingCounter
from meterstream.dlms.security.protector import Form, Protector
from meterstream.dlms.security.suites import Ciphering
from meterstream.protocol_dlms.pushes.listener import PushListener
from meterstream.protocol_dlms.settings import PushSettings
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.kafka import Outgoing, keyed
from meterstream.simulator.faults import Fault, FaultKind
from meterstream.simulator.push import mx382_push, notification_push, standard_values, text_push
from meterstream.simulator.settings import FleetSettings

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TITLE = bytes.fromhex("4D4D4D0000000001")
ALARM = LogicalName.parse("0.1.25.9.0.255")
SCHEDULED = LogicalName.parse("0.0.15.0.4.255")
PORTS = PushSettings(host="127.0.0.1", tcp_port=0, udp_port=0)


def listener_of(components: Sequence[Any]) -> PushListener:
    (listener,) = (component for component in components if isinstance(component, PushListener))
    return listener


async def push(address: tuple[str, int] | None, octets: bytes) -> bool:
    """Send over TCP; whether the platform has kept it."""
    assert address is not None
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(octets)
        writer.write_eof()
        return await asyncio.wait_for(reader.read(), 10) == b""
    except ConnectionResetError:
        return False
    finally:
        writer.close()


def ciphered(keys: SecurityKeys, identification: str, counter: int, registers: Sequence[int] = (2,)) -> bytes:
    """A data-notification in general-glo-ciphering, as a meter with security policy 3 pushes it."""
    elements = (
        octet_string(identification.encode()),
        octet_string(ALARM),
        *(double_long_unsigned(register) for register in registers),
    )
    apdu = DataNotification(1, Data(DataType.STRUCTURE, elements)).encode()
    side = Protector(keys, TITLE, bytes(8), itertools.count(counter).__next__, RisingCounter())
    return wrap(1, 1, side.protect(apdu, Form(Ciphering.GENERAL_GLOBAL)))


class PushContract:
    """What holds on any broker."""

    async def test_pushes_become_events_and_lines_of_the_log(self, make_stage: Make) -> None:
        stage: Stage = await make_stage(FleetSettings(meters=3, protocols=("SMR 5.2", "DSMR 4.2.2", "DSMR 2.2")))
        await stage.publish(*(stage.bench.record(number) for number in (1, 2, 3)))
        tcp = listener_of(await stage.start_worker(pushes=PORTS)).tcp
        smr, dsmr, mx382 = (stage.bench.gateway(number).encode() for number in (1, 2, 3))
        assert await push(tcp, notification_push(standard_values(smr, ALARM, (0x02, 0x41))))
        assert await push(tcp, text_push(dsmr, SCHEDULED))
        assert await push(tcp, mx382_push(mx382))
        await stage.eventually(lambda: len(stage.read["device-events"]) == 3)
        found = {event.device_identification.encode(): event for event in stage.records("device-events")}
        assert found[smr].kind is EventKind.ALARM
        assert found[smr].alarms == [AlarmType.REPLACE_BATTERY, AlarmType.VOLTAGE_SAG_IN_PHASE_DETECTED_L1]
        assert (found[dsmr].kind, found[dsmr].trigger) == (EventKind.PUSH, PushTrigger.SCHEDULER)
        assert found[mx382].alarms == [AlarmType.LAST_GASP]
        assert {event.source_address for event in found.values()} == {"127.0.0.1"}
        await stage.eventually(lambda: len(stage.read["message-logs"]) == 3)
        lines = {line.device_identification.encode(): line for line in stage.records("message-logs")}
        assert "register 2 bit 6" in lines[smr].decoded
        assert lines[dsmr].encoded == text_push(dsmr, SCHEDULED).hex()
        assert {line.log_id for line in lines.values()} == {event.event_id for event in found.values()}

    async def test_a_ciphered_push_is_verified_with_the_keys_of_its_sender(self, make_stage: Make) -> None:
        stage: Stage = await make_stage(FleetSettings(meters=1))
        gateway, keys = stage.bench.gateway(1), stage.bench.fleet.keys(1)
        await stage.publish(stage.bench.record(system_title=TITLE))
        tcp = listener_of(await stage.start_worker(pushes=PORTS)).tcp
        known = SecurityKeys(keys.encryption, keys.authentication)
        first = ciphered(known, gateway, 7)
        assert await push(tcp, first)
        await stage.eventually(lambda: len(stage.read["device-events"]) == 1)
        (event,) = stage.records("device-events")
        assert (event.device_identification, event.alarms) == (gateway, [AlarmType.REPLACE_BATTERY])
        assert event.octets == b""  # what was ciphered does not leave in clear

        assert await push(tcp, first)  # played again
        tampered = bytearray(ciphered(known, gateway, 8))
        tampered[-1] ^= 1
        assert await push(tcp, bytes(tampered))
        assert await push(tcp, ciphered(SecurityKeys(bytes(16), bytes(16)), gateway, 9))
        assert await push(tcp, ciphered(known, "EXXXX123456789012", 10))
        assert await push(tcp, ciphered(known, gateway, 11, (4,)))
        await stage.eventually(lambda: len(stage.read["pushes.dead-letter"]) == 3)
        await stage.eventually(lambda: len(stage.read["device-events"]) == 2)
        assert stage.records("device-events")[-1].alarms == [AlarmType.POWER_UP]
        letters = stage.read["pushes.dead-letter"]
        assert {letter.header("dead_letter_code") for letter in letters} == {b"UNREADABLE_MESSAGE"}
        assert sorted(letter.header("dead_letter_reason") or b"" for letter in letters) == [
            b"no key of the device opens it",
            b"no key of the device opens it",
            b"the key names another device than the push",
        ]

    async def test_a_push_in_security_suite_1(self, make_stage: Make) -> None:
        stage: Stage = await make_stage(FleetSettings(meters=1, protocols=("IDIS 2.0-S1",)))
        gateway, keys = stage.bench.gateway(1), stage.bench.fleet.keys(1)
        await stage.publish(stage.bench.record(system_title=TITLE))
        tcp = listener_of(await stage.start_worker(pushes=PORTS)).tcp
        known = SecurityKeys(keys.encryption, keys.authentication, SecuritySuite.SUITE_1)
        tampered = bytearray(ciphered(known, gateway, 7))
        tampered[tampered.index(TITLE) + len(TITLE) + 1] ^= 1  # the suite id, which the tag covers
        assert await push(tcp, bytes(tampered))
        assert await push(tcp, ciphered(SecurityKeys(bytes(32), bytes(32), SecuritySuite.SUITE_2), gateway, 8))
        assert await push(tcp, ciphered(known, gateway, 9))
        await stage.eventually(lambda: len(stage.read["pushes.dead-letter"]) == 2)
        await stage.eventually(lambda: len(stage.read["device-events"]) == 1)
        (event,) = stage.records("device-events")
        assert (event.device_identification, event.alarms) == (gateway, [AlarmType.REPLACE_BATTERY])

    async def test_a_push_teaches_the_address_of_a_meter_with_a_dynamic_one(self, make_stage: Make) -> None:
        stage: Stage = await make_stage(FleetSettings(meters=2))
        for number in (1, 2):
            known = stage.bench.record(number).connection
            nowhere = known.model_copy(update={"address": None, "dynamic": number == 1})
            await stage.publish(stage.bench.record(number, connection=nowhere))
        components = await stage.start_worker(pushes=PORTS)
        gateway = stage.bench.gateway(1).encode()
        unknown = await stage.ask(stage.read_request(1), stage.read_request(2))
        numbers = {response.header.gateway.encode(): response.error.number for response in unknown}
        assert numbers == {gateway: 419, stage.bench.gateway(2).encode(): 212}
        for _ in range(2):
            assert await push(listener_of(components).tcp, text_push(gateway, SCHEDULED))
            assert await push(listener_of(components).tcp, text_push(stage.bench.gateway(2).encode(), SCHEDULED))
        await stage.eventually(lambda: len(stage.read["device-events"]) == 4)
        (read,) = await stage.ask(stage.read_request(1))
        assert read.error is None
        await stage.stop_worker(components)
        await stage.start_worker()
        (again,) = await stage.ask(stage.read_request(1))
        assert again.error is None, "the next worker knows it too"
        learnt = [found for found in stage.records("device-sessions") if isinstance(found, LearntAddress)]
        assert [(found.gateway.encode(), found.address) for found in learnt] == [(gateway, "127.0.0.1")]

    async def test_a_device_that_is_not_known_leaves_nothing(self, make_stage: Make) -> None:
        stage: Stage = await make_stage(FleetSettings(meters=1))
        await stage.publish(stage.bench.record())
        tcp = listener_of(await stage.start_worker(pushes=PORTS)).tcp
        assert await push(tcp, text_push(b"EXXXX123456789012", SCHEDULED))
        assert not await push(tcp, ciphered(SecurityKeys(bytes(16), bytes(16)), "EXXXX123456789012", 1))
        assert await push(tcp, text_push(stage.bench.gateway(1).encode(), SCHEDULED))
        await stage.eventually(lambda: len(stage.read["device-events"]) == 1)
        assert stage.records("device-events")[0].device_identification == stage.bench.gateway(1)
        assert stage.read["pushes.dead-letter"] == []

    async def test_a_push_does_not_wait_for_the_session_with_its_meter(self, make_stage: Make) -> None:
        stage: Stage = await make_stage(FleetSettings(protocols=("DSMR 4.2.2",)))
        stage.bench.fleet.meter(1).fault = Fault(FaultKind.SILENT, connections=1)
        await stage.publish(stage.bench.record())
        tcp = listener_of(await stage.start_worker(pushes=PORTS, response_timeout_s=60)).tcp
        await stage.producer.send([stage.read_request()])
        await stage.eventually(lambda: stage.bench.fleet.stats.open_connections == 1)
        assert await push(tcp, text_push(stage.bench.gateway(1).encode(), SCHEDULED))
        await stage.eventually(lambda: len(stage.read["device-events"]) == 1)
        assert stage.read["dlms-responses"] == []
        stage.bench.fleet.restart(1, 1)
        await stage.responses(1)


class TestInMemory(OnMemory, PushContract):
    """On Kafka in memory, which can fail at a chosen moment."""

    async def test_a_ciphered_push_that_is_read_again_is_no_replay(
        self, make_stage: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keyed, "CLOSE_S", 0.05)
        stage: Stage = await make_stage(FleetSettings(meters=1))
        gateway, keys = stage.bench.gateway(1), stage.bench.fleet.keys(1)
        await stage.publish(stage.bench.record(system_title=TITLE))
        await stage.start_worker(pushes=PORTS)
        known = SecurityKeys(keys.encryption, keys.authentication)
        tcp = PushTransport.TCP
        pushes = [
            Push(octets=octets, transport=tcp, source_address="192.0.2.1", source_port=4059, received_at=NOW)
            for octets in (ciphered(known, gateway, 7), ciphered(known, gateway, 8))
        ]
        codec = shared_codec()
        await stage.producer.send([Outgoing("pushes", gateway.encode(), codec.encode(one)) for one in pushes])
        stage.cluster.kafka.down = True
        await stage.eventually(lambda: "responses wait" in caplog.text)
        (membership,) = stage.cluster.memberships
        membership.lose("the session timed out")
        await stage.eventually(lambda: "it is cancelled" in caplog.text)
        stage.cluster.kafka.down = False
        await membership.rejoin()
        await stage.eventually(lambda: len(stage.read["device-events"]) == 2)


class TestOnKafka(OnRealKafka, PushContract):
    """On a real broker."""
