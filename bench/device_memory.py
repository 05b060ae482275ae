"""What a registered device costs protocol-dlms that is never asked for: its record, and the mark of its counters.

`registered_device_bytes`: growth of the process's resident memory per device, between 20,000 and 120,000 devices that
arrive as the views of `devices` and `device-sessions` hand them over. Each has two sealed keys, as AddDevice makes it,
and one reserved block of invocation counters.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

from meterstream.contracts.records import (
    Connection,
    CounterReservation,
    DeviceRecord,
    DeviceState,
    KeyKind,
    KeyState,
    SealedKey,
    SecurityLevel,
)
from meterstream.protocol_dlms.model.counters import Series
from meterstream.protocol_dlms.views.devices import DeviceTable
from meterstream.protocol_dlms.views.sessions import SessionTable
from meterstream.runtime.codec import Codec, shared_codec
from meterstream.runtime.kafka import Message, partition_of_key

FIRST = 20_000
LAST = 120_000
PARTITIONS = 48
SEALED_OCTETS = 12 + 16 + 16
KEY_KINDS = (KeyKind.E_METER_AUTHENTICATION_KEY, KeyKind.E_METER_ENCRYPTION_KEY_UNICAST)
RECIPIENT = os.urandom(8).hex()


def record_of(gateway: str) -> DeviceRecord:
    """As domain publishes it; random octets stand for sealed keys and ids."""
    return DeviceRecord(
        device_identification=gateway,
        revision=3,
        state=DeviceState.ACTIVE,
        organisation="GridOne",
        device_type="SMART_METER_E",
        protocol_name="SMR",
        protocol_version="5.0.0",
        connection=Connection(address="10.123.45.67", port=4059, logical_id=1, base_station="BS-1234", cell="3"),
        security_level=SecurityLevel.HLS5,
        time_zone="Europe/Amsterdam",
        recipient=RECIPIENT,
        ephemeral_public=os.urandom(32),
        keys=[
            SealedKey(
                key_id=os.urandom(12).hex(),
                kind=kind,
                state=KeyState.ACTIVE,
                proven=True,
                sealed=os.urandom(SEALED_OCTETS),
            )
            for kind in KEY_KINDS
        ],
    )


def arrivals(codec: Codec, numbers: range) -> Iterator[tuple[Message, Message]]:
    """Record and reservation of each device, as they are read."""
    for number in numbers:
        gateway = f"E0001{number:012d}"
        record = record_of(gateway)
        series = Series(gateway, record.keys[-1].key_id, b"   " + number.to_bytes(5, "big"))
        reservation = CounterReservation(
            gateway=gateway,
            key_id=series.key_id,
            client_title=series.client_title,
            owner=os.urandom(8).hex(),
            previous_mark=number * 1000 + 1,
            new_mark=number * 1000 + 257,
        )
        partition = partition_of_key(gateway.encode(), PARTITIONS)
        yield (
            Message("devices", partition, number, gateway.encode(), codec.encode(record)),
            Message("device-sessions", partition, number, series.record_key.encode(), codec.encode(reservation)),
        )


def resident() -> int:
    """Octets of this process that are in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def run() -> dict[str, float]:
    """The figures."""
    codec = shared_codec()
    devices, sessions = DeviceTable(codec), SessionTable("bench")

    def load(numbers: range) -> int:
        for record, reservation in arrivals(codec, numbers):
            for table, message in ((devices, record), (sessions, reservation)):
                assert message.key is not None
                assert message.value is not None
                table.on_record(message.key, codec.decode(message.value), message)
        return resident()

    before = load(range(FIRST))
    after = load(range(FIRST, LAST))
    assert len(devices) == LAST
    return {"registered_device_bytes": (after - before) / (LAST - FIRST)}
