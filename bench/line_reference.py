"""What the open source head-end whose behaviour is the yardstick asks a meter for each operation, as data.

A sequence is made of lists; a list is what that head-end hands over at once. It cuts lists into pieces of the number
that a device's settings lay down, and into single requests where they lay down none. What is asked one after another
whatever the settings say is a list of one. Reading scalers that the companion standards lay down belongs to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from meterstream.contracts.shared.profiles import PowerQualityProfileType
from meterstream.dlms.data import CaptureObject, CosemDateTime, Selection, range_descriptor
from meterstream.dlms.objects import MeterProfile, Source
from meterstream.protocol_dlms.executor import SCALER_UNIT, At, Call, Target

CHANNEL: Final = 1
FREE_CHANNEL: Final = 2
BUNDLED: Final = {
    "GetActualMeterReads": "clock",
    "GetFirmwareVersion": "active_firmware_identifier",
    "ReadAlarmRegister": "alarm_register_1",
    "GetConfigurationObject": "configuration_object",
    "GetAdministrativeStatus": "administrative_in_out",
    "ScanMbusChannels": "mbus_client_setup",
}
"""Actions of the bundle, and the object without which a version does not have them."""
MODULES: Final = ("active", "module_active", "communication_module_active", "mbus_driver_active")


class Get(NamedTuple):
    """Read an attribute; `span`: the rows of so much time before now, of `columns`; none: all of them."""

    target: Target
    span: timedelta | None = None
    columns: tuple[CaptureObject, ...] = ()

    def selection(self, now: datetime) -> Selection | None:
        if self.span is None:
            return None
        begin, end = (CosemDateTime.from_datetime(moment) for moment in (now - self.span, now))
        return Selection(1, range_descriptor(begin, end, self.columns))


class Put(NamedTuple):
    """Write an attribute; the value is that of the operation."""

    target: Target


class Do(NamedTuple):
    """Call a method; the parameter is that of the operation."""

    target: Call


Step: TypeAlias = Get | Put | Do
Sequences: TypeAlias = list[list[Any]]


def each(*steps: Step) -> Sequences:
    """One after another."""
    return [[step] for step in steps]


def _gets(*targets: At) -> list[Get]:
    return [Get(target) for target in targets]


def _present(profile: MeterProfile, roles: Sequence[str]) -> list[str]:
    return [role for role in roles if role in profile.objects]


def _numbered(profile: MeterProfile, stem: str) -> list[At]:
    return [At(role) for role in _present(profile, [f"{stem}_{number}" for number in (1, 2, 3)])]


def _client(*attributes: int) -> list[Get]:
    return _gets(*(At("mbus_client_setup", attribute, CHANNEL) for attribute in attributes))


def _energies(rates: str) -> list[At]:
    return [At(f"active_energy_{way}{rate}") for way in ("import", "export") for rate in rates.split(",")]


def _scan(_: MeterProfile) -> Sequences:
    clients = [At("mbus_client_setup", attribute, channel) for channel in range(1, 5) for attribute in (6, 7, 8, 9)]
    return [_gets(*clients)]


def _push_alarm(_: MeterProfile) -> Sequences:
    objects = (At("device_id_2"), At("push_setup_alarm", 1), At("alarm_register_1"))
    return each(Put(At("push_setup_alarm", 3)), *_gets(*objects), Put(At("push_setup_alarm", 2)))


def _alarm_filters(profile: MeterProfile) -> Sequences:
    """The alarms of the request belong to the first filter: it alone is written."""
    first, *others = _numbered(profile, "alarm_filter")
    return each(Get(first), Put(first), *_gets(*others))


def _calendar(_: MeterProfile) -> Sequences:
    tables = [Put(At("activity_calendar", attribute)) for attribute in (6, 7, 8, 9)]
    return each(*tables, Do(Call("activity_calendar", 1)))


def _interval(_: MeterProfile) -> Sequences:
    scalers = _gets(At("active_energy_import", SCALER_UNIT), At("active_energy_export", SCALER_UNIT))
    return each(Get(At("interval_values_e"), timedelta(days=1)), *scalers)


def _interval_gas(_: MeterProfile) -> Sequences:
    rows = Get(At("interval_values_g", 2, CHANNEL), timedelta(days=1))
    return each(rows, Get(At("mbus_master_value", SCALER_UNIT, CHANNEL)))


def _actual_gas(profile: MeterProfile) -> Sequences:
    role = "mbus_master_value_5min" if "mbus_master_value_5min" in profile.objects else "mbus_master_value"
    return [_gets(*(At(role, attribute, CHANNEL) for attribute in (2, 5, SCALER_UNIT)))]


def _alarm_registers(profile: MeterProfile) -> Sequences:
    return each(*_gets(*_numbered(profile, "alarm_register")))


def _power_quality(profile: MeterProfile) -> Sequences:
    targets = [At("clock")]
    for role, item in profile.objects.items():
        quality = item.power_quality
        if quality is None or quality.profile != PowerQualityProfileType.PUBLIC.value.lower():
            continue
        if "actual_sp" in quality.requests:
            targets.append(At(role))
            scaler = item.attributes.get(SCALER_UNIT)
            if scaler is not None and scaler.source is not Source.CONSTANT:
                targets.append(At(role, SCALER_UNIT))
    return [_gets(*targets)]


def _diagnostic(profile: MeterProfile) -> Sequences:
    role = "lte_diagnostic" if "lte_diagnostic" in profile.objects else "cdma_diagnostic"
    return [_gets(*(At(role, attribute) for attribute in range(2, 8)))]


def _fingerprint(_: MeterProfile) -> Sequences:
    stems = ("thd_instantaneous_current", "thd_instantaneous_current_fingerprint", "thd_current_over_limit_counter")
    return [_gets(*(At(f"{stem}_l1") for stem in stems))]


def _decouple(_: MeterProfile) -> Sequences:
    emptied = [Put(At("mbus_client_setup", attribute, CHANNEL)) for attribute in (6, 7, 8, 9, 5)]
    return [_client(5, 6, 7, 8, 9), *each(Do(Call("mbus_client_setup", 2, CHANNEL)), *emptied)]


def _couple(_: MeterProfile) -> Sequences:
    """All channels are looked at; the device is on none, and the second is the first free one."""
    clients = [
        _gets(*(At("mbus_client_setup", attribute, channel) for attribute in (5, 6, 7, 8, 9)))
        for channel in range(1, 5)
    ]
    return [*clients, *each(*(Put(At("mbus_client_setup", attribute, FREE_CHANNEL)) for attribute in (6, 7, 8, 9)))]


def _everything(profile: MeterProfile) -> Sequences:
    """The object list, then every attribute of every object, the logical name too; a list for each object."""
    objects = [
        _gets(*(At(role, attribute, channel) for attribute in sorted({1, *item.attributes})))
        for role, item in profile.objects.items()
        for channel in item.obis.channels()
    ]
    return [*each(Get(At("association_ln"))), *objects]


def _bundle(profile: MeterProfile) -> Sequences:
    """The sequences of its actions, one after another."""
    known = [name for name, role in BUNDLED.items() if role in profile.objects]
    return [steps for name in known for steps in REFERENCE[name](profile)]


_THD: Final = ("value_threshold", "value_hysteresis", "min_duration_normal_to_over", "min_duration_over_to_normal")

REFERENCE: Final[Mapping[str, Callable[[MeterProfile], Sequences]]] = MappingProxyType(
    {
        "SynchronizeTime": lambda _: each(Put(At("clock"))),
        "GetSpecificAttributeValue": lambda _: each(Get(At("logical_device_name"))),
        "ScanMbusChannels": _scan,
        "SetSpecialDays": lambda _: each(Put(At("special_days_table"))),
        "GetConfigurationObject": lambda _: each(Get(At("configuration_object"))),
        "SetConfigurationObject": lambda _: each(Get(At("configuration_object")), Put(At("configuration_object"))),
        "SetRandomisationSettings": lambda _: each(
            Get(At("configuration_object")), Put(At("configuration_object")), Put(At("randomisation_settings"))
        ),
        "SetPushSetupAlarm": _push_alarm,
        "SetPushSetupSms": lambda _: each(Put(At("push_setup_sms", 3))),
        "SetPushSetupLastGasp": lambda _: each(Put(At("push_setup_udp", 3))),
        "SetPushSetupUdp": lambda _: each(Put(At("push_setup_udp", 4))),
        "SetAlarmNotifications": _alarm_filters,
        "SetActivityCalendar": _calendar,
        "GetAdministrativeStatus": lambda _: each(Get(At("administrative_in_out"))),
        "SetAdministrativeStatus": lambda _: each(Put(At("administrative_in_out"))),
        "GetFirmwareVersion": lambda profile: [
            _gets(*map(At, _present(profile, [f"{module}_firmware_identifier" for module in MODULES])))
        ],
        "SetClockConfiguration": lambda _: [[Put(At("clock", attribute)) for attribute in (3, 5, 6, 8)]],
        "ConfigureDefinableLoadProfile": lambda _: each(
            Put(At("definable_load_profile", 3)), Put(At("definable_load_profile", 4))
        ),
        "SetThdConfiguration": lambda _: [[Put(At(f"thd_{name}")) for name in (*_THD, "time_threshold")]],
        "GetActualMeterReads": lambda _: [_gets(At("clock"), *_energies(",_rate_1,_rate_2"))],
        "GetActualMeterReadsGas": _actual_gas,
        "GetPeriodicMeterReads": _interval,
        "GetPeriodicMeterReadsGas": _interval_gas,
        "FindEvents": lambda _: each(Get(At("standard_event_log"), timedelta(days=7))),
        "GetOutages": lambda _: each(Get(At("power_failure_log"))),
        "ReadAlarmRegister": _alarm_registers,
        "ClearAlarmRegister": lambda profile: each(*map(Put, _numbered(profile, "alarm_register"))),
        "ActualPowerQuality": _power_quality,
        "GetThdFingerprint": _fingerprint,
        "GetGsmDiagnostic": _diagnostic,
        "ClearMBusStatusOnAllChannels": lambda _: each(
            *_gets(*(At("read_mbus_status", 2, channel) for channel in range(1, 5)))
        ),
        "TestAlarmScheduler": lambda _: each(Put(At("last_gasp_test", 4))),
        "GetMbusEncryptionKeyStatus": lambda _: each(Get(At("mbus_client_setup", 14, CHANNEL))),
        "GetFirmwareVersionGas": lambda _: each(Get(At("mbus_device_config_simple_version_info", 2, CHANNEL))),
        "CoupleMbusDeviceByChannel": lambda _: [_client(5, 6, 7, 8, 9)],
        "CoupleMbusDevice": _couple,
        "DecoupleMbusDevice": _decouple,
        "GetMbusEncryptionKeyStatusByChannel": lambda _: each(Get(At("mbus_client_setup", 14, CHANNEL))),
        "GetProfileGenericData": lambda _: each(
            Get(At("interval_values_e", 3)), Get(At("interval_values_e"), timedelta(days=1))
        ),
        "GetAssociationLnObjects": lambda _: each(Get(At("association_ln"))),
        "GetAllAttributeValues": _everything,
        "Bundle": _bundle,
        "SetDeviceLifecycleStatusByChannel": lambda _: [_client(5, 6, 7, 8, 9)],
        "DecoupleMbusDeviceByChannel": _decouple,
    }
)
"""By operation. Its columns are those of the whole profile, and its device is one that answers everything."""
