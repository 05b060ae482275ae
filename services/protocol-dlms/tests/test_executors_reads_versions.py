"""Reads of every kind on every protocol version: supported or not, foreseen, and against meters that say anything."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from wire import DEVICE, NOW, PROTOCOLS, context, profile

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operation import OperationRequest
from meterstream.contracts.operations import test_alarm_scheduler as scheduler_contract
from meterstream.contracts.operations.actual_power_quality import ActualPowerQualityRequest
from meterstream.contracts.operations.find_events import EventLogCategory, FindEventsRequest
from meterstream.contracts.records import MeterReadings
from meterstream.contracts.shared.profiles import PowerQualityProfileType
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import (
    CLOCK,
    AttributeRef,
    Data,
    DataType,
    array,
    bit_string,
    boolean,
    compact_array,
    double_long,
    double_long_unsigned,
    enum,
    float32,
    integer,
    long64_unsigned,
    null,
    octet_string,
    structure,
    unsigned,
    utf8_string,
    visible_string,
)
from meterstream.protocol_dlms import executors
from meterstream.protocol_dlms.executor import Device, load_executors
from meterstream.protocol_dlms.meter import attribute_ref
from meterstream.protocol_dlms.twin import MemoryMeter, Value
from meterstream.runtime.codec import shared_codec

FOUND = load_executors(executors)
SINCE_4, SINCE_5 = PROTOCOLS[1:], PROTOCOLS[3:]
SINCE_52 = ("SMR 5.2", "SMR 5.5")
SUPPORT = {
    "GetAllAttributeValues": PROTOCOLS,
    "GetAssociationLnObjects": PROTOCOLS,
    "ReadAlarmRegister": PROTOCOLS,
    "ClearAlarmRegister": PROTOCOLS,
    "GetOutages": PROTOCOLS,
    "GetProfileGenericData": PROTOCOLS,
    "GetPowerQualityProfile": SINCE_4,
    "ActualPowerQuality": PROTOCOLS,
    "GetThdFingerprint": SINCE_52,
}
"""Operation -> protocol versions that have it (companion standards DSMR P3 2.2, 4.2.2 and SMR 4.3 to 5.5)."""

LOGS = {
    EventLogCategory.STANDARD_EVENT_LOG: PROTOCOLS,
    EventLogCategory.FRAUD_DETECTION_LOG: PROTOCOLS,
    EventLogCategory.M_BUS_EVENT_LOG: PROTOCOLS,
    EventLogCategory.COMMUNICATION_SESSION_LOG: SINCE_4,
    EventLogCategory.POWER_QUALITY_EVENT_LOG: SINCE_5,
    EventLogCategory.AUXILIARY_EVENT_LOG: PROTOCOLS[4:],
    EventLogCategory.POWER_QUALITY_EXTENDED_EVENT_LOG: SINCE_52,
    EventLogCategory.POWER_QUALITY_THD_EVENT_LOG: SINCE_52,
}
DIAGNOSTICS = {"CDMA": PROTOCOLS[2:], "GPRS": SINCE_5, "LTE": SINCE_52}
TEST_ALARMS = {
    scheduler_contract.TestAlarmType.PARTIAL_POWER_OUTAGE: PROTOCOLS[4:],
    scheduler_contract.TestAlarmType.LAST_GASP: ("SMR 5.5",),
}
OPERATIONS = (*SUPPORT, "FindEvents", "GetGsmDiagnostic", "TestAlarmScheduler")
SINGLE, SEVERAL = DEVICE, replace(DEVICE, polyphase=True)


def cases() -> Iterator[tuple[str, OperationRequest, Device, tuple[str, ...]]]:
    """Operation, request, device, and the versions that have it."""
    for operation, versions in SUPPORT.items():
        for request in FOUND[operation].operation.examples:
            for device in (SINGLE, SEVERAL):
                yield operation, request, device, versions
    yield (
        "ActualPowerQuality",
        ActualPowerQualityRequest(profile_type=PowerQualityProfileType.PRIVATE),
        SEVERAL,
        PROTOCOLS,
    )
    example = FOUND["FindEvents"].operation.examples[0]
    assert isinstance(example, FindEventsRequest)
    for category, versions in LOGS.items():
        log = example.logs[0].model_copy(update={"category": category})
        yield "FindEvents", FindEventsRequest(logs=[log]), SINGLE, versions
    diagnostic = FOUND["GetGsmDiagnostic"].operation.examples[0]
    for method, versions in DIAGNOSTICS.items():
        yield "GetGsmDiagnostic", diagnostic, replace(SINGLE, communication_method=method), versions
    scheduled = FOUND["TestAlarmScheduler"].operation.examples[0]
    for kind, versions in TEST_ALARMS.items():
        yield "TestAlarmScheduler", scheduled.model_copy(update={"alarm_type": kind}), SINGLE, versions


CASES = list(cases())
CELL = structure(*[unsigned(1)] * 7)
OF_CLASS_AND_ATTRIBUTE = {
    (47, 2): visible_string("KPN"),
    (47, 6): CELL,
    (47, 7): array(),
    (47, 8): null(),
    (7, 2): array(),
    (7, 3): array([CLOCK.to_data()]),
    (15, 2): array(),
    (22, 4): array(),
}


def healthy(protocol: str) -> MemoryMeter:
    """A meter that has every object of its version."""
    return MemoryMeter(profile(protocol), values(protocol))


@cache
def values(protocol: str) -> dict[AttributeRef, Value]:
    found = profile(protocol)
    meter = MemoryMeter(found)
    for role, item in found.objects.items():
        for channel in item.obis.channels():
            for number, attribute in item.attributes.items():
                value = OF_CLASS_AND_ATTRIBUTE.get((item.class_id, number), unsigned(0))
                if attribute.type.data_type is DataType.ARRAY and (item.class_id, number) not in OF_CLASS_AND_ATTRIBUTE:
                    value = array()
                if attribute.scaler_unit is not None:
                    value = structure(integer(0), enum(35))
                meter.values[found.ref(role, number, channel)] = value
        if "fingerprint" in role:
            meter.values[found.ref(role, 2)] = array()
    for number in (2, 3, 4, 7):
        example = AttributeRef(7, bytes((0, 1, 24, 3, 0, 255)), number)
        column = AttributeRef(4, bytes((0, 1, 24, 2, 2, 255)), 2)
        captured = [CLOCK.to_data(), CLOCK._replace(class_id=4, logical_name=column.logical_name).to_data()]
        meter.values[example] = array(captured if number == 3 else ()) if number in (2, 3) else null()
        meter.values[column._replace(attribute=3)] = structure(integer(-3), enum(13))
    meter.values[found.ref("clock", 2)] = null()
    return meter.values


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_works_or_is_not_supported_before_anything_is_sent(operation: str, protocol: str) -> None:
    for _, request, device, versions in (case for case in CASES if case[0] == operation):
        meter = healthy(protocol)
        executor = FOUND[operation]
        if protocol in versions:
            response = await executor.execute(request, context(meter, device))
            assert isinstance(response, executor.operation.response)
        else:
            with pytest.raises(PlatformError) as caught:
                await executor.execute(request, context(meter, device))
            assert caught.value.code.number == 416, caught.value.message
            assert not caught.value.retryable
            assert meter.exchanges == 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_what_is_foreseen_is_read(protocol: str) -> None:
    for operation, request, device, versions in CASES:
        executor = FOUND[operation]
        if executor.foresees is not None and protocol in versions:
            meter = healthy(protocol)
            await executor.execute(request, context(meter, device))
            foreseen = {attribute_ref(meter.profile, one) for one in executor.foresees(request, device, meter.profile)}
            assert foreseen
            assert foreseen <= {ref for kind, ref, selection in meter.asked if kind == "get" and selection is None}


def test_what_writes_says_so() -> None:
    writing = {"ClearAlarmRegister", "TestAlarmScheduler"}
    assert {operation for operation in OPERATIONS if FOUND[operation].writes} == writing
    foreseeing = {operation for operation in OPERATIONS if FOUND[operation].foresees is not None}
    assert foreseeing == set(OPERATIONS) - writing - {"FindEvents"}  # ranges cannot be read for others


HOSTILE: list[Data | DataAccessResult] = [
    *(DataAccessResult.READ_WRITE_DENIED, DataAccessResult.OTHER_REASON, DataAccessResult.OBJECT_CLASS_INCONSISTENT),
    null(),
    boolean(True),
    unsigned(255),
    integer(-1),
    double_long(-(2**31)),
    double_long_unsigned(2**32 - 1),
    long64_unsigned(2**64 - 1),
    enum(250),
    float32(float("nan")),
    float32(float("-inf")),
    bit_string(""),
    octet_string(b""),
    octet_string(b"\xff" * 12),
    octet_string(bytes.fromhex("07E8021EFF3D3D3DFF7FFFFF")),
    octet_string(bytes(6)),
    visible_string("\0\x07\u00ff"),
    utf8_string("\U0001f525"),
    array(),
    structure(),
    array([null()]),
    array([array([array([unsigned(1)])])] * 3),
    structure(null(), null()),
    structure(integer(127), enum(255)),
    structure(double_long(2**30), enum(35)),
    structure(integer(-128), double_long(-5)),
    array([CLOCK.to_data()] * 300),
    array([CLOCK.to_data(), CLOCK.to_data()]),
    array([CLOCK._replace(class_id=-1, attribute=999, data_index=-7).to_data()]),
    array([structure(*[octet_string(b"\xff" * 12)] * 2)]),
    array([structure(null(), long64_unsigned(2**64 - 1))] * 2),
    array([structure(octet_string(bytes.fromhex("07E80701FF0A000000FF8880")), long64_unsigned(2**64 - 1))]),
    array([structure(octet_string(bytes.fromhex("07E80701FF0A000000FF8880")), float32(float("nan")))]),
    array([structure(*[octet_string(bytes.fromhex("00010101FF00000000800000"))] * 4)]),
    compact_array(DataType.UNSIGNED, [unsigned(1)]),
    structure(*[octet_string(b"\x80")] * 7),
    Data(DataType.DONT_CARE, None),
]


TYPED = {"DEVICE_REFUSED", "ILLEGAL_RESPONSE", "VALIDATION_ERROR"}
READINGS = MeterReadings(
    reading_id="1",
    device_identification="EXXXX123456789012",
    organisation="grid",
    correlation_uid="uid-00000000000000001",
    operation="GetOutages",
    read_at=NOW,
    rows=[],
)


async def outcome(execution: Awaitable[Any]) -> Any:
    """The response or the failure."""
    try:
        return await execution
    except PlatformError as failure:
        return failure


def anything(protocol: str, value: Data | DataAccessResult, spared: int) -> MemoryMeter:
    """A meter whose every attribute is `value`, but for the attributes of number `spared`."""
    found = {ref: good if ref.attribute == spared else value for ref, good in values(protocol).items()}
    return MemoryMeter(profile(protocol), found)


@pytest.mark.parametrize("spared", [0, 2, 3])
@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
async def test_only_typed_errors_come_of_whatever_a_meter_says(value: Data | DataAccessResult, spared: int) -> None:
    for operation, request, device, versions in CASES:
        executor = FOUND[operation]
        protocol = versions[-1]
        meter = anything(protocol, value, spared)
        found = await outcome(executor.execute(request, context(meter, device)))
        if isinstance(found, PlatformError):
            assert found.code.name in TYPED, (operation, found.message)
            assert found.message
            continue
        assert isinstance(found, executor.operation.response)
        if executor.operation.bundle_action:  # else it travels inside another record alone
            assert shared_codec().encode(found)
        rows = executor.readings(found, meter.profile, device) if executor.readings else []
        assert shared_codec().encode(READINGS.model_copy(update={"rows": rows}))
