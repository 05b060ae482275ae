"""The whole worker between topics and simulated meters: the same tests on Kafka in memory and on a real one."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from worker_stage import READ, SYNCHRONIZE, Make, OnMemory, OnRealKafka

from meterstream.contracts.operations import (
    bundle,
    get_actual_meter_reads,
    get_periodic_meter_reads,
    get_specific_attribute_value,
    synchronize_time,
)
from meterstream.contracts.records import Connection, DeviceState, KeyKind, KeyState
from meterstream.protocol_dlms import executors as package
from meterstream.protocol_dlms.executor import Executor, load_executors
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.kafka import Outgoing
from meterstream.simulator.faults import Fault, FaultKind
from meterstream.simulator.settings import FleetSettings


class WorkerContract:
    """What holds on any broker."""

    async def test_reads_sets_and_bundles(self, make_stage: Make) -> None:
        stage = await make_stage(FleetSettings(meters=3, protocols=("SMR 5.0.0", "DSMR 4.2.2", "IDIS 2.0")))
        await stage.publish(*(stage.bench.record(number) for number in (1, 2, 3)))
        await stage.start_worker()
        codec = shared_codec()
        yesterday = datetime.now(UTC) - timedelta(days=1)
        periodic = get_periodic_meter_reads.GetPeriodicMeterReadsRequest(
            period_type="INTERVAL", begin_date=yesterday, end_date=yesterday + timedelta(hours=6)
        )
        actions = [
            bundle.BundleAction(operation="SynchronizeTime", request=codec.encode(SYNCHRONIZE)),
            bundle.BundleAction(operation="GetActualMeterReads", request=codec.encode(READ)),
        ]
        attribute = get_specific_attribute_value.GetSpecificAttributeValueRequest(
            class_id=1, obis="0.0.42.0.0.255", attribute=2
        )
        gateways = [stage.bench.gateway(number) for number in (1, 2, 3)]
        requests = [
            stage.request(operation, body, gateway, priority=priority)
            for gateway in gateways
            for priority, (operation, body) in enumerate(
                [
                    (get_actual_meter_reads.OPERATION, READ),
                    (get_periodic_meter_reads.OPERATION, periodic),
                    (synchronize_time.OPERATION, SYNCHRONIZE),
                    (bundle.OPERATION, bundle.BundleRequest(actions=actions)),
                    (get_specific_attribute_value.OPERATION, attribute),
                ],
                start=3,
            )
        ]
        found = await stage.ask(*requests)
        assert [response.error for response in found] == [None] * 15
        assert not any(response.header.retryable for response in found)
        by_type = Counter(type(response).__name__ for response in found)
        assert by_type["BundleDlmsResponse"] == 3
        for response in found:
            match response.response:
                case get_periodic_meter_reads.GetPeriodicMeterReadsResponse(meter_reads=rows):
                    assert len(rows) in (24, 25)
                case bundle.BundleResponse(answers=answers):
                    assert all(answer.response is not None for answer in answers)
        await stage.eventually(lambda: len(stage.read["readings"]) == 9)
        readings = stage.records("readings")
        assert {reading.device_identification for reading in readings} == set(gateways)
        assert len({reading.reading_id for reading in readings}) == 9
        assert stage.bench.fleet.stats.repeated_nonces == 0
        assert stage.bench.fleet.stats.clock_sets == 6

    async def test_an_organisation_may_have_a_topic_of_readings_to_itself(self, make_stage: Make) -> None:
        stage = await make_stage(FleetSettings(protocols=("DSMR 4.2.2",)))
        await stage.publish(stage.bench.record())
        await stage.start_worker()
        await stage.ask(stage.read_request(), stage.read_request(organisation="grid-apart"))
        await stage.eventually(lambda: stage.read["readings"] and stage.read["readings.apart"])
        found = {topic: {one.organisation for one in stage.records(topic)} for topic in ("readings", "readings.apart")}
        assert found == {"readings": {"grid"}, "readings.apart": {"grid-apart"}}

    async def test_waiting_requests_share_one_association(self, make_stage: Make) -> None:
        stage = await make_stage(FleetSettings(protocols=("DSMR 4.2.2",)))
        await stage.publish(stage.bench.record())
        await stage.producer.send([stage.read_request(priority=priority) for priority in (1, 4, 8, 5, 9)])
        await stage.start_worker()
        found = await stage.responses(5)
        assert all(response.error is None for response in found)
        assert stage.bench.fleet.stats.associations == 1
        assert {tuple(response.header.proven_keys) for response in found} == {("ek-1", "ak-1")}

    async def test_an_association_is_kept_open_for_a_bounded_number_of_requests(self, make_stage: Make) -> None:
        stage = await make_stage(FleetSettings(protocols=("DSMR 4.2.2",)))
        await stage.publish(stage.bench.record())
        await stage.producer.send([stage.read_request(priority=priority) for priority in (1, 4, 8, 5, 9)])
        await stage.start_worker(turn_requests=2)
        found = await stage.responses(5)
        assert all(response.error is None for response in found)
        assert stage.bench.fleet.stats.associations == 3

    async def test_a_request_waits_for_its_record(self, make_stage: Make) -> None:
        stage = await make_stage()
        await stage.publish(stage.bench.record(connection=Connection(address="127.0.0.1", port=1)))
        await stage.start_worker(record_wait_s=8)
        await stage.producer.send([stage.read_request(record_revision=2)])
        await stage.publish(stage.bench.record(revision=2))
        (response,) = await stage.responses(1)
        assert response.error is None

    async def test_what_does_not_start_is_told_why(self, make_stage: Make) -> None:
        stage = await make_stage(FleetSettings(meters=3))
        await stage.publish(stage.bench.record(1), stage.bench.record(2, state=DeviceState.REMOVED))
        await stage.start_worker()
        requests = {
            "DEVICE_RECORD_BEHIND": stage.read_request(1, record_revision=9),
            "DEVICE_REMOVED": stage.read_request(2),
            "GATEWAY_CHANGED": stage.read_request(1, device_identification="GXXXX123456789012", channel=1),
            "MAX_SCHEDULE_TIME_EXCEEDED": stage.read_request(1, not_after=datetime(2020, 1, 1, tzinfo=UTC)),
        }
        found = await stage.ask(*requests.values())
        codes = {response.error.code: response.header.retryable for response in found}
        assert codes == {
            "DEVICE_RECORD_BEHIND": True,
            "DEVICE_REMOVED": False,
            "GATEWAY_CHANGED": True,
            "MAX_SCHEDULE_TIME_EXCEEDED": False,
        }
        assert {response.error.component for response in found} == {"PROTOCOL_DLMS"}
        assert stage.bench.fleet.stats.connections == 0

    async def test_dead_slow_and_hostile_meters_get_answers_and_hold_up_nobody(self, make_stage: Make) -> None:
        stage = await make_stage(FleetSettings(meters=5, protocols=("DSMR 4.2.2",)))
        faults = [FaultKind.SILENT, FaultKind.REFUSE, FaultKind.WRONG_TAG, FaultKind.LOST_ANSWER]
        for number, kind in enumerate(faults, start=1):
            stage.bench.fleet.meter(number).fault = Fault(kind)
        await stage.publish(*(stage.bench.record(number) for number in range(1, 6)))
        await stage.start_worker(response_timeout_s=0.5)
        found = await stage.ask(*(stage.read_request(number) for number in range(1, 6)))
        by_meter = {response.header.gateway: response for response in found}
        for number in range(1, 5):
            response = by_meter[stage.bench.gateway(number)]
            assert response.response is None
            assert response.error is not None
            assert response.header.retryable
        assert by_meter[stage.bench.gateway(1)].error.number == 233
        assert by_meter[stage.bench.gateway(1)].header.meter_ms >= 400
        assert by_meter[stage.bench.gateway(5)].error is None

    async def test_who_waited_for_an_association_shares_its_failure(self, make_stage: Make) -> None:
        stage = await make_stage(FleetSettings(protocols=("DSMR 4.2.2",)))
        stage.bench.fleet.meter(1).fault = Fault(FaultKind.REFUSE)
        await stage.publish(stage.bench.record())
        await stage.producer.send([stage.read_request() for _ in range(3)])
        await stage.start_worker()
        found = await stage.responses(3)
        assert all(response.error is not None and response.header.retryable for response in found)
        assert stage.bench.fleet.stats.connections == 1

    async def test_keys_in_doubt_are_proven_and_remembered(self, make_stage: Make) -> None:
        stage = await make_stage(FleetSettings(protocols=("DSMR 4.2.2",)))
        record = stage.bench.record()
        unproven = [
            key.model_copy(update={"state": KeyState.WITHDRAWN, "proven": False}) if key.key_id == "ek-1" else key
            for key in record.keys
        ]
        record = stage.bench.sealed_key(
            record.model_copy(update={"keys": unproven}),
            "ek-new",
            KeyKind.E_METER_ENCRYPTION_KEY_UNICAST,
            bytes(range(16)),
            KeyState.ACTIVE,
        )
        await stage.publish(record)
        await stage.start_worker()
        (first,) = await stage.ask(stage.read_request())
        assert first.header.proven_keys == ["ek-1", "ak-1"]
        proven = [found for found in stage.records("device-sessions") if type(found).__name__ == "ProvenKeys"]
        assert [found.key_ids for found in proven] == [["ek-1", "ak-1"]]
        (second,) = await stage.ask(stage.read_request())
        assert second.header.proven_keys == ["ek-1", "ak-1"]
        proven = [found for found in stage.records("device-sessions") if type(found).__name__ == "ProvenKeys"]
        assert len(proven) == 1
        assert stage.bench.fleet.stats.repeated_nonces == 0

    async def test_what_nobody_can_read_is_kept_and_answered(self, make_stage: Make) -> None:
        stage = await make_stage()
        await stage.publish(stage.bench.record())
        await stage.start_worker()
        good = stage.read_request()
        cut = replace_value(stage.read_request(correlation_uid="uid-of-the-cut-message"), good.value[:-3])
        foreign = Outgoing("dlms-requests-normal", b"EXXXX000000000009", b"no avro at all")
        await stage.producer.send([cut, foreign, good])
        found = await stage.responses(2)
        by_uid = {response.header.correlation_uid: response for response in found}
        failed = by_uid["uid-of-the-cut-message"]
        assert failed.error is not None
        assert failed.error.code == "UNREADABLE_MESSAGE"
        assert not failed.header.retryable
        assert failed.header.attempt == 1
        letters = stage.read["dlms-requests-normal.dead-letter"]
        await stage.eventually(lambda: len(letters) == 2)
        assert {message.value for message in letters} == {cut.value, b"no avro at all"}
        assert {message.header("dead_letter_code") for message in letters} == {b"UNREADABLE_MESSAGE"}

    async def test_a_meter_that_answers_too_slowly_for_all_it_is_asked(self, make_stage: Make) -> None:
        stage = await make_stage(FleetSettings(protocols=("DSMR 4.2.2",)))
        stage.bench.fleet.meter(1).fault = Fault(FaultKind.SLOW, delay_ms=200)
        await stage.publish(stage.bench.record())
        await stage.start_worker(attempt_timeout_s=0.7)
        codec = shared_codec()
        action = bundle.BundleAction(operation="SynchronizeTime", request=codec.encode(SYNCHRONIZE))
        request = bundle.BundleRequest(actions=[action] * 12)
        (response,) = await stage.ask(stage.request(bundle.OPERATION, request, stage.bench.gateway()))
        codes = [answer.error.code if answer.error else "OK" for answer in response.response.answers]
        assert codes[0] == "OK"
        assert codes[-1] == "CONNECTION_ERROR"
        assert Counter(codes)["RESPONSE_TIMEOUT"] == 1
        assert response.header.retryable

    async def test_a_result_that_no_topic_takes_is_told(self, make_stage: Make) -> None:
        stage = await make_stage(FleetSettings(protocols=("DSMR 4.2.2",)))
        await stage.publish(stage.bench.record())
        known = dict(load_executors(package))
        name = get_specific_attribute_value.OPERATION.name

        async def huge(request: Any, context: Any) -> Any:
            return get_specific_attribute_value.GetSpecificAttributeValueResponse(value="x" * 9 * 1024 * 1024)

        known[name] = replace(known[name], execute=huge)
        await stage.start_worker(known)
        body = get_specific_attribute_value.GetSpecificAttributeValueRequest(
            class_id=1, obis="0.0.1.0.0.255", attribute=2
        )
        found = await stage.ask(
            stage.request(get_specific_attribute_value.OPERATION, body, stage.bench.gateway()), stage.read_request()
        )
        codes = {response.error.code if response.error else "OK": response.header.retryable for response in found}
        assert codes == {"RESULT_TOO_LARGE": False, "OK": False}

    async def test_a_mistake_in_an_executor_is_technical_and_tells_no_value(
        self, make_stage: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        stage = await make_stage(FleetSettings(protocols=("DSMR 4.2.2",)))
        await stage.publish(stage.bench.record())
        known = dict(load_executors(package))

        async def broken(request: Any, context: Any) -> Any:
            raise KeyError("a secret value")

        known["SynchronizeTime"] = replace(known["SynchronizeTime"], execute=broken)
        await stage.start_worker(known)
        synchronize = stage.request(synchronize_time.OPERATION, SYNCHRONIZE, stage.bench.gateway())
        found = await stage.ask(synchronize, stage.read_request())
        errors = [response.error for response in found if response.error is not None]
        assert [error.code for error in errors] == ["TECHNICAL_ERROR"]
        assert "secret" not in repr(found) + caplog.text
        assert "unexpected KeyError" in caplog.text

    async def test_an_unsafe_request_delivered_again_after_its_answer(self, make_stage: Make) -> None:
        stage = await make_stage(FleetSettings(protocols=("DSMR 4.2.2",)))
        await stage.publish(stage.bench.record())
        known = dict(load_executors(package))
        plain = known["SynchronizeTime"]
        known["SynchronizeTime"] = Unsafe(plain.operation, plain.execute)
        await stage.start_worker(known)
        request = stage.request(synchronize_time.OPERATION, SYNCHRONIZE, stage.bench.gateway())
        first, second = await stage.ask(request, request)
        assert first.response is not None
        assert first.response == second.response
        assert stage.bench.fleet.stats.clock_sets == 1
        assert stage.bench.fleet.stats.associations == 1

    async def test_a_second_worker_takes_its_share_and_the_first_leaves_in_order(self, make_stage: Make) -> None:
        stage = await make_stage(FleetSettings(meters=24, delay_ms=20))
        await stage.publish(*(stage.bench.record(number) for number in range(1, 25)))
        first = await stage.start_worker()
        await stage.producer.send([stage.read_request(number) for number in range(1, 25)])
        await stage.start_worker()
        await stage.producer.send([stage.read_request(number) for number in range(1, 25)])
        await stage.stop_worker(first)
        await stage.producer.send([stage.read_request(number) for number in range(1, 25)])
        await stage.eventually(lambda: len(stage.read["dlms-responses"]) >= 72)
        found = stage.records("dlms-responses")
        uids = Counter(response.header.correlation_uid for response in found)
        assert len(uids) == 72
        assert {response.error.code for response in found if response.error} <= {"DEVICE_RECORD_BEHIND"}
        assert stage.bench.fleet.stats.repeated_nonces == 0
        assert stage.bench.fleet.stats.overlapping_connections == 0


class Unsafe(Executor[Any, Any]):
    """An executor whose operation is not safe to repeat."""

    @property
    def needs_mark(self) -> bool:
        return True


def replace_value(outgoing: Outgoing, value: bytes | None) -> Outgoing:
    return outgoing._replace(value=value)


class TestInMemory(OnMemory, WorkerContract):
    """On Kafka in memory."""

    async def test_lost_partitions_close_sockets_at_once_and_the_request_is_taken_up_again(
        self, make_stage: Make
    ) -> None:
        stage = await make_stage(FleetSettings(protocols=("DSMR 4.2.2",)))
        stage.bench.fleet.meter(1).fault = Fault(FaultKind.SILENT, connections=1)
        await stage.publish(stage.bench.record())
        await stage.start_worker(response_timeout_s=60)
        await stage.producer.send([stage.read_request()])
        await stage.eventually(lambda: stage.bench.fleet.stats.open_connections == 1)
        (membership,) = stage.cluster.memberships
        membership.lose("the session timed out")
        await stage.eventually(lambda: stage.bench.fleet.stats.open_connections == 0)
        assert stage.bench.fleet.stats.answers == 0
        await membership.rejoin()
        (response,) = await stage.responses(1)
        assert response.error is None
        assert stage.bench.fleet.stats.repeated_nonces == 0

    async def test_an_outage_holds_the_answer_until_the_broker_is_back(self, make_stage: Make) -> None:
        stage = await make_stage(FleetSettings(protocols=("DSMR 4.2.2",)))
        await stage.publish(stage.bench.record())
        await stage.start_worker()
        await stage.ask(stage.read_request())
        await stage.producer.send([stage.read_request()])
        stage.cluster.kafka.down = True
        await stage.eventually(lambda: stage.bench.fleet.stats.gets >= 14)
        assert len(stage.read["dlms-responses"]) == 1
        stage.cluster.kafka.down = False
        assert len(await stage.responses(2)) == 2

    async def test_is_not_ready_before_the_views_are_caught_up(self, make_stage: Make) -> None:
        stage = await make_stage()
        stage.cluster.kafka.down = True
        starting = asyncio.ensure_future(stage.start_worker())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await asyncio.shield(starting)
        stage.cluster.kafka.down = False
        await starting


class TestOnKafka(OnRealKafka, WorkerContract):
    """On a real broker."""
