"""The service as it runs: its own process, a real Kafka, a real PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from meterstream.contracts.envelope import CommandHeader, DlmsResponseHeader, ResultStatus, Verdict
from meterstream.contracts.operations import add_device, synchronize_time
from meterstream.contracts.records import DeviceState, KeyKind
from meterstream.demo.service_process import ServiceProcess
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.kafka import Outgoing, Producer
from meterstream.runtime.sealing import Opener, key_binding
from meterstream.runtime.settings import KafkaSettings
from meterstream.runtime.topics import apply_topics

DEADLINE_S = 60.0
METER = "TEST1024000000001"


def inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("METERSTREAM_")}


class Installation:
    """Settings of one installation, and its domain as a process."""

    def __init__(self, directory: Path, bootstrap: str, prefix: str, dsn: str) -> None:
        self.keys = directory / "keys"
        self.kafka = KafkaSettings(
            bootstrap_servers=bootstrap,
            topic_prefix=prefix,
            group_prefix=prefix,
            device_partitions=2,
            spread_partitions=2,
            session_timeout_ms=6000,
        )
        self.environment = {
            "METERSTREAM_KAFKA__BOOTSTRAP_SERVERS": bootstrap,
            "METERSTREAM_KAFKA__TOPIC_PREFIX": prefix,
            "METERSTREAM_KAFKA__GROUP_PREFIX": prefix,
            "METERSTREAM_KAFKA__DEVICE_PARTITIONS": "2",
            "METERSTREAM_KAFKA__SPREAD_PARTITIONS": "2",
            "METERSTREAM_KAFKA__SESSION_TIMEOUT_MS": "6000",
            "METERSTREAM_POSTGRES__DSN": dsn,
            "METERSTREAM_KEYS__KEY_ENCRYPTION_KEY_FILE": str(self.keys / "key-encryption-key.hex"),
            "METERSTREAM_KEYS__RSA_PRIVATE_KEY_FILE": str(self.keys / "rsa-private.pem"),
            "METERSTREAM_KEYS__PROTOCOL_PUBLIC_KEY_FILE": str(self.keys / "protocol-public.hex"),
            "METERSTREAM_KEYS__NOTIFICATION_PUBLIC_KEY_FILE": str(self.keys / "notification-public.hex"),
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "meterstream.domain", *arguments],
            env=inherited() | self.environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )

    def encrypt(self, key: bytes) -> bytes:
        public = load_pem_public_key((self.keys / "rsa-public.pem").read_bytes())
        return public.encrypt(key, OAEP(MGF1(SHA1()), SHA1(), None))


class Reader:
    """Reads topics from their beginning."""

    def __init__(self, kafka: KafkaSettings, *topics: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": kafka.bootstrap_servers, "group.id": "none", "log_level": 0})
        places = [TopicPartition(f"{kafka.topic_prefix}.{topic}", number, 0) for topic in topics for number in (0, 1)]
        self._consumer.assign(places)

    def next(self):
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            message = self._consumer.poll(0.2)
            if message is not None and message.error() is None:
                return shared_codec().decode(message.value())
        raise TimeoutError

    def close(self) -> None:
        self._consumer.close()


def header(uid: str, **more):
    now = datetime.now(UTC)
    fields = {
        "correlation_uid": uid.ljust(20, "0"),
        "submission_id": uid,
        "reply_partition": 1,
        "device_identification": METER,
        "organisation": "acme",
        "user": "user",
        "application": "tests",
        "created_at": now,
        "expires_at": now + timedelta(hours=1),
    }
    return CommandHeader(**(fields | more))


@pytest.fixture
def installation(tmp_path, kafka_bootstrap, topic_prefix, database_dsn) -> Installation:
    made = Installation(tmp_path, kafka_bootstrap, topic_prefix, database_dsn)
    asyncio.run(apply_topics(made.kafka))
    assert made.run("keys", "generate", "--directory", str(made.keys)).returncode == 0
    return made


@pytest.fixture
def service(installation, tmp_path):
    process = ServiceProcess("domain", "meterstream.domain", tmp_path / "domain", installation.environment)
    process.start()
    process.wait_until_ready()
    yield process
    process.stop()


def send(installation, *batch: Outgoing) -> None:
    async def produce() -> None:
        producer = Producer(installation.kafka)
        await producer.start()
        await producer.send(batch)
        await producer.stop()

    asyncio.run(produce())


def test_from_bootstrap_to_a_result_to_removal(installation, service, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("webhook secret\n")
    arguments = ("bootstrap", "--organisation", "acme", "--name", "Acme", "--kafka-commands", "trusted", "--admin")
    arguments += ("--endpoint", "webhook=https://acme.example/hook", "--webhook-secret-file", str(secret))
    for _ in range(2):
        done = installation.run(*arguments)
        assert done.returncode == 0, done.stderr
    codec = shared_codec()
    organisations = Reader(installation.kafka, "organisations")
    record = organisations.next()
    assert (record.organisation, record.certificate_names, record.kafka_commands) == ("acme", ["acme"], "trusted")
    notification = Opener(bytes.fromhex((installation.keys / "notification-private.hex").read_text()))
    (endpoint,) = record.endpoints
    sealed = endpoint.sealed_secret
    binding = b"acme|endpoint|https://acme.example/hook"
    assert notification.open(sealed[:32], sealed[32:], binding) == b"webhook secret"

    keys = {
        "master_key": bytes(16),
        "authentication_key": bytes(range(16)),
        "global_encryption_unicast_key": bytes([7] * 16),
    }
    request = add_device.AddDeviceRequest(
        device=add_device.NewDevice(
            time_zone="Europe/Amsterdam",
            hls5_active=True,
            **{name: installation.encrypt(key) for name, key in keys.items()},
        ),
        device_model=add_device.DeviceModel(manufacturer="TST"),
    )
    command = add_device.OPERATION.command(header=header("add"), request=request)
    send(installation, Outgoing("commands", METER.encode(), codec.encode(command)))
    replies, results = Reader(installation.kafka, "replies"), Reader(installation.kafka, "results")
    assert replies.next().verdict is Verdict.COMPLETED
    assert results.next().status is ResultStatus.OK
    devices = Reader(installation.kafka, "devices")
    device = devices.next()
    protocol = Opener(bytes.fromhex((installation.keys / "protocol-private.hex").read_text()))
    unseal = protocol.opened_record(device.ephemeral_public)
    opened = {key.kind: unseal(key.sealed, key_binding(METER, key.kind, key.key_id)) for key in device.keys}
    assert opened[KeyKind.E_METER_AUTHENTICATION_KEY] == keys["authentication_key"]
    assert device.recipient == protocol.recipient

    command = synchronize_time.OPERATION.command(
        header=header("set", priority=9), request=synchronize_time.SynchronizeTimeRequest()
    )
    send(installation, Outgoing("commands-urgent", METER.encode(), codec.encode(command)))
    lane = Reader(installation.kafka, "dlms-requests-high")
    asked = lane.next().header
    now = datetime.now(UTC)
    response = synchronize_time.OPERATION.dlms_response(
        header=DlmsResponseHeader(
            organisation=asked.organisation,
            correlation_uid=asked.correlation_uid,
            attempt=asked.attempt,
            device_identification=METER,
            gateway=METER,
            observed_at=now,
            proven_keys=[key.key_id for key in device.keys],
        ),
        response=synchronize_time.SynchronizeTimeResponse(set_to=now),
    )
    send(installation, Outgoing("dlms-responses", METER.encode(), codec.encode(response)))
    assert results.next().status is ResultStatus.OK
    assert devices.next().revision == 2

    done = installation.run("device", "remove", "--organisation", "acme", "--device", METER)
    assert done.returncode == 0, done.stderr
    removed = devices.next()
    assert (removed.state, removed.revision, removed.keys) == (DeviceState.REMOVED, 3, [])
    again = installation.run("device", "remove", "--organisation", "acme", "--device", METER)
    assert (again.returncode, "there is no device" in again.stderr) == (2, True)
    for reader in (organisations, replies, results, devices, lane):
        reader.close()


def test_help_needs_no_configuration():
    environment = inherited()
    done = subprocess.run(
        [sys.executable, "-m", "meterstream.domain", "--help"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert (done.returncode, "METERSTREAM_KEYS__RSA_PRIVATE_KEY_FILE" in done.stdout) == (0, True)


def test_wrong_settings_are_named_one_a_line():
    environment = inherited()
    environment["METERSTREAM_RETRY__MAX_ATTEMPTS"] = "0"
    done = subprocess.run(
        [sys.executable, "-m", "meterstream.domain"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 2
    assert "METERSTREAM_RETRY__MAX_ATTEMPTS" in done.stderr
