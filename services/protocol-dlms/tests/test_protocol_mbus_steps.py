"""Steps for M-Bus devices behind the meter of an attempt: which device a step sees, and when the gate holds it back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import DlmsRequestHeader
from meterstream.contracts.errors import PlatformError
from meterstream.contracts.records import (
    Connection,
    DeviceRecord,
    DeviceState,
    MbusChannel,
    MbusDevice,
    ReadingRow,
    SecurityLevel,
)
from meterstream.protocol_dlms.executor import Device
from meterstream.protocol_dlms.model.gate import Gate, admit
from meterstream.protocol_dlms.model.readings import StepRows, to_messages
from meterstream.protocol_dlms.steps import device_of

METER = "EXXXX123456789012"
GAS = "GXXXX123456789012"
WATER = "WXXXX123456789012"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
OPERATIONS = load_operations()


def behind(identification: str, channel: int | None) -> MbusDevice:
    return MbusDevice(device_identification=identification, channel=channel)


def device(*known: MbusDevice) -> Device:
    return Device(METER, polyphase=True, mbus_devices={item.device_identification: item for item in known})


@pytest.mark.parametrize(
    ("operation", "named"),
    [
        ("GetActualMeterReadsGas", {"device_identification": GAS}),
        ("GetMbusEncryptionKeyStatus", {"mbus_device_identification": GAS}),
        ("GetRelayStatus", {"device_identification": GAS}),
    ],
)
def test_a_step_that_names_a_device_behind_the_meter_is_for_that_device(operation: str, named: dict[str, str]) -> None:
    wanted = OPERATIONS[operation]
    attempt = device(behind(WATER, 1), behind(GAS, 3))
    seen = device_of(wanted, wanted.request.model_validate(named), attempt)
    assert (seen.identification, seen.channel, seen.mbus, seen.polyphase) == (GAS, 3, behind(GAS, 3), True)


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("GetRelayStatus", {}),
        ("GetRelayStatus", {"device_identification": METER}),
        ("CoupleMbusDevice", {"mbus_device_identification": GAS}),
        ("DecoupleMbusDevice", {"mbus_device_identification": GAS}),
    ],
)
def test_other_steps_are_for_the_device_of_the_attempt(operation: str, request_: dict[str, str]) -> None:
    wanted, attempt = OPERATIONS[operation], device(behind(GAS, 3))
    assert device_of(wanted, wanted.request.model_validate(request_), attempt) is attempt


@pytest.mark.parametrize("known", [(), (behind(GAS, None),), (behind(WATER, 1),)])
def test_a_step_for_a_device_that_is_on_no_channel_waits_for_another_attempt(known: tuple[MbusDevice, ...]) -> None:
    wanted = OPERATIONS["GetRelayStatus"]
    with pytest.raises(PlatformError) as caught:
        device_of(wanted, wanted.request.model_validate({"device_identification": GAS}), device(*known))
    assert (caught.value.code.name, caught.value.retryable) == ("GATEWAY_CHANGED", True)


def header(*named: MbusDevice) -> DlmsRequestHeader:
    return DlmsRequestHeader(
        organisation="grid",
        correlation_uid="u" * 20,
        attempt=1,
        device_identification=METER,
        gateway=METER,
        record_revision=7,
        priority=4,
        published_at=NOW,
        not_after=NOW + timedelta(hours=1),
        mbus_devices=list(named),
    )


def record(*channels: tuple[str, int]) -> DeviceRecord:
    return DeviceRecord(
        device_identification=METER,
        revision=7,
        state=DeviceState.ACTIVE,
        organisation="grid",
        device_type="SMART_METER_E",
        protocol_name="SMR",
        protocol_version="5.0.0",
        connection=Connection(),
        security_level=SecurityLevel.HLS5,
        channels=[MbusChannel(channel=channel, device_identification=name) for name, channel in channels],
    )


@pytest.mark.parametrize(
    "named", [(), (behind(GAS, 2),), (behind(GAS, 2), behind(WATER, 3)), (behind(GAS, None), behind(WATER, 3))]
)
def test_the_gate_opens_where_every_named_device_stands_on_its_channel(named: tuple[MbusDevice, ...]) -> None:
    assert admit(header(*named), 7, record((GAS, 2), (WATER, 3))) is Gate.START


@pytest.mark.parametrize("channels", [(), ((GAS, 1),), ((WATER, 2),), ((GAS, 2), (WATER, 1))])
def test_the_gate_tells_which_named_device_moved(channels: tuple[tuple[str, int], ...]) -> None:
    with pytest.raises(PlatformError) as caught:
        admit(header(behind(GAS, 2), behind(WATER, 3)), 7, record(*channels))
    moved = WATER if (GAS, 2) in channels else GAS
    assert (caught.value.code.name, caught.value.retryable) == ("GATEWAY_CHANGED", True)
    assert (caught.value.details["device"], caught.value.details["gateway"]) == (moved, METER)


def test_what_a_step_has_read_is_said_of_the_device_that_it_was_for() -> None:
    row = ReadingRow(
        quantity="consumption", logical_name="0.1.24.2.1.255", value=Decimal(1), unit="M3", captured_at=NOW
    )
    found = [StepRows(0, "GetActualMeterReads", [row]), StepRows(1, "GetActualMeterReadsGas", [row], GAS)]
    assert [message.device_identification for message in to_messages(header(), found, NOW)] == [METER, GAS]
