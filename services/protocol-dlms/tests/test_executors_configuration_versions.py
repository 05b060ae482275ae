"""Every configuration operation on every protocol version, against meters that say anything at all."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from typing import Any

import pytest
from sayings import HOSTILE
from wire import PROTOCOLS, context, profile

from meterstream.contracts.errors import CODES, PlatformError
from meterstream.contracts.operation import OperationRequest
from meterstream.contracts.operations.set_alarm_notifications import AlarmNotification, SetAlarmNotificationsRequest
from meterstream.contracts.shared.alarms import AlarmType
from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import (
    AttributeRef,
    Data,
    DataType,
    bit_string,
    double_long_unsigned,
    enum,
    null,
    octet_string,
    structure,
)
from meterstream.protocol_dlms import executors
from meterstream.protocol_dlms.executor import Executor, load_executors
from meterstream.protocol_dlms.twin import MemoryMeter

SINCE_4 = PROTOCOLS[1:]
FOUND = load_executors(executors)
SUPPORT = {
    "SetSpecialDays": PROTOCOLS,
    "GetConfigurationObject": SINCE_4,
    "SetConfigurationObject": SINCE_4,
    "SetRandomisationSettings": SINCE_4,
    "SetPushSetupAlarm": SINCE_4,
    "SetPushSetupSms": SINCE_4,
    "SetPushSetupLastGasp": ("SMR 5.5",),
    "SetPushSetupUdp": ("SMR 5.5",),
    "SetAlarmNotifications": PROTOCOLS,
    "SetActivityCalendar": PROTOCOLS,
    "GetAdministrativeStatus": SINCE_4,
    "SetAdministrativeStatus": SINCE_4,
    "SetClockConfiguration": PROTOCOLS,
    "ConfigureDefinableLoadProfile": SINCE_4,
    "SetThdConfiguration": ("SMR 5.2", "SMR 5.5"),
    "GetFirmwareVersion": PROTOCOLS,
}
"""Operation -> protocol versions that have it (companion standards DSMR P3 2.2, 4.2.2 and SMR 4.3 to 5.5)."""

LACKING = {("SetConfigurationObject", version) for version in PROTOCOLS if version.startswith("SMR 5")} | {
    ("SetRandomisationSettings", "DSMR 4.2.2")
}
"""The flags that the examples name are not in these versions; others of the operation's flags are."""

OF_ROLE = {
    "administrative_in_out": enum(1),
    "alarm_filter_1": double_long_unsigned(1),
    "active_firmware_identifier": octet_string(b"V 1.2"),
}


TYPED = {"DEVICE_REFUSED", "ILLEGAL_RESPONSE", "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL"}


async def outcome(execution: Awaitable[Any]) -> Any:
    """The response or the failure."""
    try:
        return await execution
    except PlatformError as failure:
        return failure


def requests(operation: str) -> Iterator[OperationRequest]:
    yield from FOUND[operation].operation.examples
    if operation == "SetAlarmNotifications":
        yield SetAlarmNotificationsRequest(
            notifications=[AlarmNotification(alarm_type=alarm, enabled=True) for alarm in AlarmType]
        )


def healthy(protocol: str) -> MemoryMeter:
    """A meter that has every object of its version."""
    found = profile(protocol)
    meter = MemoryMeter(found)
    for role, item in found.objects.items():
        if not item.obis.has_channel:
            for number in (1, *item.attributes):
                meter.values[found.ref(role, number)] = OF_ROLE.get(role, null())
    bits = bit_string("0001001000000000")
    if "configuration_object" in found.objects:
        structured = found.object("configuration_object").attributes[2].type.data_type is DataType.STRUCTURE
        meter.values[found.ref("configuration_object", 2)] = structure(enum(1), bits) if structured else bits
    for number in (2, 3):
        if f"alarm_filter_{number}" in found.objects:
            meter.values[found.ref(f"alarm_filter_{number}", 2)] = double_long_unsigned(0)
    return meter


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("operation", SUPPORT)
async def test_works_or_is_not_supported_before_anything_is_sent(operation: str, protocol: str) -> None:
    executor = FOUND[operation]
    for request in requests(operation):
        meter = healthy(protocol)
        found = await outcome(executor.execute(request, context(meter)))
        if isinstance(found, PlatformError):
            assert found.code.number == 416, found.message
            assert meter.exchanges == 0
            assert protocol not in SUPPORT[operation] or (operation, protocol) in LACKING
        else:
            assert isinstance(found, executor.operation.response)
            assert protocol in SUPPORT[operation]


@pytest.mark.parametrize("operation", SUPPORT)
def test_whatever_writes_says_so_and_reads_are_foreseen(operation: str) -> None:
    executor = FOUND[operation]
    assert executor.writes is not operation.startswith("Get")
    if operation.startswith("Get"):
        assert executor.foresees is not None


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("operation", SUPPORT)
async def test_what_is_foreseen_is_what_is_read(operation: str, protocol: str) -> None:
    executor: Executor[Any, Any] = FOUND[operation]
    for request in requests(operation):
        meter = healthy(protocol)
        foreseen = [] if executor.foresees is None else executor.foresees(request, context(meter).device, meter.profile)
        refs = {target if isinstance(target, AttributeRef) else meter.profile.ref(*target) for target in foreseen
                if isinstance(target, AttributeRef) or target.role in meter.profile.objects}  # fmt: skip
        try:
            await executor.execute(request, context(meter))
        except PlatformError:
            continue
        assert {ref for kind, ref, _ in meter.asked if kind == "get"} == refs


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: getattr(value, "name", None) or value.type.name)
@pytest.mark.parametrize("protocol", ["DSMR 4.2.2", "SMR 5.5"])
@pytest.mark.parametrize("operation", SUPPORT)
async def test_a_meter_that_says_anything_gets_a_response_or_a_typed_error(
    operation: str, protocol: str, value: Data | DataAccessResult
) -> None:
    executor: Executor[Any, Any] = FOUND[operation]
    for request in requests(operation):
        meter = saying(protocol, value)
        meter.methods[meter.profile.object("activity_calendar").method(1)] = ActionResult.OTHER_REASON
        found = await outcome(executor.execute(request, context(meter)))
        if isinstance(found, PlatformError):
            assert found.code.name in TYPED
            assert found.message
        else:
            assert isinstance(found, executor.operation.response)
        if executor.verify is not None and isinstance(value, Data):
            told = await outcome(executor.verify(request, context(saying(protocol, value))))
            assert told is None or getattr(told, "code", None) is CODES["ILLEGAL_RESPONSE"]


def saying(protocol: str, value: Data | DataAccessResult) -> MemoryMeter:
    """A meter that has the same to say of everything."""
    meter = healthy(protocol)
    meter.values = dict.fromkeys(meter.values, value)
    return meter
