"""What an executor asked of the meter in memory, as the plain APDUs that would have carried it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from meterstream.dlms.apdu.action import ActionRequestNormal
from meterstream.dlms.apdu.get import GetRequestNormal
from meterstream.dlms.apdu.set import SetRequestNormal, SetRequestWithList
from meterstream.dlms.data import AttributeRef, Data, MethodRef, Selection
from meterstream.dlms.objects import MeterProfile, load_profile
from meterstream.protocol_dlms.executor import Context, Device
from meterstream.protocol_dlms.twin import MemoryMeter

PROTOCOLS = ("DSMR 2.2", "DSMR 4.2.2", "SMR 4.3", "SMR 5.0.0", "SMR 5.1", "SMR 5.2", "SMR 5.5")
DEVICE = Device("EXXXX123456789012", ZoneInfo("Europe/Amsterdam"))
NOW = datetime(2024, 7, 15, 8, 30, tzinfo=UTC)

Asked = tuple[str, AttributeRef | MethodRef, Selection | Data | None]


def profile(protocol: str) -> MeterProfile:
    name, _, version = protocol.partition(" ")
    return load_profile(name, version)


def context(meter: Any, device: Device = DEVICE) -> Context:
    return Context(meter, device, lambda: NOW)


def asked(meter: MemoryMeter) -> list[str]:
    """Kind and reference of every access, in order."""
    return [f"{kind} {ref}" for kind, ref, _ in meter.asked]


def apdu(access: Asked, invoke: int) -> str:
    """One access as a request of its own, hexadecimal."""
    match access:
        case "get", AttributeRef() as ref, selection if not isinstance(selection, Data):
            return GetRequestNormal(invoke, ref, selection).encode().hex().upper()
        case "set", AttributeRef() as ref, Data() as data:
            return SetRequestNormal(invoke, ref, data).encode().hex().upper()
        case "action", MethodRef() as ref, Data() as data:
            return ActionRequestNormal(invoke, ref, data).encode().hex().upper()
    raise AssertionError(access)


def set_list(accesses: Sequence[Asked], invoke: int) -> str:
    """Writes as one request, hexadecimal."""
    written = [(ref, data) for _, ref, data in accesses if isinstance(ref, AttributeRef) and isinstance(data, Data)]
    assert len(written) == len(accesses)
    items = tuple((ref, None) for ref, _ in written)
    return SetRequestWithList(invoke, items, tuple(data for _, data in written)).encode().hex().upper()
