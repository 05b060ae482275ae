"""Configuration over real sessions with simulated meters of every protocol version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from wire import PROTOCOLS

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations.configure_definable_load_profile import ConfigureDefinableLoadProfileRequest
from meterstream.contracts.operations.get_administrative_status import GetAdministrativeStatusRequest
from meterstream.contracts.operations.get_configuration_object import GetConfigurationObjectRequest
from meterstream.contracts.operations.get_firmware_version import GetFirmwareVersionRequest
from meterstream.contracts.operations.set_administrative_status import SetAdministrativeStatusRequest
from meterstream.contracts.operations.set_configuration_object import SetConfigurationObjectRequest
from meterstream.contracts.shared.administrative import AdministrativeStatus
from meterstream.contracts.shared.configuration_object import (
    ConfigurationFlag,
    ConfigurationFlagType,
    RequestedConfiguration,
)
from meterstream.contracts.shared.profiles import ColumnChoice
from meterstream.protocol_dlms import executors
from meterstream.protocol_dlms.executor import Context, Device, load_executors

Make = Callable[..., Any]
FOUND = load_executors(executors)
OPERATIONS = [
    "SetSpecialDays",
    "GetConfigurationObject",
    "SetConfigurationObject",
    "SetRandomisationSettings",
    "SetPushSetupAlarm",
    "SetPushSetupSms",
    "SetPushSetupLastGasp",
    "SetPushSetupUdp",
    "SetAlarmNotifications",
    "SetActivityCalendar",
    "GetAdministrativeStatus",
    "SetAdministrativeStatus",
    "SetClockConfiguration",
    "ConfigureDefinableLoadProfile",
    "SetThdConfiguration",
    "GetFirmwareVersion",
]


SAGS = ColumnChoice(class_id=1, logical_name="1.0.32.32.0.255", attribute=2)
"""Number of voltage sags in L1: what the definable load profile of every version may capture."""


def requests(operation: str) -> Sequence[Any]:
    if operation == "ConfigureDefinableLoadProfile":
        return [ConfigureDefinableLoadProfileRequest(capture_objects=[SAGS], capture_period=3600)]
    return FOUND[operation].operation.examples


class At:
    """An association with a meter of one version, and what may be carried out on it."""

    def __init__(self, bench: Any, meter: Any) -> None:
        self.context = Context(meter, Device(bench.gateway()), lambda: None)  # type: ignore[arg-type, return-value]  # no clock is asked here

    async def __call__(self, operation: str, request: Any) -> Any:
        return await FOUND[operation].execute(request, self.context)


@pytest.fixture
def at(open_meter: Make) -> Make:
    async def make(protocol: str, with_list_max: int = 16) -> At:
        return At(*await open_meter(protocol, with_list_max))

    return make


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_every_operation_works_or_is_not_supported(at: Make, protocol: str) -> None:
    place = await at(protocol)
    for operation in OPERATIONS:
        for request in requests(operation):
            try:
                response = await place(operation, request)
            except PlatformError as failure:
                if failure.code.number != 416:
                    raise
            else:
                assert isinstance(response, FOUND[operation].operation.response)
        assert place.context.meter.alive


@pytest.mark.parametrize("with_list_max", [1, 16])
@pytest.mark.parametrize("protocol", ["DSMR 4.2.2", "SMR 4.3", "SMR 5.0.0"])
async def test_what_is_set_is_read(at: Make, protocol: str, with_list_max: int) -> None:
    place = await at(protocol, with_list_max)
    before = (await place("GetConfigurationObject", GetConfigurationObjectRequest())).configuration
    flags = {one.flag: one.enabled for one in before.flags}
    wanted = ConfigurationFlag(flag=ConfigurationFlagType.PO_ENABLE, enabled=not flags[ConfigurationFlagType.PO_ENABLE])
    change = SetConfigurationObjectRequest(configuration=RequestedConfiguration(flags=[wanted]))
    await place("SetConfigurationObject", change)
    after = (await place("GetConfigurationObject", GetConfigurationObjectRequest())).configuration
    assert {one.flag: one.enabled for one in after.flags} == flags | {wanted.flag: wanted.enabled}
    assert after.gprs_operation_mode == before.gprs_operation_mode
    for status in (AdministrativeStatus.ON, AdministrativeStatus.OFF):
        await place("SetAdministrativeStatus", SetAdministrativeStatusRequest(status=status))
        read = await place("GetAdministrativeStatus", GetAdministrativeStatusRequest())
        assert read.status is status
    versions = (await place("GetFirmwareVersion", GetFirmwareVersionRequest())).versions
    assert len(versions) == (4 if protocol == "SMR 5.0.0" else 3)
    assert all(read.version for read in versions)


async def test_the_definable_profile_holds_what_verification_looks_for(at: Make) -> None:
    place = await at("SMR 5.0.0")
    (request,) = requests("ConfigureDefinableLoadProfile")
    verify = FOUND["ConfigureDefinableLoadProfile"].verify
    assert verify is not None
    assert await verify(request, place.context) is None
    await place("ConfigureDefinableLoadProfile", request)
    assert await verify(request, place.context) is not None
