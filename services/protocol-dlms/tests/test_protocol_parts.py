"""Views, keys, settings and sending, each for itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations import get_actual_meter_reads, synchronize_time
from meterstream.contracts.records import Connection, DeviceRecord, DeviceState, ProvenKeys, SecurityLevel
from meterstream.protocol_dlms.answers import Envelopes
from meterstream.protocol_dlms.identity import identity_of
from meterstream.protocol_dlms.keyring import KeyRing
from meterstream.protocol_dlms.marks import Marks
from meterstream.protocol_dlms.model.candidates import candidates
from meterstream.protocol_dlms.preparation import Upkeep, Views
from meterstream.protocol_dlms.received import ReceivedCounters
from meterstream.protocol_dlms.responder import Responder
from meterstream.protocol_dlms.service import build
from meterstream.protocol_dlms.settings import KeySettings, Settings
from meterstream.protocol_dlms.views.devices import DeviceTable
from meterstream.protocol_dlms.views.sessions import SessionTable
from meterstream.protocol_dlms.worker import Worker
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.errors import BrokerOutage, ConfigurationError, PoisonMessage
from meterstream.runtime.kafka import Message, Outgoing
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.sealing import Opener
from meterstream.runtime.settings import KafkaSettings, read_settings

Make = Callable[..., Any]
METER = "EXXXX123456789012"
NOW = datetime(2025, 3, 11, tzinfo=UTC)


def record(revision: int, **changes: Any) -> DeviceRecord:
    fields: dict[str, Any] = {
        "device_identification": METER,
        "revision": revision,
        "state": DeviceState.ACTIVE,
        "organisation": "grid",
        "device_type": "SMART_METER_E",
        "protocol_name": "SMR",
        "protocol_version": "5.0.0",
        "connection": Connection(address="10.0.0.1"),
        "security_level": SecurityLevel.HLS5,
    }
    return DeviceRecord.model_validate(fields | changes)


def put(table: DeviceTable, found: DeviceRecord | None, partition: int = 0) -> None:
    value = None if found is None else shared_codec().encode(found)
    key = METER.encode()
    table.on_record(key, found, Message("devices", partition, 0, key, value))


class TestDeviceTable:
    def test_the_highest_revision_stays_whatever_comes_after_it(self) -> None:
        table = DeviceTable(shared_codec())
        for revision in (2, 5, 3, 4):
            put(table, record(revision))
        revision, found = table.find(0, METER)
        assert revision == 5
        assert found == record(5)
        put(table, record(5, organisation="repeated"))
        assert table.find(0, METER)[1] == record(5, organisation="repeated")

    def test_a_removed_device_leaves_its_revision_alone(self) -> None:
        table = DeviceTable(shared_codec())
        put(table, record(5))
        put(table, record(6, state=DeviceState.REMOVED))
        put(table, record(5))
        assert table.find(0, METER) == (6, None)
        put(table, record(7))
        assert table.find(0, METER) == (7, record(7))

    def test_a_tombstone_forgets(self) -> None:
        table = DeviceTable(shared_codec())
        put(table, record(5))
        put(table, None)
        assert table.find(0, METER) == (None, None)
        assert len(table) == 0

    def test_partitions_leave_with_their_devices_and_keys(self) -> None:
        forgotten: list[str] = []
        table = DeviceTable(shared_codec(), forget=forgotten.append)
        put(table, record(5), partition=3)
        assert table.find(3, METER)[1] is not None
        table.drop([3])
        assert table.find(3, METER) == (None, None)
        assert forgotten == [METER]

    def test_few_decoded_records_are_kept(self) -> None:
        table = DeviceTable(shared_codec(), decoded=2)
        codec = shared_codec()
        for number in range(5):
            gateway = f"EXXXX{number:012d}"
            found = record(1, device_identification=gateway)
            table.on_record(
                gateway.encode(), found, Message("devices", 0, number, gateway.encode(), codec.encode(found))
            )
        for number in range(5):
            assert table.find(0, f"EXXXX{number:012d}")[1] is not None
        assert len(table._decoded) == 2

    def test_any_record_comes_back_as_it_was(self) -> None:
        table = DeviceTable(shared_codec())
        strange = record(1, organisation="ü" * 40, time_zone=None, debug=True, recipient="x" * 5000)
        put(table, strange)
        assert table.find(0, METER)[1] == strange

    async def test_whoever_waits_is_woken_by_the_record(self) -> None:
        table = DeviceTable(shared_codec())
        waiting = [asyncio.ensure_future(table.changed(METER, 5)) for _ in range(2)]
        await asyncio.sleep(0)
        put(table, record(1))
        assert await asyncio.gather(*waiting) == [True, True]
        assert await table.changed(METER, 0.01) is False
        assert not table._waiting


class TestKeyRing:
    async def test_shows_and_keeps_no_more_than_it_must(self, make_bench: Make) -> None:
        bench = await make_bench()
        ring = KeyRing(Opener(bench.private_key), meters=2)
        found = bench.record()
        (keys,) = candidates(found.keys)
        opened, password = ring.open(found, keys)
        assert opened.encryption_key == bench.fleet.keys(1).encryption
        assert password is None
        assert opened.encryption_key.hex() not in repr(ring) + repr(opened)
        again, _ = ring.open(found.model_copy(update={"ephemeral_public": bytes(32)}), keys)
        assert again == opened  # the same id is the same key
        ring.forget(found.device_identification)
        with pytest.raises(PlatformError):
            ring.open(found.model_copy(update={"ephemeral_public": bytes(32)}), keys)

    async def test_a_key_of_another_device_does_not_open(self, make_bench: Make) -> None:
        bench = await make_bench()
        found = bench.record()
        stolen = found.model_copy(update={"device_identification": "EXXXX999999999999"})
        (keys,) = candidates(stolen.keys)
        with pytest.raises(PlatformError) as caught:
            KeyRing(Opener(bench.private_key)).open(stolen, keys)
        assert caught.value.code.number == 804


class TestReceivedCounters:
    def test_remembers_the_highest_of_a_bounded_number_of_meters(self) -> None:
        received = ReceivedCounters(meters=2)
        received.note("m1", "ek", b"title", 7)
        received.note("m1", "ek", b"title", 5)
        received.note("m2", "ek", None, None)
        assert received.of("m1", "ek") == {b"title": 7}
        assert received.of("m1", "other key") == {}
        for meter in ("m2", "m3"):
            received.note(meter, "ek", b"title", 1)
        assert received.of("m1", "ek") == {}


class TestIdentity:
    def message(
        self, ce_id: bytes, ce_type: bytes = b"SynchronizeTimeDlmsRequest", key: bytes | None = b"m"
    ) -> Message:
        return Message("dlms-requests-low", 0, 0, key, b"?", (("ce_id", ce_id), ("ce_type", ce_type)))

    def test_reads_headers(self) -> None:
        found = identity_of(self.message(b"grid|grid|||EXXXX123456789012|||2025|||uuid|3"))
        assert found is not None
        assert found.organisation == "grid"
        assert found.correlation_uid == "grid|||EXXXX123456789012|||2025|||uuid"
        assert (found.attempt, found.gateway) == (3, "m")
        assert found.operation is synchronize_time.OPERATION

    @pytest.mark.parametrize(
        "message",
        [
            (b"", b"SynchronizeTimeDlmsRequest", b"m"),
            (b"grid|uid|x", b"SynchronizeTimeDlmsRequest", b"m"),
            (b"grid|uid|-1", b"SynchronizeTimeDlmsRequest", b"m"),
            (b"grid|uid|1", b"NoSuchDlmsRequest", b"m"),
            (b"grid|uid|1", b"SynchronizeTimeCommand", b"m"),
            (b"grid|uid|1", b"SynchronizeTimeDlmsRequest", None),
            (b"\xff|uid|1", b"SynchronizeTimeDlmsRequest", b"m"),
            (b"grid", b"SynchronizeTimeDlmsRequest", b"m"),
        ],
    )
    def test_what_is_strange_names_nobody(self, message: tuple[bytes, bytes, bytes | None]) -> None:
        assert identity_of(self.message(*message)) is None


class TestResponder:
    async def test_what_comes_together_goes_together(self, broker: Any) -> None:
        responder = Responder(broker)
        sent = [responder.publish([Outgoing("readings", b"k", b"v")] * 2) for _ in range(10)]
        await asyncio.gather(*sent)
        assert [len(batch) for batch in broker.batches] == [20]
        await responder.close()

    async def test_an_outage_is_outlasted(self, broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("meterstream.protocol_dlms.responder.FIRST_BACK_OFF_S", 0.001)
        broker.outages = 3
        await Responder(broker).publish([Outgoing("readings", b"k", b"v")])
        assert len(broker.batches) == 1

    async def test_a_withdrawn_answer_is_not_sent(self, broker: Any) -> None:
        responder = Responder(broker)
        withdrawn = responder.publish([Outgoing("readings", b"withdrawn", b"v")])
        kept = responder.publish([Outgoing("readings", b"kept", b"v")])
        withdrawn.cancel()
        await kept
        assert [outgoing.key for batch in broker.batches for outgoing in batch] == [b"kept"]

    async def test_a_failure_that_is_no_outage_reaches_who_waits(self, broker: Any) -> None:
        async def refuse(batch: Any) -> Any:
            raise ValueError("no such topic")

        broker.send = refuse
        with pytest.raises(ValueError, match="no such topic"):
            await Responder(broker).publish([Outgoing("nowhere", b"k", b"v")])

    async def test_close_gives_up_what_the_broker_never_took(self, broker: Any) -> None:
        broker.outages = 10_000
        responder = Responder(broker)
        sent = responder.publish([Outgoing("readings", b"k", b"v")])
        await asyncio.sleep(0.01)
        await responder.close()
        assert not sent.done()


class RecordingView:
    def __init__(self) -> None:
        self.held: set[int] = set()
        self.away = False

    async def add(self, partitions: Any) -> None:
        if self.away:
            raise BrokerOutage("away")
        self.held |= set(partitions)

    async def remove(self, partitions: Any) -> None:
        self.held -= set(partitions)


class TestPreparation:
    async def test_views_follow_the_partitions_and_everything_goes_with_them(self, make_reserver: Make) -> None:
        reserver, sessions = make_reserver()
        devices = DeviceTable(shared_codec())
        device_view, session_view = RecordingView(), RecordingView()
        cut: list[int] = []
        views = Views((device_view, devices), (session_view, sessions), reserver, cut.extend)
        await views.prepare(frozenset({1, 2}))
        assert device_view.held == session_view.held == {1, 2}
        put(devices, record(1), partition=1)
        proven = ProvenKeys(gateway=METER, key_ids=["a", "b"], observed_at=NOW)
        sessions.on_record(b"k", proven, Message("device-sessions", 1, 0, b"k", b"?"))
        assert sessions.proven(1, METER) == ("a", "b")
        await views.release(frozenset({1}))
        assert cut == [1]
        assert device_view.held == session_view.held == {2}
        assert len(devices) == 0
        assert sessions.proven(1, METER) == ()

    async def test_trouble_of_the_broker_is_told_to_the_engine(self, make_reserver: Make) -> None:
        reserver, sessions = make_reserver()
        away = RecordingView()
        away.away = True
        views = Views((away, DeviceTable(shared_codec())), (RecordingView(), sessions), reserver, lambda _: None)
        with pytest.raises(BrokerOutage):
            await views.prepare(frozenset({1}))

    async def test_upkeep_goes_on_after_trouble(self, broker: Any, make_reserver: Make, eventually: Make) -> None:
        reserver, sessions = make_reserver()
        sweeps = 0

        class Troubled(Marks):
            async def sweep(self) -> int:
                nonlocal sweeps
                sweeps += 1
                raise (BrokerOutage("away") if sweeps % 2 else ValueError("strange"))

        upkeep = Upkeep(Troubled(broker, sessions, shared_codec(), lambda: NOW), reserver, every_s=0.001)
        await upkeep.start()
        await eventually(lambda: sweeps > 3)
        await upkeep.stop()
        assert upkeep.ready


class TestDescribe:
    def worker(self, devices: DeviceTable) -> Worker:
        nothing: Any = None
        return Worker(
            codec=shared_codec(),
            devices=devices,
            sessions=SessionTable("p"),
            associations=nothing,
            executors={},
            marks=nothing,
            envelopes=nothing,
            responder=nothing,
            metrics=Metrics("protocol-dlms"),
            clock=lambda: NOW,
            record_wait_s=1,
            attempt_timeout_s=1,
        )

    def message(self, header: Make, key: bytes = METER.encode(), **changes: Any) -> Message:
        operation = get_actual_meter_reads.OPERATION
        request = operation.dlms_request(
            header=header(METER, **changes), request=get_actual_meter_reads.GetActualMeterReadsRequest()
        )
        return Message("dlms-requests-high", 0, 0, key, shared_codec().encode(request))

    @pytest.mark.parametrize(
        ("place", "permit"),
        [
            ({"base_station": "bs", "cell": "7"}, "bs|7"),
            ({"base_station": "bs"}, None),
            ({"cell": "7"}, None),
            ({}, None),
        ],
    )
    async def test_permits_need_base_station_and_cell(self, header: Make, place: Any, permit: str | None) -> None:
        devices = DeviceTable(shared_codec())
        put(devices, record(1, connection=Connection(address="10.0.0.1", **place)))
        described = self.worker(devices).describe(self.message(header, priority=8))
        assert (described.key, described.priority, described.permit_key) == (METER, 8, permit)

    async def test_strange_messages_are_poison(self, header: Make) -> None:
        worker = self.worker(DeviceTable(shared_codec()))
        with pytest.raises(PoisonMessage, match="key is not the gateway"):
            worker.describe(self.message(header, key=b"another meter"))
        with pytest.raises(PoisonMessage, match="a DeviceRecord on"):
            worker.describe(Message("dlms-requests-low", 0, 0, b"m", shared_codec().encode(record(1))))
        with pytest.raises(PoisonMessage):
            worker.describe(Message("dlms-requests-low", 0, 0, b"m", None))


class TestDeadLetters:
    async def test_a_request_that_can_be_read_names_its_own_device(self, broker: Any, header: Make) -> None:
        describing = TestDescribe()
        worker = describing.worker(DeviceTable(shared_codec()))
        worker._envelopes = Envelopes(shared_codec(), broker)
        worker._responder = Responder(broker)
        message = describing.message(header, device_identification="GXXXX123456789012", channel=2, attempt=3)
        await worker.on_dead_letter(message, PoisonMessage("TECHNICAL_ERROR", "KeyError at execute:12"))
        (response,) = broker.records("dlms-responses")
        assert response.header.device_identification == "GXXXX123456789012"
        assert response.header.gateway == METER
        assert response.header.attempt == 3
        assert (response.error.code, response.error.component) == ("TECHNICAL_ERROR", "PROTOCOL_DLMS")
        assert not response.header.retryable

    async def test_a_message_of_nobody_is_not_answered(self, broker: Any) -> None:
        worker = TestDescribe().worker(DeviceTable(shared_codec()))
        nobodys = Message("dlms-requests-low", 0, 0, b"m", b"?")
        await worker.on_dead_letter(nobodys, PoisonMessage("UNREADABLE_MESSAGE", "no Avro"))
        assert broker.batches == []


class TestSettings:
    def test_the_key_comes_from_a_file(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        file = tmp_path / "protocol-private.hex"
        file.write_text("ab" * 32 + "\n")
        monkeypatch.setenv("METERSTREAM_KAFKA__BOOTSTRAP_SERVERS", "k:9092")
        monkeypatch.setenv("METERSTREAM_KEYS__PRIVATE_KEY_FILE", str(file))
        monkeypatch.setenv("METERSTREAM_SESSIONS__COUNTER_READ_PAUSE_S", "0")
        settings = read_settings(Settings)
        assert settings.keys.private_key.get_secret_value() == "ab" * 32
        assert settings.sessions.counter_read_pause_s == 0
        assert settings.sessions.max_sessions == 1000
        assert "abab" not in repr(settings)

    @pytest.mark.parametrize("key", ["", "ab", "zz" * 32])
    async def test_a_strange_key_stops_the_start(self, key: str) -> None:
        settings = Settings(kafka=KafkaSettings(bootstrap_servers="k:1"), keys=KeySettings(private_key=key))
        with pytest.raises(ConfigurationError, match="METERSTREAM_KEYS__PRIVATE_KEY"):
            build(settings, Metrics("protocol-dlms"))

    def test_the_key_that_signs_comes_from_a_file(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        file = tmp_path / "signing.hex"
        file.write_text("cd" * 32 + "\n")
        monkeypatch.setenv("METERSTREAM_KAFKA__BOOTSTRAP_SERVERS", "k:9092")
        monkeypatch.setenv("METERSTREAM_KEYS__PRIVATE_KEY", "ab" * 32)
        monkeypatch.setenv("METERSTREAM_KEYS__SIGNING_KEY_FILE", str(file))
        settings = read_settings(Settings)
        assert settings.keys.signing_key is not None
        assert settings.keys.signing_key.get_secret_value() == "cd" * 32
        assert "cdcd" not in repr(settings)

    @pytest.mark.parametrize("key", ["", "ab", "zz" * 32, "00" * 32, "ff" * 32])
    async def test_a_strange_key_that_signs_stops_the_start(self, key: str) -> None:
        keys = KeySettings(private_key="ab" * 32, signing_key=key)
        settings = Settings(kafka=KafkaSettings(bootstrap_servers="k:1"), keys=keys)
        with pytest.raises(ConfigurationError, match="METERSTREAM_KEYS__SIGNING_KEY: expected 64 hex digits") as caught:
            build(settings, Metrics("protocol-dlms"))
        assert not key or key not in str(caught.value)

    def test_help_and_missing_settings(self) -> None:
        command = [sys.executable, "-m", "meterstream.protocol_dlms"]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("METERSTREAM_")}
        told = subprocess.run([*command, "--help"], capture_output=True, text=True, env=clean, check=False, timeout=60)
        assert told.returncode == 0
        assert "METERSTREAM_SESSIONS__MAX_SESSIONS" in told.stdout
        missing = subprocess.run(command, capture_output=True, text=True, env=clean, check=False, timeout=60)
        assert missing.returncode == 2
        assert "METERSTREAM_KAFKA" in missing.stderr
