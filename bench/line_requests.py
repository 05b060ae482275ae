"""What is asked of the meters of the line benchmark: the examples of the contract, or requests of a usual size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from bench.line_reference import BUNDLED
from meterstream.contracts.catalogue import find_operation
from meterstream.contracts.operation import OperationRequest
from meterstream.contracts.operations.bundle import BundleAction, BundleRequest
from meterstream.contracts.operations.configure_definable_load_profile import ConfigureDefinableLoadProfileRequest
from meterstream.contracts.operations.couple_mbus_device import CoupleMbusDeviceRequest
from meterstream.contracts.operations.couple_mbus_device_by_channel import CoupleMbusDeviceByChannelRequest
from meterstream.contracts.operations.decouple_mbus_device import DecoupleMbusDeviceRequest
from meterstream.contracts.operations.decouple_mbus_device_by_channel import DecoupleMbusDeviceByChannelRequest
from meterstream.contracts.operations.find_events import EventLogCategory, EventLogRange, FindEventsRequest
from meterstream.contracts.operations.get_mbus_encryption_key_status_by_channel import (
    GetMbusEncryptionKeyStatusByChannelRequest,
)
from meterstream.contracts.operations.get_periodic_meter_reads import GetPeriodicMeterReadsRequest
from meterstream.contracts.operations.get_periodic_meter_reads_gas import GetPeriodicMeterReadsGasRequest
from meterstream.contracts.operations.get_profile_generic_data import GetProfileGenericDataRequest
from meterstream.contracts.operations.get_specific_attribute_value import GetSpecificAttributeValueRequest
from meterstream.contracts.operations.set_configuration_object import SetConfigurationObjectRequest
from meterstream.contracts.operations.set_device_lifecycle_status_by_channel import (
    SetDeviceLifecycleStatusByChannelRequest,
)
from meterstream.contracts.operations.set_push_setup_alarm import PushObject, SetPushSetupAlarmRequest
from meterstream.contracts.shared.configuration_object import (
    ConfigurationFlag,
    ConfigurationFlagType,
    RequestedConfiguration,
)
from meterstream.contracts.shared.periods import PeriodType
from meterstream.contracts.shared.profiles import ColumnChoice
from meterstream.runtime.codec import shared_codec

_SAGS: Final = ColumnChoice(class_id=1, logical_name="1.0.32.32.0.255", attribute=2)
_FLAGS: Final = [
    ConfigurationFlag(flag=ConfigurationFlagType.PO_ENABLE, enabled=False),
    ConfigurationFlag(flag=ConfigurationFlagType.HLS_5_ON_P0_ENABLE, enabled=True),
]
GAS_METER: Final = "G0001000000000001"
NEWCOMER: Final = "G0001000000000002"
_DAY: Final = timedelta(days=1)


def _setup(_: datetime) -> SetPushSetupAlarmRequest:
    objects = [
        PushObject(class_id=1, logical_name="0.0.96.1.1.255", attribute=2),
        PushObject(class_id=40, logical_name="0.1.25.9.0.255", attribute=1),
        PushObject(class_id=1, logical_name="0.0.97.98.0.255", attribute=2),
    ]
    return SetPushSetupAlarmRequest(host="push.example.org", port=9598, push_objects=objects)


def _events(now: datetime) -> FindEventsRequest:
    log = EventLogCategory.STANDARD_EVENT_LOG
    return FindEventsRequest(logs=[EventLogRange(category=log, begin_date=now - 7 * _DAY, end_date=now)])


def _bundle(now: datetime) -> BundleRequest:
    actions = [BundleAction(operation=name, request=shared_codec().encode(request_for(name, now))) for name in BUNDLED]
    return BundleRequest(actions=actions)


_MADE: Final[Mapping[str, Callable[[datetime], OperationRequest]]] = MappingProxyType(
    {
        "GetSpecificAttributeValue": lambda _: GetSpecificAttributeValueRequest(
            class_id=1, obis="0.0.42.0.0.255", attribute=2
        ),
        "SetConfigurationObject": lambda _: SetConfigurationObjectRequest(
            configuration=RequestedConfiguration(flags=_FLAGS)
        ),
        "SetPushSetupAlarm": _setup,
        "ConfigureDefinableLoadProfile": lambda _: ConfigureDefinableLoadProfileRequest(
            capture_objects=[_SAGS], capture_period=3600
        ),
        "GetPeriodicMeterReads": lambda now: GetPeriodicMeterReadsRequest(
            period_type=PeriodType.INTERVAL, begin_date=now - _DAY, end_date=now
        ),
        "GetPeriodicMeterReadsGas": lambda now: GetPeriodicMeterReadsGasRequest(
            period_type=PeriodType.INTERVAL, begin_date=now - _DAY, end_date=now
        ),
        "FindEvents": _events,
        "CoupleMbusDeviceByChannel": lambda _: CoupleMbusDeviceByChannelRequest(channel=1),
        "CoupleMbusDevice": lambda _: CoupleMbusDeviceRequest(mbus_device_identification=NEWCOMER),
        "DecoupleMbusDevice": lambda _: DecoupleMbusDeviceRequest(mbus_device_identification=GAS_METER),
        "GetMbusEncryptionKeyStatusByChannel": lambda _: GetMbusEncryptionKeyStatusByChannelRequest(channel=1),
        "GetProfileGenericData": lambda now: GetProfileGenericDataRequest(
            obis="1.0.99.1.0.255", begin_date=now - _DAY, end_date=now
        ),
        "Bundle": _bundle,
        "DecoupleMbusDeviceByChannel": lambda _: DecoupleMbusDeviceByChannelRequest(channel=1),
        "SetDeviceLifecycleStatusByChannel": lambda _: SetDeviceLifecycleStatusByChannelRequest(
            channel=1, device_lifecycle_status="IN_USE"
        ),
    }
)


def request_for(operation: str, now: datetime) -> OperationRequest:
    """Ranges end at `now`."""
    made = _MADE.get(operation)
    return find_operation(operation).examples[0] if made is None else made(now)
